"""Where the next hop is: names are looked up beside the event loop, one thread a name, and never for longer than allowed.

The system's resolver can hang for minutes and cannot be cancelled. Here it costs one thread, however many deliveries
ask: each is told in time that the name cannot be resolved now, and its mail waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

Resolve = Callable[..., list[Any]]
"""As `socket.getaddrinfo`: blocks, and raises OSError."""


class Unresolved(OSError):
    """The hop's name has no address now."""


class ResolvingLoop(asyncio.SelectorEventLoop):
    """An event loop whose connections look names up by `resolve`, each for at most `seconds`."""

    def __init__(self, resolve: Resolve = socket.getaddrinfo, seconds: float = 10.0) -> None:
        super().__init__()
        self._resolve, self._seconds = resolve, seconds
        self._asked: dict[tuple[Any, ...], asyncio.Future[list[Any]]] = {}

    async def getaddrinfo(
        self, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0  # noqa: A002 - asyncio's
    ) -> list[Any]:  # fmt: skip
        """Unresolved when there is no answer in time, or none at all."""
        question = (host, port, family, type, proto, flags)
        answer = self._asked.get(question)
        if answer is None:
            answer = self._asked[question] = self.create_future()
            answer.add_done_callback(lambda _: self._asked.pop(question, None))
            threading.Thread(target=self._ask, args=(question, answer), name="resolver", daemon=True).start()
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise Unresolved("the hop's name is not resolved in time") from None

    def _ask(self, question: tuple[Any, ...], answer: asyncio.Future[list[Any]]) -> None:
        found: list[Any] = []
        # Whatever kept the resolver from an answer, the mail waits.
        with contextlib.suppress(OSError, UnicodeError):
            found = self._resolve(*question)
        # The relay may have been closed meanwhile.
        with contextlib.suppress(RuntimeError):
            self.call_soon_threadsafe(_settle, answer, found)


def _settle(answer: asyncio.Future[list[Any]], found: list[Any]) -> None:
    if answer.done():
        return
    if found:
        answer.set_result(found)
    else:
        answer.set_exception(Unresolved("the hop's name has no address"))
        answer.exception()  # whoever asked may have gone

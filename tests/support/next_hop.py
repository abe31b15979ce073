"""A next hop in a thread: takes mail by SMTP on loopback and keeps what it took, in order. It can refuse, stall or wait.

What it has taken is what stood before a whole dot, whether or not its answer was read: duplicates are counted here.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from typing import cast


@dataclass(frozen=True)
class Taken:
    """One mail that the hop took for one recipient."""

    sender: str
    recipient: str
    raw: bytes = field(repr=False)

    @cached_property
    def parsed(self) -> EmailMessage:
        return cast("EmailMessage", email.message_from_bytes(self.raw, policy=email.policy.default))

    @property
    def message_id(self) -> str:
        return str(self.parsed["Message-ID"])

    @property
    def gateway_id(self) -> str:
        return str(self.parsed["X-Sealgate-Id"])

    @cached_property
    def text(self) -> str:
        parts = [one for one in self.parsed.walk() if one.get_content_maintype() == "text"]
        return "\n".join(str(one.get_content()) for one in parts)


class NextHop:
    """`refused` recipients get 550 at RCPT. Unset, `pause_at_data` keeps the hop
    from answering DATA, `gate` from reading bodies, `verdict` from answering dots.
    """

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.refused: set[str] = set()
        self.bodies_begun = 0
        self.pause_at_data, self.gate, self.verdict = threading.Event(), threading.Event(), threading.Event()
        for one in (self.pause_at_data, self.gate, self.verdict):
            one.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22), self._loop
        ).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients = "", list[str]()
        answers = {"HELO": "250 hop", "EHLO": "250-hop\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES"}
        writer.write(b"220 hop ESMTP\r\n")
        while True:
            await writer.drain()
            line = (await reader.readuntil(b"\r\n")).decode().rstrip()
            verb, said = line.split(" ", 1)[0].upper(), "250 2.0.0 ok"
            if verb == "MAIL":
                sender, recipients = line.split("<", 1)[1].split(">", 1)[0], []
            elif verb == "RCPT":
                to = line.split("<", 1)[1].split(">", 1)[0]
                recipients.append(to)
                if to in self.refused:
                    said = "550 5.1.1 nobody here"
            elif verb == "DATA":
                self.bodies_begun += 1
                await self._open(self.pause_at_data)
                writer.write(b"354 go\r\n")
                await writer.drain()
                await self._open(self.gate)
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                self.taken += [Taken(sender, to, body) for to in recipients]
                await self._open(self.verdict)
            elif verb == "QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            writer.write(answers.get(verb, said).encode() + b"\r\n")

    async def _open(self, gate: threading.Event) -> None:
        while not gate.is_set():
            await asyncio.sleep(0.01)

"""Downloads: decrypted pieces straight to the client, within a fixed number of streams.

A failure breaks the connection before the promised length is reached, so no client can take it for a whole file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.domain.errors import PickupRefused
from gateway.mime.filename import safe_name
from gateway.ports.metrics import Limit, Metrics, uncounted


class StreamBroken(Exception):
    """A download ended before its end; raised so that the server drops the connection."""


class Slots:
    """A bound on what is decrypted at the same time. Lives on one event loop."""

    def __init__(self, most: int, limits: Metrics = uncounted) -> None:
        self._most, self.taken, self._limits = most, 0, limits

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a slot; PickupRefused `busy` when none is free."""
        if self.taken >= self._most:
            raise PickupRefused("busy", 30, Limit.STREAMS)
        self._take(1)
        try:
            yield
        finally:
            self._take(-1)

    def _take(self, number: int) -> None:
        self.taken += number
        self._limits.level(Limit.STREAMS, self.taken)


class FileDownload(Response):
    """Streams one attachment; closes iterator and slot however it ends."""

    def __init__(
        self, name: str, size: int, chunks: Iterator[bytes], slot: AbstractContextManager[None], write_seconds: float
    ) -> None:
        self.status_code, self.background = 200, None
        self.body = b""
        self._chunks, self._slot, self._size, self._write_seconds = chunks, slot, size, write_seconds
        self.init_headers(file_headers(name, size))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Send it. StreamBroken, or the seal's own error, when anything is amiss after what was sent so far."""
        gone = asyncio.ensure_future(_disconnected(receive))
        sent = 0
        try:
            # The first piece is read before the status goes out: what is broken at once is an error page.
            piece = await run_in_threadpool(next, self._chunks, None)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while piece is not None and not gone.done():
                sent += len(piece)
                async with asyncio.timeout(self._write_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await run_in_threadpool(next, self._chunks, None)
            if gone.done():
                return
            if sent != self._size:
                raise StreamBroken
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._slot.__exit__(None, None, None)
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def file_headers(name: str, size: int | None = None, media_type: str = "application/octet-stream") -> dict[str, str]:
    """Headers of a file to be saved, never shown: the name in both forms of RFC 6266 (RFC 8187 for what is not ASCII)."""
    safe = safe_name(name)
    plain = safe.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    headers = {
        "content-type": media_type,
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}",
    }
    return headers if size is None else headers | {"content-length": str(size)}

"""The bytes of one connection on their way in: command lines or chunks, with flow control and without copies by line.

It stands where asyncio's StreamReader would: the door must know whether anything is waiting (pipelining rules), give
back what follows an end of data, and read chunks without a search per line.
"""

from __future__ import annotations

import asyncio

HIGH_WATER = 262_144
"""Bytes that may wait before the socket is no longer read."""


class LineTooLong(Exception):
    """A command line went past its limit; it was swallowed up to its end or the limit of patience."""


class Inlet:
    """Input of one connection. One reader at a time."""

    __slots__ = ("_buffer", "_eof", "_paused", "_transport", "_waiter")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._eof = False
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def attach(self, transport: asyncio.Transport | None) -> None:
        """Hold back this transport when too much waits; None while one is replaced by another (TLS)."""
        self._transport = transport
        self._paused = False

    def feed(self, data: bytes) -> None:
        """Take what the socket gave."""
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def feed_eof(self) -> None:
        """The peer sends no more."""
        self._eof = True
        self._wake()

    @property
    def waiting(self) -> int:
        """Bytes that came and were not read."""
        return len(self._buffer)

    async def line(self, limit: int) -> bytes | None:
        """The next line with its LF, None at the end of input. LineTooLong after swallowing a longer one."""
        swallowed = 0
        start = 0
        while True:
            end = self._buffer.find(b"\n", start)
            if end >= 0:
                line = self._take(end + 1)
                if swallowed or len(line) > limit:
                    raise LineTooLong
                return line
            if len(self._buffer) > limit:
                swallowed += len(self._take(len(self._buffer)))
            start = len(self._buffer)
            if not await self._more():
                return None

    async def chunk(self) -> bytes:
        """Whatever has come, at least one byte; empty at the end of input."""
        while not self._buffer:
            if not await self._more():
                return b""
        return self._take(len(self._buffer))

    def put_back(self, data: bytes) -> None:
        """Give back what was read too far."""
        self._buffer[:0] = data

    def _take(self, count: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        if self._paused and len(self._buffer) <= HIGH_WATER // 2 and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return taken

    async def _more(self) -> bool:
        if self._eof:
            return False
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

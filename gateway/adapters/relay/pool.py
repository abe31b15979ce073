"""Kept connections to one hop: bounded, closed when idle, asked before they are trusted again. Lives in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque

from gateway.adapters.relay.options import Hop, RelayOptions
from gateway.adapters.relay.session import HopSession, Unusable
from gateway.ports.relay import Outcome, Reply


class Pool:
    """Lends sessions. Every `take` is followed by one `give_back` or `give_up`."""

    def __init__(self, hop: Hop, options: RelayOptions, context: ssl.SSLContext | None) -> None:
        self._hop = hop
        self._options = options
        self._context = context
        self._free = asyncio.Semaphore(options.connections)
        self._idle: deque[HopSession] = deque()
        self._sweep: asyncio.TimerHandle | None = None

    async def take(self, *, fresh: bool = False) -> HopSession:
        """A connected session, kept or new; Unusable when there is none to be had."""
        try:
            async with asyncio.timeout(self._options.wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise Unusable(Reply(Outcome.TEMPORARY, 0, "4.4.5", "all connections to the hop are busy")) from error
        try:
            while self._idle and not fresh:
                session = self._idle.pop()
                if await self._good(session):
                    return session
            session = HopSession(self._hop, self._options, self._context)
            await session.open()
            return session
        except BaseException:
            self._free.release()
            raise

    async def _good(self, session: HopSession) -> bool:
        idle = asyncio.get_running_loop().time() - session.idle_since
        if not session.is_connected or idle > self._options.idle_seconds:
            session.drop()
            return False
        return idle <= self._options.trusted_idle_seconds or await session.alive()

    def give_back(self, session: HopSession) -> None:
        """Keep it for the next message, unless it has served its time."""
        self._free.release()
        if not session.is_connected or session.messages >= self._options.messages_per_connection:
            session.drop()
            return
        loop = asyncio.get_running_loop()
        session.idle_since = loop.time()
        self._idle.append(session)
        if self._sweep is None:
            self._sweep = loop.call_later(self._options.idle_seconds, self._close_idle)

    def give_up(self, session: HopSession) -> None:
        """Drop a session whose state is not known."""
        self._free.release()
        session.drop()

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        while self._idle and loop.time() - self._idle[0].idle_since >= self._options.idle_seconds:
            self._idle.popleft().drop()
        self._sweep = loop.call_later(self._options.idle_seconds, self._close_idle) if self._idle else None

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._idle:
            session = self._idle.pop()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1.0):
                    await session.quit()
            session.drop()

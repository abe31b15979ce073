"""An ASGI application of the gateway's, served as the roles serve it, on a loop in a thread of the test's process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from gateway.web.server import serve_portal
from gateway.web.settings import ServerConfig


@contextmanager
def on_loopback(app: ASGIApp, server: ServerConfig | None = None) -> Iterator[int]:
    """Serve it on a loopback port of its own; yields the port."""
    ready, stop, found = threading.Event(), asyncio.Event(), list[int]()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        running = await serve_portal(app, server or ServerConfig("127.0.0.1", 0, drain_seconds=2), None)
        found.append(running.port)
        ready.set()
        await stop.wait()
        await running.drain()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()

"""The portal's listener: uvicorn without its access log, its banner or its signal handlers.

The caller decides when to drain: `await server.drain()` stops listening, lets answers end, and returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.domain.errors import ConfigError
from gateway.ports.metrics import Limit, Metrics, uncounted
from gateway.web.settings import ServerConfig


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the role's own process."""
        yield


def _patient(header_seconds: float, connections: int, metrics: Metrics) -> type[H11Protocol]:
    class Timed(H11Protocol):
        """Drops a client that does not bring a whole request's headers in time (slow loris)."""

        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            metrics.level(Limit.WEB_CONNECTIONS, len(self.connections))
            if len(self.connections) > connections:
                # uvicorn answers 503 to its request.
                metrics.refused(Limit.WEB_CONNECTIONS)
            # uvicorn asks whether anybody handles its logger, not `access_log`; its lines hold whole paths.
            self.access_log = False
            self._late = self.loop.call_later(header_seconds, self._drop)

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before and self._late is not None:
                self._late.cancel()
                self._late = None

        def on_response_complete(self) -> None:
            if self._late is None and not self.transport.is_closing():
                self._late = self.loop.call_later(header_seconds, self._drop)
            super().on_response_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._late is not None:
                self._late.cancel()
            super().connection_lost(exc)
            metrics.level(Limit.WEB_CONNECTIONS, len(self.connections))

        def _drop(self) -> None:
            if not self.transport.is_closing():
                self.transport.abort()

    return Timed


class PortalServer:
    """A running listener."""

    def __init__(self, server: uvicorn.Server, task: asyncio.Task[None], tls: ssl.SSLContext | None) -> None:
        self._server, self._task = server, task
        self.tls = tls
        """What each handshake reads: a certificate loaded into it again is shown from the next one on."""

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    async def drain(self) -> None:
        """Stop listening, let answers end within the configured time, and return."""
        self._server.should_exit = True
        await self._task

    async def wait(self) -> None:
        """Until it ends by itself, which is an error of the listener."""
        await asyncio.shield(self._task)


async def serve_portal(
    app: ASGIApp, config: ServerConfig, tls: ssl.SSLContext | None, metrics: Metrics = uncounted
) -> PortalServer:
    """Listen, and return once connections are taken. ConfigError when the address cannot be had."""
    settings: dict[str, Any] = {
        "host": config.host, "port": config.port, "http": _patient(config.header_seconds, config.connections, metrics), "ws": "none", "loop": "none",
        "lifespan": "off", "log_config": None, "access_log": False, "proxy_headers": False, "server_header": False,
        "limit_concurrency": config.connections + 1, "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": config.drain_seconds, "h11_max_incomplete_event_size": config.header_bytes,
    }  # fmt: skip
    prepared = uvicorn.Config(app, **settings)
    prepared.load()
    prepared.ssl = tls
    server = _Quiet(prepared)
    task = asyncio.create_task(_run(server))
    while not server.started:
        await asyncio.wait({task}, timeout=0.01)
        if task.done():
            await task
            raise ConfigError(f"web.listen: {config.host}:{config.port} cannot be listened on")
    return PortalServer(server, task, tls)


async def _run(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit:
        # uvicorn's way to say that it could not bind; the caller makes a ConfigError of it.
        return

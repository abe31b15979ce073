"""One process, one role: build, say READY with the ports, run until SIGTERM, drain.

At SIGTERM what is under way has `signals.DRAIN_SECONDS`, and the process `signals.END_SECONDS`. SIGHUP loads the policy
(worker) or the certificate (the others) again; a bad one keeps the old one.

The line on standard output is JSON: `{"event": "ready", "role": "smtp", "ports": {"submission": [587]}}`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway.adapters.inspector import protect_this_process
from gateway.app import signals
from gateway.app.certificates import load_again, watched
from gateway.app.counted import shown
from gateway.app.told import run_told
from gateway.domain.errors import ConfigError, SealgateError
from gateway.ports.checkpoint import Checkpoint, unobserved

if TYPE_CHECKING:  # each role loads its own rooms alone: a door has no use for the worker's, and the parent for none
    from gateway.app.installation import Installation
    from gateway.app.worker_role import Rooms

_LAST_WORDS = 3.0
Stop = Callable[[], Awaitable[object]]
Reload = Callable[[], None]


def run_role(role: str, config: Path, reached: Checkpoint = unobserved) -> None:
    """Run one role until SIGTERM. ConfigError before READY when it cannot start."""
    from gateway.app.installation import Installation

    quiet_logs()
    home = Installation.load(config)
    try:
        ROLES[role](home, reached)
    finally:
        home.close()


def quiet_logs() -> None:
    """Structured lines on standard error; the loggers of libraries that write addresses or paths stay at WARNING."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
    for name in ("mail.log", "mail.debug", "uvicorn", "uvicorn.access", "asyncio", "aiosmtplib", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"),
                    structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )  # fmt: skip


def _say_ready(role: str, ports: Mapping[str, list[int]]) -> None:
    print(json.dumps({"event": "ready", "role": role, "pid": os.getpid(), "ports": ports}), flush=True)  # noqa: T201


def _worker(home: Installation, reached: Checkpoint) -> None:
    from gateway.app import worker_role

    home.inspector(home.scanner)  # its launcher is exec'd before any key is read
    _guard()
    home.store().create_schema()
    rooms = worker_role.build(home, reached)

    def stop() -> None:
        signals.end_in_time("worker")
        rooms.worker.stop()

    with signals.heard({signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: lambda: _reload_policy(home, rooms)}):
        rooms.worker.do_duties()
        rooms.tell_policy(home)
        with run_told(home, "worker"), shown("worker", home.settings, home.metrics()) as ports:
            _say_ready("worker", ports)
            try:
                rooms.worker.run()
            finally:
                _sign_off(rooms)
    if not rooms.worker.ended(0.0):
        # Its threads would keep the interpreter from ending. The launcher of the sandbox ends when this process does.
        signals.at_once()


def _sign_off(rooms: Rooms) -> None:
    # A delivery that outlasted the time to drain ends without its dot when its relay closes, and is given back at once.
    for relay in rooms.relays:
        relay.close()
    rooms.worker.ended(_LAST_WORDS)
    try:
        rooms.close()
    except SealgateError as error:
        # The others stop waiting for this worker's word when it has been silent for long enough.
        structlog.get_logger("worker").warning("not signed off", code=error.code)


def _reload_policy(home: Installation, rooms: Rooms) -> None:
    log = structlog.get_logger("worker")
    try:
        policy = home.policy()
        rooms.reader.follow(home.reader())
    except ConfigError as error:
        rooms.note_policy(home, "")
        log.error("policy not loaded, the old one stays", why=str(error))
        return
    rooms.assess.policy = policy
    rooms.note_policy(home, policy.version)
    log.info("policy loaded", version=policy.version)


def _door(role: str) -> Callable[[Installation, Checkpoint], None]:
    def run(home: Installation, reached: Checkpoint) -> None:
        from gateway.app.door_role import open_inbound, open_smtp

        opener = {"smtp": open_smtp, "inbound": open_inbound}[role]
        _guard()
        home.store().create_schema()

        async def opened() -> tuple[Stop, Reload, Mapping[str, list[int]]]:
            door, ports = await opener(home, reached)
            return (lambda: door.drain(signals.DRAIN_SECONDS)), door.reload_tls, ports

        _serve(role, home, opened)

    return run


def _web(home: Installation, reached: Checkpoint) -> None:
    from gateway.app.web_role import open_portal

    _guard()
    home.store().create_schema()

    async def opened() -> tuple[Stop, Reload, Mapping[str, list[int]]]:
        servers, ports = await open_portal(home, reached)

        async def stop() -> None:
            await asyncio.gather(*(one.drain() for one in servers))

        one = home.settings.web
        return stop, partial(load_again, servers[0].tls, one.tls_certificate, one.tls_key), ports

    _serve("web", home, opened)


def _review(home: Installation, reached: Checkpoint) -> None:
    if home.settings.review.listen is None:
        raise ConfigError('review.listen: is not set, so there is no page to serve; write listen = "10.0.0.5:8444"')
    from gateway.app.review_role import open_review

    _guard()
    home.store().create_schema()

    async def opened() -> tuple[Stop, Reload, Mapping[str, list[int]]]:
        server, keep = await open_review(home, reached)

        async def stop() -> None:
            keep.cancel()
            await server.drain()

        one = home.settings.review
        reload = partial(load_again, server.tls, one.tls_certificate, one.tls_key)
        return stop, reload, {"review": [server.port]}

    _serve("review", home, opened)


def _serve(
    role: str, home: Installation, opened: Callable[[], Awaitable[tuple[Stop, Reload, Mapping[str, list[int]]]]]
) -> None:
    import uvloop

    async def main() -> None:
        stopped = asyncio.Event()
        stop, reload, ports = await opened()
        loop = asyncio.get_running_loop()

        def end() -> None:
            signals.end_in_time(role)
            stopped.set()

        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, end)
        with watched(role, home, reload) as again:
            loop.add_signal_handler(signal.SIGHUP, again)
            with run_told(home, role), shown(role, home.settings, home.metrics()) as beside:
                _say_ready(role, {**ports, **beside})
                await stopped.wait()
                await stop()

    uvloop.run(main())


def _guard() -> None:
    try:
        protect_this_process()
    except OSError as error:
        raise ConfigError("this process cannot be made undumpable, so it may not load keys") from error


ROLES: Mapping[str, Callable[[Installation, Checkpoint], None]] = {
    "smtp": _door("smtp"),
    "inbound": _door("inbound"),
    "worker": _worker,
    "web": _web,
    "review": _review,
}

"""Opens the door: listeners, shared limits, draining, and reload of the TLS certificate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from gateway.domain.address import Address
from gateway.domain.envelope import Identity
from gateway.ports.clock import Clock
from gateway.ports.metrics import Metrics, uncounted
from gateway.smtp.commands import COMMANDS
from gateway.smtp.connection import Connection
from gateway.smtp.gate import Gate
from gateway.smtp.house import House
from gateway.smtp.implicit import ImplicitTls, listen_tls
from gateway.smtp.ports import Intake, Users
from gateway.smtp.settings import DoorConfig, Listener, Profile
from gateway.smtp.tls import ServerTls


def nobody(_address: Address) -> bool:
    """No address is the gateway's own: for a door without an inbound listener."""
    return False


class Door:
    """An open door. `ports` are the bound ports in the order of `config.listeners`."""

    def __init__(self, house: House, servers: list[asyncio.Server | ImplicitTls], tls: ServerTls | None) -> None:
        self._house = house
        self._servers = servers
        self._tls = tls
        self.ports: tuple[int, ...] = tuple(server.sockets[0].getsockname()[1] for server in servers)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._house.connections)

    def reload_tls(self) -> None:
        """Read the certificate files again; ConfigError for bad ones, and then the old certificate stays."""
        if self._tls is not None:
            self._tls.reload()

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - the caller's deadline ends in a hard close
        """Stop accepting, say 421 to the idle, let DATA under way finish; cut what is left after `timeout` seconds.

        True when nothing had to be cut. The door is closed afterwards.
        """
        self._house.draining = True
        for server in self._servers:
            server.close()
        for connection in list(self._house.connections):
            connection.stop()
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while self._house.connections and loop.time() < end:  # noqa: ASYNC110 - a set has no event
            await asyncio.sleep(0.02)
        left = list(self._house.connections)
        for connection in left:
            connection.cut()
        await asyncio.to_thread(self._house.gate.close)
        return not left


async def serve_door(
    config: DoorConfig,
    intake: Intake,
    users: Users,
    tls: ServerTls | None,
    clock: Clock,
    accepts: Callable[[Address], bool] = nobody,
    metrics: Metrics = uncounted,
    refused: Callable[[Identity, str], None] = lambda _who, _code: None,
    guessable: Callable[[Address], bool] = nobody,
) -> Door:
    """Listen on every listener of `config`. `accepts` says which addresses are taken (inbound only), and `guessable` which
    of them anybody may know; `refused` is told what a sender who proved who they are was refused, and must be cheap.

    ConfigError for a configuration that would be unsafe; OSError for a port that cannot be had.
    """
    config.check(tls=tls is not None)
    # aiosmtpd writes addresses at INFO and every line of DATA at DEBUG to this logger.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    gate = Gate(config.limits, users, clock, metrics)
    house = House(
        config, intake, gate, clock, metrics, tls.context if tls is not None else None, accepts, COMMANDS, refused,
        guessable,
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    servers: list[asyncio.Server | ImplicitTls] = []

    def connect(profile: Profile) -> Connection:
        return Connection(house, profile, loop)

    try:
        for listener in config.listeners:
            # One by one: those that are open must be closed when a later one cannot be had.
            servers.append(await _listen(partial(connect, listener.profile), listener, house))  # noqa: PERF401
    except OSError:
        for server in servers:
            server.close()
        gate.close()
        raise
    return Door(house, servers, tls)


async def _listen(factory: Callable[[], Connection], listener: Listener, house: House) -> asyncio.Server | ImplicitTls:
    """One socket. Every connection is counted before anything is read."""
    if listener.profile is Profile.SUBMISSIONS:
        assert house.context is not None
        return await listen_tls(
            listener.host, listener.port, factory, house.context, house.config.limits.handshake_seconds
        )
    return await asyncio.get_running_loop().create_server(factory, listener.host, listener.port, backlog=512)

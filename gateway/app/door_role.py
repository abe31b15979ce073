"""The door roles, put together: smtp takes the practice's mail, inbound what comes from outside: to the gateway's own
addresses, and to the practice's where it is configured.

Neither holds a key that opens mail. inbound also has `bounce.key`, to tell its own addresses from all others.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gateway.app.addresses import own_addresses
from gateway.app.installation import Installation
from gateway.config.doors import SmarthostClientSection, SmtpLimits
from gateway.config.values import HostPort
from gateway.domain.address import Address
from gateway.domain.envelope import Identity
from gateway.domain.errors import ConfigError
from gateway.flow.intake import Intake
from gateway.flow.refusals import Refusals
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.smtp.limits import DoorLimits
from gateway.smtp.ports import Users
from gateway.smtp.server import Door, nobody, serve_door
from gateway.smtp.settings import DoorConfig, Listener, Profile, SmarthostClient
from gateway.smtp.tls import ServerTls, TlsFiles


class Nobody:
    """Users of a door without passwords."""

    def authenticate(self, name: str, password: str) -> Identity | None:
        """Nobody is known."""
        del name, password
        return None


async def open_smtp(home: Installation, reached: Checkpoint = unobserved) -> tuple[Door, dict[str, list[int]]]:
    """The door of the practice's own mail, and the ports of each profile."""
    one = home.settings.smtp
    wanted = [
        (Profile.SUBMISSION, one.submission),
        (Profile.SUBMISSIONS, one.submissions),
        (Profile.SMARTHOST, one.smarthost),
    ]
    tls = None
    if one.tls_certificate is not None and one.tls_key is not None:
        tls = ServerTls(TlsFiles(one.tls_certificate, one.tls_key, one.client_ca))
    clients = tuple(_client(each) for each in one.clients)
    return await _open(home, wanted, one.limits, tls, home.users(), nobody, reached, clients)


async def open_inbound(home: Installation, reached: Checkpoint = unobserved) -> tuple[Door, dict[str, list[int]]]:
    """The door of the gateway's own addresses."""
    one = home.settings.inbound
    tls = None
    if one.tls_certificate is not None and one.tls_key is not None:
        tls = ServerTls(TlsFiles(one.tls_certificate, one.tls_key))
    addresses = own_addresses(home)
    return await _open(
        home, [(Profile.INBOUND, one.listen)], one.limits, tls, Nobody(), addresses.accepts, reached, (), addresses.relays
    )  # fmt: skip


async def _open(
    home: Installation, wanted: list[tuple[Profile, tuple[HostPort, ...]]], limits: SmtpLimits, tls: ServerTls | None,
    users: Users, accepts: Callable[[Address], bool], reached: Checkpoint, clients: tuple[SmarthostClient, ...],
    guessable: Callable[[Address], bool] = nobody,
) -> tuple[Door, dict[str, list[int]]]:  # fmt: skip
    intake = Intake(
        home.store(), home.vault(), home.door_keys(), home.clock, home.tokens, home.intake_limits(), reached
    )
    listeners = tuple(Listener(profile, each.host, each.port) for profile, places in wanted for each in places)
    config = DoorConfig(
        hostname=home.settings.smtp.hostname or socket.getfqdn(), listeners=listeners, clients=clients,
        limits=DoorLimits(**limits.numbers()),  # type: ignore[arg-type] # a test holds names and types together
    )  # fmt: skip
    later = ThreadPoolExecutor(1, "refusals").submit
    refusals = Refusals(home.store(), home.clock, intake.sender_tag, later)
    try:
        door = await serve_door(
            config, intake, users, tls, home.clock, accepts, home.metrics(), refusals.note, guessable
        )
    except OSError as error:
        raise ConfigError(f"smtp: a listener cannot be opened ({error.strerror}); is its port taken?") from error
    ports: dict[str, list[int]] = {}
    for listener, port in zip(listeners, door.ports, strict=True):
        ports.setdefault(listener.profile.value, []).append(port)
    return door, ports


def _client(one: SmarthostClientSection) -> SmarthostClient:
    return SmarthostClient(
        name=one.name, networks=one.networks, fingerprints=one.fingerprints, sans=one.sans,
        may_send_as=frozenset(_normal(each) for each in one.may_send_as),
        purposes=frozenset(each.value for each in one.purposes), require_tls=one.require_tls, null_sender=one.null_sender,
    )  # fmt: skip


def _normal(entry: str) -> str:
    return entry.lower() if entry.startswith("@") else Address.parse(entry).key

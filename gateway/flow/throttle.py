"""Guessing costs time and never a message: waits grow with each code asked for and each wrong code, up to a window.

Counts stand in the row of the parcel or consent request, and per network as keyed hashes. They fade after a quiet window.
A wait after wrong codes binds only the networks that tried the live code: whoever else holds the link cannot keep the
recipient out. What bounds guessing from many networks is that one code takes few tries and that codes come ever slower.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.errors import PickupRefused
from gateway.domain.protected import Protected
from gateway.domain.register_rows import CodeRow
from gateway.ports.metrics import Limit
from gateway.ports.store import UnitOfWork
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.context import context, framed

_HOUR = timedelta(hours=1)
_BY_ACTION = {"code": Limit.CODES_PER_NETWORK, "try": Limit.CODE_TRIES}


@dataclass(frozen=True, slots=True)
class PickupLimits:
    """What guessing may cost, and how long a browser stays signed in. Names as in `[parcel]`, `[limits]` and `[web]`."""

    codes: int = 5
    """Codes within `code_window` before the wait between two of them grows."""
    code_tries: int = 5
    """Wrong codes within `code_window` before a network that gave one must wait with its next try."""
    code_window: timedelta = _HOUR
    """The longest wait, and how long counts are remembered after it."""
    code_pause: timedelta = timedelta(seconds=30)
    """The first wait, doubled with each further one."""
    tries_per_code: int = 10
    """Wrong tries after which one code is void; another can be sent."""
    codes_per_network: int = 60
    tries_per_network: int = 60
    session_idle: timedelta = timedelta(minutes=15)
    session_life: timedelta = _HOUR


class Counted(Protocol):
    """The counters that parcels and consent requests both carry."""

    @property
    def codes_sent(self) -> int: ...  # noqa: D102
    @property
    def code_next_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def failures(self) -> int: ...  # noqa: D102
    @property
    def failure_until(self) -> datetime | None: ...  # noqa: D102


def after_code(row: Counted, now: datetime, limits: PickupLimits) -> tuple[int, datetime]:
    """How many codes were asked for with this one, and when the next may be."""
    count = _faded(row.codes_sent, row.code_next_at, now, limits) + 1
    return count, now + _pause(count - limits.codes, limits)


def after_failure(row: Counted, now: datetime, limits: PickupLimits) -> tuple[int, datetime]:
    """How many tries failed with this one, and when the next may be: at once for the first few."""
    count = _faded(row.failures, row.failure_until, now, limits) + 1
    return count, now if count < limits.code_tries else now + _pause(count - limits.code_tries, limits)


def refuse_early(until: datetime | None, now: datetime, limit: Limit) -> None:
    """Raise PickupRefused `throttled` with the seconds left, when `until` is still to come; `limit` names the limit."""
    if until is not None and until > now:
        raise PickupRefused("throttled", math.ceil((until - now).total_seconds()), limit)


def _faded(count: int, until: datetime | None, now: datetime, limits: PickupLimits) -> int:
    return 0 if until is not None and now > until + limits.code_window else count


def _pause(over: int, limits: PickupLimits) -> timedelta:
    doubled: timedelta = limits.code_pause * (1 << min(max(over, 0), 20))
    return min(doubled, limits.code_window)


class Networks:
    """Counts what one network did. Its address is kept as a keyed hash only (IPv4 whole, IPv6 by its /56)."""

    def __init__(self, key: Protected[bytes], installation: str) -> None:
        self._key = key
        self._bound = context(installation, Seal.LOOKUP, "network")

    def refuse_busy(self, uow: UnitOfWork, network: str, action: str, limit: int, now: datetime) -> None:
        """Raise PickupRefused `throttled` when that network did it `limit` times within the hour."""
        if uow.parcels.hits(self._tag(network), action, now - _HOUR) >= limit:
            raise PickupRefused("throttled", int(_HOUR.total_seconds()), _BY_ACTION[action])

    def refuse_tried(
        self, uow: UnitOfWork, network: str, live: CodeRow | None, until: datetime | None, now: datetime
    ) -> None:
        """Raise PickupRefused `throttled` before `until` when that network gave a wrong code while this one is live."""
        if uow.parcels.hits(self._tag(network, live), "wrong", now - _HOUR):
            refuse_early(until, now, Limit.CODE_TRIES)

    def count_wrong(
        self, uow: UnitOfWork, network: str, live: CodeRow | None, limits: PickupLimits, now: datetime
    ) -> None:
        """Count a wrong try of that network and of the live code; after too many the code is void, another can be sent."""
        self.count(uow, network, "try", now)
        uow.parcels.hit(self._tag(network, live), "wrong", now)
        if live is not None and live.tries + 1 >= limits.tries_per_code:
            uow.parcels.drop_code(live.subject_id)
        elif live is not None:
            uow.parcels.count_code_try(live.subject_id)

    def count(self, uow: UnitOfWork, network: str, action: str, now: datetime) -> None:
        """Remember that it did."""
        uow.parcels.hit(self._tag(network), action, now)

    def _tag(self, network: str, live: CodeRow | None = None) -> bytes:
        # A code's salt names the code: a fresh one starts anew for every network.
        salt = live.salt if live is not None else b""
        bound = framed(self._bound, _widened(network).encode(), salt)
        return hmac.digest(self._key.reveal(), bound, hashlib.sha256)


def _widened(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 56), strict=False))
    return str(found)


def code_holds(
    row: CodeRow | None, given: str, subject_id: str, key: Protected[bytes], installation: str, allowed: tuple[str, ...],
    now: datetime,
) -> bool:  # fmt: skip
    """Whether that is the live code, sent by a channel that may prove this recipient. The comparison takes constant time."""
    code = "".join(one for one in given if one.isdigit() and one.isascii())[:32]
    salt = row.salt if row is not None else bytes(16)
    expected = row.digest if row is not None else bytes(32)
    same = hmac.compare_digest(link.code_digest(key, code, salt, subject_id, installation), expected)
    return same and row is not None and row.expires_at > now and row.channel in allowed

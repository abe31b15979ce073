"""A browser that proved itself: the cookie holds 32 random bytes, the row a secret sealed under them.

The row's key cannot be turned back into the cookie, so the database alone opens nothing (docs/security-model.md, What exists where).
"""

from __future__ import annotations

from datetime import timedelta

from gateway.domain.protected import Protected
from gateway.domain.register_rows import SessionRow
from gateway.flow.throttle import PickupLimits
from gateway.ports.clock import Clock
from gateway.ports.store import UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.context import context

_TOUCH_AFTER = timedelta(seconds=30)


class Sessions:
    """Starts, finds and ends sessions within the caller's transaction."""

    def __init__(self, installation: str, clock: Clock, tokens: Tokens, limits: PickupLimits) -> None:
        self._installation, self._clock, self._tokens, self._limits = installation, clock, tokens, limits

    def start(self, uow: UnitOfWork, subject_id: str, secret: Protected[bytes]) -> str:
        """Keep `secret` for a parcel or request under a new cookie; returns the cookie's value."""
        cookie = Protected(self._tokens.secret(link.SECRET_BYTES))
        now = self._clock.now()
        uow.parcels.drop_sessions(before=now)
        key = link.session_key(cookie, self._installation, subject_id)
        uow.parcels.add_session(
            SessionRow(
                id=link.session_id(cookie, self._installation),
                parcel_id=subject_id,
                sealed=link.wrap(key, secret, self._bound(subject_id)),
                expires_at=now + self._limits.session_life,
                idle_until=now + self._limits.session_idle,
            )
        )
        return link.token(cookie)

    def find(
        self, uow: UnitOfWork, cookie: str, *, touch: bool, idle: bool = False
    ) -> tuple[str, Protected[bytes]] | None:
        """Subject and secret, or None when there is no such session or its time is over; `touch` restarts the idle clock,
        `idle` takes one whose idle clock has run out.
        """
        value = link.read_token(cookie)
        if value is None:
            return None
        row = uow.parcels.session(link.session_id(value, self._installation))
        now = self._clock.now()
        if row is None or now >= row.expires_at or (now >= row.idle_until and not idle):
            return None
        idle_until = min(now + self._limits.session_idle, row.expires_at)
        if touch and idle_until - row.idle_until > _TOUCH_AFTER:
            uow.parcels.touch_session(row.id, idle_until)
        key = link.session_key(value, self._installation, row.parcel_id)
        return row.parcel_id, link.unwrap(key, row.sealed, self._bound(row.parcel_id))

    def end(self, uow: UnitOfWork, cookie: str) -> None:
        """Forget it; nothing happens when it is not there."""
        value = link.read_token(cookie)
        if value is not None:
            uow.parcels.drop_session(link.session_id(value, self._installation))

    def _bound(self, subject_id: str) -> bytes:
        return context(self._installation, Seal.SESSION, subject_id, "sealed")

"""Staff sessions. They live in this process's memory alone, each with an HPKE key pair of its own: when a session ends its
key is let go, and nothing that was sealed to it opens any more. A restart ends them all.

Used from the event loop only. Times are the boot clock's, which nobody can set.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from gateway.domain.protected import Protected
from gateway.flow.desk import Asker
from gateway.ports.clock import Clock
from gateway.ports.tokens import Tokens
from gateway.seal import hybrid, link

EACH = 3
"""Sessions of one person at the same time; one more ends the oldest."""


@dataclass(slots=True)
class Session:
    """One browser that proved its user. `standing` is what the users file said of the person then."""

    asker: Asker
    opener: hybrid.OpenWith = field(repr=False)
    standing: str = field(repr=False)
    started: float
    seen: float


class Sessions:
    """By the hash of the cookie's value: who reads this memory's index has no cookie."""

    def __init__(self, clock: Clock, tokens: Tokens, idle: float, life: float) -> None:
        """`idle` and `life` in seconds."""
        self._clock, self._tokens, self._idle, self._life = clock, tokens, idle, life
        self._by_cookie: dict[bytes, Session] = {}
        self._ended: list[str] = []

    def start(self, staff: str, standing: str) -> tuple[str, Session]:
        """A new session with a fresh key pair; the cookie's value, and the session."""
        mine = [key for key, one in self._by_cookie.items() if one.asker.staff == staff]
        for key in mine[: max(0, len(mine) - EACH + 1)]:
            self._end(key)
        cookie = link.token(Protected(self._tokens.secret(link.SECRET_BYTES)))
        private, public = hybrid.generate()
        now = self._clock.boot()
        made = Session(Asker(self._tokens.id(), public, staff), hybrid.OpenWith(private), standing, now, now)
        self._by_cookie[_key(cookie)] = made
        return cookie, made

    def find(self, cookie: str, *, touch: bool = True) -> Session | None:
        """The session behind a cookie, or None; `touch` restarts its idle clock."""
        key = _key(cookie)
        found = self._by_cookie.get(key)
        if found is None:
            return None
        if self._over(found):
            self._end(key)
            return None
        if touch:
            found.seen = self._clock.boot()
        return found

    def end(self, cookie: str) -> None:
        """Let a session and its key go; nothing happens when it is not there."""
        self._end(_key(cookie))

    def sweep(self) -> list[str]:
        """End what is past its time; the ids of all that ended since the last call."""
        for key in [key for key, one in self._by_cookie.items() if self._over(one)]:
            self._end(key)
        ended, self._ended = self._ended, []
        return ended

    def _over(self, one: Session) -> bool:
        now = self._clock.boot()
        return now - one.seen >= self._idle or now - one.started >= self._life

    def _end(self, key: bytes) -> None:
        found = self._by_cookie.pop(key, None)
        if found is not None:
            self._ended.append(found.asker.id)


def _key(cookie: str) -> bytes:
    return hashlib.sha256(b"sealgate review session" + cookie.encode()).digest()

"""Consent requests: a patient proves the mailbox on record, reads the warning, and answers yes or no.

1 a code is asked for: counted, its job queued
2 the proof is committed: code used up, session; the cookie is not sent yet
3 the answer is committed with its job
The answer changes the request's row and queues a worker, which alone can write the consent. Refusals are PickupRefused
with: unknown, expired, closed, answered, throttled, wrong_code, restoring, logged_off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import PickupRefused
from gateway.domain.protected import Protected
from gateway.domain.records import JobKind
from gateway.domain.register_rows import ConsentRequestRow
from gateway.flow.quarantine import quarantined
from gateway.flow.sessions import Sessions
from gateway.flow.throttle import Networks, PickupLimits, after_code, after_failure, code_holds, refuse_early
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.metrics import Limit
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.seal import link

_NOBODY = Protected(bytes(link.SECRET_BYTES))
_CHANNELS = ("mailbox", "staff")
_BY_STATE = {"answered_yes": "answered", "answered_no": "answered", "closed": "closed"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the version of the warning text, and until when."""

    warning_version: str
    expires_at: datetime


class Answers:
    """The portal's side of consent requests. Every method is synchronous and safe in threads."""

    def __init__(
        self,
        store: Store,
        lookup_key: Protected[bytes],
        installation: str,
        clock: Clock,
        tokens: Tokens,
        limits: PickupLimits | None = None,
        reached: Checkpoint = unobserved,
    ) -> None:
        self._reached = reached
        self._store, self._lookup_key, self._installation, self._clock = store, lookup_key, installation, clock
        self._limits = limits or PickupLimits()
        self._networks = Networks(lookup_key, installation)
        self._sessions = Sessions(installation, clock, tokens, self._limits)

    def find(self, token: str) -> Question:
        """What the link asks; changes nothing."""
        with self._store.begin() as uow:
            row = self._found(uow, token)
            if row is None:
                raise PickupRefused("unknown")
            self._stand(uow, row)
            return Question(row.warning_version, row.expires_at)

    def request_code(self, token: str, network: str) -> None:
        """Ask a worker to send a one-time code to the mailbox on record."""
        now = self._clock.now()
        with self._store.begin() as uow:
            self._networks.refuse_busy(uow, network, "code", self._limits.codes_per_network, now)
            self._networks.count(uow, network, "code", now)
            row = self._found(uow, token, lock=True)
            if row is not None:
                self._stand(uow, row)
                refuse_early(row.code_next_at, now, Limit.CODES_PER_PARCEL)
                count, next_at = after_code(row, now, self._limits)
                uow.register.put_request(replace(row, codes_sent=count, code_next_at=next_at))
                uow.jobs.add(JobKind.SEND_CODE, row.message_id, f"{row.id}:mailbox", now)
        if row is None:
            raise PickupRefused("unknown")
        self._reached("answer.1")

    def prove(self, token: str, code: str, network: str) -> str:
        """Exchange link and code for a session; returns the secret of its cookie."""
        now, cookie = self._clock.now(), ""
        with self._store.begin() as uow:
            self._networks.refuse_busy(uow, network, "try", self._limits.tries_per_network, now)
            row = self._found(uow, token, lock=True)
            if row is not None:
                self._stand(uow, row)
                live = uow.parcels.code(row.id, lock=True)
                self._networks.refuse_tried(uow, network, live, row.failure_until, now)
                if code_holds(live, code, row.id, self._lookup_key, self._installation, _CHANNELS, now):
                    uow.parcels.drop_code(row.id)
                    uow.register.put_request(replace(row, failures=0, codes_sent=0))
                    cookie = self._sessions.start(uow, row.id, self._mark(row.id))
                else:
                    failures, until = after_failure(row, now, self._limits)
                    uow.register.put_request(replace(row, failures=failures, failure_until=until))
                    self._networks.count_wrong(uow, network, live, self._limits, now)
            else:
                self._networks.count(uow, network, "try", now)
        if not cookie:
            raise PickupRefused("unknown" if row is None else "wrong_code")
        self._reached("answer.2")
        return cookie

    def question(self, cookie: str) -> Question:
        """What the person who proved the mailbox is asked; changes nothing."""
        with self._store.begin() as uow:
            row = self._proven(uow, cookie)
            return Question(row.warning_version, row.expires_at)

    def answer(self, cookie: str, *, yes: bool) -> None:
        """Record the answer, once; a worker writes the consent and assesses the waiting message again."""
        now = self._clock.now()
        with self._store.begin() as uow:
            row = self._proven(uow, cookie, lock=True)
            answer = "answered_yes" if yes else "answered_no"
            tag = link.answer_tag(self._lookup_key, self._installation, row.id, row.patient_id, answer)
            uow.register.put_request(replace(row, state=answer, secret=tag))
            kind = EventKind.CONSENT_GIVEN if yes else EventKind.CONSENT_REFUSED
            data = {"request": row.id, "patient": row.patient_id, "warning": row.warning_version}
            uow.audit.append(Event(kind, row.message_id, "", "recipient", data), now)
            uow.jobs.add(JobKind.CONSENT_ANSWER, row.message_id, row.id, now)
            uow.parcels.drop_sessions(parcel_id=row.id)
        self._reached("answer.3")

    def _found(self, uow: UnitOfWork, token: str, *, lock: bool = False) -> ConsentRequestRow | None:
        # A token that cannot be read costs the same derivation and query as one that can.
        secret = link.read_token(token)
        row = uow.register.request_by_lookup(link.lookup(secret or _NOBODY, self._lookup_key, self._installation))
        if row is None or secret is None:
            return None
        return uow.register.request(row.id, lock=True) if lock else row

    def _proven(self, uow: UnitOfWork, cookie: str, *, lock: bool = False) -> ConsentRequestRow:
        session = self._sessions.find(uow, cookie, touch=False)
        row = uow.register.request(session[0], lock=lock) if session else None
        if session is None or row is None or session[1] != self._mark(row.id):
            raise PickupRefused("logged_off")
        self._stand(uow, row)
        return row

    def _mark(self, request_id: str) -> Protected[bytes]:
        return link.proven_mark(self._lookup_key, self._installation, request_id)

    def _stand(self, uow: UnitOfWork, row: ConsentRequestRow) -> None:
        if row.state in _BY_STATE:
            raise PickupRefused(_BY_STATE[row.state])
        if row.expires_at <= self._clock.now():
            raise PickupRefused("expired")
        if quarantined(uow):
            raise PickupRefused("restoring")

"""The desk, as the review role has it: lists mail in hand, asks a worker, and opens the one text that a worker sealed for
a session. It holds no message key: what it shows was wrapped to a key that lives in this process's memory alone.

1 a request is signed and committed with its job
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import HoldReason
from gateway.domain.desk import Deed, DeskRow, DeskState
from gateway.domain.errors import IntegrityError, PermanentError
from gateway.domain.records import DeliveryRow, Holder, JobKind, MessageRow
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow import epochs
from gateway.flow.custody import wrap_context
from gateway.flow.desk_text import BYTES, ReviewText
from gateway.flow.quarantine import held_by_restore, quarantined
from gateway.policy.explain import receipt_reason, sentence, what_to_do
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, Vault
from gateway.seal.desk import FINAL, answered, asked, reason_context
from gateway.seal.hybrid import OpenWith

READABLE = frozenset({MessageState.HELD, MessageState.STUCK})
"""Only what waits for a person is shown to one."""
LISTED = (MessageState.HELD, MessageState.STUCK, MessageState.ASSESSED)
TEXT_LIFE = timedelta(minutes=15)
"""How long a request and its review text live at most."""
REQUESTS = 100
"""Requests of one session that are there at the same time."""
REASON = 500
"""Characters of a reason."""
_PAGE = 200


@dataclass(frozen=True, slots=True)
class ReviewKeys:
    """What the review role holds: it signs requests, and knows a worker's signature."""

    installation: str
    sign: Callable[[bytes], bytes] = field(repr=False)
    own: Ed25519PublicKey = field(repr=False)
    calendar: Ed25519PublicKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asker:
    """A staff session, as a request names it."""

    id: str
    public: bytes = field(repr=False)
    staff: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One recipient's copy, without its address: the sentences why, and what can be done."""

    id: str
    state: DeliveryState
    why: tuple[str, ...]
    todo: str
    held: bool
    stoppable: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One mail in hand."""

    id: str
    state: MessageState
    received_at: datetime
    size: int
    waits_for: tuple[str, ...]
    deadline: datetime | None
    copies: tuple[Copy, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether staff may have it shown, and refuse it."""
        return self.state in READABLE

    @property
    def stoppable(self) -> bool:
        """Whether a copy of it could be stopped."""
        return any(one.stoppable for one in self.copies)


class StaffDesk:
    """Every method is synchronous and safe in threads."""

    def __init__(
        self, store: Store, vault: Vault, keys: ReviewKeys, clock: Clock, tokens: Tokens, reached: Checkpoint = unobserved
    ) -> None:  # fmt: skip
        self._store, self._vault, self._keys = store, vault, keys
        self._clock, self._tokens, self._reached = clock, tokens, reached

    def ready(self) -> None:
        """StoreUnavailable when the database does not answer."""
        with self._store.begin() as uow:
            uow.setting("")

    def enter(self, asker: Asker) -> None:
        """A session has begun: it is in the log."""
        with self._store.begin() as uow:
            event = Event(EventKind.SIGNED_IN, actor=asker.staff, data={"session": asker.id})
            uow.audit.append(event, self._clock.now())

    def in_hand(self) -> list[Item]:
        """What waits for a person first, then what is on its way; the oldest of each first."""
        with self._store.begin() as uow:
            return [_item(row) for state in LISTED for row in uow.messages.listed((state,), limit=_PAGE)]

    def mail(self, message_id: str) -> Item | None:
        """One mail with its copies; None when it is not in hand."""
        with self._store.begin() as uow:
            row = uow.messages.get(message_id)
            if row is None or row.state not in LISTED:
                return None
            return replace(_item(row), copies=tuple(_copy(one) for one in uow.deliveries.of_message(message_id)))

    def ask(self, deed: Deed, message_id: str, subject: str, asker: Asker, reason: str = "") -> str:
        """Ask a worker; returns the request's id. PermanentError in quarantine."""
        request_id, at = self._tokens.id(), self._clock.now()
        with self._store.begin() as uow:
            if quarantined(uow):
                raise PermanentError("the system was restored and is in quarantine")
            if len(uow.desk.of_session(asker.id)) >= REQUESTS:
                raise PermanentError("this session has asked too much within some minutes")
            epoch, sealed = "", b""
            if reason:
                epoch, public = epochs.current(uow, self._keys.calendar, self._keys.installation)
                bound = reason_context(self._keys.installation, request_id, epoch)
                sealed = public.seal(reason[:REASON].encode(), bound)
            row = DeskRow(
                id=request_id, kind=deed, message_id=message_id, subject=subject, session=asker.id, public=asker.public,
                staff=asker.staff, at=at, epoch=epoch, reason=sealed, signature=b"",
            )  # fmt: skip
            row = replace(row, signature=self._keys.sign(asked(row, self._keys.installation)))
            uow.desk.add(row)
            uow.jobs.add(JobKind.DESK, message_id, request_id, at)
        self._reached("desk.1")
        return request_id

    def answer(self, request_id: str, session: str) -> DeskRow | None:
        """A request of this very session, answered or not; None when there is none (any more). IntegrityError when it is
        not what this role asked, or its answer not a worker's.
        """
        with self._store.begin() as uow:
            row = uow.desk.get(request_id)
            if row is None or row.session != session or self._clock.now() - row.at > TEXT_LIFE:
                return None
        self._verify(self._keys.own, row.signature, asked(row, self._keys.installation))
        if row.state in FINAL:
            self._verify(self._keys.calendar, row.proof, answered(row, self._keys.installation))
        return row

    def text(self, row: DeskRow, opener: OpenWith) -> ReviewText | None:
        """The text behind an answer that `answer` gave, opened with the session's own key; None when it is gone."""
        if row.kind is not Deed.READ or row.state is not DeskState.DONE:
            return None
        holder = Holder("session", row.session)
        with self._store.begin() as uow:
            wrap = uow.objects.wrap(row.object_id, holder)
        if wrap is None:
            return None
        key = opener.open(wrap, wrap_context(self._keys.installation, row.object_id, holder))
        return ReviewText.decode(_whole(self._vault.open(row.object_id, Seal.REVIEW, "", key, row.commitment)))

    def leave(self, session: str) -> None:
        """A session has ended: its requests go, and with their wraps what it was shown."""
        with self._store.begin() as uow:
            for row in uow.desk.of_session(session):
                if row.object_id:
                    uow.objects.drop_wraps(Holder("session", session), [row.object_id])
                uow.desk.drop(row.id)

    @staticmethod
    def _verify(public: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
        try:
            public.verify(signature, message)
        except InvalidSignature as error:
            raise IntegrityError("a request of the desk, or its answer, is not as it was signed") from error


def _whole(chunks: Iterable[bytes]) -> bytes:
    data = bytearray()
    for one in chunks:
        data += one
        if len(data) > BYTES:
            raise IntegrityError("a review text is too long to be one")
    return bytes(data)


def _item(row: MessageRow) -> Item:
    return Item(row.id, row.state, row.received_at, row.size, _waits_for(row), row.deadline)


def _waits_for(row: MessageRow) -> tuple[str, ...]:
    if row.state is MessageState.ASSESSED:
        return ("It is on its way.",)
    if row.state is MessageState.STUCK:
        return (f"A step failed and trying again did not help ({row.held_for or 'no code'}).",)
    if held_by_restore(row):
        return ("It came out of a backup and may have left already.",)
    known = {one.value: receipt_reason(one) for one in HoldReason}
    said = [known.get(one, "A person at the practice stopped it.") for one in row.held_for.split(",")]
    return tuple(dict.fromkeys(said))


def _copy(row: DeliveryRow) -> Copy:
    held = row.state is DeliveryState.HELD
    return Copy(
        id=row.id, state=row.state, why=tuple(sentence(one) for one in row.reasons), held=held,
        todo=what_to_do(row.held_for) if held else "", stoppable=row.state in {DeliveryState.READY, DeliveryState.RETRY},
    )  # fmt: skip

"""Intake: from the first byte at the door to the 250.

1 loop and spool checks; the object's id is given
2 the blob, sealed under a fresh key while it streams in, is made durable
3 one transaction: object, wrap to the epoch's public key, signed record, message RECEIVED, job, audit
After 3 the door says 250. Before it nothing was promised: an error leaves at most an orphaned blob for the sweeper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.domain.audit import Event, EventKind
from gateway.domain.envelope import Direction, Envelope
from gateway.domain.errors import LimitExceeded, MailRefused, SealgateError, StoreUnavailable
from gateway.domain.records import Holder, JobKind, MessageRow
from gateway.domain.states import MessageState
from gateway.flow import epochs
from gateway.flow.custody import object_row, record_context, wrap_context
from gateway.flow.keys import DoorKeys
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, SealedWriter, Vault
from gateway.seal.context import framed
from gateway.seal.record import IntakeRecord, sign, wrap_hash

_HEADER = 256 * 1024
_MARK = b"x-sealgate-id:"


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bytes in hand, in all and of one sender; recipients times size of one message, in bytes; held mail of one sender."""

    spool_bytes: int
    fan_out_bytes: int
    spool_bytes_per_sender: int
    held_per_sender: int


class Intake:
    """Begins acceptances; one per door process."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        keys: DoorKeys,
        clock: Clock,
        tokens: Tokens,
        limits: IntakeLimits,
        reached: Checkpoint = unobserved,
    ) -> None:
        self.store, self.vault, self.keys, self.clock, self.tokens = store, vault, keys, clock, tokens
        self.limits, self.reached = limits, reached
        self._broken = False

    def begin(self, envelope: Envelope) -> Acceptance:
        """Begin one message; LimitExceeded when the spool is full, StoreUnavailable when nothing can be promised."""
        limits, tag = self.limits, self.sender_tag(envelope)
        with self.store.begin() as uow:
            epochs.current(uow, self.keys.calendar, self.keys.installation)
            if uow.messages.bytes_in_hand() >= limits.spool_bytes:
                raise LimitExceeded("spool_bytes", "the spool is full")
            if uow.messages.bytes_in_hand(tag) >= limits.spool_bytes_per_sender:
                raise LimitExceeded(
                    "spool_bytes_per_sender", "too much mail of this sender is in hand; wait for it to leave"
                )
            if uow.messages.held_count(tag) >= limits.held_per_sender:
                raise LimitExceeded(
                    "held_per_sender", "too many mails of this sender are held; have them released or refused"
                )
        self.reached("intake.1")
        message_id = self.tokens.id()
        return Acceptance(self, envelope, message_id, self.vault.create(message_id, Seal.MAIL))

    def sender_tag(self, envelope: Envelope) -> bytes:
        """What counts one submitter's mail: a keyed hash of the user or client name, so that no reader of it can guess."""
        return self.keys.senders.tag(framed(envelope.identity.how.encode(), envelope.identity.name.encode()))

    def ready(self) -> bool:
        """Whether mail can be taken: false after a failed sync, in quarantine, or without an epoch."""
        if self._broken:
            return False
        try:
            with self.store.begin() as uow:
                epochs.current(uow, self.keys.calendar, self.keys.installation)
                return not uow.setting("quarantine")
        except SealgateError:
            return False

    def failed(self) -> None:
        """A sync failed: it is never tried again (docs/security-model.md, At least once), this process takes no more mail."""
        self._broken = True


class Acceptance:
    """One message on its way in."""

    def __init__(self, intake: Intake, envelope: Envelope, message_id: str, writer: SealedWriter) -> None:
        self._intake, self._envelope, self._id, self._writer = intake, envelope, message_id, writer
        self._head: bytearray | None = bytearray()
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Seal and spool the next bytes."""
        self._size += len(chunk)
        if self._size * max(1, len(self._envelope.recipients)) > self._intake.limits.fan_out_bytes:
            raise LimitExceeded("fan_out_bytes", "recipients times size is above the limit; send to fewer at a time")
        if self._head is not None:
            self._watch(chunk)
        self._writer.write(chunk)

    def finish(self) -> str:
        """Make it durable and return its id; only then may the door say 250."""
        intake, at = self._intake, self._intake.clock.now()
        loop = self._loop_id()
        try:
            sealed = self._writer.finish()
        except StoreUnavailable:
            intake.failed()
            raise
        intake.reached("intake.2")
        installation, envelope = intake.keys.installation, replace(self._envelope, received_at=at)
        with intake.store.begin() as uow:
            if loop and uow.messages.get(loop) is not None:
                raise MailRefused("message.loop", "this message has passed here before")
            epoch, public = epochs.current(uow, intake.keys.calendar, installation)
            holder = Holder("epoch", epoch)
            wrap = public.seal(sealed.key.reveal(), wrap_context(installation, self._id, holder))
            record = IntakeRecord(self._id, envelope, epoch, wrap_hash(wrap), sealed.commitment, sealed.length)
            signed = sign(record, intake.keys.sign, installation)
            uow.objects.add(object_row(sealed, self._id, at))
            uow.objects.add_wrap(self._id, holder, wrap)
            uow.messages.add(
                MessageRow(
                    id=self._id, direction=envelope.direction, state=MessageState.RECEIVED, state_since=at, received_at=at,
                    size=sealed.length, epoch=epoch, object_id=self._id,
                    record=public.seal(signed, record_context(installation, self._id, epoch)),
                )
            )  # fmt: skip
            uow.messages.set_sender_tag(self._id, intake.sender_tag(envelope))
            kind = JobKind.INBOUND if envelope.direction is Direction.INBOUND else JobKind.ASSESS
            uow.jobs.add(kind, self._id, "", at)
            uow.audit.append(
                Event(EventKind.RECEIVED, self._id, actor=envelope.identity.how,
                      data={"size": sealed.length, "recipients": len(envelope.recipients), "tls": envelope.tls}), at,
            )  # fmt: skip
        intake.reached("intake.3")
        return self._id

    def abort(self) -> None:
        """Forget it."""
        self._writer.abort()

    def _watch(self, chunk: bytes) -> None:
        assert self._head is not None
        self._head += chunk[: _HEADER - len(self._head)]

    def _loop_id(self) -> str:
        """The id in an X-Sealgate-Id field of the header, if there is one: it may be a message of ours coming back."""
        head = bytes(self._head or b"").split(b"\r\n\r\n", 1)[0]
        self._head = None
        for line in head.split(b"\r\n"):
            if line[: len(_MARK)].lower() == _MARK:
                return line[len(_MARK) :].strip().decode("ascii", "replace")[:80]
        return ""

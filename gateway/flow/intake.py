"""Intake: from the first byte at the door to the 250.

1 loop and spool checks; the object's id is given
2 the blob, sealed under a fresh key while it streams in, is made durable
3 one transaction: object, wrap to the epoch's public key, signed record, message RECEIVED, job, audit
After 3 the door says 250. Before it nothing was promised: an error leaves at most an orphaned blob for the sweeper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from gateway.domain.audit import Event, EventKind
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.errors import LimitExceeded, MailRefused, Quarantined, SealgateError, SyncFailed
from gateway.domain.records import STEPS, Holder, JobKind, MessageRow
from gateway.domain.states import MessageState
from gateway.flow import epochs
from gateway.flow.custody import object_row, record_context, wrap_context
from gateway.flow.keys import DoorKeys
from gateway.flow.quarantine import quarantined
from gateway.flow.room import InHand, IntakeLimits, Room
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, SealedWriter, Vault
from gateway.seal.context import framed
from gateway.seal.record import IntakeRecord, sign, wrap_hash

_HEADER = 256 * 1024
_MARK = b"x-sealgate-id:"
_MARKS = 20
"""Ids that are looked up; more of them are somebody's game."""

Also = Callable[[UnitOfWork, str, datetime], None]
"""What commits together with a message's acceptance, by its id; what it raises refuses the message."""


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
        self.room, self.reached = Room(limits), reached
        self._broken = False

    def begin(self, envelope: Envelope, also: Also = lambda *_: None) -> Acceptance:
        """Begin one message; LimitExceeded when the spool is full, StoreUnavailable when nothing can be promised."""
        tag = self.sender_tag(envelope.identity)
        with self.store.begin() as uow:
            if quarantined(uow):
                raise Quarantined("the system was restored from a backup and waits for a person's word")
            epochs.current(uow, self.keys.calendar, self.keys.installation)
            before = self.room.admit(uow, tag, 0)
        self.reached("intake.1")
        message_id = self.tokens.id()
        return Acceptance(self, envelope, message_id, self.vault.create(message_id, Seal.MAIL), before, also)

    def admit(self, identity: Identity, size: int) -> None:
        """Whether a mail of that announced size (0: unknown) would be begun; LimitExceeded if there is no room for it."""
        with self.store.begin() as uow:
            self.room.admit(uow, self.sender_tag(identity), size)

    def fits(self, recipients: int, size: int) -> bool:
        """Whether a mail of that announced size may have so many recipients."""
        return self.room.limits.fits(recipients, size)

    def sender_tag(self, identity: Identity) -> bytes:
        """What counts one submitter's mail: a keyed hash of the user or client name, so that no reader of it can guess."""
        return self.keys.senders.tag(framed(identity.how.encode(), identity.name.encode()))

    def ready(self) -> bool:
        """Whether mail can be taken: false after a failed sync, in quarantine, or without an epoch."""
        if self._broken:
            return False
        try:
            with self.store.begin() as uow:
                epochs.current(uow, self.keys.calendar, self.keys.installation)
                return not quarantined(uow)
        except SealgateError:
            return False

    def failed(self) -> None:
        """A sync failed: it is never tried again (docs/security-model.md, At least once), this process takes no more mail."""
        self._broken = True


class Acceptance:
    """One message on its way in."""

    def __init__(
        self, intake: Intake, envelope: Envelope, message_id: str, writer: SealedWriter, before: InHand, also: Also
    ) -> None:
        self._also = also
        self._intake, self._envelope, self._id, self._writer, self._before = (
            intake,
            envelope,
            message_id,
            writer,
            before,
        )
        self._sender = intake.sender_tag(envelope.identity)
        self._head: bytearray | None = bytearray()
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Seal and spool the next bytes."""
        self._size += len(chunk)
        self._intake.room.take(self._sender, len(chunk), self._before)
        if not self._intake.fits(len(self._envelope.recipients), self._size):
            raise LimitExceeded("recipient_bytes", "recipients times size is above the limit; send to fewer at a time")
        if self._head is not None:
            self._watch(chunk)
        self._writer.write(chunk)

    def finish(self) -> str:
        """Make it durable and return its id; only then may the door say 250."""
        try:
            return self._finished()
        except SyncFailed:
            self._intake.failed()
            raise
        finally:
            self._give_back()

    def _finished(self) -> str:
        intake, at = self._intake, self._intake.clock.now()
        passed = self._passed()
        sealed = self._writer.finish()
        intake.reached("intake.2")
        installation, envelope = intake.keys.installation, replace(self._envelope, received_at=at)
        with intake.store.begin() as uow:
            if any(self._is_loop(uow.messages.get(one)) for one in passed):
                raise MailRefused("message.loop", "this message has passed here before")
            intake.room.settled(uow, self._sender, sealed.length)
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
            uow.messages.set_sender_tag(self._id, self._sender)
            uow.jobs.add(STEPS.get(envelope.direction, JobKind.ASSESS), self._id, "", at)
            uow.audit.append(
                Event(EventKind.RECEIVED, self._id, actor=envelope.identity.how,
                      data={"size": sealed.length, "recipients": len(envelope.recipients), "tls": envelope.tls}), at,
            )  # fmt: skip
            self._also(uow, self._id, at)
        intake.reached("intake.3")
        return self._id

    def _is_loop(self, row: MessageRow | None) -> bool:
        """Whether a mail with that message's mark goes in circles. What left may come in once, by a list or a forwarder: it
        then gets a mark of its own, and with that one it neither leaves nor comes in again.
        """
        back = self._envelope.direction is Direction.INBOUND and row is not None and row.direction is Direction.OUTBOUND
        return row is not None and not back

    def abort(self) -> None:
        """Forget it."""
        self._give_back()
        self._writer.abort()

    def _give_back(self) -> None:
        size, self._size = self._size, 0
        self._intake.room.give_back(self._sender, size)

    def _watch(self, chunk: bytes) -> None:
        assert self._head is not None
        self._head += chunk[: _HEADER - len(self._head)]

    def _passed(self) -> tuple[str, ...]:
        """The ids in X-Sealgate-Id fields of the header: it may be a message of ours coming back."""
        head = bytes(self._head or b"").split(b"\r\n\r\n", 1)[0]
        self._head = None
        found = [line[len(_MARK) :] for line in head.split(b"\r\n") if line[: len(_MARK)].lower() == _MARK]
        return tuple(one.strip().decode("ascii", "replace")[:80] for one in found[:_MARKS])

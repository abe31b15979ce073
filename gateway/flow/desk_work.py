"""The desk, as a worker has it: acts on what the review role signed, once, and seals what it shows to one session's key.

1 a decision (release, refuse, hold) is in the log, so that the same request is never acted on again
2 it is done, or a mail's review text is wrapped to the session's key, in one transaction with its row of the log
A request is void when it is not signed by the review role, older than ten minutes, or in the log already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography.exceptions import InvalidSignature

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.desk import Deed, DeskRow, DeskState
from gateway.domain.errors import BlobMissing, IntegrityError, KeyMissing, PermanentError, SealgateError
from gateway.domain.finding import ScanReport
from gateway.domain.records import Holder, Job, MessageRow
from gateway.flow import epochs, suggestions
from gateway.flow.custody import Custody, object_row, wrap_context
from gateway.flow.decisions import Decisions
from gateway.flow.desk import READABLE, TEXT_LIFE
from gateway.flow.desk_text import ReviewText, review_text, with_words
from gateway.flow.keys import WorkerKeys
from gateway.flow.reading import Reader
from gateway.flow.review import Review
from gateway.flow.scratch import Scratch
from gateway.flow.suggestions import Alarm
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, Sealed, Vault
from gateway.seal.desk import answered, asked, reason_context
from gateway.seal.hybrid import SealTo
from gateway.seal.record import IntakeRecord

FRESH = timedelta(minutes=10)
_SUGGESTED = "Noted. The administrator decides whether this is no finding any more; this mail stays as it is."
_WORDS = {
    IntegrityError.code: "What is stored is not as it was sealed or signed: nothing was done, and the administrator is alerted.",
    KeyMissing.code: "A key for this is gone: ask again, and if that does not help tell the administrator.",
    BlobMissing.code: "The mail's content is gone.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeskWork:
    """Runs DESK jobs."""

    store: Store
    vault: Vault
    custody: Custody
    decisions: Decisions
    reader: Reader
    review: Review
    keys: WorkerKeys
    clock: Clock
    tokens: Tokens
    reached: Checkpoint = unobserved

    def run(self, job: Job) -> None:
        """Answer one request; whatever speaks against it becomes its answer."""
        with self.store.begin() as uow:
            row = uow.desk.get(job.subject_id)
            if row is None or row.state is not DeskState.ASKED:
                uow.jobs.finish(job)
                return
        try:
            self._verify(row)
            if row.kind is Deed.READ:
                self._show(row, job)
            else:
                self._act(row, job)
        except SealgateError as error:
            if error.temporary:
                raise
            self._refuse(row, job, error)

    def _verify(self, row: DeskRow) -> None:
        """PermanentError unless the review role asked for this, just now; IntegrityError, with an alert, for a forgery."""
        if self.keys.review is None:
            raise PermanentError("the review page is off")
        try:
            self.keys.review.verify(row.signature, asked(row, self.keys.installation))
        except InvalidSignature as error:
            raise IntegrityError("a request of the desk was not signed by the review role") from error
        if abs(self.clock.now() - row.at) > FRESH:
            raise PermanentError("this was asked too long ago; look at the mail and ask again")

    def _show(self, row: DeskRow, job: Job) -> None:
        with self.store.begin() as uow:
            self._once(uow, row)
            message = self._in_hand(uow, row)
        sealed = self._seal(self._text(message))
        holder = Holder("session", row.session)
        wrap = SealTo(row.public).seal(
            sealed.key.reveal(), wrap_context(self.keys.installation, sealed.object_id, holder)
        )
        with self.store.begin() as uow:
            self._in_hand(uow, row)
            uow.objects.add(object_row(sealed, row.message_id, self.clock.now()))
            uow.objects.add_wrap(sealed.object_id, holder, wrap)
            self._log(uow, row)
            shown = replace(row, state=DeskState.DONE, object_id=sealed.object_id, commitment=sealed.commitment)
            self._answer(uow, shown, job)
        self.reached("desk.2")

    def _act(self, row: DeskRow, job: Job) -> None:
        reason = self._reason(row)
        with self.store.begin() as uow:
            self._once(uow, row)
            self._log(uow, row)
        self.reached("desk.1")
        if row.kind is Deed.RELEASE:
            said = f"Released: it goes by the protected method {self.review.release(row.subject, row.staff, reason).value}."
        elif row.kind is Deed.FALSE_ALARM:
            said = self._suggest(row, reason)
        elif row.kind is Deed.REFUSE:
            self.review.refuse(row.message_id, row.staff, reason)
            said = "Refused: nothing was sent, and the sender is told so."
        else:
            stopped = self.review.hold(row.message_id, row.staff, reason)
            said = f"Stopped: {stopped} cop{'y' if stopped == 1 else 'ies'}."
        with self.store.begin() as uow:
            self._answer(uow, replace(row, state=DeskState.DONE, reply=said), job)
        self.reached("desk.2")

    def _suggest(self, row: DeskRow, reason: str) -> str:
        alarm = Alarm.decode(reason)
        with self.store.begin() as uow:
            new = suggestions.suggest(uow, self.keys.columns, row.id, self.clock.now(), row.staff, alarm)
        return _SUGGESTED if new else "This waits for the administrator already."

    def _refuse(self, row: DeskRow, job: Job, error: SealgateError) -> None:
        with self.store.begin() as uow:
            if isinstance(error, IntegrityError):
                data: dict[str, Scalar] = {"code": error.code, "step": "desk"}
                about = row.message_id if uow.messages.get(row.message_id) is not None else ""
                uow.audit.append(Event(EventKind.INTEGRITY, about, data=data), self.clock.now())
            said = _WORDS.get(error.code, str(error))
            self._answer(uow, replace(row, state=DeskState.REFUSED, reply=said), job)

    def _answer(self, uow: UnitOfWork, row: DeskRow, job: Job) -> None:
        """The signed answer, in the transaction that ends the job."""
        uow.desk.answer(replace(row, proof=self.keys.sign(answered(row, self.keys.installation))))
        uow.jobs.finish(job)

    def _once(self, uow: UnitOfWork, row: DeskRow) -> None:
        """PermanentError when the log tells of this request already, wherever its row came from. Lock the message first."""
        message = uow.messages.get(row.message_id, lock=True)
        told = uow.audit.of_message(row.message_id)
        if any(one.event.kind is EventKind.REVIEWED and one.event.data.get("request") == row.id for one in told):
            raise PermanentError("this was asked before; look at the mail, and ask again if you need to")
        if message is None:
            raise PermanentError(f"there is no message {row.message_id}")

    def _log(self, uow: UnitOfWork, row: DeskRow) -> None:
        data: dict[str, Scalar] = {"request": row.id, "what": row.kind.value}
        uow.audit.append(
            Event(EventKind.REVIEWED, row.message_id, row.subject, actor=row.staff, data=data), self.clock.now()
        )

    @staticmethod
    def _in_hand(uow: UnitOfWork, row: DeskRow) -> MessageRow:
        message = uow.messages.get(row.message_id, lock=True)
        if message is None or not message.record or message.state not in READABLE:
            raise PermanentError(f"message {row.message_id} does not wait for a person any more")
        return message

    def _reason(self, row: DeskRow) -> str:
        if not row.reason:
            return ""
        bound = reason_context(self.keys.installation, row.id, row.epoch)
        return epochs.private(self.keys, row.epoch).open(row.reason, bound).reveal().decode("utf-8", "replace")

    def _text(self, message: MessageRow) -> ReviewText:
        record = self.custody.record(message)
        with Scratch(self.vault, self.tokens) as sink:
            read = self.reader.split(self.custody.content(message, record), sink)
            text = review_text(read, self.reader.limits, self._copies(message, record), self._report(message))
        return with_words(text, self.reader)

    def _copies(self, message: MessageRow, record: IntakeRecord) -> list[tuple[str, str, str]]:
        """Which copy is whose: as decided where a decision holds, else as the envelope has it."""
        with self.store.begin() as uow:
            rows = uow.deliveries.of_message(message.id)
        if not rows:
            return [("", str(one), "") for one in record.envelope.recipients]
        _, commitment = self.decisions.kept_scan(message)
        found = [self.decisions.verified(one, commitment) for one in rows]
        return [(one.row.id, str(one.recipient), str(one.target)) for one in found]

    def _report(self, message: MessageRow) -> ScanReport | None:
        return self.decisions.kept_scan(message)[0].report if message.scan else None

    def _seal(self, text: ReviewText) -> Sealed:
        writer = self.vault.create(self.tokens.id(), Seal.REVIEW)
        try:
            writer.write(text.encode())
        except BaseException:
            writer.abort()
            raise
        return writer.finish()


def clear(store: Store, clock: Clock) -> int:
    """Forget requests past their time, and with their wraps the texts that were shown for them; returns how many. Suggestions
    go by their own time.
    """
    with store.begin() as uow:
        over = uow.desk.before(clock.now() - TEXT_LIFE)
        for row in over:
            if row.object_id:
                uow.objects.drop_kind("session", [row.object_id])
            uow.desk.drop(row.id)
        suggestions.clear(uow, clock.now())
    return len(over)

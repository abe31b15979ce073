"""Writing back: a recipient's answer, from the page of an opened link into the spool, with the portal's keys.

1 the session is proven, the link stands, and there is room: nothing of the upload was read yet
2 text and files stream into one sealed object, as a mail of ours without an address (`mime.build_answer`)
3 one transaction: everything of 1 is asked again under lock, the bytes are counted, the answer is accepted (`intake`)
After 3 the page says "sent". The portal can open nothing of what it took; `answer.key` signs, and workers believe it for
answers alone. Refusals are PickupRefused as in `pickup`, or: no_answers, answer_large, answer_files, answer_text,
answer_empty.
"""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.errors import PickupRefused, SealgateError
from gateway.domain.records import ParcelRow
from gateway.flow.intake import Acceptance, Intake
from gateway.flow.pickup import Pickup
from gateway.mime.build import text_part
from gateway.mime.build_answer import AnswerParts, Base64Lines, spooled_head
from gateway.mime.filename import safe_name
from gateway.ports.metrics import Limit
from gateway.ports.store import Store, UnitOfWork

HOW = "link"
"""How the writer of an answer is known: by having opened the parcel that the identity names."""


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Bytes of all answers to one link; files and characters of one answer."""

    bytes: int
    files: int
    characters: int


@dataclass(frozen=True, slots=True)
class Room:
    """What one more answer may hold."""

    bytes: int
    files: int
    characters: int


class WriteBack:
    """The portal's side of answers; `intake` is the portal's own, None where nobody may answer. Synchronous, thread-safe."""

    def __init__(self, store: Store, pickup: Pickup, intake: Intake | None, limits: AnswerLimits) -> None:
        self._store, self.pickup, self._intake, self.limits = store, pickup, intake, limits

    def room(self, cookie: str) -> Room | None:
        """What may be written now; None where nothing may. Changes nothing."""
        if self._intake is None:
            return None
        with self._store.begin() as uow:
            row, _ = self.pickup.writer(uow, cookie)
            left = self._left(uow, row)
        return Room(left, self.limits.files, self.limits.characters) if left > 0 else None

    def begin(self, cookie: str, announced: int) -> Writing:
        """Begin an answer of which that many bytes at least will come (0: unknown)."""
        if self._intake is None:
            raise PickupRefused("no_answers")
        with self._store.begin() as uow:
            row, obstacle = self.pickup.writer(uow, cookie)
            left = 0 if obstacle else self._left(uow, row)
        if obstacle:
            raise PickupRefused(obstacle)
        if left < 0:
            raise PickupRefused("no_answers")
        if not left or announced > left:
            raise PickupRefused("answer_large", limit=Limit.ANSWER_BYTES)
        return Writing(self, self._intake, cookie, row, left)

    def accept(self, uow: UnitOfWork, cookie: str, parcel_id: str, size: int) -> ParcelRow:
        """The last look, in the accepting transaction: whoever was revoked, logged off or overtaken meanwhile is refused."""
        row, obstacle = self.pickup.writer(uow, cookie, lock=True)
        if obstacle or row.id != parcel_id:
            raise PickupRefused(obstacle or "logged_off")
        left = self._left(uow, row)
        if left < 0:
            raise PickupRefused("no_answers")
        if size > left:
            raise PickupRefused("answer_large", limit=Limit.ANSWER_BYTES)
        uow.parcels.count_answer(row.id, size)
        return row

    def _left(self, uow: UnitOfWork, row: ParcelRow) -> int:
        # Who wrote the letter is sealed to workers; that it is still known is all that can be seen here.
        return max(0, self.limits.bytes - row.answered) if uow.messages.sender(row.message_id) else -1


class Writing:
    """One answer on its way in: `text` once, then any number of files, then `finish`; `abort` after any error."""

    def __init__(self, back: WriteBack, intake: Intake, cookie: str, row: ParcelRow, left: int) -> None:
        self._back, self._intake, self._cookie, self._row, self._left = back, intake, cookie, row, left
        self._acceptance: Acceptance | None = None
        self._parts: AnswerParts | None = None
        self._lines: Base64Lines | None = None
        self._size, self._files, self._worded = 0, 0, False

    @property
    def parcel_id(self) -> str:
        """Whose link it is written through."""
        return self._row.id

    def text(self, text: str) -> None:
        """What the person wrote."""
        if len(text) > self._back.limits.characters:
            raise PickupRefused("answer_text", limit=Limit.ANSWER_CHARACTERS)
        shown = _plain(text)
        self._worded = bool(shown.strip())
        self._count(len(shown.encode()))
        identity = Identity(self._row.id, HOW)
        envelope = Envelope(Direction.ANSWER, identity, None, ())
        self._acceptance = self._intake.begin(envelope, self._accepted)
        self._parts = AnswerParts(text_part("plain", shown), self._intake.tokens.id())
        self._acceptance.write(spooled_head(self._intake.clock.now()) + self._parts.head())

    def file(self, name: str) -> None:
        """Begin the next file."""
        acceptance, parts = self._open()
        self._files += 1
        if self._files > self._back.limits.files:
            raise PickupRefused("answer_files", limit=Limit.ANSWER_FILES)
        self._end_file(acceptance)
        self._lines = Base64Lines()
        acceptance.write(parts.file(safe_name(name)))

    def write(self, data: bytes) -> None:
        """The next bytes of the file."""
        acceptance, _ = self._open()
        assert self._lines is not None
        self._count(len(data))
        lines = self._lines.write(data)
        if lines:
            acceptance.write(lines)

    def finish(self) -> str:
        """Make it durable and return its message id; only then may the page say that it was sent."""
        acceptance, parts = self._open()
        if not self._worded and not self._files:
            raise PickupRefused("answer_empty")
        self._end_file(acceptance)
        acceptance.write(parts.end())
        return acceptance.finish()

    def abort(self) -> None:
        """Forget it; nothing happens after `finish`. Never raises."""
        if self._acceptance is not None:
            with suppress(SealgateError):
                self._acceptance.abort()

    def _open(self) -> tuple[Acceptance, AnswerParts]:
        if self._acceptance is None or self._parts is None:
            raise PickupRefused("answer_empty")
        return self._acceptance, self._parts

    def _end_file(self, acceptance: Acceptance) -> None:
        if self._lines is not None:
            acceptance.write(self._lines.end())

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > self._left:
            raise PickupRefused("answer_large", limit=Limit.ANSWER_BYTES)

    def _accepted(self, uow: UnitOfWork, message_id: str, at: datetime) -> None:
        row = self._back.accept(uow, self._cookie, self._row.id, self._size)
        data: dict[str, Scalar] = {"parcel": row.id, "answer": message_id, "files": self._files}
        uow.audit.append(Event(EventKind.ANSWERED, row.message_id, row.delivery_id, "recipient", data), at)


def _plain(text: str) -> str:
    """Text without controls but line ends and tabs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs"})

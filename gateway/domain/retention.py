"""What outlives a settled message: its place in the archive, and legal holds that put an end off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HoldOn(StrEnum):
    """What a legal hold is about."""

    MESSAGE = "message"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One archived mail. `patients` are the random ids of those it is about, so that a hold on a patient finds it."""

    message_id: str
    object_id: str
    at: datetime
    patients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LegalHoldRow:
    """A person's word that something must be kept. It ends by a person's word alone; `subject` is an id, `reason` the name of
    sealed words (flow/reasons.py).
    """

    id: str
    kind: HoldOn
    subject: str
    at: datetime
    by: str
    reason: str

    def covers(self, message_id: str, patients: tuple[str, ...]) -> bool:
        """Whether it keeps this message."""
        return self.subject == message_id if self.kind is HoldOn.MESSAGE else self.subject in patients

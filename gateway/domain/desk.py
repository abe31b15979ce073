"""The desk: what staff ask of a worker on the review page, one row a request. A worker acts on signed rows alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Deed(StrEnum):
    """What is asked."""

    READ = "read"
    """Show the mail to the session that asks, and to nobody else."""
    RELEASE = "release"
    REFUSE = "refuse"
    HOLD = "hold"
    FALSE_ALARM = "false_alarm"
    """Suggest that a word be no finding any more; the reason says which."""


class DeskState(StrEnum):
    """How far a request has come; every change is from ASKED and final."""

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One request. `subject` is the delivery that it is about, if one; `public` the session's HPKE key."""

    id: str
    kind: Deed
    message_id: str
    subject: str
    session: str
    public: bytes = field(repr=False)
    staff: str
    at: datetime
    epoch: str
    """Which epoch `reason` is sealed to."""
    reason: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    """The review role's, over everything above."""
    state: DeskState = DeskState.ASKED
    reply: str = ""
    """A worker's sentence, with ids at most."""
    object_id: str = ""
    """The review text, for READ."""
    commitment: bytes = field(default=b"", repr=False)
    """To the review text's content."""
    proof: bytes = field(default=b"", repr=False)
    """A worker's signature over the answer: state, reply, object and commitment."""

"""Mails written before the rule of who is spoken of was read: blind/holding holds PHI by the rule for mail, blind/free none.

One half, by a hash of the id, may be looked at to mend the rule; of the other nothing but sums is printed, so that it tells
how the rule does on wording that nobody tuned to. Files are as tests/phi/corpus_verdict.py reads them.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from tests.phi.corpus_verdict import Slipping, mails_of

_FOLDER = Path(__file__).parent / "blind"


@cache
def holding() -> tuple[Slipping, ...]:
    """The mails that hold PHI."""
    return mails_of(_FOLDER / "holding")


@cache
def free() -> tuple[Slipping, ...]:
    """The mails without."""
    return mails_of(_FOLDER / "free")


def locked(case: str) -> bool:
    """Whether a case belongs to the half that may only be counted."""
    return sha256(case.encode()).digest()[0] % 2 == 1

"""What a person writes as a reason: the log holds a salted commitment, the words lie beside it in a sealed column.

Nobody finds out from the log what was written, not even by guessing; with the column key the words are shown, and they
are those that the log means or they are not shown at all.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable

from gateway.domain.errors import IntegrityError
from gateway.ports.store import UnitOfWork
from gateway.seal.columns import Columns
from gateway.seal.context import framed

_COLUMN = "audit.words"
_PREFIX = "commitment:"
_SALT = 32
UNREADABLE = "(a reason that is not kept as it was written)"


def keep(uow: UnitOfWork, columns: Columns, words: str, random: Callable[[int], bytes] = os.urandom) -> str:
    """Seal a person's words; returns what goes into the row of the log."""
    salt = random(_SALT)
    given = _commitment(salt, words.encode()).hex()
    uow.audit.keep_words(given, columns.seal(_COLUMN, given, salt + words.encode()))
    return _PREFIX + given


def sealed(told: str) -> bool:
    """Whether a row's reason stands for sealed words."""
    return told.startswith(_PREFIX)


def name(told: str) -> str:
    """Under which name the words of a sealed reason are kept."""
    return told.removeprefix(_PREFIX)


def read(uow: UnitOfWork, columns: Columns, told: str) -> str:
    """The words that a row's commitment stands for; text of another kind (a code of the gateway's own) as it is."""
    if not sealed(told):
        return told
    kept = uow.audit.words(name(told))
    if kept is None:
        return UNREADABLE
    try:
        opened = columns.open(_COLUMN, name(told), kept)
    except IntegrityError:
        return UNREADABLE
    salt, words = opened[:_SALT], opened[_SALT:]
    if not hmac.compare_digest(_commitment(salt, words).hex(), name(told)):
        return UNREADABLE
    return words.decode("utf-8", "replace")


def _commitment(salt: bytes, words: bytes) -> bytes:
    return hashlib.sha256(framed(b"sealgate/reason/1", salt, words)).digest()

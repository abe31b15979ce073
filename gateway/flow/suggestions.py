"""What staff called a false alarm while they looked at a mail: the word alone, sealed, until a person takes it or it is old.

Nothing of the mail is kept beside it: no id, no place, no text around. Each entry is sealed to the workers' column key under its
own id, so who reads the database sees how many there are and how old, and who writes it can invent none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.errors import IntegrityError, PermanentError
from gateway.domain.finding import Kind
from gateway.ports.store import UnitOfWork
from gateway.seal.columns import Columns

LIFE = timedelta(days=30)
MOST = 200
WORD = 120
"""Characters of a word or phrase."""
_SETTING = "suggestions"
_COLUMN = "settings.suggestion"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a person says was no finding: the word, the kind that it was taken for, and by which recogniser."""

    kind: Kind
    by: str
    word: str = field(repr=False)

    def encode(self) -> str:
        """As a request of the desk carries it, sealed."""
        return json.dumps([self.kind.value, self.by, self.word], ensure_ascii=False)

    @classmethod
    def decode(cls, text: str) -> Alarm:
        """What `encode` wrote; PermanentError for anything else."""
        try:
            kind, by, word = json.loads(text)
            found = cls(Kind(kind), str(by)[:60], " ".join(str(word).split()))
        except (ValueError, TypeError) as error:
            raise PermanentError("this names no finding") from error
        if not 1 < len(found.word) <= WORD or sum(one.isalnum() for one in found.word) < 2:
            raise PermanentError(f"a word or phrase of at most {WORD} characters is needed")
        return found


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An alarm as it waits for a person."""

    id: str
    at: datetime
    staff: str
    alarm: Alarm = field(repr=False)


def suggest(uow: UnitOfWork, columns: Columns, suggestion_id: str, at: datetime, staff: str, alarm: Alarm) -> bool:
    """Keep it; False when the same word waits already. PermanentError when too many wait."""
    kept = _locked(uow, at)
    waiting = [_opened(columns, one) for one in kept]
    if any(one.alarm.kind is alarm.kind and one.alarm.word.casefold() == alarm.word.casefold() for one in waiting):
        return False
    if len(kept) >= MOST:
        raise PermanentError(f"{MOST} suggestions wait already; `sealgate suggestion list` shows them")
    sealed = columns.seal(_COLUMN, suggestion_id, json.dumps([staff, alarm.encode()]).encode())
    _write(uow, [*kept, (suggestion_id, at.isoformat(), sealed.hex())])
    return True


def listed(uow: UnitOfWork, columns: Columns, at: datetime) -> list[Suggestion]:
    """What waits, the oldest first. IntegrityError for an entry that no worker wrote."""
    return [_opened(columns, one) for one in _fresh(uow, at)]


def drop(uow: UnitOfWork, ids: Sequence[str], at: datetime) -> int:
    """Forget these; returns how many there were."""
    kept = _locked(uow, at)
    left = [one for one in kept if one[0] not in ids]
    _write(uow, left)
    return len(kept) - len(left)


def clear(uow: UnitOfWork, at: datetime) -> int:
    """Forget what is too old; returns how many that were. A database that holds none is not written."""
    if not uow.setting(_SETTING):
        return 0
    before, kept = len(_entries(uow)), _fresh(uow, at)
    if len(kept) < before:
        _write(uow, _locked(uow, at))
    return before - len(kept)


_Entry = tuple[str, str, str]


def _locked(uow: UnitOfWork, at: datetime) -> list[_Entry]:
    """The entries, and nobody else writes any until the transaction ends."""
    uow.set_setting(f"{_SETTING}_row", "1")
    return _fresh(uow, at)


def _entries(uow: UnitOfWork) -> list[_Entry]:
    text = uow.setting(_SETTING)
    try:
        return [(str(id_), str(at), str(sealed)) for id_, at, sealed in json.loads(text)] if text else []
    except (ValueError, TypeError) as error:
        raise IntegrityError("the suggestions cannot be read") from error


def _fresh(uow: UnitOfWork, at: datetime) -> list[_Entry]:
    try:
        return [one for one in _entries(uow) if at - datetime.fromisoformat(one[1]) < LIFE]
    except (ValueError, TypeError) as error:
        raise IntegrityError("the suggestions cannot be read") from error


def _opened(columns: Columns, entry: _Entry) -> Suggestion:
    try:
        staff, alarm = json.loads(columns.open(_COLUMN, entry[0], bytes.fromhex(entry[2])))
    except (ValueError, TypeError) as error:
        raise IntegrityError("a suggestion cannot be read") from error
    return Suggestion(entry[0], datetime.fromisoformat(entry[1]), str(staff), Alarm.decode(alarm))


def _write(uow: UnitOfWork, entries: Sequence[_Entry]) -> None:
    uow.set_setting(_SETTING, json.dumps([list(one) for one in entries]) if entries else "")

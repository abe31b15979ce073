"""The numbers, texts and lists that law sets: read from `data/law.toml`, each with its section and date."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources

from gateway.domain.finding import SensitiveClass
from gateway.domain.patient import Purpose, RecipientKind


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Greatest ages of mail in hand, before it is refused with a DSN that says nothing was sent."""

    hold: timedelta
    consent: timedelta
    stuck: timedelta
    reminders: tuple[timedelta, ...]
    """Times after the hold began at which the sender is reminded."""


@dataclass(frozen=True, slots=True)
class Law:
    """What `decide` needs of the law."""

    deadlines: Deadlines
    authorization_elements: tuple[str, ...]
    """45 CFR 164.508(c)(1) and (2), by name."""
    statements: Mapping[str, str] = field(repr=False)
    """Texts that must travel with a copy, by the code that `Decision.notices` carries (42 CFR 2.32)."""
    purposes: Mapping[RecipientKind, frozenset[Purpose]]
    """Purposes that may be claimed per recipient kind."""
    without_consent: Mapping[RecipientKind, frozenset[Purpose]]
    """45 CFR 164.506: purposes for which this kind needs no consent."""
    minor_confidential: frozenset[SensitiveClass]
    """Services that a minor may have consented to alone, 45 CFR 164.502(g)(3)."""


def load_law() -> Law:
    """Read the packaged law file; deterministic, the same value at each call."""
    text = resources.files("gateway.policy").joinpath("data", "law.toml").read_text(encoding="utf-8")
    return read_law(tomllib.loads(text))


def read_law(data: Mapping[str, object]) -> Law:
    """Turn the file's tables into values; KeyError, TypeError or ValueError for a file that is not complete."""
    days = _table(data, "deadlines")
    return Law(
        deadlines=Deadlines(
            hold=timedelta(days=_whole(days["hold_days"])),
            consent=timedelta(days=_whole(days["consent_days"])),
            stuck=timedelta(days=_whole(days["stuck_days"])),
            reminders=tuple(timedelta(days=_whole(one)) for one in _list(days["reminder_days"])),
        ),
        authorization_elements=tuple(str(one) for one in _list(_table(data, "authorization")["elements"])),
        statements={key: str(_table(_table(data, "statements"), key)["text"]) for key in _table(data, "statements")},
        purposes=_purposes(_table(data, "purposes")),
        without_consent=_purposes(_table(data, "without_consent")),
        minor_confidential=frozenset(SensitiveClass(str(one)) for one in _list(_table(data, "minor")["classes"])),
    )


def _purposes(table: Mapping[str, object]) -> dict[RecipientKind, frozenset[Purpose]]:
    return {
        kind: frozenset(Purpose(str(one)) for one in _list(table.get(kind.value, [])))
        for kind in RecipientKind
    }  # fmt: skip


def _table(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = data[key]
    if not isinstance(value, dict):
        raise TypeError(f"{key} must be a table")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("a whole number of days is needed")
    return value

"""Column types: how domain values lie in a table.

Times are integers of microseconds since 1970 UTC, so both engines compare them alike and an aware UTC value comes back.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from gateway.domain.decision import Basis

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
E = TypeVar("E", bound=StrEnum)


class Moment(TypeDecorator[datetime]):
    """A time as microseconds; a naive time is refused, because nobody can say when it was."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To microseconds; ValueError for a naive time."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return (value - _EPOCH) // _TICK

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """From microseconds, aware, UTC."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


class Choice(TypeDecorator[E], Generic[E]):
    """A StrEnum member as its value."""

    impl = String
    cache_ok = True

    def __init__(self, choices: type[E]) -> None:
        super().__init__(40)
        self.choices = choices

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        """To the member's value; ValueError if it is none."""
        del dialect
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> E | None:
        """Back to the member."""
        del dialect
        return None if value is None else self.choices(value)


class Words(TypeDecorator[tuple[str, ...]]):
    """A tuple of codes as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        """To a JSON list."""
        del dialect
        return json.dumps(list(value or ()))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...]:
        """Back to a tuple."""
        del dialect
        return tuple(json.loads(value)) if value else ()


class BasisText(TypeDecorator[Basis]):
    """The versions a decision rests on, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Basis | None, dialect: Dialect) -> str | None:
        """To JSON with one key a field."""
        del dialect
        if value is None:
            return None
        return json.dumps(
            {
                "policy": value.policy,
                "patients": value.patients,
                "consents": value.consents,
                "partner": value.partner,
                "key": value.key,
                "day": value.day,
            }
        )

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Basis | None:
        """Back to the frozen value."""
        del dialect
        if value is None:
            return None
        read = json.loads(value)
        return Basis(
            policy=read["policy"],
            patients=tuple((str(key), int(version)) for key, version in read["patients"]),
            consents=tuple((str(key), int(version)) for key, version in read["consents"]),
            partner=None if read["partner"] is None else (str(read["partner"][0]), int(read["partner"][1])),
            key=read["key"],
            day=read.get("day", ""),
        )

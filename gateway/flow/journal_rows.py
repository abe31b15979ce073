"""Rows of the store as JSON values and back, by their own types: what the journal carries beside a row of the log.

Personal fields are sealed columns already and stay so; bytes travel as hex. A value that does not fit is IntegrityError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from gateway.domain.errors import IntegrityError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def pack(row: DataclassInstance) -> dict[str, object]:
    """A frozen row as JSON values."""
    return {name: _plain(value) for name, value in asdict(row).items()}


def unpack(cls: type[R], packed: object) -> R:
    """The row again; IntegrityError when it is none."""
    if not isinstance(packed, dict):
        raise IntegrityError(f"the journal holds no {cls.__name__} where it says so")
    try:
        return cls(**{name: _read(kind, packed[name]) for name, kind in _kinds(cls).items() if name in packed})
    except (TypeError, ValueError, KeyError) as error:
        raise IntegrityError(f"the journal holds no {cls.__name__} where it says so") from error


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, StrEnum) else value


@cache
def _kinds(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


_READERS: dict[Any, Callable[[Any], object]] = {bytes: bytes.fromhex, datetime: datetime.fromisoformat}


def _read(kind: Any, value: Any) -> object:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return None if value is None else _read(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_read(one, each) for one, each in zip(kinds, value, strict=True))
    if kind in _READERS:
        return _READERS[kind](value)
    if isinstance(kind, type) and is_dataclass(kind):
        return unpack(kind, value)
    if issubclass(kind, StrEnum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"{kind} expected")
    return value

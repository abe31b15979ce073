"""A wrapper that keeps a value out of logs, tracebacks and f-strings."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Protected(Generic[T]):
    """Holds a secret or personal value; `repr`, `str` and `format` never show it.

    `reveal()` is the one way to the value, so every place that reads it can be found by name.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the wrapped value."""
        return self._value

    def __repr__(self) -> str:
        return "[protected]"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "[protected]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Protected) and bool(self._value == other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a protected value is not pickled")

"""Port: a virus scanner that knows signatures. What documents are made of is judged in the inspector's children instead."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol


class Answer(StrEnum):
    """What is known of one stream. Only CLEAN is a pass."""

    CLEAN = "clean"
    FOUND = "found"
    BEYOND = "beyond"
    """It is more than the scanner looks at; asking again does not help."""
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    """No answer, or none that can be understood."""


class VirusScanner(Protocol):
    """Looks at decoded content."""

    def scan(self, chunks: Iterable[bytes], length: int, seconds: float) -> Answer:
        """Judge one stream of `length` bytes within that many seconds. Never raises but what `chunks` raises."""
        ...

    @property
    def seconds(self) -> float:
        """The longest that all streams of one message may take."""
        ...

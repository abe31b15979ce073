"""Port: opening untrusted content (PDF, Office, archives) in a box without keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.domain.finding import Gap, TextPart
from gateway.domain.threat import Threat


@dataclass(frozen=True, slots=True)
class Specimen:
    """One decoded leaf of a mail. `part` is its contract name (`attachment:NAME`); `chunks` may be read once."""

    part: str
    media_type: str
    file_name: str
    chunks: Iterator[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one child reported for one message: text, gaps for everything it could not read, and threats."""

    texts: tuple[TextPart, ...] = ()
    gaps: tuple[Gap, ...] = ()
    threats: tuple[Threat, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A placeholder for a span of one text of `Copier.units`, counted from 0."""

    unit: int
    start: int
    end: int
    text: str


class Copier(Protocol):
    """Makes redacted copies: the same document is handed over twice, for its texts and with what to write into them.

    Both happen in a child of the box, and nothing raises for content.
    """

    def units(self, specimen: Specimen) -> Inspection:
        """The texts that a copy would hold, as `part/1`, `part/2`, … in order; a gap where none can be made."""
        ...

    def rewrite(self, specimen: Specimen, edits: Sequence[Edit]) -> bytes | None:
        """A new document of those texts with the edits made, or None. Whoever sends it has it inspected first."""
        ...


class Inspector(Protocol):
    """Reads the specimens of one message in one child process.

    A death, a deadline, a limit or an unknown type is a Gap of that part, never an exception: no content raises.
    """

    def inspect(self, specimens: Iterable[Specimen], seconds: float | None = None) -> Inspection:
        """Inspect all specimens of one message, in less time than the box's own limit if `seconds` says so."""
        ...

    def layers(self) -> tuple[str, ...]:
        """The sandbox layers in force (`rlimits`, `no_new_privs`, `seccomp`, `netns`, `landlock`, …)."""
        ...

    def close(self) -> None:
        """End the launcher and every child."""
        ...

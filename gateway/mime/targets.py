"""Where body bytes of the splitter go: a decoded leaf, a message inside, or the margin of a multipart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.domain.finding import Gap, GapReason
from gateway.mime.codings import Decoder
from gateway.mime.limits import Limits
from gateway.mime.naming import Namer
from gateway.mime.tree import Body, Part, PartSink, PartWriter


@dataclass(slots=True)
class Progress:
    """What all levels of one message share."""

    sink: PartSink
    limits: Limits
    gaps: list[Gap] = field(default_factory=list)
    margins: list[Part] = field(default_factory=list)
    names: Namer = field(default_factory=Namer)
    parts: int = 0
    full: bool = False
    open_writers: list[PartWriter] = field(default_factory=list)

    def gap(self, part: str, reason: GapReason) -> None:
        """Record a gap once."""
        found = Gap(part, reason)
        if len(self.gaps) < self.limits.max_gaps and found not in self.gaps:
            self.gaps.append(found)

    def open(self, path: str) -> PartWriter:
        """A writer that `abort` reaches if reading stops."""
        writer = self.sink.open(path)
        self.open_writers.append(writer)
        return writer

    def close(self, writer: PartWriter) -> Body:
        """Finish a writer."""
        self.open_writers.remove(writer)
        return writer.finish()

    def abort(self) -> None:
        """Forget every unfinished leaf."""
        while self.open_writers:
            self.open_writers.pop().abort()


class Target(Protocol):
    """Takes the bytes of one body."""

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        ...

    def finish(self) -> None:
        """The body has ended."""
        ...


class Discard:
    """Takes what lies beyond a limit; the limit's gap is already recorded."""

    def feed(self, data: bytes) -> None:
        """Forget bytes."""

    def finish(self) -> None:
        """Nothing was kept."""


class Leaf:
    """Decodes into the sink, then hands the body to `done` with whether the coding was damaged."""

    def __init__(self, progress: Progress, path: str, decoder: Decoder, done: Callable[[Body, bool], None]) -> None:
        self._progress = progress
        self._decoder = decoder
        self._writer = progress.open(path)
        self._done = done

    def feed(self, data: bytes) -> None:
        """Decode and write."""
        out = self._decoder.feed(data)
        if out:
            self._writer.write(out)

    def finish(self) -> None:
        """Write the rest and hand over."""
        out = self._decoder.finish()
        if out:
            self._writer.write(out)
        self._done(self._progress.close(self._writer), self._decoder.damaged)


class Margin:
    """Text before the first and after the last boundary line: kept only if it is not blank."""

    def __init__(self, progress: Progress, path: str, prefix: str) -> None:
        self._progress = progress
        self._path = path
        self._prefix = prefix
        self._writer: PartWriter | None = None
        self._left = progress.limits.max_text_bytes

    def feed(self, data: bytes) -> None:
        """Keep bytes, up to the limit of a text part."""
        if self._writer is None:
            data = data.lstrip()
            if not data:
                return
            self._writer = self._progress.open(self._path)
        if len(data) > self._left:
            self._progress.gap(f"{self._prefix}body.plain", GapReason.TOO_LARGE)
        if self._left and data:
            self._writer.write(data[: self._left])
            self._left -= min(self._left, len(data))

    def finish(self) -> None:
        """Make it a part of its own."""
        if self._writer is None:
            return
        body = self._progress.close(self._writer)
        name = self._progress.names.unique(f"{self._prefix}body.plain#margin")
        part = Part(self._path, name, "text/plain", "", "", "", "", (), (), body)
        self._progress.margins.append(part)

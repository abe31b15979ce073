"""A mail taken apart, as frozen values, and where the decoded leaves go. Nothing here shows content in its repr."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from gateway.domain.finding import Gap


@dataclass(frozen=True, slots=True)
class Header:
    """One header field. `raw` is everything between colon and final line end; `text` is unfolded and decoded
    (RFC 2047), with damaged words left as they stand.
    """

    name: str
    raw: bytes = field(repr=False)
    text: str = field(repr=False)


class Body(Protocol):
    """Decoded bytes of one leaf, wherever they lie."""

    @property
    def length(self) -> int:
        """Bytes in all."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the beginning; may be called again."""
        ...


class PartWriter(Protocol):
    """Takes the decoded bytes of one leaf; exactly one of `finish` and `abort` ends it."""

    def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    def finish(self) -> Body:
        """Make what was written readable."""
        ...

    def abort(self) -> None:
        """Forget what was written."""
        ...


class PartSink(Protocol):
    """Where a splitter puts decoded leaves: memory, or sealed objects."""

    def open(self, path: str) -> PartWriter:
        """Begin the leaf with this path; paths are unique within a message."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the tree.

    `path` is unique and stable (`1`, `1.2`, `1.2.1`); `name` is the contract's place name (`body.plain`,
    `attachment:NAME`, nested with `/`), unique within its message by a `#2`, `#3`, … at the end; for a container it is
    the prefix of what is inside, or empty. `body` is None for containers. `media_type` is lower case, `charset` as
    declared, in lower case. A `message/rfc822` has one child, the root of the message inside; its body is the whole
    message, unless it is itself inside an attached message (then None, so that nothing is kept more than twice).
    """

    path: str
    name: str = field(repr=False)
    media_type: str
    charset: str
    file_name: str = field(repr=False)
    content_id: str = field(repr=False)
    disposition: str
    headers: tuple[Header, ...] = field(repr=False)
    children: tuple[Part, ...]
    body: Body | None = field(repr=False)

    def walk(self) -> Iterator[Part]:
        """Itself and all parts below, in the order of the mail."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))

    def header(self, name: str) -> Header | None:
        """The first header field of that name, in any case."""
        wanted = name.lower()
        return next((each for each in self.headers if each.name.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole mail. `margins` are preambles and epilogues that are not blank: no client shows them, but they travel.

    `header_length` counts the bytes of the top header block with its blank line.
    """

    root: Part
    headers: tuple[Header, ...] = field(repr=False)
    gaps: tuple[Gap, ...]
    header_length: int
    margins: tuple[Part, ...] = ()

    def walk(self) -> Iterator[Part]:
        """All parts, then the margins."""
        yield from self.root.walk()
        yield from self.margins

    def find(self, name: str) -> Part | None:
        """The part with this place name."""
        return next((part for part in self.walk() if part.name == name), None)


class MemoryBody:
    """A body in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def length(self) -> int:
        """Bytes in all."""
        return len(self._data)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in one chunk."""
        yield self._data

    def __repr__(self) -> str:
        return f"MemoryBody({len(self._data)} bytes)"


class _MemoryWriter:
    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        self._data += data

    def finish(self) -> MemoryBody:
        return MemoryBody(bytes(self._data))

    def abort(self) -> None:
        self._data.clear()


class MemorySink:
    """Keeps leaves in memory, for small mail."""

    def open(self, path: str) -> PartWriter:  # noqa: ARG002 - the protocol's; memory needs no names
        """Begin a leaf."""
        return _MemoryWriter()


def content(body: Body | None, limit: int) -> tuple[bytes, bool]:
    """The first `limit` bytes of a body, and whether that is all of it."""
    if body is None:
        return b"", True
    out = bytearray()
    for chunk in body.chunks():
        out += chunk[: limit - len(out)]
        if len(out) >= limit:
            break
    return bytes(out), body.length <= limit

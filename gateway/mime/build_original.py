"""The sender's own header block, byte for byte, for the roads on which original fields travel.

Each field keeps its bytes with its folding, so that what is not touched is not changed. A header that two readers would
take differently (a bare CR, a NUL) is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gateway.domain.errors import LimitExceeded, MalformedMail
from gateway.mime.headers import CRLF, FIELD_NAME, one_line, write_text

HEADER_LIMIT = 1 << 20
"""Greatest size of a header block in bytes, unless the caller says otherwise."""

_TAG = re.compile(r"\[\s{0,8}(?:secure|(?:purpose|patient)\s{0,8}:[^\]]{0,200})\s{0,8}\]", re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*)\?=")


@dataclass(frozen=True, slots=True)
class RawField:
    """One field as it came: `raw` has its folding and line end; `name` is lower-case, empty for a line that is no field."""

    name: str
    raw: bytes = field(repr=False)

    @property
    def value(self) -> bytes:
        """What stands after the colon, unfolded, without the outer white space."""
        return re.sub(rb"\r?\n(?=[ \t])", b"", self.raw.partition(b":")[2]).strip()

    @property
    def text(self) -> str:
        """The value with its encoded words read."""
        return decode_words(self.value)


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """A header block whose bytes are kept. `end` is the empty line, or nothing if the mail ends before one."""

    fields: tuple[RawField, ...] = field(repr=False)
    end: bytes = CRLF

    def first(self, name: str) -> RawField | None:
        """The first field of that lower-case name."""
        return next((one for one in self.fields if one.name == name), None)

    def __bytes__(self) -> bytes:
        return b"".join(one.raw for one in self.fields) + self.end


def read_block(chunks: Iterable[bytes], limit: int = HEADER_LIMIT) -> tuple[HeaderBlock, Iterator[bytes]]:
    """Read the header block from the front of a mail; return it and the body's chunks.

    Raises LimitExceeded above `limit` bytes, MalformedMail for a bare CR or a NUL, which readers take differently.
    """
    source, buffer, seen = iter(chunks), bytearray(), 0
    while (end := _end_of_block(buffer, seen)) is None:
        if len(buffer) > limit:
            raise LimitExceeded("limits.header_bytes", "the header block is longer than the limit")
        seen = max(0, len(buffer) - 4)
        chunk = next(source, None)
        if chunk is None:
            return HeaderBlock(_fields(bytes(buffer)), b""), iter(())
        buffer += chunk
    stop, start = end
    if start > limit:
        raise LimitExceeded("limits.header_bytes", "the header block is longer than the limit")
    block = HeaderBlock(_fields(bytes(buffer[:stop])), bytes(buffer[stop:start]))
    return block, _rest(bytes(buffer[start:]), source)


def _rest(first: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from source


_BLANK = re.compile(rb"(?<=\n)\r?\n")


def _end_of_block(buffer: bytearray, start: int) -> tuple[int, int] | None:
    """Where the empty line begins and ends, or None."""
    for blank in (b"\r\n", b"\n"):
        if buffer.startswith(blank):
            return 0, len(blank)
    found = _BLANK.search(buffer, start)
    return found.span() if found else None


def _fields(block: bytes) -> tuple[RawField, ...]:
    if b"\x00" in block or re.search(rb"\r(?!\n)", block):
        raise MalformedMail("the header has a NUL or a bare CR")
    found: list[tuple[str, list[bytes]]] = []
    for line in re.findall(rb"[^\n]*\n|[^\n]+\Z", block):
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
            continue
        name, colon, _ = line.partition(b":")
        plain = name.rstrip(b" \t").decode("latin-1")
        found.append((plain.lower() if colon and FIELD_NAME.fullmatch(plain) else "", [line]))
    return tuple(RawField(name, b"".join(lines)) for name, lines in found)


def decode_words(value: bytes) -> str:
    """Text of an unstructured value: RFC 2047 words read, raw UTF-8 taken as such, the rest as Latin-1; never raises."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    joined = re.sub(r"(\?=)\s+(?==\?)", r"\1", text)
    return _ENCODED_WORD.sub(_decode_word, joined)


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, text = match.groups()
    try:
        if encoding in "bB":
            data = base64.b64decode(text + "=" * (-len(text) % 4))
        else:
            data = binascii.a2b_qp(text.replace("_", " "), header=True)
        return data.decode(charset, "replace")
    except (ValueError, LookupError, UnicodeError):
        return match.group()


def without_tags(subject: str) -> str:
    """The Subject without `[secure]`, `[purpose:…]` and `[patient:…]`, in single spaces; unchanged if it has none."""
    return " ".join(_TAG.sub(" ", subject).split()) if _TAG.search(subject) else subject


TAGGED = frozenset({"subject", "thread-topic"})
"""Fields in which clients carry our tags; Outlook repeats the Subject in Thread-Topic."""


def untagged(one: RawField, subject: str | None = None) -> bytes:
    """The field's own bytes, or a new field if a tag must be removed or, for the Subject, `subject` is given."""
    before = one.text
    after = without_tags(before if subject is None or one.name != "subject" else subject)
    name = "Subject" if one.name == "subject" else "Thread-Topic"
    return one.raw if after == before else write_text(name, one_line(after))

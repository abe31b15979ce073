"""Header fields: the only place that writes them for outgoing mail, and the byte-exact reading that pass-through needs.

Writing refuses every control character in every value (header injection, CVE-2024-6923), folds, and leaves only ASCII
(RFC 2047) but for internationalised addresses (RFC 6532). Reading keeps each field's bytes with its folding, so that
what is not touched is not changed.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import ClassVar

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress, LimitExceeded, MalformedMail, SealingFailed

CRLF = b"\r\n"
HEADER_LIMIT = 1 << 20
"""Greatest size of a header block in bytes, unless the caller says otherwise."""

_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.:\[\]_-]{1,253}>")
_TAG = re.compile(r"\s*\[\s*(?:secure|(?:purpose|patient)\s*:[^\]]*)\s*\]\s*", re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*)\?=")


class HeaderRefused(SealingFailed):
    """A value that may not stand in a header field; the message names the field, never the value."""

    code: ClassVar[str] = "seal.header"


def checked(value: str, what: str) -> str:
    """Return `value` unless it holds a control, a line separator or a lone surrogate; raise HeaderRefused then."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value):
        raise HeaderRefused(f"{what}: control characters may not stand in a header field")
    return value


def one_line(text: str) -> str:
    """Foreign text as one line: every run of controls, separators and spaces becomes one space."""
    shown = "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in text)
    return " ".join(shown.split())


def message_id(identifier: str, domain: str) -> str:
    """The Message-ID `<identifier@domain>`, RFC 5322 3.6.4."""
    return checked_message_id(f"<{identifier}@{domain}>")


def checked_message_id(value: str) -> str:
    """Return `value` if it is one plain RFC 5322 msg-id with its angle brackets; raise HeaderRefused otherwise."""
    if not _MESSAGE_ID.fullmatch(value):
        raise HeaderRefused("Message-ID: not of the form <left@right>")
    return value


def is_message_id(value: str) -> bool:
    """Whether `value` is one plain msg-id that may be repeated in a header."""
    return _MESSAGE_ID.fullmatch(value) is not None


def mailbox(address: Address) -> str:
    """The address without a display name, read again strictly, since a value could be made without `parse`."""
    try:
        again = Address.parse(checked(str(address), "an address"))
    except InvalidAddress as error:
        raise HeaderRefused("an address is not of the form name@domain") from error
    return str(again)


def write_text(name: str, value: str) -> bytes:
    """One unstructured field with its CRLF, folded; encoded words (RFC 2047) where ASCII does not serve."""
    checked(value, _name(name))
    words = value.split(" ")
    plain = value.isascii() and "=?" not in value and "  " not in value and value == value.strip()
    fits = plain and all(len(word) < 900 for word in words)
    return _fold(name, words) if fits else _fold(name, _encoded_words(value, room=74 - len(name)))


def write_addresses(name: str, addresses: Sequence[Address]) -> bytes:
    """One address-list field without display names, RFC 5322 3.4."""
    texts = [mailbox(address) for address in addresses]
    return _fold(_name(name), [f"{text}," for text in texts[:-1]] + texts[-1:])


def write_date(name: str, at: datetime) -> bytes:
    """One date-time field in UTC; raise HeaderRefused for a time without a zone."""
    if at.tzinfo is None:
        raise HeaderRefused(f"{name}: a date needs its time zone")
    return _fold(_name(name), [format_datetime(at.astimezone(UTC))])


def write_ids(name: str, ids: Sequence[str]) -> bytes:
    """One field of msg-ids: Message-ID, In-Reply-To, References."""
    return _fold(_name(name), [checked_message_id(one) for one in ids])


def write_parameters(name: str, value: str, parameters: Mapping[str, str]) -> bytes:
    """One field of a token and ASCII parameters (Content-Type, Content-Disposition), RFC 2045 5.1."""
    if not all(_TOKEN.fullmatch(piece) for piece in value.split("/")):
        raise HeaderRefused(f"{name}: not a token")
    words = [value]
    for key, text in parameters.items():
        if not _TOKEN.fullmatch(key) or not checked(text, name).isascii():
            raise HeaderRefused(f"{name}: a parameter is not ASCII")
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        words[-1] += ";"
        words.append(f'{key}="{escaped}"')
    return _fold(_name(name), words)


def _name(name: str) -> str:
    if not _FIELD_NAME.fullmatch(name):
        raise HeaderRefused("a field name has characters that RFC 5322 2.2 does not allow")
    return name


def _fold(name: str, words: Iterable[str]) -> bytes:
    """`name: words` with a line break before a word that would pass column 78; a line is never white space alone."""
    lines = [f"{name}:"]
    for word in words:
        if word and len(lines[-1]) + 1 + len(word) > 78 and not lines[-1].endswith(":") and lines[-1].strip():
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode() + CRLF


def _encoded_words(value: str, room: int) -> list[str]:
    """UTF-8 base64 encoded words of at most 75 characters that split no character, RFC 2047 2 and 5."""
    words, piece = [], b""
    limit = min(45, max(room, 40) - 14) * 3 // 4
    for char in value:
        encoded = char.encode()
        if len(piece) + len(encoded) > limit:
            words.append(piece)
            piece = b""
        piece += encoded
    return [f"=?utf-8?B?{base64.b64encode(one).decode()}?=" for one in [*words, piece]]


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
        found.append((plain.lower() if colon and _FIELD_NAME.fullmatch(plain) else "", [line]))
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
    """The Subject without `[secure]`, `[purpose:…]` and `[patient:…]`; unchanged if it has none."""
    return _TAG.sub(" ", subject).strip() if _TAG.search(subject) else subject


TAGGED = frozenset({"subject", "thread-topic"})
"""Fields in which clients carry our tags; Outlook repeats the Subject in Thread-Topic."""


def untagged(one: RawField, subject: str | None = None) -> bytes:
    """The field's own bytes, or a new field if a tag must be removed or, for the Subject, `subject` is given."""
    before = one.text
    after = without_tags(before if subject is None or one.name != "subject" else subject)
    name = "Subject" if one.name == "subject" else "Thread-Topic"
    return one.raw if after == before else write_text(name, one_line(after))

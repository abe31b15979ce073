"""Header fields: the only place that writes them for outgoing mail.

Writing refuses every control character in every value (header injection, CVE-2024-6923), folds, and leaves only ASCII
(RFC 2047) but for internationalised addresses (RFC 6532). The sender's own header is read in build_original.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import ClassVar
from urllib.parse import quote

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress, SealingFailed

CRLF = b"\r\n"

FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._ ()-]{1,60}")
_UTF8 = "UTF-8''"
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.:\[\]_-]{1,253}>")


class HeaderRefused(SealingFailed):
    """A value that may not stand in a header field; the message names the field, never the value."""

    code: ClassVar[str] = "seal.header"


def checked(value: str, what: str) -> str:
    """Return `value` unless it holds a control, a line separator or a lone surrogate; raise HeaderRefused then."""
    plain = value.isascii() and value.isprintable()  # most values; in ASCII the controls are all that is not printable
    if not plain and any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value):
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


def write_attachment(file_name: str) -> bytes:
    """Content-Disposition of an attachment: a name that is long, or that readers might take apart, as RFC 2231 has it."""
    if _PLAIN_NAME.fullmatch(checked(file_name, "a file name")):
        return write_parameters("Content-Disposition", "attachment", {"filename": file_name})
    coded = quote(file_name, safe="")
    pieces = [coded[start : start + 60] for start in range(0, len(coded), 60)]
    named = [f"filename*{number}*={'' if number else _UTF8}{piece};" for number, piece in enumerate(pieces)]
    return _fold("Content-Disposition", ["attachment;", *named[:-1], named[-1].removesuffix(";")])


def _name(name: str) -> str:
    if not FIELD_NAME.fullmatch(name):
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

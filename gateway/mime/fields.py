"""Header blocks and structured header fields: RFC 5322 2.2, RFC 2047 encoded words, RFC 2231 parameters.

Reads what mailers really write, and says when two readers could take a field differently. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from gateway.mime.charset import decode
from gateway.mime.codings import decode_all
from gateway.mime.tree import Header

# Bytes beyond ASCII in a name are wrong, but the line is still read as a field by everyone.
NAME = re.compile(rb"([!-9;-~\x80-\xff]+)[ \t]*:")
_FOLD = re.compile(r"\r*\n[ \t]?|\r")
_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"[ \t]*")
_QUOTE = "\x00"  # stands for a quotation mark, so that blanks beside it are kept; `unfold` leaves no other NUL
_EXTENDED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """A structured field: the value in lower case, its parameters, and whether readers could differ on it."""

    value: str
    params: dict[str, str] = field(repr=False)
    ambiguous: bool = False


def header(name: bytes, raw: bytes) -> Header:
    """One field as a value."""
    return Header(name.decode("latin-1"), raw, decode_words(unfold(raw)))


def unfold(raw: bytes) -> str:
    """The field body on one line, RFC 5322 2.2.3; bytes beyond ASCII as UTF-8 (RFC 6532) or a western charset."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return _FOLD.sub(" ", text.replace("\x00", "")).strip(" \t")


def decode_words(text: str) -> str:
    """Replace RFC 2047 encoded words, wherever they stand; a run of words in one charset is decoded as one text."""
    if "=?" not in text:
        return text
    out: list[str] = []
    at = 0
    pending, charset = bytearray(), ""

    def flush() -> None:
        if pending:
            out.append(decode(bytes(pending), charset)[0])
            pending.clear()

    for match in _WORD.finditer(text):
        between = text[at : match.start()]
        label = match.group(1).partition("*")[0].lower()
        if (between and not _BETWEEN.fullmatch(between)) or (not pending and between):
            flush()
            out.append(between)
        elif label != charset:
            flush()
        charset = label
        pending += _word(match.group(2), match.group(3))
        at = match.end()
    flush()
    out.append(text[at:])
    return "".join(out)


def _word(coding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    if coding in "bB":
        return decode_all("base64", data)[0]
    return decode_all("quoted-printable", data.replace(b"_", b" "))[0]


def structured(text: str) -> Value:
    """Read `value; name=value; …` with comments, quoted strings and RFC 2231 (Content-Type, Content-Disposition)."""
    pieces, odd = _pieces(text)
    value = re.sub(r"[\s\x00]+", "", pieces[0]).lower() if pieces else ""
    found: dict[str, list[tuple[int, bool, str]]] = {}
    plain: dict[str, str] = {}
    for piece in pieces[1:]:
        name, equals, content = piece.partition("=")
        name = name.replace(_QUOTE, "").strip().lower()
        if not equals or not name:
            continue
        match = _EXTENDED.match(name)
        assert match
        base, number, star = match.groups()
        content = content.strip().replace(_QUOTE, "")
        if number is None and not star:
            if base in plain and plain[base] != content:
                odd = odd or base in {"boundary", "charset", "name", "filename"}
                continue
            plain[base] = content
        else:
            found.setdefault(base, []).append((int(number or 0), bool(star), content))
    # A boundary may look like an encoded word; it is compared byte by byte.
    params = {name: content if name == "boundary" else decode_words(content) for name, content in plain.items()}
    for base, segments in found.items():
        joined, repeated = _joined(segments)
        odd = odd or repeated or (base == "boundary" and params.get(base, joined) != joined)
        params[base] = joined
    return Value(value, params, odd)


def _joined(segments: Sequence[tuple[int, bool, str]]) -> tuple[str, bool]:
    ordered = sorted(segments, key=lambda segment: segment[0])
    numbers = [number for number, _, _ in ordered]
    charset, data = "", bytearray()
    for index, (_, extended, content) in enumerate(ordered):
        rest = content
        if extended and index == 0 and content.count("'") >= 2:
            charset, _, rest = content.split("'", 2)
        data += unquote_to_bytes(rest) if extended else rest.encode("utf-8", "replace")
    repeated = len(set(numbers)) != len(numbers) or numbers[-1] != numbers[0] + len(numbers) - 1
    return decode(bytes(data), charset)[0], repeated


def _pieces(text: str) -> tuple[list[str], bool]:
    """Split at semicolons outside quotes and comments; comments are taken away, quotes become _QUOTE."""
    out: list[str] = []
    now: list[str] = []
    at, depth, odd = 0, 0, False
    quoted = False
    for match in re.finditer(r"\\.|[\"();]", text, re.DOTALL):
        sign = match.group()
        if not depth:
            now.append(text[at : match.start()])
        at = match.end()
        if quoted:
            quoted = sign != '"'
            now.append(_QUOTE if sign == '"' else sign[1] if sign in {'\\"', "\\\\"} else sign)
        elif sign == "(" and (depth or not _in_token(now)):
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif sign == '"':
            quoted = True
            now.append(_QUOTE)
        elif sign == ";":
            out.append("".join(now))
            now = []
        else:
            now.append(sign)
    if depth:
        odd = True
    else:
        now.append(text[at:])
    out.append("".join(now))
    return out, odd


def _in_token(now: Sequence[str]) -> bool:
    # `name=report(1).pdf` without quotes is wrong and common; a comment there would cut the name.
    text = next((piece[-1] for piece in reversed(now) if piece), " ").replace(_QUOTE, " ")
    return not text.isspace() and text != "="

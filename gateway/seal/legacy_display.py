"""The Legacy Display Element, RFC 9788 5.2.2: the hidden Subject at the head of the text, for readers that do not know
header protection; those that do leave it out, because the part says hp-legacy-display="1".

Only bytes are inserted, never rewritten, and only where that is safe: a text/plain or text/html leaf that is the main
body, alone or as the first part of multipart/mixed or related, or any part of multipart/alternative, whose head lies in
the first PREFIX bytes. Left out where the Subject does not fit the part's charset or encoding, for base64 HTML, for HTML without a
body tag, and for signed or foreign multiparts, where it would break more than it helps.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Sequence

from gateway.domain.errors import MalformedMail, SealgateError
from gateway.mime.build_original import RawField, read_block
from gateway.mime.headers import CRLF, one_line

PREFIX = 128 * 1024
"""Bytes of the body that are looked at."""

_DEPTH = 4
_TYPE = re.compile(rb"(?i)([a-z]+/[a-z0-9.+-]+)")
_PARAMETER = rb'(?i);\s*%s\s*=\s*(?:"([^"\\]*)"|([^\s;"()]+))'
_BODY_TAG = re.compile(rb"(?is)<body(?:\s[^<>]*)?>")
_FIRST_PART = frozenset({"multipart/mixed", "multipart/related"})


def with_legacy_display(
    fields: Sequence[RawField], prefix: bytes, subject: str, depth: int = 0
) -> tuple[list[RawField], bytes]:
    """The MIME fields and body prefix of an entity with the Subject shown in its text, or both unchanged."""
    same = (list(fields), prefix)
    content = [one for one in fields if one.name == "content-type"]
    kind = _TYPE.match(content[0].value) if len(content) == 1 else None
    if kind is None or _is_attachment(fields) or not one_line(subject):
        return same
    name = kind.group(1).decode().lower()
    if name in {"text/plain", "text/html"}:
        shown = _in_text(name, content[0], _encoding(fields), prefix, one_line(subject))
        return same if shown is None else ([_marked(one) for one in fields], shown)
    boundary = _parameter(content[0], b"boundary")
    if boundary and depth < _DEPTH and (name in _FIRST_PART or name == "multipart/alternative"):
        every = name == "multipart/alternative"
        return list(fields), _in_parts(boundary.encode(), prefix, subject, depth, every=every)
    return same


def _in_parts(boundary: bytes, prefix: bytes, subject: str, depth: int, *, every: bool) -> bytes:
    """The prefix of a multipart's body with the display in its first part, or in `every` part."""
    delimiter = re.compile(rb"(?:\A|\r\n)--" + re.escape(boundary) + rb"[ \t]*\r\n")
    ends = [found.end() for found in delimiter.finditer(prefix)]
    starts = [found.start() for found in delimiter.finditer(prefix)]
    if not ends:
        return prefix
    pieces, at = [], 0
    spans = list(zip(ends, [*starts[1:], len(prefix)], strict=True))
    for start, end in spans if every else spans[:1]:
        pieces += [prefix[at:start], _in_part(prefix[start:end], subject, depth)]
        at = end
    return b"".join([*pieces, prefix[at:]])


def _in_part(part: bytes, subject: str, depth: int) -> bytes:
    try:
        block, rest = read_block((part,))
    except SealgateError:
        return part
    if not block.end:
        return part
    fields, body = with_legacy_display(block.fields, b"".join(rest), subject, depth + 1)
    return b"".join(one.raw for one in fields) + block.end + body


def _in_text(name: str, content_type: RawField, encoding: str, body: bytes, subject: str) -> bytes | None:
    """The text with the display in front, in its own charset and encoding; None where that cannot be done."""
    line = f"Subject: {subject}"
    if name == "text/html":
        line = f'<div class="header-protection-legacy-display"><pre>{html.escape(line)}</pre></div>'
    charset = _parameter(content_type, b"charset") or "us-ascii"
    try:
        # A charset that is no superset of ASCII (UTF-16) cannot take these bytes into the middle of a text.
        if b"Subject: <pre>".decode(charset) != "Subject: <pre>":
            return None
        shown = line.encode(charset)
    except (LookupError, UnicodeError, ValueError, TypeError):
        return None
    if encoding in {"7bit", ""} and not shown.isascii():
        return None
    if name == "text/html":
        return _in_html(encoding, body, shown)
    if encoding == "base64":
        padded = shown + b" " * (-(len(shown) + 4) % 3) + b"\r\n\r\n"
        return b"".join(base64.b64encode(padded[at : at + 57]) + CRLF for at in range(0, len(padded), 57)) + body
    coded = _coded(encoding, shown)
    return None if coded is None else coded + b"\r\n\r\n" + body


def _in_html(encoding: str, body: bytes, shown: bytes) -> bytes | None:
    coded, found = _coded(encoding, shown), _BODY_TAG.search(body)
    if coded is None or found is None:
        return None
    return body[: found.end()] + CRLF + coded + CRLF + body[found.end() :]


def _coded(encoding: str, shown: bytes) -> bytes | None:
    if encoding == "quoted-printable":
        return binascii.b2a_qp(shown, istext=False).replace(b"\n", CRLF)
    return shown if encoding in {"", "7bit", "8bit", "binary"} and len(shown) < 900 else None


def _marked(one: RawField) -> RawField:
    if one.name != "content-type":
        return one
    name, colon, rest = one.raw.partition(b":")
    lead = rest[: len(rest) - len(rest.lstrip())]
    kind = _TYPE.match(rest.lstrip())
    if kind is None:
        raise MalformedMail("the Content-Type changed under our hands")
    tail = rest.lstrip()[kind.end() :]
    return RawField(one.name, b"".join([name, colon, lead, kind.group(1), b'; hp-legacy-display="1"', tail]))


def _parameter(one: RawField, name: bytes) -> str:
    found = re.search(_PARAMETER % re.escape(name), one.value)
    return (found.group(1) or found.group(2) or b"").decode("latin-1") if found else ""


def _encoding(fields: Sequence[RawField]) -> str:
    found = [one.value.decode("latin-1").strip().lower() for one in fields if one.name == "content-transfer-encoding"]
    return found[0] if len(found) == 1 else "unknown" if found else ""


def _is_attachment(fields: Sequence[RawField]) -> bool:
    return any(one.name == "content-disposition" and not one.value.lower().startswith(b"inline") for one in fields)

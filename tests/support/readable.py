"""What anybody on the way can read of a mail: its bytes, unfolded, and everything that a reader could decode in them.

Used to say that a mark is nowhere in the open: base64 runs, quoted-printable, encoded words, RFC 2231, percent, HTML
entities and UTF-16 are all taken off, twice over.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import html
import quopri
import re
from collections.abc import Iterable
from email.header import decode_header
from urllib.parse import unquote_to_bytes

_RUN = re.compile(rb"[A-Za-z0-9+/=\r\n_-]{8,}")
_WORD = re.compile(rb"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")


def _base64(data: bytes) -> Iterable[bytes]:
    for run in _RUN.findall(data):
        plain = run.replace(b"\r", b"").replace(b"\n", b"").replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        for shift in range(4):
            piece = plain[shift:]
            try:
                yield base64.b64decode(piece[: len(piece) - len(piece) % 4])
            except binascii.Error:
                continue


def _words(data: bytes) -> Iterable[bytes]:
    joined = re.sub(rb"(\?=)\s+(?==\?)", rb"\1", data)
    for word in _WORD.findall(joined):
        for piece, _ in decode_header(word.decode("ascii", "replace")):
            yield piece if isinstance(piece, bytes) else piece.encode()


def _once(data: bytes) -> Iterable[bytes]:
    yield data
    yield re.sub(rb"\r?\n[ \t]+", b" ", data)
    yield re.sub(rb"\r?\n[ \t]*", b"", data)
    yield quopri.decodestring(data)
    yield unquote_to_bytes(data)
    yield data.replace(b"\0", b"")
    yield html.unescape(data.decode("utf-8", "replace")).encode()
    yield from _words(data)
    yield from _base64(data)


def parts_of(raw: bytes) -> list[bytes]:
    """Every body part as a reader decodes it, and every header value."""
    found: list[bytes] = []
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        found += [str(value).encode("utf-8", "replace") for value in part.values()]
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            found.append(payload)
    return found


def marks_in(raw: bytes, marks: Iterable[str]) -> set[str]:
    """Those marks that can be read in the mail, whatever the case of their letters."""
    layers = [one for first in (raw, *parts_of(raw)) for one in _once(first)]
    layers += [again for one in parts_of(raw) for again in _base64(one)]
    seen = [one.lower() for one in layers]
    wanted = {mark: (mark.lower().encode(), mark.lower()[::-1].encode()) for mark in marks}
    return {mark for mark, forms in wanted.items() if any(form in one for form in forms for one in seen)}

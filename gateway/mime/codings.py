"""Content-Transfer-Encodings (RFC 2045 6), decoded incrementally: the result does not depend on how the bytes arrive.

Damage is reported, not raised: what can be decoded is handed on, so that it is scanned.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Protocol

import pybase64

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OUTSIDE = bytes(set(range(256)) - set(_ALPHABET + b"="))
_BLANK = b" \t\r\n\x0b\x0c"
_PADDING = re.compile(rb"=+")
_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]{0,1000}\r?\n)")
_SOFT_BREAK = re.compile(rb"=[ \t]{0,1000}\r?\n")
_OPEN_ESCAPE = re.compile(rb"=(?:[0-9A-Fa-f]|[ \t]{0,1000}\r?)?\Z")
_QP_TAIL = 1004


class Decoder(Protocol):
    """Bytes in, bytes out. `damaged` is final after `finish`."""

    damaged: bool

    def feed(self, data: bytes) -> bytes:
        """Decode what can be decided."""
        ...

    def finish(self) -> bytes:
        """Decode the rest."""
        ...


class Identity:
    """7bit, 8bit, binary and what is read like them."""

    def __init__(self, *, damaged: bool = False) -> None:
        self.damaged = damaged

    def feed(self, data: bytes) -> bytes:
        """Hand on."""
        return data

    def finish(self) -> bytes:
        """Nothing is held back."""
        return b""


class Base64:
    """RFC 2045 6.8. Padding inside ends one run and begins the next, since decoders differ on it."""

    def __init__(self) -> None:
        self.damaged = False
        self._held = b""
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """Decode whole groups of four."""
        clean = data.translate(None, _BLANK)
        if clean.translate(None, _ALPHABET + b"="):
            self.damaged = True
            clean = clean.translate(None, _OUTSIDE)
        if not clean:
            return b""
        if b"=" not in clean:
            return self._run(clean)
        out = bytearray()
        at = 0
        for match in _PADDING.finditer(clean):
            out += self._run(clean[at : match.start()])
            out += self._close()
            at = match.end()
        out += self._run(clean[at:])
        return bytes(out)

    def _run(self, clean: bytes) -> bytes:
        if not clean:
            return b""
        self.damaged = self.damaged or self._ended
        text = self._held + clean
        whole = len(text) & ~3
        self._held = text[whole:]
        return pybase64.b64decode(text[:whole]) if whole else b""

    def _close(self) -> bytes:
        held, self._held = self._held, b""
        self._ended = True
        if len(held) == 1:
            self.damaged = True
        return pybase64.b64decode(held + b"=" * (4 - len(held))) if len(held) > 1 else b""

    def finish(self) -> bytes:
        """Decode an unpadded end."""
        return self._close()


class QuotedPrintable:
    """RFC 2045 6.7. A `=` that begins no escape stays as it is, which readers agree on."""

    def __init__(self) -> None:
        self.damaged = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Decode all but an escape that is still open."""
        text = self._held + data
        tail = _OPEN_ESCAPE.search(text, max(0, len(text) - _QP_TAIL))
        cut = tail.start() if tail else len(text)
        self._held = text[cut:]
        return _unquote(text[:cut])

    def finish(self) -> bytes:
        """Decode the rest; an open escape at the very end is a soft break."""
        held, self._held = self._held, b""
        return b"" if held.rstrip() == b"=" else _unquote(held)


_CODINGS: dict[str, Callable[[], Decoder]] = {"base64": Base64, "quoted-printable": QuotedPrintable}
_PLAIN = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none", "plain", "us-ascii"})


def _unquote(text: bytes) -> bytes:
    if b"=" not in text:
        return text
    # Bad escapes first, so that removing soft breaks cannot join two halves into an escape that nobody else sees.
    return binascii.a2b_qp(_SOFT_BREAK.sub(b"", _BAD_ESCAPE.sub(b"=3D", text)))


def decoder(name: str) -> Decoder:
    """The decoder for a Content-Transfer-Encoding in lower case; an unknown one hands on and counts as damaged."""
    known = _CODINGS.get(name)
    return known() if known else Identity(damaged=name not in _PLAIN)


def decode_all(name: str, data: bytes) -> tuple[bytes, bool]:
    """Decode at once; also whether it was whole."""
    worker = decoder(name)
    out = worker.feed(data) + worker.finish()
    return out, not worker.damaged

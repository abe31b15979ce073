"""Collects the fields of one header block line by line (RFC 5322 2.2), within limits."""

from __future__ import annotations

import codecs

from gateway.domain.finding import GapReason
from gateway.mime import fields
from gateway.mime.limits import Limits
from gateway.mime.tree import Header


class HeadBlock:
    """Takes whole lines until one ends the block. `doubts` says what was odd, in the order met."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._fields: list[tuple[bytes, bytearray]] = []
        self._size = 0
        self._first = True
        self.doubts: list[GapReason] = []

    def take(self, line: bytes, *, whole: bool = True) -> str:
        """Take one line with its line end: `more`, `end` (a blank line) or `body` (the line is no field at all).

        `whole` is False for the beginning of a line that is over the limit; its rest goes to `skip`.
        """
        bare = line.rstrip(b"\r\n")
        first, self._first = self._first, False
        if first and line.startswith(codecs.BOM_UTF8):  # some programs save mail with a mark in front
            line, bare = line[3:], bare[3:]
        if not bare:
            return "end"
        if b"\r" in bare:
            self._doubt(GapReason.AMBIGUOUS)
        if not whole:
            self._doubt(GapReason.TOO_LARGE)
        if bare[:1] in b" \t" and self._fields:
            if self._room(len(line)):
                self._fields[-1][1].extend(line)
            return "more"
        match = fields.NAME.match(bare)
        if match is None:
            if first and bare.startswith((b"From ", b">From ")):
                return "more"
            if not bare.strip():
                return "end"
            self._doubt(GapReason.MALFORMED)
            return "body"
        if self._room(len(line)):
            self._fields.append((match.group(1), bytearray(line[match.end() :])))
        return "more"

    def _room(self, amount: int) -> bool:
        self._size += amount
        if self._size <= self._limits.max_header_bytes:
            return True
        self._doubt(GapReason.TOO_LARGE)
        return False

    def _doubt(self, reason: GapReason) -> None:
        if reason not in self.doubts:
            self.doubts.append(reason)

    def headers(self) -> tuple[Header, ...]:
        """The fields so far."""
        return tuple(
            fields.header(name, bytes(raw).removesuffix(b"\n").removesuffix(b"\r")) for name, raw in self._fields
        )

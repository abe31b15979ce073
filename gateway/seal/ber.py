"""BER values within limits, X.690 8.1: what foreign CMS is written in, indefinite lengths and cut-up strings included.

Nothing is decoded before it is asked for, and nothing is copied but strings. Every header that is read is counted, so that
neither nesting nor a crowd of empty values costs more than the size of the input allows. Malformed for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.errors import MalformedMail

CONSTRUCTED = 0x20
INTEGER, BIT_STRING, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
_DEPTH = 32
_LEAST, _BYTES_A_VALUE = 4096, 8
"""A file may have so many values, and one more for every so many bytes."""
_END = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Value:
    """Where one value lies: its identifier octet, and its bytes from `start` to `stop`; the content from `body` to `end`."""

    tag: int
    start: int
    body: int
    end: int
    stop: int


class Ber:
    """Reads one file. MalformedMail when it is not as X.690 says, or costs too much to read."""

    def __init__(self, data: bytes) -> None:
        self._data, self._left = data, _LEAST + len(data) // _BYTES_A_VALUE
        self._ends: dict[int, int] = {}

    def first(self) -> Value:
        """The value at the beginning; what follows it is nobody's."""
        return self._value(0, len(self._data))

    def children(self, value: Value, most: int = 1000) -> list[Value]:
        """The values inside a constructed one, at most so many."""
        if not value.tag & CONSTRUCTED:
            raise MalformedMail("a value that should have others inside has none")
        found, at = [], value.body
        while at < value.end:
            one = self._value(at, value.end)
            found.append(one)
            at = one.stop
            if len(found) > most:
                raise MalformedMail("a value has more inside than any reader takes")
        return found

    def content(self, value: Value) -> bytes:
        """The content octets as they stand."""
        return self._data[value.body : value.end]

    def raw(self, value: Value) -> bytes:
        """The whole value as it stands."""
        return self._data[value.start : value.stop]

    def octets(self, value: Value) -> bytes:
        """The octets of a string, whatever its tag, joined where it is cut up (X.690 8.7)."""
        if not value.tag & CONSTRUCTED:
            return self.content(value)
        pieces: list[memoryview] = []
        self._pieces(value, pieces, 0)
        return b"".join(pieces)

    def _pieces(self, value: Value, pieces: list[memoryview], depth: int) -> None:
        if depth > _DEPTH:
            raise MalformedMail("a string is nested too deep")
        view, at = memoryview(self._data), value.body
        while at < value.end:
            one = self._value(at, value.end)
            if one.tag == OCTET_STRING:
                pieces.append(view[one.body : one.end])
            elif one.tag == OCTET_STRING | CONSTRUCTED:
                self._pieces(one, pieces, depth + 1)
            else:
                raise MalformedMail("a string has something else inside")
            at = one.stop

    def _value(self, at: int, limit: int) -> Value:
        tag, body, size = self._head(at, limit)
        if size >= 0:
            return Value(tag, at, body, body + size, body + size)
        if at not in self._ends:
            self._close(at, limit)
        stop = self._ends[at]
        if stop > limit:
            raise MalformedMail("a value is longer than what it stands in")
        return Value(tag, at, body, stop - len(_END), stop)

    def _head(self, at: int, limit: int) -> tuple[int, int, int]:
        """Identifier, where the content begins, and its length; -1 for an indefinite one."""
        self._left -= 1
        if self._left < 0:
            raise MalformedMail("more values than any reader takes")
        if at + 2 > limit:
            raise MalformedMail("a value is cut off")
        tag, first = self._data[at], self._data[at + 1]
        if tag & 0x1F == 0x1F:
            raise MalformedMail("a tag that this standard does not know")
        if first == 0x80:
            if not tag & CONSTRUCTED:
                raise MalformedMail("a string of indefinite length that is not constructed")
            return tag, at + 2, -1
        if first < 0x80:
            size, body = first, at + 2
        else:
            body = at + 2 + (first & 0x7F)
            if first & 0x7F > 8 or body > limit:
                raise MalformedMail("a length that cannot be")
            size = int.from_bytes(self._data[at + 2 : body], "big")
        if size > limit - body:
            raise MalformedMail("a value is longer than what it stands in")
        return tag, body, size

    def _close(self, start: int, limit: int) -> None:
        """Find the end of a value of indefinite length, and of all those inside it, in one pass."""
        opened, at = [start], start + 2
        while opened:
            if self._data[at : at + 2] == _END and at + 2 <= limit:
                at += 2
                self._ends[opened.pop()] = at
                continue
            _, body, size = self._head(at, limit)
            if size < 0:
                if len(opened) >= _DEPTH:
                    raise MalformedMail("values are nested too deep")
                opened.append(at)
                at = body
            else:
                at = body + size

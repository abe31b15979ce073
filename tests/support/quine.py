"""A ZIP archive whose one entry is the archive itself, byte for byte: unpacking it never ends.

The idea is Russ Cox's, "Zip Files All The Way Down" (2010). Deflate (RFC 1951) has an operation that writes bytes (a stored
block) and one that repeats the last bytes; the program below is made of these so that it writes the archive's head, itself,
and the archive's tail. The checksum of the whole stands within the whole; CRC-32 is linear, so it is solved for.
"""

from __future__ import annotations

import struct
import zlib

_NAME = b"the-archive-within-itself-.zip"
"""30 characters: then the operation that repeats the head takes 5 bytes, as the program needs."""
_NOTHING, _LAST = b"\0\0\0\xff\xff", b"\1\0\0\xff\xff"


def quine() -> bytes:
    """The archive, 600 bytes or so."""
    base = _archive(0)
    at_zero = zlib.crc32(base)
    columns = [zlib.crc32(_archive(1 << bit)) ^ at_zero ^ (1 << bit) for bit in range(32)]
    return _archive(_solved(columns, at_zero))


def _archive(checksum: int) -> bytes:
    body, size = b"", 0
    for _ in range(2):  # the sizes do not change the length
        head = (
            struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, checksum, len(body), size, len(_NAME), 0) + _NAME
        )
        entry = struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, checksum, len(body), size, len(_NAME), 0, 0, 0, 0, 0, 0
        )  # fmt: skip
        entry += _NAME
        tail = entry + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(entry), len(head) + len(body), 0)
        body = _program(head, tail)
        size = len(head) + len(body) + len(tail)
    return head + body + tail


def _program(head: bytes, tail: bytes) -> bytes:
    """What unpacks to `head`, itself, `tail`."""
    first, again = _write(len(head) + 5), _repeat(len(head) + 5)
    five, twenty, repeat = _write(5), _write(20), _repeat(20)
    assert len(again) == len(repeat) == 5
    length = next(
        n
        for n in (size + len(_LAST) + len(tail) for size in range(5, 12))
        if len(_repeat(n)) + len(_LAST) + len(tail) == n
    )
    close = _repeat(length)
    end = close + _LAST + tail
    assert len(end) == length
    whole = _write(length)
    return b"".join(
        (
            first, head, first, again,
            five, again, five, five, twenty, again, five, five, twenty, repeat,
            twenty, repeat, twenty, repeat, twenty, repeat,
            twenty, repeat, _NOTHING, _NOTHING, whole, repeat, _NOTHING, _NOTHING, whole, end, close, _LAST,
        )
    )  # fmt: skip


def _write(length: int) -> bytes:
    return b"\0" + struct.pack("<HH", length, length ^ 0xFFFF)


def _repeat(length: int) -> bytes:
    """A block with fixed codes that repeats the last `length` bytes; 5 bytes for 20, 65 and 66, else an empty stored block
    brings it to a byte's end.
    """
    bits = (
        "010" + (2 * (_length(10) + _distance(20)) if length == 20 else _length(length) + _distance(length)) + "0000000"
    )
    if len(bits) == 30:
        bits += "010" + "0000000"
    if len(bits) == 40:
        return _packed(bits)
    return _packed(bits + "000" + "0" * (-(len(bits) + 3) % 8)) + b"\0\0\xff\xff"


def _packed(bits: str) -> bytes:
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def _length(length: int) -> str:
    code, base, extra = 257, 3, 0
    while length > base + (1 << extra) - 1:
        base += 1 << extra
        code += 1
        if code >= 265 and (code - 265) % 4 == 0:
            extra += 1
    name = f"{code - 256:07b}" if code < 280 else f"{code - 280 + 0xC0:08b}"
    return name + _extra(length - base, extra)


def _distance(distance: int) -> str:
    code, base, extra = 0, 1, 0
    while distance > base + (1 << extra) - 1:
        base += 1 << extra
        code += 1
        if code >= 4 and code % 2 == 0:
            extra += 1
    return f"{code:05b}" + _extra(distance - base, extra)


def _extra(value: int, bits: int) -> str:
    return f"{value:0{bits}b}"[::-1] if bits else ""


def _solved(columns: list[int], wanted: int) -> int:
    """The x with XOR of columns[i] over its bits i = wanted, by elimination over GF(2)."""
    rows: dict[int, tuple[int, int]] = {}
    for bit, column in enumerate(columns):
        value, made = column, 1 << bit
        while value and (top := value.bit_length()) in rows:
            value, made = value ^ rows[top][0], made ^ rows[top][1]
        if value:
            rows[value.bit_length()] = (value, made)
    answer = 0
    while wanted:
        value, made = rows[wanted.bit_length()]
        wanted, answer = wanted ^ value, answer ^ made
    return answer

"""OpenPGP's outer shell, RFC 9580 3 to 6: packets, subpackets, multiprecision integers, armour. No cryptography.

Keys are read whole, in packets of definite length; a form that a key has no use for is a ValueError. Messages are
written in partial lengths, so that content of unknown size streams.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.mime.build import base64_lines
from gateway.seal.crc24 import START, crc24

PARTIAL = 1 << 15
"""Bytes of each partial body; the first may not have fewer than 512 (RFC 9580 4.2.1.4)."""
_MOST_PACKETS = 4096


class Tag(IntEnum):
    """Packet types, RFC 9580 5."""

    PKESK = 1
    SIGNATURE = 2
    ONE_PASS_SIGNATURE = 4
    SECRET_KEY = 5
    PUBLIC_KEY = 6
    SECRET_SUBKEY = 7
    LITERAL = 11
    USER_ID = 13
    PUBLIC_SUBKEY = 14
    USER_ATTRIBUTE = 17
    SEIPD = 18


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of a key."""

    tag: int
    body: bytes = field(repr=False)

    def written(self) -> bytes:
        """Its bytes, with a header in the present format."""
        return packet(self.tag, self.body)


@dataclass(frozen=True, slots=True)
class Subpacket:
    """One subpacket of a signature; `kind` is its type."""

    kind: int
    critical: bool
    body: bytes


def packet(tag: int, body: bytes) -> bytes:
    """A packet of definite length, RFC 9580 4.2.1."""
    return bytes([0xC0 | tag]) + length(len(body)) + body


def length(size: int) -> bytes:
    """A body length in one, two or five octets; the same form serves subpackets below 16,320 bytes."""
    if size < 192:
        return bytes([size])
    if size < 8384:
        return bytes([((size - 192) >> 8) + 192, (size - 192) & 0xFF])
    return b"\xff" + size.to_bytes(4, "big")


def streamed(tag: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A packet whose body is as long as it turns out, in partial lengths, RFC 9580 4.2.1.4."""
    head, held = bytes([0xC0 | tag]), bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > PARTIAL:
            yield head + bytes([0xE0 | PARTIAL.bit_length() - 1]) + bytes(held[:PARTIAL])
            head = b""
            del held[:PARTIAL]
    yield head + length(len(held)) + bytes(held)


def packets(data: bytes) -> Iterator[Packet]:
    """Every packet of a key; ValueError for what is cut off, has no definite length, or is far too much."""
    at = count = 0
    while at < len(data):
        count += 1
        head = data[at]
        if not head & 0x80 or count > _MOST_PACKETS:
            raise ValueError("not a sequence of OpenPGP packets")
        tag, at, size = _new_header(data, at) if head & 0x40 else _old_header(data, at)
        if at + size > len(data):
            raise ValueError("an OpenPGP packet is cut off")
        yield Packet(tag, data[at : at + size])
        at += size


def _new_header(data: bytes, at: int) -> tuple[int, int, int]:
    size, at_body = _length(data, at + 1)
    return data[at] & 0x3F, at_body, size


def _old_header(data: bytes, at: int) -> tuple[int, int, int]:
    """RFC 9580 4.2.2; the indeterminate length has no place in a key."""
    kind = data[at] & 3
    if kind == 3:
        raise ValueError("an OpenPGP packet without a length")
    octets = 1 << kind
    return data[at] >> 2 & 0xF, at + 1 + octets, int.from_bytes(_octets(data, at + 1, octets), "big")


def _length(data: bytes, at: int) -> tuple[int, int]:
    first = _octets(data, at, 1)[0]
    if first < 192:
        return first, at + 1
    if first < 224:
        return (first - 192 << 8) + _octets(data, at + 1, 1)[0] + 192, at + 2
    if first == 255:
        return int.from_bytes(_octets(data, at + 1, 4), "big"), at + 5
    raise ValueError("an OpenPGP packet of partial length where none belongs")


def _octets(data: bytes, at: int, count: int) -> bytes:
    found = data[at : at + count]
    if len(found) != count:
        raise ValueError("OpenPGP data is cut off")
    return found


def subpackets(data: bytes) -> list[Subpacket]:
    """The subpackets of a signature, RFC 9580 5.2.3.7."""
    found, at = [], 0
    while at < len(data):
        first = data[at]
        if 192 <= first < 255:  # no partial lengths here
            size, at = (first - 192 << 8) + _octets(data, at + 1, 1)[0] + 192, at + 2
        else:
            size, at = _length(data, at)
        body = _octets(data, at, size)
        if not body:
            raise ValueError("an OpenPGP subpacket without a type")
        found.append(Subpacket(body[0] & 0x7F, bool(body[0] & 0x80), body[1:]))
        at += size
    return found


def subpacket(kind: int, body: bytes) -> bytes:
    """One subpacket that is not critical."""
    return length(len(body) + 1) + bytes([kind]) + body


def mpi(value: int | bytes) -> bytes:
    """A multiprecision integer, RFC 9580 3.2."""
    number = int.from_bytes(value, "big") if isinstance(value, bytes) else value
    bits = number.bit_length()
    return bits.to_bytes(2, "big") + number.to_bytes((bits + 7) // 8, "big")


def read_mpis(data: bytes, count: int) -> tuple[list[int], bytes]:
    """That many integers, and what follows them."""
    found, at = [], 0
    for _ in range(count):
        size = (int.from_bytes(_octets(data, at, 2), "big") + 7) // 8
        found.append(int.from_bytes(_octets(data, at + 2, size), "big"))
        at += 2 + size
    return found, data[at:]


_ARMOUR = re.compile(rb"-----BEGIN PGP ([A-Z ]+)-----[ \t]*\r?\n(.*?)\r?\n-----END PGP \1-----", re.DOTALL)


def dearmoured(data: bytes, kind: str) -> bytes:
    """The bytes of every armoured block of that kind (`PUBLIC KEY BLOCK`), or the data itself where it is binary.

    The checksum is not looked at (RFC 9580 6.1): whatever counts is signed.
    """
    if data[:1] >= b"\x80":
        return data
    blocks = [body for name, body in _ARMOUR.findall(data) if name == kind.encode()]
    if not blocks:
        raise ValueError(f"holds no OpenPGP {kind.lower()}")
    return b"".join(_decoded(one) for one in blocks)


def _decoded(block: bytes) -> bytes:
    lines = [line.strip() for line in block.splitlines()]
    blank = lines.index(b"") if b"" in lines else -1
    text = [line for line in lines[blank + 1 :] if not line.startswith(b"=")]
    try:
        return base64.b64decode(b"".join(text), validate=True)
    except binascii.Error as error:
        raise ValueError("an OpenPGP block is not in base64") from error


def armoured(kind: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Armour with CRLF, streamed, with the checksum of RFC 9580 6.1 for those who cannot do without (crc24.py)."""
    crc = START

    def summed() -> Iterator[bytes]:
        nonlocal crc
        for chunk in chunks:
            crc = crc24(chunk, crc)
            yield chunk

    yield f"-----BEGIN PGP {kind}-----\r\n\r\n".encode()
    yield from base64_lines(summed())
    yield b"=" + base64.b64encode(crc.to_bytes(3)) + f"\r\n-----END PGP {kind}-----\r\n".encode()

"""BER of streamed CMS into DER: indefinite lengths closed, octet strings in pieces joined. For machines without `openssl`."""

from __future__ import annotations

_OCTETS = 0x04
_CONSTRUCTED = 0x20


def to_der(data: bytes) -> bytes:
    """One element in definite form; ValueError for what is none."""
    try:
        return _element(data, 0)[0]
    except IndexError:
        raise ValueError("the data ends too early") from None


def _element(data: bytes, at: int) -> tuple[bytes, int]:
    """The element at an offset in definite form, and where the next one begins. Tags of one byte, as CMS has them."""
    tag, first = data[at], data[at + 1]
    at += 2
    if first == 0x80:
        end = None
    else:
        count = first & 0x7F if first & 0x80 else 0
        end = at + count + (int.from_bytes(data[at : at + count], "big") if first & 0x80 else first)
        at += count
        if end > len(data):
            raise ValueError("the data ends too early")
    if not tag & _CONSTRUCTED:
        if end is None:
            raise ValueError("a plain value needs a length")
        return _written(tag, data[at:end]), end
    inside: list[bytes] = []
    while data[at : at + 2] != b"\0\0" if end is None else at < end:
        one, at = _element(data, at)
        inside.append(one)
    # Only [0] IMPLICIT OCTET STRING has nothing but octet strings within: the encrypted content.
    if tag == 0xA0 and inside and all(one[0] == _OCTETS for one in inside):
        return _written(0x80, b"".join(_value(one) for one in inside)), at + 2 if end is None else at
    return _written(tag, b"".join(inside)), at + 2 if end is None else at


def _written(tag: int, value: bytes) -> bytes:
    if len(value) < 0x80:
        return bytes((tag, len(value))) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def _value(element: bytes) -> bytes:
    return element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0) :]

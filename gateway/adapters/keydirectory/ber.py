"""The BER that LDAP uses (X.690, RFC 4511 5.1: definite lengths only): values to write, and a strict reader."""

from __future__ import annotations

from collections.abc import Iterator

INTEGER, OCTETS, ENUMERATED, BOOLEAN, SEQUENCE, SET = 0x02, 0x04, 0x0A, 0x01, 0x30, 0x31
_LONGEST = 4


class BadBer(ValueError):
    """These bytes are no BER as LDAP allows it."""


def tlv(tag: int, *content: bytes) -> bytes:
    """One value: tag, length, content."""
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number that is not negative."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def header(data: bytes) -> tuple[int, int, int] | None:
    """Tag, size of tag and length, and length of the content of the value that begins there; None while bytes are missing.

    Raises BadBer for what can never become a value.
    """
    if len(data) < 2:
        return None
    tag, first = data[0], data[1]
    if tag & 0x1F == 0x1F:
        raise BadBer("a tag of several bytes")
    if first < 0x80:
        return tag, 2, first
    count = first & 0x7F
    if not 0 < count <= _LONGEST:
        raise BadBer("a length that LDAP does not have")
    if len(data) < 2 + count:
        return None
    return tag, 2 + count, int.from_bytes(data[2 : 2 + count], "big")


def values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value in a row; BadBer where one is cut off."""
    rest = memoryview(data)
    while rest:
        found = header(bytes(rest[: 2 + _LONGEST]))
        if found is None or found[1] + found[2] > len(rest):
            raise BadBer("a value is cut off")
        tag, size, length = found
        yield tag, bytes(rest[size : size + length])
        rest = rest[size + length :]


def fields(data: bytes, *tags: int) -> list[bytes]:
    """The contents of the first values, whose tags must be these (0 takes any); BadBer otherwise."""
    found = []
    for want, (tag, content) in zip(tags, values(data), strict=False):
        if want not in {0, tag}:
            raise BadBer("another value was due")
        found.append(content)
    if len(found) < len(tags):
        raise BadBer("values are missing")
    return found

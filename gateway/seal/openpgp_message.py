"""A look at what an engine made before any of it leaves: encrypted to the one part that was judged, with authentication.

Whatever else an engine may hand over (plain packets, another recipient, encryption without MDC or AEAD) is SealingFailed,
and then nothing has left. The head is a few hundred bytes; what follows it is opaque.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.domain.errors import SealingFailed
from gateway.seal.openpgp_packets import Tag, packets

_HEAD = 8192
_HIDDEN = bytes(8)
_SEIPD_VERSIONS = frozenset({1, 2})
"""With MDC, and AEAD (RFC 9580 5.13)."""


def checked(chunks: Iterable[bytes], part: bytes, *, hidden: bool) -> Iterator[bytes]:
    """The same bytes. SealingFailed before the first of them unless they are one message, integrity-protected, whose only
    session key is for the part with that key id, named or, with `hidden`, not named.
    """
    source = iter(chunks)
    head = bytearray()
    for chunk in source:
        head += chunk
        if len(head) >= _HEAD:
            break
    try:
        _look(bytes(head), part, hidden=hidden)
    except (ValueError, IndexError) as error:
        raise SealingFailed("the OpenPGP engine made something that is not an encrypted message") from error
    return _joined(bytes(head), source)


def _joined(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _look(head: bytes, part: bytes, *, hidden: bool) -> None:
    at, recipients = 0, []
    while _tag(head, at) == Tag.PKESK:
        end = _end(head, at)
        [one] = packets(head[at:end])
        recipients.append(one.body)
        at = end
    for body in recipients:
        if body[0] != 3 or body[1:9] != (_HIDDEN if hidden else part):
            raise SealingFailed("the OpenPGP engine encrypted to another key than the one that was decided on")
    if len(recipients) != 1:
        raise SealingFailed("the OpenPGP engine did not encrypt to one recipient")
    if _tag(head, at) != Tag.SEIPD or _version(head, at) not in _SEIPD_VERSIONS:
        raise SealingFailed("the OpenPGP engine made a message without authenticated encryption")


def _tag(data: bytes, at: int) -> int:
    if not data[at] & 0x80:
        raise ValueError("not a packet")
    return data[at] & 0x3F if data[at] & 0x40 else data[at] >> 2 & 0xF


def _end(data: bytes, at: int) -> int:
    """Where a packet of definite length ends."""
    start, size = _start(data, at), 0
    if data[at] & 0x40:
        first = data[at + 1]
        size = first if first < 192 else (first - 192 << 8) + data[at + 2] + 192 if first < 224 else -1
    else:
        size = int.from_bytes(data[at + 1 : start], "big")
    if size < 0 or start + size > len(data):
        raise ValueError("a session key of unusual length")
    return start + size


def _start(data: bytes, at: int) -> int:
    """Where a packet's body begins."""
    if not data[at] & 0x40:
        return at + 1 + (1, 2, 4, 0)[data[at] & 3]
    first = data[at + 1]
    return at + (2 if first < 192 or 224 <= first < 255 else 3 if first < 224 else 6)


def _version(data: bytes, at: int) -> int:
    return data[_start(data, at)]

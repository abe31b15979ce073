"""A look at the header block while it streams by: who the mail says it is from, and whether it goes in circles.

Cheap and strict, in bounded memory. It refuses what two readers could take differently; what the mail means is for the
assessor, who sees all of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from gateway.domain.address import Address
from gateway.domain.envelope import Identity
from gateway.domain.errors import InvalidAddress
from gateway.mime.fields import decode_words, unfold
from gateway.mime.mailboxes import read_mailboxes

_INVISIBLE = re.compile(rb"[^\x21-\x7e]+")
_AUTHORS = (b"from", b"sender", b"resent-from", b"resent-sender")
_SHOWN = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")


class HeaderWatch:
    """Collects the header block of one message up to `limit` bytes, then judges it once.

    `verdict` is a code of the reply table, or empty while there is nothing against the message.
    """

    __slots__ = ("_block", "_identity", "_limit", "_received", "verdict")

    def __init__(self, identity: Identity | None, limit: int, received: int) -> None:
        """With `identity` None (inbound) only loops are looked for."""
        self._block: bytearray | None = bytearray()
        self._identity = identity
        self._limit = limit
        self._received = received
        self.verdict = ""

    def feed(self, decoded: bytes) -> None:
        """Take the next decoded bytes; sets `verdict` as soon as the header block is whole."""
        if self._block is None or not decoded:
            return
        before = max(0, len(self._block) - 3)
        self._block += decoded[: self._limit - len(self._block)]
        end = 0 if self._block.startswith(b"\r\n") else self._block.find(b"\r\n\r\n", before)
        if end >= 0 or len(self._block) >= self._limit:
            self._judge(end if end >= 0 else len(self._block), whole=end >= 0)

    def close(self) -> None:
        """The message has ended, so the header block has too."""
        if self._block is not None:
            self._judge(len(self._block))

    def _judge(self, end: int, *, whole: bool = True) -> None:
        assert self._block is not None
        block, self._block = bytes(self._block[:end]), None
        seen: dict[bytes, list[bytes]] = {name: [] for name in (*_AUTHORS, b"received")}
        for name, value in _fields(block):
            plain = _INVISIBLE.sub(b"", name).lower()
            if plain in seen:
                # What cannot be seen within a name is read through by some and not by others.
                seen[plain].append(value if name.strip(b" \t").lower() == plain else b"\x00")
        if len(seen[b"received"]) > self._received:
            self.verdict = "message.loop"
        elif self._identity is not None:
            # Of a header that goes on, an author further down could be what its recipient is shown.
            self.verdict = _judge_authors(seen, self._identity) or ("" if whole else "header.long")


def _fields(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and unfolded values of every line that some reader could take for a field."""
    name = b""
    value: list[bytes] = []
    for line in block.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"} and name:
            value.append(line)
            continue
        if name:
            yield name, b"".join(value)
        name, colon, first = line.partition(b":")
        value = [first]
        if not colon:
            name = b""
    if name:
        yield name, b"".join(value)


def _judge_authors(seen: dict[bytes, list[bytes]], identity: Identity) -> str:
    """RFC 5322 3.6.2 and 3.6.6 read strictly. No From at all is let through: it claims nobody, and the envelope was checked."""
    if len(seen[b"from"]) > 1 or len(seen[b"sender"]) > 1:
        return "from.twice"
    addresses: list[Address] = []
    try:
        for name in _AUTHORS:
            for value in seen[name]:
                found = read_mailboxes(value)
                if name.endswith(b"sender") and len(found) > 1:
                    return "from.unreadable"
                addresses += found
                addresses += _shown_in_names(value)
    except (InvalidAddress, ValueError):
        return "from.unreadable"
    return "" if all(identity.may_use(one) for one in addresses) else "from.not_yours"


def _shown_in_names(value: bytes) -> Iterator[Address]:
    """Addresses anywhere in the field as people are shown it, encoded words decoded: many readers show only the name."""
    text = unicodedata.normalize("NFKC", decode_words(unfold(value)))
    for match in _SHOWN.finditer(text):
        yield Address.parse(match.group().rstrip("."))

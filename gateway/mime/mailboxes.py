"""Mailbox lists of From and Sender (RFC 5322 3.4), read so that no second reader can see another address.

Groups, routes, comments between the parts of an address, quoted local parts, encoded words in addresses and control
characters are refused: each is legal somewhere and read differently elsewhere.
"""

from __future__ import annotations

import re

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>"]*>|,|[^",<>]+', re.DOTALL)
_PLAIN_AT = re.compile(r"\S+@\S+")


def read_mailboxes(value: bytes) -> list[Address]:
    """The addresses of a header value, at least one; InvalidAddress when anything in it is unclear."""
    try:
        text = value.decode("utf-8").strip(" \t")
    except UnicodeDecodeError as error:
        raise InvalidAddress("the header is not UTF-8") from error
    if not text or any((ord(c) < 32 and c != "\t") or ord(c) == 127 for c in text):
        raise InvalidAddress("the header is empty or has control characters")
    return [_mailbox(tokens) for tokens in _split(_without_comments(text))]


def _split(text: str) -> list[list[str]]:
    """Tokens of each mailbox between top-level commas."""
    boxes: list[list[str]] = [[]]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidAddress("the header has an unpaired quote or angle bracket")
        piece = match.group()
        if piece == ",":
            boxes.append([])
        elif piece.strip():
            boxes[-1].append(piece.strip())
        at = match.end()
    return boxes


def _mailbox(tokens: list[str]) -> Address:
    """`name <address>` or `address`."""
    if len(tokens) == 1 and not tokens[0].startswith(('"', "<")):
        return _address(tokens[0])
    if not tokens or not tokens[-1].startswith("<"):
        raise InvalidAddress("a mailbox needs the form name <address>")
    if any(token.startswith("<") for token in tokens[:-1]):
        raise InvalidAddress("a mailbox has one address")
    address = _address(tokens[-1][1:-1].strip())
    for word in tokens[:-1]:
        # An address outside quotes in the name's place is what one reader shows and another takes for the author.
        if not word.startswith('"') and any(_other(plain, address) for plain in _PLAIN_AT.findall(word)):
            raise InvalidAddress("the display name holds another address")
        if not word.startswith('"') and (":" in word or ";" in word):
            raise InvalidAddress("groups are not read")
    return address


def _other(plain: str, address: Address) -> bool:
    try:
        return Address.parse(plain).key != address.key
    except InvalidAddress:
        return True


def _address(text: str) -> Address:
    address = Address.parse(text)
    if "=?" in address.local:
        raise InvalidAddress("encoded words do not belong in addresses")
    return address


def _without_comments(text: str) -> str:
    """The text without (comments); they may nest, and a parenthesis in quotes is none."""
    kept: list[str] = []
    depth = 0
    quoted = False
    escaped = False
    for c in text:
        if escaped:
            escaped = False
        elif c == "\\" and (quoted or depth):
            escaped = True
        elif c == '"' and not depth:
            quoted = not quoted
        elif c == "(" and not quoted:
            # A comment counts as a space: `a(x)@b` is two words, not an address.
            kept.append("" if depth else " ")
            depth += 1
            continue
        elif c == ")" and not quoted:
            depth -= 1
            if depth < 0:
                raise InvalidAddress("the header has an unpaired parenthesis")
            continue
        if not depth:
            kept.append(c)
    if depth or quoted:
        raise InvalidAddress("the header has an unpaired quote or parenthesis")
    return "".join(kept)

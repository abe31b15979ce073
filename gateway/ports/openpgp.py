"""Port: what makes OpenPGP messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol


class OpenPgpEngine(Protocol):
    """Signs with the practice's own key, which it was built with, and encrypts."""

    def seal(self, content: Iterable[bytes], key: bytes, at: datetime, *, hidden: bool = False) -> Iterator[bytes]:
        """A binary OpenPGP message (RFC 9580 10.3) with authenticated encryption, in bounded memory: `content`, signed at
        `at`, encrypted to the one part for encryption of `key`, a transferable public key that was judged for that time.

        With `hidden` the message does not name the recipient's key. SealingFailed, perhaps after some bytes, when it
        cannot be made; an error of `content` itself comes through. No byte of the content reaches a file.
        """
        ...

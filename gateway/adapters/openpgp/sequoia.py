"""Sequoia in this process, by pysequoia (Apache-2.0 over LGPL): for letters, where starting gpg costs more than the work.

It holds a message whole, and the interpreter while it works, so what is larger goes to gpg, and so does what it cannot
do: a recipient who is not named, a kind of key that it does not take. It goes by this machine's clock, and takes a key that has
ended: that it has not is the judgement's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

import pysequoia

from gateway.ports.openpgp import OpenPgpEngine
from gateway.seal.openpgp_own import OwnKey

LARGEST = 1024 * 1024
"""Bytes of content up to which a message is made here: about 10 ms."""


class SequoiaEngine:
    """Letters here, the rest by another engine."""

    def __init__(self, own: OwnKey, other: OpenPgpEngine, largest: int = LARGEST) -> None:
        self._own, self._other, self._largest = own, other, largest
        self._secret = pysequoia.Tsk.from_bytes(own.secret.reveal())

    def seal(self, content: Iterable[bytes], key: bytes, at: datetime, *, hidden: bool = False) -> Iterator[bytes]:
        """As the port has it."""
        source, held, size = iter(content), list[bytes](), 0
        for chunk in source:
            held.append(chunk)
            size += len(chunk)
            if size > self._largest:
                break
        message = None if hidden or size > self._largest or self._own.created > at else self._made(b"".join(held), key)
        return self._other.seal(chain(held, source), key, at, hidden=hidden) if message is None else iter((message,))

    def _made(self, content: bytes, key: bytes) -> bytes | None:
        try:
            recipient = pysequoia.Cert.from_bytes(key)
            return bytes(pysequoia.encrypt(content, [recipient], self._secret.signer(), armor=False))
        except Exception:  # noqa: BLE001 - it has one type for all; the other engine judges for itself
            return None

"""OpenPGP Web Key Directory: a key from the recipient's own domain, over https (draft-koch-openpgp-webkey-service, 3.1).

The advanced method's host is asked; only where that host does not exist, the domain itself. Off unless a domain is
listed: whoever runs the host learns which address is written to, and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from gateway.adapters.keydirectory.fetch import Deadline, Fetch, FetchFailed, NoSuchHost, NotThere
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState

JudgeOpenPgp = Callable[[bytes, Address, datetime], KeyAnswer]
"""Reads transferable public keys (binary) and says which one serves the address at that time."""
KEY_BYTES = 256 * 1024
_ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"


class WebKeyDirectory:
    """Asks the recipient's domain for an OpenPGP key. Thread-safe."""

    def __init__(self, fetch: Fetch, judge: JudgeOpenPgp, seconds: float, *, port: int = 443) -> None:
        self._fetch, self._judge, self._seconds = fetch, judge, seconds
        self._port = "" if port == 443 else f":{port}"

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The key that the domain publishes for the address."""
        if kind is not KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        deadline = Deadline(self._seconds)
        for url in urls(address, self._port):
            try:
                data = self._fetch(url, deadline, KEY_BYTES)
            except NoSuchHost:
                continue
            except NotThere:
                return KeyAnswer(KeyState.NONE)
            except FetchFailed as error:
                return KeyAnswer(KeyState.UNREACHABLE, reason=f"the domain's key directory: {error}")
            return self._judge(data, address, at)
        return KeyAnswer(KeyState.NONE)


def urls(address: Address, port: str = "") -> tuple[str, str]:
    """Where the key stands by the advanced and by the direct method. `l` carries the local part as it is written."""
    name = zbase32(hashlib.sha1(address.local.lower().encode(), usedforsecurity=False).digest())
    tail = f"hu/{name}?l={quote(address.local, safe='')}"
    domain = address.domain
    return (
        f"https://openpgpkey.{domain}{port}/.well-known/openpgpkey/{domain}/{tail}",
        f"https://{domain}{port}/.well-known/openpgpkey/{tail}",
    )


def zbase32(data: bytes) -> str:
    """RFC 6189 5.1.6."""
    bits = "".join(f"{one:08b}" for one in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(_ALPHABET[int(bits[start : start + 5], 2)] for start in range(0, len(bits), 5))

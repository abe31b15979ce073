"""The one function that builds every context: what is sealed in one place opens in no other.

A context is the HPKE `info`, the Cobblestone context, the HKDF `info` and the associated data of a column.
"""

from __future__ import annotations

from gateway.ports.vault import Seal

_VERSION = "sealgate/1"


def context(installation: str, purpose: Seal, object_id: str, part: str = "", epoch: str = "") -> bytes:
    """Length-prefixed (4 bytes, big-endian) version, installation, purpose, object id, part and epoch; never empty."""
    fields = (_VERSION, installation, purpose.value, object_id, part, epoch)
    return framed(*(one.encode() for one in fields))


def framed(*fields: bytes) -> bytes:
    """Join fields so that no two different lists give the same bytes: each behind its length in 4 bytes, big-endian."""
    return b"".join(len(one).to_bytes(4, "big") + one for one in fields)

"""Which parts of an OpenPGP key may speak for an address at a time: the primary key or subkeys, as the key's own signatures say.

A subkey may sign only where it says itself that it belongs to the primary key (RFC 9580 5.2.1, type 0x19): else anybody could
hang another person's signing key on their own, and be taken for the author of that person's mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm

from gateway.domain.address import Address
from gateway.seal import openpgp_signatures as sigs
from gateway.seal.openpgp_judging import Held, Holder, Refused, holder, newest, refuse_expired, revoked
from gateway.seal.openpgp_keys import Certificate, Component, PublicKey, read_certificates
from gateway.seal.openpgp_packets import Packet
from gateway.seal.openpgp_signatures import Signature

_SIGNS = 0x02


@dataclass(frozen=True, slots=True)
class SignerKey:
    """What a correspondent's signatures are verified by; with `refused`, why none of them counts, there is nothing else."""

    address: Address = field(repr=False)
    at: datetime
    refused: str = ""
    fingerprint: str = ""
    """Of the primary key, lower-case hex."""
    parts: frozenset[str] = frozenset()
    """The fingerprints of what may sign, the primary key's own among them if it may."""
    usable: bytes = field(default=b"", repr=False)
    """The transferable public key of those parts, for an engine."""


def signer_key(data: bytes, address: Address, at: datetime) -> SignerKey:
    """The verdict on a transferable public key for mail from that address at that time; never raises for a bad key."""
    try:
        [key] = read_certificates(data)
        held = holder(key, address, at)
        subkeys = list(_subkeys(key, held, at))
    except Refused as error:
        return SignerKey(address, at, f"the OpenPGP key {error.reason}")
    except ValueError:
        return SignerKey(address, at, "the OpenPGP key cannot be read")
    own = {key.fingerprint} if _signs(held.governs) else set()
    parts = frozenset(own | {PublicKey.read(one.body).fingerprint.hex() for one, _ in subkeys})
    if not parts:
        return SignerKey(address, at, "the OpenPGP key has no part for signing")
    written = b"".join(one.written() for one in (*held.packets, *(each for pair in subkeys for each in pair)))
    return SignerKey(address, at, "", key.fingerprint, parts, written)


def signing_parts(key: Certificate, address: Address, at: datetime) -> bytes:
    """The subkeys that may sign, each with its binding: what belongs behind the packets that encryption needs."""
    try:
        pairs = list(_subkeys(key, holder(key, address, at), at))
    except Refused:
        return b""
    return b"".join(one.written() for pair in pairs for one in pair)


def _subkeys(key: Certificate, held: Holder, at: datetime) -> Iterator[tuple[Packet, Packet]]:
    for one in key.subkeys:
        try:
            binding = _binding(key.primary, one, held, at)
        except (Refused, ValueError, UnsupportedAlgorithm, OverflowError):
            continue
        if binding is not None:
            yield one.packet, binding[1]


def _binding(primary: PublicKey, one: Component, held: Holder, at: datetime) -> Held | None:
    """What binds a part that may sign; None for a part that may not."""
    part = PublicKey.read(one.packet.body)
    if part.version != primary.version or part.weak:
        return None
    binding = newest(one.signatures, {sigs.SUBKEY_BINDING}, primary, part.framed, held.verifier, at)
    if binding is None or not _signs(binding[0]) or not _crossed(binding[0], primary, part, at):
        return None
    data = primary.framed + part.framed
    if revoked(one.signatures, sigs.SUBKEY_REVOCATION, data, held.verifier, binding):
        return None
    refuse_expired(part, binding[0], at, "")
    return binding


def _signs(binding: Signature) -> bool:
    flags = binding.said(sigs.KEY_FLAGS)
    return bool(flags) and bool((flags or b"\0")[0] & _SIGNS)


def _crossed(binding: Signature, primary: PublicKey, part: PublicKey, at: datetime) -> bool:
    """Whether the part itself signed the bond. It proves itself, so it may stand among what is not hashed."""
    verifier = part.verifier()
    for each in (*binding.hashed, *binding.unhashed):
        back = Signature.read(each.body) if each.kind == sigs.EMBEDDED else None
        if (
            back is not None and back.kind == sigs.PRIMARY_BINDING and not back.weak and back.understood
            and back.in_force(at) and back.verifies(verifier, primary.framed + part.framed)
        ):  # fmt: skip
            return True
    return False

"""Whether mail for an address may be encrypted to an OpenPGP key at a time, and if not, why: the key's own signatures
decide (RFC 9580 5.2.3.3, 10.1), nobody else's.

What is verified here is all that an engine is given: primary key, one user id, one part for encryption, and the newest
signature that binds each. What somebody else hung on the key goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress
from gateway.ports.keys import KeyState
from gateway.seal import openpgp_signatures as sigs
from gateway.seal.openpgp_keys import Certificate, Component, PublicKey
from gateway.seal.openpgp_packets import Packet, Tag
from gateway.seal.openpgp_signatures import Signature, Verifier

_ENCRYPTS = 0x04 | 0x08
_AES = frozenset({7, 8, 9})
_AUTHENTICATED = 0x01 | 0x08
"""Features: SEIPD version 1 (MDC) and version 2 (AEAD), RFC 9580 5.2.3.32."""
_MAILBOX = re.compile(r"\A(?:[^<>]*<([^<>\s]+)>\s*|([^<>\s]+))\Z")

Held = tuple[Signature, Packet]


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one key; `usable` and `part` are there only where it is VALID."""

    state: KeyState
    reason: str
    fingerprint: str
    created: datetime
    usable: bytes = field(default=b"", repr=False)
    """The transferable public key that an engine gets, RFC 9580 10.1."""
    part: bytes = b""
    """The key id of the part that is encrypted to."""
    until: datetime | None = None
    """When the key or that part ends, whichever is first; None for never."""
    revoked: bool = False
    """Whether its owner has revoked it: then no other copy of it serves either."""


class Refused(Exception):
    """Why a key, or a part of it, does not serve."""

    def __init__(self, reason: str, state: KeyState = KeyState.UNTRUSTED, *, revoked: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.state, self.revoked = reason, state, revoked


@dataclass(frozen=True, slots=True)
class Holder:
    """What binds a key to an address, verified: the user id, and the key's own signatures over itself."""

    verifier: Verifier
    governs: Signature
    """The newest of them: its flags and its end are the primary key's."""
    own: tuple[Signature, ...]
    packets: tuple[Packet, ...] = field(repr=False)
    """Primary key, signature over it, user id, certification: the head of a transferable public key."""


def holder(key: Certificate, address: Address, at: datetime) -> Holder:
    """The address's bond with the key at that time; Refused where there is none that counts."""
    verifier = _verifier(key.primary)
    direct = newest(key.direct, {sigs.DIRECT}, key.primary, b"", verifier, at)
    _refuse_revoked(key, direct, verifier)
    user, binding = _user(key, address, verifier, at)
    own = [one for one in (direct, binding) if one]
    governs = max(own, key=lambda one: one[0].created or at)
    refuse_expired(key.primary, governs[0], at, "")
    primary = Packet(Tag.PUBLIC_KEY, key.primary.body)
    kept = (primary, *([direct[1]] if direct else []), user.packet, binding[1])
    return Holder(verifier, governs[0], tuple(one for one, _ in own), kept)


def judge(key: Certificate, address: Address, at: datetime) -> Judged:
    """The verdict for mail to that address at that time; never raises for a bad key."""
    try:
        held = holder(key, address, at)
        _refuse_unauthenticated(held.own)
        part = _part(key, held.governs, held.verifier, at)
    except Refused as refused:
        made = key.primary.created
        return Judged(refused.state, refused.reason, _fingerprint(key), made, revoked=refused.revoked)
    usable = b"".join(one.written() for one in (*held.packets, *part[1:]))
    chosen = PublicKey.read(part[0].body)
    bindings = [(held.governs, key.primary), *((Signature.read(one.body), chosen) for one in part[2:])]
    ends = [one.valid_for(sigs.KEY_EXPIRES, of.created) for one, of in bindings if one is not None]
    until = min((one for one in ends if one is not None), default=None)
    return Judged(KeyState.VALID, "", key.fingerprint, key.primary.created, usable, chosen.key_id, until)


def _fingerprint(key: Certificate) -> str:
    return key.fingerprint if key.primary.version == 4 else ""


def addresses_of(key: Certificate) -> list[Address]:
    """The addresses that its user ids hold, each once."""
    found = {one.key: one for one in (_address(user.packet) for user in key.users) if one is not None}
    return list(found.values())


def _verifier(primary: PublicKey) -> Verifier:
    if primary.version != 4:
        raise Refused(f"is a key of version {primary.version}, which not every program can use; version 4 is needed")
    try:
        weak, verifier = primary.weak, primary.verifier()
    except (ValueError, UnsupportedAlgorithm, OverflowError):
        raise Refused("cannot be read") from None
    if weak:
        raise Refused(weak)
    if verifier is None:
        raise Refused("uses an algorithm that is not supported")
    return verifier


def newest(
    held: Iterable[Held], kinds: Iterable[int], primary: PublicKey, data: bytes, verifier: Verifier, at: datetime
) -> Held | None:
    """The newest signature of those kinds by the primary key that is strong, in force and true."""
    fit = [
        one for one in held
        if one[0].kind in kinds and not one[0].weak and one[0].understood and one[0].in_force(at)
        and one[0].may_be_by(primary.key_id, primary.fingerprint)
    ]  # fmt: skip
    fit.sort(key=lambda one: one[0].created or at, reverse=True)
    return next((one for one in fit if one[0].verifies(verifier, primary.framed + data)), None)


def _refuse_revoked(key: Certificate, direct: Held | None, verifier: Verifier) -> None:
    revocations = [one for one, _ in key.direct if one.kind == sigs.KEY_REVOCATION]
    if any(one.verifies(verifier, key.primary.framed) for one in revocations):
        raise Refused("was revoked by its owner", revoked=True)
    if revocations and direct is not None and direct[0].said(sigs.REVOKER) is not None:
        raise Refused("may have been revoked by somebody whom its owner named for that")


def _user(key: Certificate, address: Address, verifier: Verifier, at: datetime) -> tuple[Component, Held]:
    """The user id that holds the address, with its newest certification by the key itself."""
    claimed = [one for one in key.users if (held := _address(one.packet)) is not None and held.same_mailbox(address)]
    if not claimed:
        raise Refused("names another e-mail address")
    refused = Refused("is not bound to this address: the signature over its user id does not verify")
    for user in claimed:
        data = b"\xb4" + len(user.packet.body).to_bytes(4, "big") + user.packet.body
        found = newest(user.signatures, sigs.CERTIFICATIONS, key.primary, data, verifier, at)
        if found is None:
            refused = _unbound(user.signatures, key.primary, at, "its user id", sigs.CERTIFICATIONS)
        elif revoked(user.signatures, sigs.CERTIFICATION_REVOCATION, key.primary.framed + data, verifier, found):
            refused = Refused("was revoked by its owner for this address")
        else:
            return user, found
    raise refused


def _unbound(held: Iterable[Held], primary: PublicKey, at: datetime, what: str, kinds: Iterable[int]) -> Refused:
    """Which of the ways in which nothing binds a component this is."""
    own = [one for one, _ in held if one.kind in kinds and one.may_be_by(primary.key_id, primary.fingerprint)]
    if own and all(one.weak for one in own):
        return Refused(f"binds {what} by SHA-1 or weaker only")
    strong = [one for one in own if not one.weak]
    if strong and all(one.created is not None and one.created > at for one in strong):
        return Refused("begins in the future")
    return Refused(f"is not whole: no valid signature of its own binds {what}")


def revoked(held: Iterable[Held], kind: int, data: bytes, verifier: Verifier, binding: Held) -> bool:
    """Whether a true revocation is not older than the binding; of one second, the revocation counts."""
    made = binding[0].created
    return any(
        one.kind == kind and (one.created is None or made is None or one.created >= made) and one.verifies(verifier, data)
        for one, _ in held
    )  # fmt: skip


def refuse_expired(part: PublicKey, binding: Signature, at: datetime, what: str) -> None:
    """Refused for a part that begins later, or that its binding has let end; `what` stands before the words."""
    if part.created > at:
        raise Refused("begins in the future")
    end = binding.valid_for(sigs.KEY_EXPIRES, part.created)
    if end is not None and end <= at:
        raise Refused(f"{what}expired on {end.date()}", KeyState.EXPIRED)


def _refuse_unauthenticated(own: Iterable[Signature]) -> None:
    """A key whose holder is not known to read authenticated encryption would be sent what anybody may change on the way."""
    signatures = list(own)
    announced = [one.said(sigs.FEATURES) or b"\0" for one in signatures]
    ciphers = b"".join(one.said(sigs.CIPHERS) or b"" for one in signatures)
    if not any(one[:1] and one[0] & _AUTHENTICATED for one in announced) and not _AES & set(ciphers):
        raise Refused("was made by a program that announces no authenticated encryption")


def _part(key: Certificate, governs: Signature, verifier: Verifier, at: datetime) -> tuple[Packet, ...]:
    """The newest part for encryption that serves now: its packet, then what goes to the engine for it."""
    found: list[tuple[datetime, tuple[Packet, ...]]] = []
    refusals: list[Refused] = []
    if key.primary.encrypts and (governs.said(sigs.KEY_FLAGS) or b"\0")[0] & _ENCRYPTS:
        found.append((key.primary.created, (Packet(Tag.PUBLIC_KEY, key.primary.body),)))
    for one in key.subkeys:
        try:
            part = PublicKey.read(one.packet.body)
            binding = _subkey(key.primary, part, one, verifier, at)
        except (ValueError, UnsupportedAlgorithm, OverflowError):
            refusals.append(Refused("has a part that cannot be read"))
        except Refused as refused:
            refusals.append(refused)
        else:
            if binding is not None:
                found.append((part.created, (one.packet, one.packet, binding[1])))
    if found:
        return max(found, key=lambda each: each[0])[1]
    if not refusals:
        raise Refused("has no part for encryption, only for signing")
    # An end is the least of it: with another flaw beside it, renewing would not help.
    raise next((one for one in refusals if one.state is not KeyState.EXPIRED), refusals[0])


def _subkey(primary: PublicKey, part: PublicKey, held: Component, verifier: Verifier, at: datetime) -> Held | None:
    """The binding of a part for encryption; None for a part that has another use."""
    weak, data = part.weak, part.framed
    binding = newest(held.signatures, {sigs.SUBKEY_BINDING}, primary, data, verifier, at)
    if binding is None:
        raise _unbound(held.signatures, primary, at, "a part of it", {sigs.SUBKEY_BINDING})
    flags = binding[0].said(sigs.KEY_FLAGS)
    if flags is not None and not (flags[:1] and flags[0] & _ENCRYPTS):
        return None
    if weak:
        raise Refused(weak)
    if part.version != primary.version or not part.encrypts:
        if flags is None:
            return None
        raise Refused("has a part for encryption of a kind that is not supported")
    if revoked(held.signatures, sigs.SUBKEY_REVOCATION, primary.framed + data, verifier, binding):
        raise Refused("has a part for encryption that its owner revoked")
    refuse_expired(part, binding[0], at, "has a part for encryption that ")
    return binding


def _address(user: Packet) -> Address | None:
    """The one address of a user id, `Name <address>` or bare; None where there is none, or it could be read in two ways."""
    try:
        found = _MAILBOX.match(user.body.decode("utf-8"))
        return Address.parse(found.group(1) or found.group(2)) if found else None
    except (UnicodeDecodeError, InvalidAddress):
        return None

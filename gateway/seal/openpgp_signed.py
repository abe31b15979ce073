"""Mail that is signed by PGP/MIME, RFC 3156 5: one detached signature over one MIME entity, by the key on record for its author.

The entity counts byte for byte as it came, its line ends as CRLF: blanks at the end of a line are signed too (a signer
leaves none there, RFC 3156 5). One signature, in armour, with nothing beside it; whatever is anything else proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta

from gateway.seal import openpgp_signatures as sigs
from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.header_protection import canonical
from gateway.seal.openpgp_keys import PublicKey
from gateway.seal.openpgp_packets import Tag, dearmoured, packets
from gateway.seal.openpgp_signatures import Signature
from gateway.seal.openpgp_signers import SignerKey

_ARMOUR = re.compile(rb"\s*-----BEGIN PGP (SIGNATURE|MESSAGE)-----[ \t]*\r?\n.*-----END PGP \1-----\s*", re.DOTALL)
"""RFC 3156 5 itself shows a signature in the armour of a message."""
_LARGEST = 64 * 1024
_AHEAD = timedelta(hours=1)
"""By how much a signer's clock may be fast."""
_PIECE = 1024 * 1024


def check_detached(entity: bytes, part: bytes, micalg: str, key: SignerKey | None) -> Checked:
    """The verdict on the signature in `part` over `entity`; `micalg` is the root's label, empty for none. Never raises for
    what was sent. Good and weak are signatures by that key, and nobody else's.
    """
    if key is None or key.refused:
        return Checked(Verdict.UNKNOWN)
    try:
        bodies = _signatures(part)
    except ValueError:
        return _unknown("the signature part holds something else than a signature")
    if len(bodies) != 1:
        return _unknown("there is more than one signature")
    signature = Signature.read(bodies[0])
    if signature is None:
        return _unknown("the signature is of a version that is not read here")
    return _judged(signature, entity, micalg, key)


def _signatures(part: bytes) -> list[bytes]:
    """The signature packets of the part; ValueError for anything beside them."""
    found = _ARMOUR.fullmatch(part) if len(part) <= _LARGEST else None
    if found is None or part.count(b"-----BEGIN PGP ") != 1:
        raise ValueError("not one block of armour")
    inside = list(packets(dearmoured(part, found[1].decode("ascii"))))
    if not inside or any(one.tag != Tag.SIGNATURE for one in inside):
        raise ValueError("not a signature")
    return [one.body for one in inside]


def _judged(signature: Signature, entity: bytes, micalg: str, key: SignerKey) -> Checked:
    named = [one for one in _parts(key) if signature.may_be_by(one.key_id, one.fingerprint)]
    if not named:
        return _unknown("not signed by the key on record for the author")
    name = signature.hash_name
    if not name:
        return _unknown("signed over a hash that is broken, or not read here")
    if signature.kind not in sigs.DOCUMENTS or not signature.understood:
        return _unknown("the signature is of a kind that is not read here")
    digest = hashlib.new(name, usedforsecurity=False)
    for piece in canonical(_pieces(entity)):
        digest.update(piece)
    maker = next((one for one in named if signature.holds(one.verifier(), digest)), None)
    if maker is None and not signature.names_issuer:
        return _unknown("not signed by the key on record for the author")
    if maker is None:
        return Checked(Verdict.BAD, why="the content is not what was signed")
    why = _against(signature, maker, micalg, key)
    if why:
        return _unknown(why)
    return Checked(Verdict.WEAK if signature.weak else Verdict.GOOD)


def _against(signature: Signature, maker: PublicKey, micalg: str, key: SignerKey) -> str:
    """Why a signature that holds proves nothing all the same; empty if nothing speaks against it."""
    made = signature.created
    if made is None:
        return "the signature has no date"
    if made < maker.created:
        return "the signature is older than its key"
    if made > key.at + _AHEAD:
        return "the signature begins in the future"
    if not signature.in_force(max(key.at, made)):
        return "the signature has expired"
    if micalg and micalg.lower() != f"pgp-{signature.hash_name.replace('_', '-')}":
        return "the label names another hash than the signature"
    return ""


def _parts(key: SignerKey) -> list[PublicKey]:
    """What may sign, of what was judged of the key."""
    found = (PublicKey.read(one.body) for one in packets(key.usable) if one.tag in {Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY})
    return [one for one in found if one.fingerprint.hex() in key.parts]


def _pieces(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    return (bytes(view[at : at + _PIECE]) for at in range(0, len(data), _PIECE))


def _unknown(why: str) -> Checked:
    return Checked(Verdict.UNKNOWN, why=why)

"""The practice's own OpenPGP key: Ed25519 that certifies and signs, with a Curve25519 part that answers are encrypted to.

Signing happens here, in one pass over the content, so that no engine needs the secret, and no agent is started to hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.domain.protected import Protected
from gateway.mime.headers import checked, mailbox
from gateway.seal import openpgp_signatures as sigs
from gateway.seal.openpgp_keys import CURVE25519, ECDH, ED25519, EDDSA, PublicKey
from gateway.seal.openpgp_packets import Tag, dearmoured, mpi, packet, packets, read_mpis, streamed, subpacket
from gateway.seal.openpgp_signatures import Signing

_SECRET_TAGS = {Tag.SECRET_KEY: Tag.PUBLIC_KEY, Tag.SECRET_SUBKEY: Tag.PUBLIC_SUBKEY}
_KDF = bytes([3, 1, 8, 7])
"""SHA-256 and AES-128 key wrap, what RFC 9580 11.5 has for Curve25519."""
_CERTIFY_AND_SIGN, _ENCRYPT = b"\x03", b"\x0c"
_PREFERENCES = b"".join([
    subpacket(sigs.CIPHERS, bytes([9, 8, 7])), subpacket(21, bytes([10, 9, 8])), subpacket(22, b"\0"),
    subpacket(sigs.FEATURES, b"\x01"), subpacket(sigs.PRIMARY_USER, b"\x01"),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnKey:
    """The key that signs; `public` and `secret` are whole transferable keys, binary."""

    fingerprint: str
    created: datetime
    signer: Ed25519PrivateKey = field(repr=False)
    public: bytes = field(repr=False)
    secret: Protected[bytes]


def generate(name: str, address: Address, at: datetime) -> OwnKey:
    """A new key with the user id `name <address>`, made at that time."""
    signer, decryptor = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    user = checked(f"{name} <{mailbox(address)}>", "user id").encode()
    point = b"\x40" + signer.public_key().public_bytes_raw()
    primary = _body(at, EDDSA, _oid(ED25519) + mpi(point))
    part = _body(at, ECDH, _oid(CURVE25519) + mpi(b"\x40" + decryptor.public_key().public_bytes_raw()) + _KDF)
    key, subkey = PublicKey.read(primary), PublicKey.read(part)
    certified = _bound(
        0x13, signer, key, at, b"\xb4" + len(user).to_bytes(4, "big") + user,
        subpacket(sigs.KEY_FLAGS, _CERTIFY_AND_SIGN) + _PREFERENCES,
    )  # fmt: skip
    bound = _bound(sigs.SUBKEY_BINDING, signer, key, at, subkey.framed, subpacket(sigs.KEY_FLAGS, _ENCRYPT))
    scalar = bytearray(decryptor.private_bytes_raw()[::-1])
    scalar[0], scalar[-1] = scalar[0] & 0x7F | 0x40, scalar[-1] & 0xF8
    whole = b"".join([
        packet(Tag.SECRET_KEY, primary + _unlocked(signer.private_bytes_raw())), packet(Tag.USER_ID, user), certified,
        packet(Tag.SECRET_SUBKEY, part + _unlocked(bytes(scalar))), bound,
    ])  # fmt: skip
    return read(whole)


def read(data: bytes) -> OwnKey:
    """The key that `generate` made, armoured or binary; ValueError for anything else."""
    whole = dearmoured(data, "PRIVATE KEY BLOCK")
    public, signer, first = bytearray(), None, None
    for one in packets(whole):
        tag, body = one.tag, one.body
        if tag in _SECRET_TAGS:
            tag = _SECRET_TAGS[Tag(tag)]
            body, secret = _divided(body)
            if first is None:
                first = PublicKey.read(body)
                signer = Ed25519PrivateKey.from_private_bytes(secret)
        public += packet(tag, body)
    if first is None or signer is None or first.curve != ED25519:
        raise ValueError("is not an Ed25519 key of OpenPGP")
    if first.material[-32:] != signer.public_key().public_bytes_raw():
        raise ValueError("its secret half belongs to another key")
    return OwnKey(first.fingerprint.hex(), first.created, signer, bytes(public), Protected(whole))


def signed_message(chunks: Iterable[bytes], key: OwnKey, at: datetime) -> Iterator[bytes]:
    """A signed message, RFC 9580 10.3, binary, in bounded memory: one-pass signature, literal data, signature.

    SealingFailed, before the first byte, for a key that begins after `at`.
    """
    if key.created > at:
        raise SealingFailed("the practice's OpenPGP key begins in the future")
    signing = Signing(sigs.BINARY, key.signer.sign, bytes.fromhex(key.fingerprint), at)
    return _signed(chunks, signing)


def _signed(chunks: Iterable[bytes], signing: Signing) -> Iterator[bytes]:
    def content() -> Iterator[bytes]:
        yield b"b\0\0\0\0\0"  # binary, without a name, without a date (RFC 9580 5.9)
        for chunk in chunks:
            signing.update(chunk)
            yield chunk

    yield packet(Tag.ONE_PASS_SIGNATURE, signing.one_pass())
    yield from streamed(Tag.LITERAL, content())
    yield packet(Tag.SIGNATURE, signing.body())


def _body(at: datetime, algorithm: int, material: bytes) -> bytes:
    return bytes([4]) + int(at.timestamp()).to_bytes(4, "big") + bytes([algorithm]) + material


def _oid(curve: bytes) -> bytes:
    return bytes([len(curve)]) + curve


def _bound(kind: int, signer: Ed25519PrivateKey, key: PublicKey, at: datetime, data: bytes, extra: bytes) -> bytes:
    signing = Signing(kind, signer.sign, key.fingerprint, at, extra)
    signing.update(key.framed + data)
    return packet(Tag.SIGNATURE, signing.body())


def _unlocked(secret: bytes) -> bytes:
    """Secret material without a passphrase, RFC 9580 5.5.3: the file's mode protects it, as with every key here."""
    written = mpi(secret)
    return b"\0" + written + (sum(written) & 0xFFFF).to_bytes(2, "big")


def _divided(body: bytes) -> tuple[bytes, bytes]:
    """The public part of a secret key's body, and its secret number in 32 octets."""
    end = 7 + body[6]
    _, rest = read_mpis(body[end:], 1)
    if body[5] == ECDH:
        rest = rest[1 + rest[0] :]
    if body[0] != 4 or not rest or rest[0] != 0:
        raise ValueError("is locked by a passphrase, or of another kind than `sealgate init` makes")
    [number], tail = read_mpis(rest[1:], 1)
    if (sum(rest[1 : len(rest) - len(tail)]) & 0xFFFF).to_bytes(2, "big") != tail:
        raise ValueError("is damaged")
    return body[: len(body) - len(rest)], number.to_bytes(32, "big")

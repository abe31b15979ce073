"""Private keys of the practice's own: their kinds, how they are made, and what each of them can do.

A key in a token or a key service is of the same types (`gateway/seal/remote_keys.py`), so that whoever signs or reads with
one does not know where it lies.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.domain.errors import SealingFailed

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey | X25519PrivateKey
SigningPrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
SigningPublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey

_RSA_LEAST = 2048
_EXPONENT = 65537


class KeyAlgorithm(StrEnum):
    """What is made on request. RSA of 3072 bits is read by every mail program; ECDSA signs a hundred times as fast."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    ED25519 = "ed25519"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"


def make_key(algorithm: KeyAlgorithm) -> SigningPrivateKey:
    """A new key pair from the operating system's randomness."""
    match algorithm:
        case KeyAlgorithm.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyAlgorithm.EC_P384:
            return ec.generate_private_key(ec.SECP384R1())
        case KeyAlgorithm.ED25519:
            return Ed25519PrivateKey.generate()
        case KeyAlgorithm.RSA_3072:
            return rsa.generate_private_key(_EXPONENT, 3072)
        case KeyAlgorithm.RSA_4096:
            return rsa.generate_private_key(_EXPONENT, 4096)


def signing_hash(key: object) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash that certificates, requests and lists are signed with under this key; None where the scheme has its own."""
    if isinstance(key, (Ed25519PrivateKey, Ed25519PublicKey)):
        return None
    size = key.curve.key_size if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)) else 256
    return hashes.SHA256() if size <= 256 else hashes.SHA384() if size <= 384 else hashes.SHA512()


def can_sign(public: object) -> bool:
    """Whether keys of this kind and strength may sign."""
    if isinstance(public, rsa.RSAPublicKey):
        return public.key_size >= _RSA_LEAST
    if isinstance(public, ec.EllipticCurvePublicKey):
        return isinstance(public.curve, (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
    return isinstance(public, Ed25519PublicKey)


def key_id(public: object) -> str:
    """SHA-256 of the SubjectPublicKeyInfo in hex: the name of a key pair, whatever certificates it has."""
    return hashlib.sha256(spki(public)).hexdigest()


def spki(public: object) -> bytes:
    """The SubjectPublicKeyInfo, DER (RFC 5280 4.1.2.7)."""
    if not hasattr(public, "public_bytes"):
        raise SealingFailed("a public key has an unknown form")
    encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def pkcs8(key: PrivateKey) -> bytes:
    """PKCS #8 in DER without password, to be sealed or written to a private file."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

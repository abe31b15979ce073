"""Port: a private key that lies in a token or a key service and works there; it cannot be taken out.

`seal/remote_keys.py` gives it the types of `cryptography`, so that whoever signs mail, certificates, requests or revocation
lists with a key does not know where it lies.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Signing(StrEnum):
    """How a signature is made, RFC 8017 (PSS with MGF1 of the same hash and a salt as long as it), FIPS 186-5, RFC 8032."""

    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PKCS1_SHA384 = "rsa-pkcs1-sha384"
    RSA_PKCS1_SHA512 = "rsa-pkcs1-sha512"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    RSA_PSS_SHA384 = "rsa-pss-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"
    ED25519 = "ed25519"


class Transport(StrEnum):
    """How a content key was encrypted to RSA, RFC 8017 7."""

    PKCS1 = "pkcs1"
    OAEP_SHA1 = "oaep-sha1"
    OAEP_SHA256 = "oaep-sha256"


class SigningKey(Protocol):
    """One private key. Every method raises KeyUnreachable when the token or service does not answer, SealingFailed when it
    will never do what is asked.
    """

    def public_key(self) -> bytes:
        """Its public half as the token or service tells it: SubjectPublicKeyInfo, DER."""
        ...

    def sign(self, data: bytes, algorithm: Signing) -> bytes:
        """A signature over `data` (not its hash); of ECDSA the DER form (RFC 3279 2.2.3)."""
        ...

    def decrypt(self, ciphertext: bytes, transport: Transport) -> bytes:
        """RSA only: what was encrypted to it."""
        ...

    def agree(self, public: bytes) -> bytes:
        """EC only: the shared x-coordinate with that uncompressed point (SEC 1 2.3.3, 3.3.1)."""
        ...

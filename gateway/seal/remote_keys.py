"""Keys in tokens and key services with the types of `cryptography`: its builders and our CMS code sign with them as with any.

Only the schemes that the port names are passed on; another one is SealingFailed, never a weaker signature.
"""

from __future__ import annotations

from typing import NoReturn, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives._serialization import KeySerializationEncryption
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, load_der_public_key

from gateway.domain.errors import SealingFailed
from gateway.ports.signing import Signing, SigningKey, Transport
from gateway.seal.private_keys import SigningPrivateKey, can_sign


def private_key(remote: SigningKey) -> SigningPrivateKey:
    """The key as one of `cryptography`'s types."""
    public = load_der_public_key(remote.public_key())
    if not can_sign(public):
        raise SealingFailed("the key in the token or key service is too short, or of a kind that Sealgate does not use")
    if isinstance(public, rsa.RSAPublicKey):
        return RemoteRsaKey(remote, public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return RemoteEcKey(remote, public)
    if isinstance(public, Ed25519PublicKey):
        return RemoteEd25519Key(remote, public)
    raise SealingFailed("the key in the token or key service is of a kind that Sealgate does not use")


class _Stays:
    """What no key in a token gives."""

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,  # noqa: A002 - the interface's name
        encryption_algorithm: KeySerializationEncryption,
    ) -> bytes:
        """Refused."""
        del encoding, format, encryption_algorithm
        _stays()

    def private_bytes_raw(self) -> bytes:
        """Refused."""
        _stays()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[object, object]) -> Self:
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}([protected])"


class RemoteRsaKey(_Stays, rsa.RSAPrivateKey):
    """An RSA key elsewhere."""

    def __init__(self, remote: SigningKey, public: rsa.RSAPublicKey) -> None:
        self._remote, self._public = remote, public

    def public_key(self) -> rsa.RSAPublicKey:
        """Its public half."""
        return self._public

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public.key_size

    def sign(
        self,
        data: bytes,
        padding: padding.AsymmetricPadding,
        algorithm: utils.Prehashed | utils.NoDigestInfo | hashes.HashAlgorithm,
    ) -> bytes:
        """By PKCS #1 v1.5, or PSS with a salt as long as the hash."""
        return self._remote.sign(bytes(data), _of("rsa-pss" if _is_pss(padding, algorithm) else "rsa-pkcs1", algorithm))

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> bytes:
        """What was encrypted to it."""
        return self._remote.decrypt(bytes(ciphertext), _transport(padding))

    def private_numbers(self) -> rsa.RSAPrivateNumbers:
        """Refused."""
        _stays()


class RemoteEcKey(_Stays, ec.EllipticCurvePrivateKey):
    """A key on an elliptic curve elsewhere."""

    def __init__(self, remote: SigningKey, public: ec.EllipticCurvePublicKey) -> None:
        self._remote, self._public = remote, public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Its public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits of the curve's field."""
        return self._public.key_size

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]
        """By ECDSA."""
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise SealingFailed("a key in a token signs by ECDSA only")
        return self._remote.sign(bytes(data), _of("ecdsa", signature_algorithm.algorithm))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """The shared x-coordinate."""
        del algorithm
        if peer_public_key.curve.name != self.curve.name:
            raise ValueError("the peer's key lies on another curve")
        return self._remote.agree(peer_public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        """Refused."""
        _stays()


class RemoteEd25519Key(_Stays, Ed25519PrivateKey):
    """An Ed25519 key elsewhere."""

    def __init__(self, remote: SigningKey, public: Ed25519PublicKey) -> None:
        self._remote, self._public = remote, public

    def public_key(self) -> Ed25519PublicKey:
        """Its public half."""
        return self._public

    def sign(self, data: bytes) -> bytes:  # type: ignore[override]
        """By pure Ed25519, RFC 8032 5.1."""
        return self._remote.sign(bytes(data), Signing.ED25519)


def _of(scheme: str, algorithm: object) -> Signing:
    name = algorithm.name if isinstance(algorithm, hashes.HashAlgorithm) else "prehashed"
    try:
        return Signing(f"{scheme}-{name}")
    except ValueError:
        raise SealingFailed(f"a key in a token does not sign by {scheme} with {name}") from None


def _is_pss(scheme: padding.AsymmetricPadding, algorithm: object) -> bool:
    if isinstance(scheme, padding.PKCS1v15):
        return False
    length = scheme._salt_length if isinstance(scheme, padding.PSS) else None  # noqa: SLF001 - no other way to learn it
    whole = algorithm.digest_size if isinstance(algorithm, hashes.HashAlgorithm) else None
    if length is None or (length is not padding.PSS.DIGEST_LENGTH and length != whole):
        raise SealingFailed("a key in a token signs by PKCS #1 v1.5, or by PSS with a salt as long as the hash")
    return True


def _transport(scheme: padding.AsymmetricPadding) -> Transport:
    if isinstance(scheme, padding.PKCS1v15):
        return Transport.PKCS1
    mgf = scheme.mgf if isinstance(scheme, padding.OAEP) else None
    inner = scheme.algorithm if isinstance(scheme, padding.OAEP) else None
    same = isinstance(mgf, padding.MGF1) and inner is not None and mgf._algorithm.name == inner.name  # noqa: SLF001
    if not same or inner is None or inner.name not in {"sha1", "sha256"} or scheme._label:  # type: ignore[attr-defined]  # noqa: SLF001
        raise SealingFailed(
            "a key in a token opens PKCS #1 v1.5, or OAEP with SHA-1 or SHA-256 throughout and no label"
        )
    return Transport(f"oaep-{inner.name}")


def _stays() -> NoReturn:
    raise SealingFailed("a key in a token or key service cannot be taken out")

"""The content key, by one of our own private keys: RFC 5652 6.2, RFC 4055 (OAEP), RFC 5753 (ECDH), RFC 8418 (X25519, HKDF).

RSA PKCS#1 v1.5 is no oracle: a bad padding gives random bytes (the library's implicit rejection), and a key of the wrong
length is replaced by a random one, so that it ends where a wrong key ends: the content does not open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from gateway.domain.errors import MalformedMail
from gateway.seal.ber import CONSTRUCTED, OCTET_STRING, SEQUENCE, Ber
from gateway.seal.cms_read import Agreement, Algorithm, KeyHolder, Transport, algorithm_of
from gateway.seal.cms_types import tlv
from gateway.seal.smime_envelope import Random

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey
_RSA, _OAEP, _MGF1, _P_SPECIFIED = (
    "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7", "1.2.840.113549.1.1.8", "1.2.840.113549.1.1.9",
)  # fmt: skip
HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "1.3.14.3.2.26": hashes.SHA1,
    "2.16.840.1.101.3.4.2.4": hashes.SHA224,
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
_X963: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    # dhSinglePass-stdDH, and -cofactorDH, which is the same on curves of cofactor 1 (RFC 5753 7.1.4)
    "1.3.133.16.840.63.0.2": hashes.SHA1, "1.3.133.16.840.63.0.3": hashes.SHA1,
    "1.3.132.1.11.0": hashes.SHA224, "1.3.132.1.14.0": hashes.SHA224,
    "1.3.132.1.11.1": hashes.SHA256, "1.3.132.1.14.1": hashes.SHA256,
    "1.3.132.1.11.2": hashes.SHA384, "1.3.132.1.14.2": hashes.SHA384,
    "1.3.132.1.11.3": hashes.SHA512, "1.3.132.1.14.3": hashes.SHA512,
}  # fmt: skip
_HKDF: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "1.2.840.113549.1.9.16.3.19": hashes.SHA256,
    "1.2.840.113549.1.9.16.3.20": hashes.SHA384,
    "1.2.840.113549.1.9.16.3.21": hashes.SHA512,
}
_WRAPS = {"2.16.840.1.101.3.4.1.5": 16, "2.16.840.1.101.3.4.1.25": 24, "2.16.840.1.101.3.4.1.45": 32}
"""AES key wrap by the size of its key in bytes."""
_NULL = b"\x05\x00"
_SHA1 = "1.3.14.3.2.26"


class Unsupported(MalformedMail):
    """An algorithm, or a parameter of one, that is not read here."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A certificate of ours with its private key, which may live in hardware behind the same methods."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    def is_named(self, holder: KeyHolder) -> bool:
        """Whether that is this certificate: by key identifier, or by serial number and issuer."""
        if holder.key_id:
            return holder.key_id in self._identifiers()
        return holder.serial == self.certificate.serial_number and _same_name(holder.issuer, self.certificate.issuer)

    def _identifiers(self) -> Iterator[bytes]:
        try:
            yield self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except (x509.ExtensionNotFound, ValueError):
            yield x509.SubjectKeyIdentifier.from_public_key(self.certificate.public_key()).digest


def content_key(info: Transport | Agreement, own: OwnKey, size: int, random: Random) -> bytes:
    """The content key of `size` bytes. A wrong one where the wrap does not hold: which, only the content tells.

    Raises Unsupported for algorithms that are not read here, MalformedMail for a key that cannot be one.
    """
    try:
        if isinstance(info, Transport):
            if not isinstance(own.key, rsa.RSAPrivateKey):
                raise Unsupported("a key transport to a key that is not RSA")
            key = _transported(info, own.key)
        else:
            key = _agreed(info, own.key)
    except (ValueError, keywrap.InvalidUnwrap, UnsupportedAlgorithm):
        key = b""
    other = random(size)
    return key if len(key) == size else other


def _transported(info: Transport, key: rsa.RSAPrivateKey) -> bytes:
    if info.algorithm.oid == _RSA:
        return key.decrypt(info.encrypted_key, padding.PKCS1v15())
    if info.algorithm.oid == _OAEP:
        return key.decrypt(info.encrypted_key, _oaep(info.algorithm.parameters))
    raise Unsupported("a key transport that is not read here")


def _oaep(parameters: bytes) -> padding.OAEP:
    """RSAES-OAEP-params, RFC 4055 4.1: everything has a default, which is SHA-1 and no label."""
    digest = mask = HASHES[_SHA1]()
    label = b""
    found: dict[int, bytes] = {}
    if parameters and parameters != _NULL:
        ber = Ber(parameters)
        for one in ber.children(ber.first(), 3):
            inside = ber.children(one, 1)
            found[one.tag] = ber.raw(inside[0]) if inside else b""
    digest = hash_of(algorithm_of(found[0xA0])) if 0xA0 in found else digest
    if 0xA1 in found:
        generator = algorithm_of(found[0xA1])
        if generator.oid != _MGF1:
            raise Unsupported("a mask generation that is not MGF1")
        mask = hash_of(algorithm_of(generator.parameters)) if generator.parameters else mask
    if 0xA2 in found:
        source = algorithm_of(found[0xA2])
        if source.oid != _P_SPECIFIED:
            raise Unsupported("a label source that is not read here")
        label = _octets(source.parameters)
    return padding.OAEP(padding.MGF1(mask), digest, label or None)


def hash_of(algorithm: Algorithm) -> hashes.HashAlgorithm:
    """The hash that an AlgorithmIdentifier names; Unsupported for one that is not read here (MD5 among them)."""
    made = HASHES.get(algorithm.oid)
    if made is None:
        raise Unsupported("a hash that is not read here")
    return made()


def _agreed(info: Agreement, key: PrivateKey) -> bytes:
    if not info.algorithm.parameters:
        raise MalformedMail("a key agreement without its key wrap")
    wrap = algorithm_of(info.algorithm.parameters)
    size = _WRAPS.get(wrap.oid)
    if size is None:
        raise Unsupported("a key wrap that is not read here")
    secret = _secret(info, key)
    for name in dict.fromkeys((wrap.raw, _named(wrap, b""), _named(wrap, _NULL))):
        # Senders differ on whether the wrap's name has NULL parameters in what the derivation is bound to.
        try:
            return keywrap.aes_key_unwrap(_derived(info, secret, name, size), info.encrypted_key)
        except keywrap.InvalidUnwrap:
            continue
    return b""


def _secret(info: Agreement, key: PrivateKey) -> bytes:
    if isinstance(key, x25519.X25519PrivateKey):
        return key.exchange(x25519.X25519PublicKey.from_public_bytes(info.point))
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unsupported("a key agreement with a key that is not for it")
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(key.curve, info.point))


def _derived(info: Agreement, secret: bytes, wrap: bytes, size: int) -> bytes:
    """RFC 5753 7.2: bound to the wrap's name, the sender's salt and the key's size in bits."""
    salt = tlv(0xA0, tlv(OCTET_STRING, info.ukm)) if info.ukm is not None else b""
    shared = tlv(SEQUENCE, wrap + salt + tlv(0xA2, tlv(OCTET_STRING, (size * 8).to_bytes(4, "big"))))
    if info.algorithm.oid in _X963:
        return X963KDF(_X963[info.algorithm.oid](), size, shared).derive(secret)
    if info.algorithm.oid in _HKDF:
        return HKDF(_HKDF[info.algorithm.oid](), size, None, shared).derive(secret)
    raise Unsupported("a key agreement that is not read here")


def _named(wrap: Algorithm, parameters: bytes) -> bytes:
    ber = Ber(wrap.raw)
    return tlv(SEQUENCE, ber.raw(ber.children(ber.first())[0]) + parameters)


def _octets(der: bytes) -> bytes:
    ber = Ber(der)
    value = ber.first()
    if value.tag & ~CONSTRUCTED != OCTET_STRING:
        raise MalformedMail("a parameter that is no string")
    return ber.octets(value)


def _same_name(der: bytes, name: x509.Name) -> bool:
    """By the bytes, or by the text of each member where the writer chose other string types."""
    return der == name.public_bytes() or _texts(der) == [
        (part.oid.dotted_string, str(part.value)) for part in name
    ]  # fmt: skip


def _texts(der: bytes) -> list[tuple[str, str]]:
    ber = Ber(der)
    found = []
    for rdn in ber.children(ber.first()):
        for one in ber.children(rdn, 16):
            kind, value = ber.children(one, 2)
            wide = "utf-16-be" if value.tag == 0x1E else "utf-8"
            found.append((algorithm_name(ber.raw(kind)), ber.content(value).decode(wide, "replace")))
    return found


def algorithm_name(der: bytes) -> str:
    """The dotted form of an OID in DER."""
    return algorithm_of(tlv(SEQUENCE, der)).oid

"""OpenPGP public keys as values, RFC 9580 5.5 and 10.1: what a key holds, told apart but not yet believed.

Version 4 is the only one that every program of today reads; other versions are taken apart no further than to say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.seal.openpgp_packets import Packet, Tag, dearmoured, packets, read_mpis
from gateway.seal.openpgp_signatures import Signature, Verifier

RSA, RSA_ENCRYPT, RSA_SIGN, ELGAMAL, DSA, ECDH, ECDSA, EDDSA = 1, 2, 3, 16, 17, 18, 19, 22
"""Public-key algorithms, RFC 9580 9.1."""
ED25519, CURVE25519 = bytes.fromhex("2b06010401da470f01"), bytes.fromhex("2b060104019755010501")
_CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1(), bytes.fromhex("2b81040022"): ec.SECP384R1(),
    bytes.fromhex("2b81040023"): ec.SECP521R1(), bytes.fromhex("2b2403030208010107"): ec.BrainpoolP256R1(),
    bytes.fromhex("2b240303020801010b"): ec.BrainpoolP384R1(), bytes.fromhex("2b240303020801010d"): ec.BrainpoolP512R1(),
}  # fmt: skip
LARGEST = 1024 * 1024
_RSA_BITS, _EXPONENT_BITS = 8192, 33
"""Beyond them a single signature takes milliseconds to verify, and a stranger's key may hold thousands."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A primary key or subkey."""

    body: bytes = field(repr=False)
    version: int
    created: datetime
    algorithm: int
    material: bytes = field(repr=False)

    @classmethod
    def read(cls, body: bytes) -> PublicKey:
        """A key packet's body; ValueError when it is cut off."""
        if len(body) < 6:
            raise ValueError("an OpenPGP key is cut off")
        created = datetime.fromtimestamp(int.from_bytes(body[1:5], "big"), UTC)
        return cls(body, body[0], created, body[5], body[6:])

    @property
    def framed(self) -> bytes:
        """What is hashed of it in fingerprints and signatures, RFC 9580 5.2.4."""
        return b"\x99" + len(self.body).to_bytes(2, "big") + self.body

    @property
    def fingerprint(self) -> bytes:
        """Of a version 4 key, RFC 9580 5.5.4.2; SHA-1 names the key there, it protects nothing."""
        return hashlib.sha1(self.framed, usedforsecurity=False).digest()

    @property
    def key_id(self) -> bytes:
        """The last eight octets of the fingerprint."""
        return self.fingerprint[-8:]

    @property
    def curve(self) -> bytes:
        """The OID of an elliptic curve key."""
        return self.material[1 : 1 + self.material[0]] if self.material else b""

    @property
    def encrypts(self) -> bool:
        """Whether one can encrypt to a key of this algorithm and curve."""
        return self.algorithm in {RSA, RSA_ENCRYPT} or (
            self.algorithm == ECDH and (self.curve == CURVE25519 or self.curve in _CURVES)
        )

    @property
    def weak(self) -> str:
        """Why nobody should rely on it; empty where one may."""
        if self.algorithm in {RSA, RSA_ENCRYPT, RSA_SIGN}:
            modulus, exponent = (one.bit_length() for one in read_mpis(self.material, 2)[0])
            if modulus > _RSA_BITS or exponent > _EXPONENT_BITS:
                return "has an RSA part of a size that nobody uses"
            return "" if modulus >= 2048 else f"has an RSA part of only {modulus} bits"
        return {ELGAMAL: "has an ElGamal part", DSA: "rests on DSA"}.get(self.algorithm, "")

    def verifier(self) -> Verifier | None:
        """What verifies signatures by this key; None for an algorithm that is not known here. ValueError if it is broken."""
        if self.algorithm in {RSA, RSA_SIGN}:
            (modulus, exponent), _ = read_mpis(self.material, 2)
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        if self.algorithm not in {EDDSA, ECDSA}:
            return None
        [point], _ = read_mpis(self.material[1 + self.material[0] :], 1)
        octets = point.to_bytes((point.bit_length() + 7) // 8, "big")
        if self.algorithm == EDDSA:
            return Ed25519PublicKey.from_public_bytes(octets[1:]) if self.curve == ED25519 else None
        curve = _CURVES.get(self.curve)
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, octets) if curve is not None else None


@dataclass(slots=True)
class Component:
    """A user id or subkey with the signatures behind it."""

    packet: Packet
    signatures: list[tuple[Signature, Packet]] = field(default_factory=list)


@dataclass(slots=True)
class Certificate:
    """A transferable public key as it was given: nothing of it is verified yet."""

    primary: PublicKey
    direct: list[tuple[Signature, Packet]] = field(default_factory=list)
    users: list[Component] = field(default_factory=list)
    subkeys: list[Component] = field(default_factory=list)
    whole: bytes = field(default=b"", repr=False)

    @property
    def fingerprint(self) -> str:
        """Of the primary key, in lower-case hex."""
        return self.primary.fingerprint.hex()

    @property
    def user_ids(self) -> list[str]:
        """What stands in its user ids, as people wrote it."""
        return [one.packet.body.decode("utf-8", "replace") for one in self.users]


def read_certificates(data: bytes) -> list[Certificate]:
    """Every public key of a file, armoured or binary; ValueError when it holds none, or something else.

    A secret key is refused: nobody's secret belongs here.
    """
    if len(data) > LARGEST:
        raise ValueError("a file of OpenPGP keys has at most 1 MiB")
    found = _grouped(packets(dearmoured(data, "PUBLIC KEY BLOCK")))
    if not found:
        raise ValueError("holds no OpenPGP public key")
    return found


def _grouped(all_packets: Iterable[Packet]) -> list[Certificate]:
    found: list[Certificate] = []
    component: Component | None = None
    for one in all_packets:
        if one.tag in {Tag.SECRET_KEY, Tag.SECRET_SUBKEY}:
            raise ValueError("holds a secret key; export the public key only")
        if one.tag == Tag.PUBLIC_KEY:
            found.append(Certificate(PublicKey.read(one.body)))
            component = None
        elif not found:
            raise ValueError("does not begin with an OpenPGP public key")
        elif one.tag in {Tag.USER_ID, Tag.PUBLIC_SUBKEY, Tag.USER_ATTRIBUTE}:
            component = Component(one)
            if one.tag == Tag.USER_ID:
                found[-1].users.append(component)
            elif one.tag == Tag.PUBLIC_SUBKEY:
                found[-1].subkeys.append(component)
        elif one.tag == Tag.SIGNATURE:
            signature = Signature.read(one.body)
            if signature is not None:  # of another version, or unreadable: it proves nothing
                (found[-1].direct if component is None else component.signatures).append((signature, one))
        found[-1].whole += one.written()
    return found

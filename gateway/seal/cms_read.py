"""CMS as others write it, taken apart: RFC 5652 (SignedData, EnvelopedData), RFC 5083 (AuthEnvelopedData), RFC 5753.

Structure only: nothing is decrypted or verified here. What cannot be read is MalformedMail. This reader stands beside
cms_types because foreign CMS is BER: strings cut up, lengths indefinite, sets in any order, none of which DER types take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from gateway.domain.errors import MalformedMail
from gateway.seal.ber import BIT_STRING, CONSTRUCTED, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Ber, Value

DATA = "1.2.840.113549.1.7.1"
SIGNED, ENVELOPED = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3"
AUTH_ENVELOPED, COMPRESSED = "1.2.840.113549.1.9.16.1.23", "1.2.840.113549.1.9.16.1.9"
_MOST_RECIPIENTS, _MOST_CERTIFICATES, _MOST_SIGNERS = 1000, 64, 16
_C0, _C1, _C2 = 0xA0, 0xA1, 0xA2
"""Context tags, constructed."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: `parameters` is the whole value, empty where absent; `raw` the whole identifier."""

    oid: str
    parameters: bytes = field(default=b"", repr=False)
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """How a certificate is named: by its issuer's name in DER and its serial number, or by its subject key identifier."""

    issuer: bytes = field(default=b"", repr=False)
    serial: int = -1
    key_id: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Transport:
    """KeyTransRecipientInfo, RFC 5652 6.2.1."""

    holder: KeyHolder
    algorithm: Algorithm
    encrypted_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Agreement:
    """KeyAgreeRecipientInfo for one of its recipients, RFC 5652 6.2.2, with an ephemeral originator key."""

    holder: KeyHolder
    originator: Algorithm
    point: bytes = field(repr=False)
    ukm: bytes | None = field(repr=False)
    algorithm: Algorithm
    encrypted_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enveloped:
    """EnvelopedData, or AuthEnvelopedData where `mac` is not empty; `attributes` is what is authenticated beside it, DER."""

    recipients: tuple[Transport | Agreement, ...] = field(repr=False)
    content_type: str
    algorithm: Algorithm
    content: bytes = field(repr=False)
    attributes: bytes = field(default=b"", repr=False)
    mac: bytes = field(default=b"", repr=False)
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """RFC 5652 5.3. `attributes` maps a type to the first of its values, each as a whole value; `signed` is the SET in bytes."""

    holder: KeyHolder
    digest: Algorithm
    algorithm: Algorithm
    signature: bytes = field(repr=False)
    signed: bytes = field(default=b"", repr=False)
    sorted_signed: bytes = field(default=b"", repr=False)
    attributes: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def attribute(self, oid: str) -> bytes:
        """The one value of a signed attribute; empty where it is absent, MalformedMail where it stands there twice."""
        found = [value for name, value in self.attributes if name == oid]
        if len(found) > 1:
            raise MalformedMail("a signed attribute stands there twice")
        return found[0] if found else b""


@dataclass(frozen=True, slots=True)
class Signed:
    """SignedData, RFC 5652 5.1; `content` None for a detached signature."""

    content_type: str
    content: bytes | None = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    signers: tuple[SignerInfo, ...] = field(repr=False)


def read_cms(data: bytes) -> Enveloped | Signed | str:
    """A ContentInfo; the content type's OID alone where it is one that is not read here. MalformedMail, never another error."""
    ber = Ber(data)
    kind, content = _two(ber, _tagged(ber.first(), SEQUENCE))
    oid = _oid(ber, kind)
    if oid not in {SIGNED, ENVELOPED, AUTH_ENVELOPED}:
        return oid
    inside = _only(ber, _tagged(content, _C0))
    if oid == SIGNED:
        return _signed(ber, inside)
    return _enveloped(ber, inside, authenticated=oid == AUTH_ENVELOPED)


def decode_oid(value: bytes) -> str:
    """The dotted form of one OBJECT IDENTIFIER in DER."""
    try:
        return asn1.decode_der(ObjectIdentifier, value).dotted_string
    except (ValueError, OverflowError) as error:
        raise MalformedMail("an object identifier that is none") from error


_known = lru_cache(maxsize=256)(decode_oid)


class _Fields:
    """The members of a SEQUENCE, taken one after the other; optional ones by their tag."""

    def __init__(self, ber: Ber, value: Value) -> None:
        self._rest = ber.children(_tagged(value, SEQUENCE))
        self._rest.reverse()

    def take(self, *tags: int) -> Value:
        """The next member, which must have one of these tags, if any are given."""
        if not self._rest or (tags and self._rest[-1].tag not in tags):
            raise MalformedMail("a member is missing")
        return self._rest.pop()

    def maybe(self, *tags: int) -> Value | None:
        """The next member if it has one of these tags."""
        return self._rest.pop() if self._rest and self._rest[-1].tag in tags else None


def _enveloped(ber: Ber, value: Value, *, authenticated: bool) -> Enveloped:
    fields = _Fields(ber, value)
    fields.take(INTEGER)
    fields.maybe(_C0)  # originatorInfo
    infos = ber.children(fields.take(SET), _MOST_RECIPIENTS)
    content = _Fields(ber, fields.take(SEQUENCE))
    oid, algorithm = _oid(ber, content.take(OID)), _algorithm(ber, content.take(SEQUENCE))
    encrypted = ber.octets(content.take(0x80, _C0))
    attributes, mac = b"", b""
    if authenticated:
        attrs = fields.maybe(_C1)
        # The tag of the SET goes under the MAC, not [1] (RFC 5083 2.2).
        attributes = b"\x31" + ber.raw(attrs)[1:] if attrs is not None else b""
        mac = ber.octets(fields.take(OCTET_STRING, OCTET_STRING | CONSTRUCTED))
    recipients = tuple(one for info in infos for one in _recipient(ber, info))
    return Enveloped(recipients, oid, algorithm, encrypted, attributes, mac, authenticated)


def _recipient(ber: Ber, info: Value) -> Iterator[Transport | Agreement]:
    """Kinds that are not for certificates (passwords, shared keys, KEM) have nobody here who could open them."""
    if info.tag == SEQUENCE:
        fields = _Fields(ber, info)
        fields.take(INTEGER)
        holder, algorithm = _holder(ber, fields.take(SEQUENCE, 0x80, _C0)), _algorithm(ber, fields.take(SEQUENCE))
        yield Transport(holder, algorithm, ber.octets(fields.take(OCTET_STRING, OCTET_STRING | CONSTRUCTED)))
    elif info.tag == _C1:
        yield from _agreement(ber, info)


def _agreement(ber: Ber, info: Value) -> Iterator[Agreement]:
    fields = _Fields(ber, Value(SEQUENCE, info.start, info.body, info.end, info.stop))
    fields.take(INTEGER)
    originator = _only(ber, fields.take(_C0))
    if originator.tag != _C1:
        return  # a static originator's certificate: nobody writes that for mail
    key = _Fields(ber, Value(SEQUENCE, originator.start, originator.body, originator.end, originator.stop))
    kind, point = _algorithm(ber, key.take(SEQUENCE)), ber.content(key.take(BIT_STRING))
    ukm = fields.maybe(_C1)
    algorithm = _algorithm(ber, fields.take(SEQUENCE))
    for one in ber.children(fields.take(SEQUENCE), _MOST_RECIPIENTS):
        each = _Fields(ber, one)
        rid = each.take(SEQUENCE, _C0)
        # rKeyId [0] is a SEQUENCE that begins with the key identifier.
        holder = (
            _holder(ber, rid) if rid.tag == SEQUENCE else KeyHolder(key_id=ber.octets(ber.children(rid)[0]))
            if ber.children(rid) else KeyHolder()
        )  # fmt: skip
        sealed = ber.octets(each.take(OCTET_STRING, OCTET_STRING | CONSTRUCTED))
        salt = ber.octets(_only(ber, ukm)) if ukm is not None else None
        yield Agreement(holder, kind, point[1:], salt, algorithm, sealed)


def _signed(ber: Ber, value: Value) -> Signed:
    fields = _Fields(ber, value)
    fields.take(INTEGER)
    fields.take(SET)
    inside = _Fields(ber, fields.take(SEQUENCE))
    oid, content = _oid(ber, inside.take(OID)), inside.maybe(_C0)
    certificates = fields.maybe(_C0)
    fields.maybe(_C1)  # revocation lists come from where we look for them
    signers = ber.children(fields.take(SET), _MOST_SIGNERS)
    found = ber.children(certificates, _MOST_CERTIFICATES) if certificates is not None else []
    return Signed(
        oid, ber.octets(_only(ber, content)) if content is not None else None,
        tuple(ber.raw(one) for one in found if one.tag == SEQUENCE), tuple(_signer(ber, one) for one in signers),
    )  # fmt: skip


def _signer(ber: Ber, value: Value) -> SignerInfo:
    fields = _Fields(ber, value)
    fields.take(INTEGER)
    holder, digest = _holder(ber, fields.take(SEQUENCE, 0x80, _C0)), _algorithm(ber, fields.take(SEQUENCE))
    attributes = fields.maybe(_C0)
    algorithm = _algorithm(ber, fields.take(SEQUENCE))
    signature = ber.octets(fields.take(OCTET_STRING, OCTET_STRING | CONSTRUCTED))
    if attributes is None:
        return SignerInfo(holder, digest, algorithm, signature)
    each = ber.children(attributes, 64)
    named = []
    for one in each:
        kind, values = _two(ber, _tagged(one, SEQUENCE))
        inside = ber.children(_tagged(values, SET), 64)
        if len(inside) == 1:
            named.append((_oid(ber, kind), ber.raw(inside[0])))
    encoded = [ber.raw(one) for one in each]
    return SignerInfo(
        holder, digest, algorithm, signature, _set(encoded), _set(sorted(encoded)), tuple(named)
    )  # fmt: skip


def _holder(ber: Ber, value: Value) -> KeyHolder:
    if value.tag != SEQUENCE:
        return KeyHolder(key_id=ber.octets(value))
    issuer, serial = _two(ber, value)
    return KeyHolder(ber.raw(issuer), int.from_bytes(ber.content(_tagged(serial, INTEGER)), "big", signed=True))


def algorithm_of(der: bytes) -> Algorithm:
    """An AlgorithmIdentifier that stands alone, such as a parameter of another."""
    ber = Ber(der)
    return _algorithm(ber, ber.first())


def _algorithm(ber: Ber, value: Value) -> Algorithm:
    members = ber.children(_tagged(value, SEQUENCE), 2)
    if not members:
        raise MalformedMail("an algorithm without a name")
    return Algorithm(_oid(ber, members[0]), ber.raw(members[1]) if len(members) > 1 else b"", ber.raw(value))


def _oid(ber: Ber, value: Value) -> str:
    raw = ber.raw(_tagged(value, OID))
    return _known(raw) if len(raw) < 32 else decode_oid(raw)


def _set(members: Sequence[bytes]) -> bytes:
    body = b"".join(members)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return b"\x31" + (bytes([len(body)]) if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def _tagged(value: Value, tag: int) -> Value:
    if value.tag != tag:
        raise MalformedMail("a value is of another kind than its place asks for")
    return value


def _only(ber: Ber, value: Value) -> Value:
    inside = ber.children(value, 2)
    if len(inside) != 1:
        raise MalformedMail("a value should have one other inside")
    return inside[0]


def _two(ber: Ber, value: Value) -> tuple[Value, Value]:
    inside = ber.children(value)
    if len(inside) != 2:
        raise MalformedMail("a value should have two others inside")
    return inside[0], inside[1]

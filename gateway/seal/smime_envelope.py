"""EnvelopedData, RFC 5652 6, streamed: DER for what is small, a BER shell of indefinite length round the content.

Content encryption is a table, so that AES-256-GCM (AuthEnvelopedData) can come beside AES-256-CBC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from gateway.seal import cms_types as cms
from gateway.seal.smime_recipients import KeyTransport, recipient_infos

Random = Callable[[int], bytes]
"""Gives that many random bytes."""

_SEQUENCE, _CONTEXT_0 = b"\x30\x80", b"\xa0\x80"
_END = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class ContentEncryption:
    """One row of the table: the OID, key and IV sizes in bytes, and the encryptor; the IV is the OID's parameter."""

    oid: x509.ObjectIdentifier
    key_size: int
    iv_size: int
    encryptor: Callable[[bytes, bytes], CipherContext]


def _aes_cbc(key: bytes, iv: bytes) -> CipherContext:
    return Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()


AES_256_CBC = "aes-256-cbc"
CONTENT_ENCRYPTION: Mapping[str, ContentEncryption] = {
    AES_256_CBC: ContentEncryption(cms.ID_AES256_CBC, 32, 16, _aes_cbc)
}


def envelop(
    chunks: Iterable[bytes],
    recipients: Sequence[x509.Certificate],
    *,
    random: Random,
    transport: KeyTransport = KeyTransport.PKCS1,
    content: str = AES_256_CBC,
) -> Iterator[bytes]:
    """The ContentInfo of EnvelopedData over `chunks`, in bounded memory; SealingFailed before the first byte."""
    form = CONTENT_ENCRYPTION[content]
    key, iv = random(form.key_size), random(form.iv_size)
    version, infos = recipient_infos(recipients, key, transport)
    head = b"".join([
        _SEQUENCE, asn1.encode_der(cms.ID_ENVELOPED_DATA), _CONTEXT_0,
        _SEQUENCE, asn1.encode_der(version), tlv(0x31, b"".join(infos)),
        _SEQUENCE, asn1.encode_der(cms.ID_DATA), cms.der(cms.algorithm(form.oid, asn1.encode_der(iv))), _CONTEXT_0,
    ])  # fmt: skip
    return _shell(head, form.encryptor(key, iv), chunks)


def _shell(head: bytes, encryptor: CipherContext, chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    padder = padding.PKCS7(128).padder()
    for chunk in chunks:
        sealed = encryptor.update(padder.update(chunk))
        if sealed:
            yield tlv(0x04, sealed)
    yield tlv(0x04, encryptor.update(padder.finalize()) + encryptor.finalize())
    yield _END * 5


def tlv(tag: int, value: bytes) -> bytes:
    """One DER value of definite length."""
    size = len(value)
    if size < 128:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value

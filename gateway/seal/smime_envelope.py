"""EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083), streamed: DER for what is small, a BER shell of indefinite
length round the content.

Content encryption is a table: AES-256-CBC, which every reader opens and which does not say whether it was changed (so
the signature lies inside), and AES-256-GCM (RFC 5084), for readers that are known to take it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext, Cipher, CipherContext, algorithms, modes

from gateway.domain.errors import SealingFailed
from gateway.seal import cms_types as cms
from gateway.seal.smime_recipients import KeyTransport, is_ml_kem, recipient_infos

Random = Callable[[int], bytes]
"""Gives that many random bytes."""

AES_256_CBC = "aes-256-cbc"
AES_256_GCM = "aes-256-gcm"
_SEQUENCE, _CONTEXT_0 = b"\x30\x80", b"\xa0\x80"
_END = b"\x00\x00"
_BLOCK, _TAG = 16, 16
_PIECE = 64 * 1024
"""Bytes that are encrypted at once, at least, while there are so many: small content is one piece."""


class _Encryptor(Protocol):
    def update(self, data: bytes) -> bytes: ...

    def finalize(self) -> bytes: ...

    def mac(self) -> bytes:
        """The authentication tag, after `finalize`; empty where the form has none."""
        ...


class _Cbc:
    """AES-256-CBC with the padding of RFC 5652 6.3: as many bytes as are missing from a block, each of that value."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._cipher: CipherContext = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
        self._size = 0

    def update(self, data: bytes) -> bytes:
        self._size += len(data)
        return self._cipher.update(data)

    def finalize(self) -> bytes:
        missing = _BLOCK - self._size % _BLOCK
        return self._cipher.update(bytes([missing]) * missing) + self._cipher.finalize()

    def mac(self) -> bytes:
        return b""


class _Gcm:
    """AES-256-GCM without associated data: there are no authAttrs, which RFC 5083 2.1 allows for id-data."""

    def __init__(self, key: bytes, nonce: bytes) -> None:
        self._cipher: AEADEncryptionContext = Cipher(algorithms.AES256(key), modes.GCM(nonce)).encryptor()

    def update(self, data: bytes) -> bytes:
        return self._cipher.update(data)

    def finalize(self) -> bytes:
        return self._cipher.finalize()

    def mac(self) -> bytes:
        return self._cipher.tag


@dataclass(frozen=True, slots=True)
class ContentEncryption:
    """One row of the table: content type round it in DER, smime-type (RFC 8551 3.2.2), the algorithm in DER by its IV, IV
    size in bytes, encryptor.
    """

    content_type: bytes
    smime_type: str
    algorithm: Callable[[bytes], bytes]
    iv_size: int
    encryptor: Callable[[bytes, bytes], _Encryptor]


def _cbc_algorithm(iv: bytes) -> bytes:
    """AlgorithmIdentifier, RFC 3565 4.1."""
    return cms.tlv(0x30, _CBC_OID + cms.tlv(0x04, iv))


def _gcm_algorithm(nonce: bytes) -> bytes:
    """AlgorithmIdentifier with GCMParameters, RFC 5084 3.2."""
    return cms.tlv(0x30, _GCM_OID + cms.tlv(0x30, cms.tlv(0x04, nonce) + _TAG_SIZE))


_CBC_OID, _GCM_OID, _TAG_SIZE = (asn1.encode_der(one) for one in (cms.ID_AES256_CBC, cms.ID_AES256_GCM, _TAG))
_DATA, _ENVELOPED, _AUTH_ENVELOPED = (
    asn1.encode_der(one) for one in (cms.ID_DATA, cms.ID_ENVELOPED_DATA, cms.ID_CT_AUTH_ENVELOPED_DATA)
)
CONTENT_ENCRYPTION: Mapping[str, ContentEncryption] = {
    AES_256_CBC: ContentEncryption(_ENVELOPED, "enveloped-data", _cbc_algorithm, 16, _Cbc),
    AES_256_GCM: ContentEncryption(_AUTH_ENVELOPED, "authEnveloped-data", _gcm_algorithm, 12, _Gcm),
}


def envelop(
    chunks: Iterable[bytes],
    recipients: Sequence[x509.Certificate],
    *,
    random: Random,
    transport: KeyTransport = KeyTransport.PKCS1,
    content: str = AES_256_CBC,
) -> Iterator[bytes]:
    """The ContentInfo of an envelope over `chunks`, in bounded memory; SealingFailed before the first byte.

    ML-KEM takes AES-256-GCM only.
    """
    form = CONTENT_ENCRYPTION[content]
    if content != AES_256_GCM and any(is_ml_kem(one) for one in recipients):
        raise SealingFailed("a message for ML-KEM is sealed with AES-256-GCM only")
    key, iv = random(32), random(form.iv_size)
    version, infos = recipient_infos(recipients, key, transport)
    if form.content_type == _AUTH_ENVELOPED:
        version = 0  # RFC 5083 2.1, whoever the recipients are
    head = b"".join([
        _SEQUENCE, form.content_type, _CONTEXT_0,
        _SEQUENCE, cms.tlv(0x02, bytes([version])), cms.tlv(0x31, b"".join(infos)),
        _SEQUENCE, _DATA, form.algorithm(iv), _CONTEXT_0,
    ])  # fmt: skip
    return _shell(head, form.encryptor(key, iv), chunks)


def _shell(head: bytes, encryptor: _Encryptor, chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    for piece in _pieces(chunks):
        sealed = encryptor.update(piece)
        if sealed:
            yield cms.tlv(0x04, sealed)
    last = encryptor.finalize()
    mac = encryptor.mac()
    yield (cms.tlv(0x04, last) if last else b"") + _END * 2 + (cms.tlv(0x04, mac) if mac else b"") + _END * 3


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks joined, so that each piece but the last has _PIECE bytes at least."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)

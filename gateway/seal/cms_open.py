"""Opening CMS that was sealed to our own keys: EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083, 5084, 8103).

Nothing of authenticated content is handed out before its tag has held. A bad padding, a wrong key, a tag that does not
hold and a key that cannot be unwrapped have one answer, NotOpened with the reason `cannot-be-opened`; whoever wrote the
mail learns none of them. What CBC gives is not authenticated: `Plain.authenticated` says so, and the caller judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from gateway.domain.errors import MalformedMail, PermanentError
from gateway.seal.ber import INTEGER, OCTET_STRING, SEQUENCE, Ber
from gateway.seal.cms_keys import OwnKey, Unsupported, content_key
from gateway.seal.cms_read import DATA, Algorithm, Enveloped, KeyHolder
from gateway.seal.smime_envelope import Random

_CBC = {
    "2.16.840.1.101.3.4.1.2": ("aes-128-cbc", 16),
    "2.16.840.1.101.3.4.1.22": ("aes-192-cbc", 24),
    "2.16.840.1.101.3.4.1.42": ("aes-256-cbc", 32),
    "1.2.840.113549.3.7": ("3des-cbc", 24),
}
_AEAD = {
    "2.16.840.1.101.3.4.1.6": ("aes-128-gcm", 16),
    "2.16.840.1.101.3.4.1.26": ("aes-192-gcm", 24),
    "2.16.840.1.101.3.4.1.46": ("aes-256-gcm", 32),
    "1.2.840.113549.1.9.16.3.18": ("chacha20-poly1305", 32),
}
_TRIED = 8
"""Of infos that name our own keys; more is somebody's game."""


class Why(StrEnum):
    """Why a mail was not opened: what its mark says."""

    NO_KEY = "no-key"
    """It is sealed to none of our keys."""
    SECRET = "cannot-be-opened"  # noqa: S105 - a reason, not a password
    """Neither padding nor tag nor key: one answer for all."""
    ALGORITHM = "unsupported-algorithm"
    DAMAGED = "unreadable"
    COMPRESSED = "compressed"
    NESTED = "nested-too-deep"
    LARGE = "too-large"
    NO_INTEGRITY = "no-integrity-protection"
    NOT_WHOLE = "only-a-part-is-encrypted"
    NO_ENGINE = "no-openpgp"


class NotOpened(PermanentError):
    """A mail that stays as it came; `why` is the mark's reason."""

    code: ClassVar[str] = "mail.not_opened"

    def __init__(self, why: Why) -> None:
        super().__init__(f"a mail was not opened: {why.value}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Plain:
    """What was inside. `cipher` is its name for people; `authenticated` whether a tag held over all of it."""

    content: bytes = field(repr=False)
    cipher: str
    authenticated: bool


def open_enveloped(found: Enveloped, own: Sequence[OwnKey], random: Random) -> Plain:
    """The content, by whichever of our keys it is sealed to; NotOpened with the reason, and no other error."""
    try:
        cipher, size = (_AEAD if found.authenticated else _CBC)[found.algorithm.oid]
    except KeyError:
        raise NotOpened(Why.ALGORITHM) from None
    if found.content_type != DATA:
        raise NotOpened(Why.ALGORITHM)
    ours = [(info, key) for info in found.recipients for key in own if _names(key, info.holder)][:_TRIED]
    if not ours:
        raise NotOpened(Why.NO_KEY)
    why = Why.ALGORITHM
    for info, key in ours:
        try:
            secret = content_key(info, key, size, random)
            content = _open_aead(found, secret) if found.authenticated else _open_cbc(found, secret)
        except Unsupported:
            continue
        except (MalformedMail, ValueError, InvalidTag):
            why = Why.SECRET
            continue
        return Plain(content, cipher, found.authenticated)
    raise NotOpened(why)


def _names(key: OwnKey, holder: KeyHolder) -> bool:
    try:
        return key.is_named(holder)
    except (MalformedMail, ValueError):
        return False


def _open_cbc(found: Enveloped, key: bytes) -> bytes:
    iv = _string(found.algorithm)
    triple = found.algorithm.oid == "1.2.840.113549.3.7"
    cipher = TripleDES(key) if triple else algorithms.AES(key)
    decryptor = Cipher(cipher, modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(64 if triple else 128).unpadder()
    return unpadder.update(decryptor.update(found.content) + decryptor.finalize()) + unpadder.finalize()


def _open_aead(found: Enveloped, key: bytes) -> bytes:
    if found.algorithm.oid == "1.2.840.113549.1.9.16.3.18":
        nonce = _string(found.algorithm)
        return ChaCha20Poly1305(key).decrypt(nonce, found.content + found.mac, found.attributes)
    nonce, length = _gcm(found.algorithm)
    if len(found.mac) != length or length < 12:
        raise MalformedMail("a tag of another length than its algorithm says")
    decryptor = Cipher(algorithms.AES(key), modes.GCM(nonce, found.mac, min_tag_length=12)).decryptor()
    decryptor.authenticate_additional_data(found.attributes)
    return decryptor.update(found.content) + decryptor.finalize()


def _gcm(algorithm: Algorithm) -> tuple[bytes, int]:
    """GCMParameters, RFC 5084 3.2: nonce, and the tag's length in bytes, 12 by default."""
    ber = Ber(algorithm.parameters)
    value = ber.first()
    members = ber.children(value, 2) if value.tag == SEQUENCE else []
    if not members or members[0].tag != OCTET_STRING or (len(members) > 1 and members[1].tag != INTEGER):
        raise MalformedMail("an algorithm without its nonce")
    length = int.from_bytes(ber.content(members[1]), "big") if len(members) > 1 else 12
    return ber.content(members[0]), length


def _string(algorithm: Algorithm) -> bytes:
    if not algorithm.parameters:
        raise MalformedMail("an algorithm without its initial vector")
    ber = Ber(algorithm.parameters)
    value = ber.first()
    if value.tag != OCTET_STRING:
        raise MalformedMail("an algorithm without its initial vector")
    return ber.content(value)

"""Secure links: the secret in the recipient's mail is the only way to the parcel, together with the pepper on the shelf.

S is 32 random bytes, made once per delivery. `kek` needs S and the pepper; `lookup` needs S and the look-up key, under
another label. The URL carries S in base64url; nothing that the servers keep holds it after the relay's last reply.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected
from gateway.ports.vault import Seal
from gateway.seal.columns import derive
from gateway.seal.context import context, framed

SECRET_BYTES = 32
_NONCE = 12


def token(secret: Protected[bytes]) -> str:
    """The URL form of S: 43 characters of base64url."""
    return base64.urlsafe_b64encode(secret.reveal()).rstrip(b"=").decode("ascii")


def read_token(text: str) -> Protected[bytes] | None:
    """S from a URL, or None when it is not the one canonical form of 32 bytes."""
    if len(text) != 43:
        return None
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    secret = Protected(raw)
    return secret if len(raw) == SECRET_BYTES and hmac.compare_digest(token(secret), text) else None


def kek(secret: Protected[bytes], pepper: Protected[bytes], installation: str, parcel_id: str) -> Protected[bytes]:
    """The parcel's key-encryption key: HKDF(S, salt=pepper)."""
    return Protected(derive(secret, context(installation, Seal.PARCEL, parcel_id), pepper.reveal()))


def lookup(secret: Protected[bytes], lookup_key: Protected[bytes], installation: str) -> bytes:
    """What the row of the parcel is found by; tells nothing of S, and cannot be tried without the look-up key."""
    inner = derive(secret, context(installation, Seal.LOOKUP, "link"))
    return hmac.digest(lookup_key.reveal(), inner, hashlib.sha256)


def wrap(key: Protected[bytes], value: Protected[bytes], bound: bytes) -> bytes:
    """Wrap a data key under a kek with AES-256-GCM, bound to a context."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key.reveal()).encrypt(nonce, value.reveal(), bound)


def unwrap(key: Protected[bytes], sealed: bytes, bound: bytes) -> Protected[bytes]:
    """Unwrap; IntegrityError when key, bytes or context differ."""
    try:
        return Protected(AESGCM(key.reveal()).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound))
    except (InvalidTag, ValueError) as error:
        raise IntegrityError("a wrap does not open with this key and context") from error


def session_id(cookie: Protected[bytes], installation: str) -> bytes:
    """The row's key of a browser session; the cookie's secret cannot be had from it."""
    return derive(cookie, context(installation, Seal.SESSION, "id"))


def session_key(cookie: Protected[bytes], installation: str, parcel_id: str) -> Protected[bytes]:
    """The key that seals a parcel's kek into the row of a browser session."""
    return Protected(derive(cookie, context(installation, Seal.SESSION, parcel_id, "kek")))


def code_digest(key: Protected[bytes], code: str, salt: bytes, subject_id: str, installation: str) -> bytes:
    """Salted hash of a one-time code under the look-up key, bound to the parcel or request that it proves: who has the
    database alone cannot try the hundred million codes.
    """
    bound = framed(context(installation, Seal.CODE, subject_id, "code"), salt, code.encode())
    return hmac.digest(key.reveal(), bound, hashlib.sha256)


def answer_tag(key: Protected[bytes], installation: str, request_id: str, patient_id: str, answer: str) -> bytes:
    """What the portal puts beside a patient's answer, so that nobody with the database alone can give one."""
    bound = framed(context(installation, Seal.CODE, request_id, "answer"), patient_id.encode(), answer.encode())
    return hmac.digest(key.reveal(), bound, hashlib.sha256)


def proven_mark(key: Protected[bytes], installation: str, request_id: str) -> Protected[bytes]:
    """What the session of a consent page holds: only who has the look-up key can make one."""
    return Protected(hmac.digest(key.reveal(), context(installation, Seal.SESSION, request_id, "mark"), hashlib.sha256))

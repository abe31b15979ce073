"""Keys in AWS Key Management Service, `awskms:///ID?region=…&endpoint=…`: GetPublicKey and Sign; the key never leaves it.

Credentials are the account's own, from boto3's usual places (environment, shared files, the instance's role), never from our
configuration. What is sent is a hash, except for Ed25519, which signs the signed attributes themselves: never text of a mail.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.domain.errors import ConfigError, KeyUnreachable, SealingFailed
from gateway.ports.signing import Signing, Transport

_SECONDS, _TRIES = 10, 3
_NAMES = {
    **{Signing(f"rsa-pkcs1-sha{n}"): f"RSASSA_PKCS1_V1_5_SHA_{n}" for n in (256, 384, 512)},
    **{Signing(f"rsa-pss-sha{n}"): f"RSASSA_PSS_SHA_{n}" for n in (256, 384, 512)},
    **{Signing(f"ecdsa-sha{n}"): f"ECDSA_SHA_{n}" for n in (256, 384, 512)},
    Signing.ED25519: "ED25519_SHA_512",
}
_LASTING = {
    "NotFoundException", "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException", "AccessDeniedException",
    "UnsupportedOperationException", "ValidationException",
}  # fmt: skip
"""Answers that trying again does not change: a person must look."""


class KmsKey:
    """One asymmetric key of usage SIGN_VERIFY: the port's SigningKey."""

    def __init__(self, place: str) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        parts = urlsplit(place)
        asked = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        self._id = unquote(parts.path.removeprefix("/"))
        if parts.scheme != "awskms" or parts.netloc or not self._id or asked.keys() - {"region", "endpoint"}:
            raise ConfigError("a key of AWS KMS is named awskms:///KEY-ID-OR-ALIAS?region=REGION")
        waits = Config(
            connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": _TRIES, "mode": "standard"}
        )
        try:
            self._client: Any = boto3.session.Session().client(
                "kms", region_name=asked.get("region"), endpoint_url=asked.get("endpoint"), config=waits
            )
        except (BotoCoreError, ValueError) as error:
            raise ConfigError(f"awskms: cannot be used ({type(error).__name__}); name its region") from None

    def public_key(self) -> bytes:
        """As the service tells it."""
        answer = self._asked("get_public_key")
        if answer.get("KeyUsage") != "SIGN_VERIFY":
            raise ConfigError("awskms: the key's usage must be SIGN_VERIFY")
        return bytes(answer["PublicKey"])

    def sign(self, data: bytes, algorithm: Signing) -> bytes:
        """By the service, over the hash that is made here."""
        name = algorithm.value.rpartition("-")[2]
        raw = algorithm is Signing.ED25519
        message = data if raw else hashlib.new(name, data).digest()
        answer = self._asked(
            "sign", Message=message, MessageType="RAW" if raw else "DIGEST", SigningAlgorithm=_NAMES[algorithm]
        )
        return bytes(answer["Signature"])

    def decrypt(self, ciphertext: bytes, transport: Transport) -> bytes:
        """Not here: a key of this usage signs only."""
        del ciphertext, transport
        raise SealingFailed("a signing key of AWS KMS decrypts nothing")

    def agree(self, public: bytes) -> bytes:
        """Not here."""
        del public
        raise SealingFailed("a signing key of AWS KMS agrees on nothing")

    def _asked(self, operation: str, **arguments: object) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(KeyId=self._id, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _LASTING:
                raise SealingFailed(
                    f"the key service refuses ({code}); look at the key's state and the role's rights"
                ) from None
            raise KeyUnreachable(f"the key service does not serve ({code[:60]})") from None
        except BotoCoreError as error:
            raise KeyUnreachable(f"the key service does not answer ({type(error).__name__})") from None

"""S/MIME 4.0, RFC 8551: sign inside, encrypt outside, streamed in bounded memory.

What comes in is the header-protected payload; what goes out is the CMS that mime.build.smime_mail puts into a mail.
A failure raises SealingFailed, and then nothing may leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.domain.errors import SealgateError, SealingFailed
from gateway.seal.header_protection import canonical
from gateway.seal.smime_certificates import trust_reasons, validity_reasons
from gateway.seal.smime_envelope import AES_256_CBC, Random, envelop
from gateway.seal.smime_recipients import KeyTransport
from gateway.seal.smime_signature import Signer, signed_entity

__all__ = ["KeyTransport", "Signer", "sign_and_encrypt"]


def sign_and_encrypt(
    payload_chunks: Iterable[bytes],
    *,
    signer: Signer,
    recipients: Sequence[x509.Certificate],
    at: datetime,
    random: Random,
    transport: KeyTransport = KeyTransport.PKCS1,
    content: str = AES_256_CBC,
) -> Iterator[bytes]:
    """The BER of EnvelopedData over multipart/signed over the payload, made canonical (CRLF) on the way.

    `random(n)` gives n random bytes. Raises SealingFailed, before the first byte, for a signer out of date or a recipient
    whose key may not be used at `at`; whether a certificate is the recipient's own is check_recipient_certificate's matter.
    """
    if at.tzinfo is None:
        raise SealingFailed("the time of sealing needs its time zone")
    if validity_reasons(signer.certificate, at):
        raise SealingFailed("the signer's certificate is not valid now")
    if any(trust_reasons(one, at) for one in recipients):
        raise SealingFailed("a recipient's certificate may not be sealed to now")
    try:
        entity = signed_entity(canonical(payload_chunks), signer, at, random)
        stream = envelop(entity, recipients, random=random, transport=transport, content=content)
    except (ValueError, UnsupportedAlgorithm, KeyError) as error:
        raise SealingFailed("the content key could not be sealed to a recipient") from error
    return _named_failures(stream)


def _named_failures(stream: Iterator[bytes]) -> Iterator[bytes]:
    """The stream, with what the cryptography raises while it runs turned into SealingFailed."""
    try:
        yield from stream
    except SealgateError:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SealingFailed("the message could not be signed and encrypted") from error

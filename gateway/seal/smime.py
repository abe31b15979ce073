"""S/MIME 4.0, RFC 8551: sign inside, encrypt outside, streamed in bounded memory.

What comes in is the header-protected payload; what goes out is the entity that mime.build.smime_mail puts under the open
header. A failure raises SealingFailed, and then nothing may leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.domain.errors import SealgateError, SealingFailed
from gateway.mime.build import smime_part
from gateway.seal.header_protection import canonical
from gateway.seal.smime_certificates import trust_reasons, validity_reasons
from gateway.seal.smime_envelope import AES_256_CBC, AES_256_GCM, CONTENT_ENCRYPTION, Random, envelop
from gateway.seal.smime_forms import Form
from gateway.seal.smime_recipients import KeyTransport, is_ml_kem
from gateway.seal.smime_signature import RsaSignature, Signer, signed_entity

__all__ = ["AES_256_CBC", "AES_256_GCM", "Form", "KeyTransport", "RsaSignature", "Signer", "seal", "sign_and_encrypt"]


def seal(
    payload_chunks: Iterable[bytes],
    *,
    signer: Signer,
    recipients: Sequence[x509.Certificate],
    at: datetime,
    random: Random,
    form: Form,
) -> tuple[Form, Iterator[bytes]]:
    """The form as it was used, and the entity to stand under the open header: application/pkcs7-mime, or for a triple
    wrap multipart/signed round it. Raises as sign_and_encrypt does.
    """
    if recipients and all(is_ml_kem(one) for one in recipients):
        form = replace(form, content=AES_256_GCM)
    if signer.rsa is not form.rsa:
        signer = replace(signer, rsa=form.rsa)
    sealed = sign_and_encrypt(
        payload_chunks, signer=signer, recipients=recipients, at=at, random=random, transport=form.transport,
        content=form.content, ml_kem=form.ml_kem,
    )  # fmt: skip
    entity = smime_part(sealed, CONTENT_ENCRYPTION[form.content].smime_type)
    return form, _named_failures(signed_entity(entity, signer, at, random)) if form.triple else entity


def sign_and_encrypt(
    payload_chunks: Iterable[bytes],
    *,
    signer: Signer,
    recipients: Sequence[x509.Certificate],
    at: datetime,
    random: Random,
    transport: KeyTransport = KeyTransport.PKCS1,
    content: str = AES_256_CBC,
    ml_kem: bool = False,
) -> Iterator[bytes]:
    """The BER of an envelope over multipart/signed over the payload, made canonical (CRLF) on the way.

    `random(n)` gives n random bytes. Raises SealingFailed, before the first byte, for a signer out of date or a recipient
    whose key may not be used at `at`; whether a certificate is the recipient's own is check_recipient_certificate's matter.
    """
    if at.tzinfo is None:
        raise SealingFailed("the time of sealing needs its time zone")
    if validity_reasons(signer.certificate, at):
        raise SealingFailed("the signer's certificate is not valid now")
    if any(trust_reasons(one, at, ml_kem=ml_kem) for one in recipients):
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

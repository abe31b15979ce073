"""From certificates to one answer: the best that there is, or the most telling reason why there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.ports.keys import KeyAnswer, KeyState
from gateway.seal.smime_certificates import certificate_state

_TELLING = (KeyState.VALID, KeyState.UNREACHABLE, KeyState.UNTRUSTED, KeyState.EXPIRED, KeyState.NONE)
"""What is said when several speak. `unreachable` before the others: there might be a good one where we could not look."""
_LARGEST = 1024 * 1024


def most_telling(answers: Iterable[KeyAnswer]) -> KeyAnswer:
    """A valid answer if there is one, else the one that says most; `none` for no answers."""
    return min(answers, key=lambda one: _TELLING.index(one.state), default=KeyAnswer(KeyState.NONE))


def judge(
    certificates: Iterable[x509.Certificate],
    address: Address,
    at: datetime,
    anchors: Sequence[x509.Certificate] | None = None,
    intermediates: Sequence[x509.Certificate] = (),
) -> KeyAnswer:
    """The answer for one address. Of several valid certificates the one that began last; `anchors` None trusts them all,
    else a chain must lead to one of them, over `intermediates` where need be.
    """
    answers = []
    for certificate in sorted(certificates, key=lambda one: one.not_valid_before_utc, reverse=True):
        state, reasons = certificate_state(certificate, address, at, anchors=anchors, intermediates=intermediates)
        der = certificate.public_bytes(Encoding.DER)
        answers.append(KeyAnswer(state, der, hashlib.sha256(der).hexdigest(), "; ".join(reasons)))
    return most_telling(answers)


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM or DER file; ValueError when it holds none, OSError when it cannot be read."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("a file of certificates has at most 1 MiB")
    return parse_certificates(data)


def parse_certificates(data: bytes) -> list[x509.Certificate]:
    """One DER certificate, or every certificate of a PEM file; ValueError when there is none."""
    if b"-----BEGIN CERTIFICATE-----" in data:
        return x509.load_pem_x509_certificates(data)
    return [x509.load_der_x509_certificate(data)]


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it is an authority's certificate, such as come along with a person's."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def read_anchors(path: Path) -> tuple[x509.Certificate, ...]:
    """The authorities of `[keys] trust`; ConfigError when the file cannot be used."""
    try:
        return tuple(read_certificates(path))
    except OSError as error:
        raise ConfigError(f"keys.trust: {path} cannot be read ({error.strerror}); name a readable PEM file") from None
    except ValueError:
        raise ConfigError(f"keys.trust: {path} holds no certificate; put the authorities there in PEM") from None

"""Files of certificates, and of several answers the best that there is, or the most telling reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cryptography import x509

from gateway.domain.errors import ConfigError
from gateway.ports.keys import KeyAnswer, KeyState

_TELLING = (KeyState.VALID, KeyState.UNREACHABLE, KeyState.UNTRUSTED, KeyState.EXPIRED, KeyState.NONE)
"""What is said when several speak. `unreachable` before the others: there might be a good one where we could not look."""
_LARGEST = 1024 * 1024


def most_telling(answers: Iterable[KeyAnswer]) -> KeyAnswer:
    """A valid answer if there is one, else the one that says most; `none` for no answers.

    What one of them knows to be revoked is valid in none: a copy without its revocation is an old one.
    """
    held = list(answers)
    revoked = frozenset[str]().union(*(one.revoked for one in held))
    best = min(
        (_unless_revoked(one, revoked) for one in held), key=lambda one: _TELLING.index(one.state),
        default=KeyAnswer(KeyState.NONE),
    )  # fmt: skip
    return replace(best, revoked=revoked)


def first_valid(answers: Iterable[KeyAnswer]) -> KeyAnswer:
    """The first valid answer, after which no further one is asked for; else the most telling one."""
    held: list[KeyAnswer] = []
    for answer in answers:
        held.append(answer)
        if answer.state is KeyState.VALID and (best := most_telling(held)).state is KeyState.VALID:
            return best
    return most_telling(held)


def _unless_revoked(one: KeyAnswer, revoked: frozenset[str]) -> KeyAnswer:
    if one.state is not KeyState.VALID or one.fingerprint not in revoked:
        return one
    return replace(one, state=KeyState.UNTRUSTED, reason="it was revoked, as another copy of it tells")


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


def read_anchors(path: Path, key: str = "keys.trust") -> tuple[x509.Certificate, ...]:
    """The authorities of `[keys] trust` or of another key; ConfigError when the file cannot be used."""
    try:
        return tuple(read_certificates(path))
    except OSError as error:
        raise ConfigError(f"{key}: {path} cannot be read ({error.strerror}); name a readable PEM file") from None
    except ValueError:
        raise ConfigError(f"{key}: {path} holds no certificate; put the authorities there in PEM") from None

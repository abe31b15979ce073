"""Whose a certificate is: the e-mail addresses and domains of its SAN, never its Subject (RFC 8550 3, RFC 9598).

Names are compared in one normal form (gateway/domain/address.py): case folded, domains as A-labels. A name that is no
address is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import ObjectIdentifier

from gateway.domain.address import Address, normal_domain
from gateway.domain.errors import InvalidAddress

SMTP_UTF8_MAILBOX = ObjectIdentifier("1.3.6.1.5.5.7.8.9")


def addresses_of(certificate: x509.Certificate) -> list[Address]:
    """The e-mail addresses of the SAN: rfc822Name and SmtpUTF8Mailbox, in their order."""
    return list(_addresses(certificate, ascii_ones=True))


def utf8_addresses_of(certificate: x509.Certificate) -> list[Address]:
    """Those that stand there as SmtpUTF8Mailbox."""
    return list(_addresses(certificate, ascii_ones=False))


def domains_of(certificate: x509.Certificate) -> frozenset[str]:
    """The dNSNames, for a certificate of a whole domain as Direct has it (Applicability Statement 1.3, 5.1); no wildcards."""
    found = set()
    for name in _names(certificate):
        if isinstance(name, x509.DNSName):
            try:
                found.add(normal_domain(name.value))
            except InvalidAddress:
                continue
    return frozenset(found)


def _addresses(certificate: x509.Certificate, *, ascii_ones: bool) -> Iterator[Address]:
    for name in _names(certificate):
        try:
            if isinstance(name, x509.RFC822Name) and ascii_ones:
                yield Address.parse(name.value)
            elif isinstance(name, x509.OtherName) and name.type_id == SMTP_UTF8_MAILBOX:
                yield Address.parse(asn1.decode_der(str, name.value))
        except (InvalidAddress, ValueError):
            continue


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (x509.ExtensionNotFound, ValueError):
        return []

"""Addresses that look or fold alike, and certificates that name somebody besides: nobody is sealed to in another's place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress
from gateway.ports.keys import KeyState
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.smime_certificates import SMTP_UTF8_MAILBOX, check_recipient_certificate
from tests.support.openpgp import Maker
from tests.unit.seal.certificates import AT, recipient

KEY = ec.generate_private_key(ec.SECP256R1())
MADE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
NEIGHBOURS = [
    ("strasse@example.org", "straße@example.org"), ("k.lee@example.org", "\uff4b.lee@example.org"),
    ("fiona@example.org", "\ufb01ona@example.org"), ("bob@example.org", "bob+maria@example.org"),
    ("bob@example.org", "bob@mail.example.org"), ("b.ob@example.org", "bob@example.org"),
    ("iris@example.org", "ıris@example.org"), ("bob@example.org", "bob@example.org.example.net"),
]  # fmt: skip


def names(address: str) -> list[x509.GeneralName]:
    if address.isascii():
        return [x509.RFC822Name(address)]
    return [x509.OtherName(SMTP_UTF8_MAILBOX, asn1.encode_der(address))]


def takes(address: str, certificate: x509.Certificate, **more: bool) -> bool:
    return check_recipient_certificate(certificate, Address.parse(address), AT, **more) == []


def has(user: str, address: str) -> bool:
    [key] = read_certificates(Maker(MADE).user(f"Somebody <{user}>").part().whole)
    return judge(key, Address.parse(address), AT).state is KeyState.VALID


@pytest.mark.parametrize(("one", "other"), [*NEIGHBOURS, *(pair[::-1] for pair in NEIGHBOURS)])
def test_a_neighbours_key_is_not_taken(one: str, other: str) -> None:
    certificate = recipient("somebody", KEY, san=names(other))
    assert takes(other, certificate)
    assert has(other, other)
    assert not takes(one, certificate)
    assert not has(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("Bob@Example.ORG", "bob@example.org"), ("ÜNAL@example.org", "ünal@example.org")]
)
def test_letter_case_is_no_other_mailbox(one: str, other: str) -> None:
    assert takes(one, recipient("somebody", KEY, san=names(other)))
    assert has(other, one)


def test_a_domains_certificate_that_names_a_person_is_that_persons() -> None:
    domain = x509.DNSName("direct.example.net")
    whole = recipient("somebody", KEY, san=[domain])
    mallorys = recipient("somebody", KEY, san=[domain, x509.RFC822Name("mallory@direct.example.net")])
    assert takes("alice@direct.example.net", whole, domain_bound=True)
    assert not takes("alice@direct.example.net", whole)
    assert not takes("alice@direct.example.net", mallorys, domain_bound=True)
    assert takes("mallory@direct.example.net", mallorys, domain_bound=True)
    assert not takes(
        "alice@direct.example.net", recipient("s", KEY, san=[x509.DNSName("*.example.net")]), domain_bound=True
    )
    assert not takes("alice@a.direct.example.net", whole, domain_bound=True)


@pytest.mark.parametrize(
    "domain", ["straße.example", "STRAẞE.example", "νίκος.example", "ka\u200dr.example", "ka\u200cr.example"]
)
def test_a_domain_that_programs_read_in_two_ways_is_refused(domain: str) -> None:
    """`straße.example` and `strasse.example` are two domains since 2010, and belong to whoever took them."""
    with pytest.raises(InvalidAddress, match="xn--"):
        Address.parse(f"bob@{domain}")
    assert Address.parse("bob@xn--strae-oqa.example").domain == "xn--strae-oqa.example"
    assert Address.parse("bob@münchen.example").domain == "xn--mnchen-3ya.example"

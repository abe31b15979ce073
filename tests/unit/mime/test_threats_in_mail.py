"""Links whose text names another host than they lead to, and names of files as a mail writes them."""

from __future__ import annotations

import pytest

from gateway.domain.threat import ThreatKind
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.threats.links import deceives
from gateway.mime.threats.mail import mail_threats

FALSE = [
    '<a href="https://evil.example.net/login">https://www.mybank.com/login</a>',
    '<a href="http://evil.example.net">www.mybank.com</a>',
    "<A HREF=//evil.example.net>mybank.com</A>",
    '<a href="https://www.mybank.com@evil.example.net/">https://www.mybank.com</a>',
    '<a href="https:\\\\evil.example.net\\x">https://mybank.com</a>',
    '<a href=" ht&#x74;ps://evil.example.net">h<b>ttps://my</b>bank.com/</a>',
    '<a\nhref="https://evil.example.net"><span style="color:blue">https://my\u200bbank.com</span></a>',
    '<a href="https://mybank.com.evil.example.net/">mybank.com</a>',
    '<a href="https://xn--mbank-gra.com/">https://mybank.com/</a>',
    '<a href="https://good.example.co.uk/">https://other.co.uk/</a>',
    '<a href="https://evil.example.net">https://mybank.com<a href="https://mybank.com">x</a>',
    '<a title="a>b" href="https://evil.example.net">https://mybank.com</a>',
]
TRUE = [
    '<a href="https://portal.mybank.com/x?y=1">www.mybank.com</a>',
    '<a href="https://mybank.com">https://secure.mybank.com/path</a>',
    '<a href="https://evil.example.net">Click here</a>',
    '<a href="https://evil.example.net">Our partner at mybank.com</a>',
    '<a href="mailto:dr.lee@willow.example.org">willow.example.org</a>',
    '<a href="https://example.net/list">maria.q@example.org</a>',
    '<a href="#top">www.mybank.com</a><a href="/x">mybank.com</a><a>mybank.com</a><a href="cid:x">mybank.com</a>',
    '<a href="https://evil.example.net">report.final</a>',
    '<a href="https://evil.example.net">Dr.Smith</a>',
    '<a href="https://evil.example.net">3.14</a>',
    '<a href="https://eur02.safelinks.protection.outlook.com/?url=x">https://www.mybank.com</a>',
    '<a href="https://m\u00fcller.example.org/">https://xn--mller-kva.example.org/</a>',
    '<a href="https://a.example.co.uk/">https://b.example.co.uk/</a>',
    "<abbr href=x>mybank.com</abbr><area href='https://evil.example.net'>mybank.com",
    '<a href="tel:5550100">www.mybank.com</a>',
]


@pytest.mark.parametrize("source", FALSE)
def test_deceives(source: str) -> None:
    assert deceives(f"<p>Dear all</p>{source}<p>Best</p>")


@pytest.mark.parametrize("source", TRUE)
def test_does_not_deceive(source: str) -> None:
    assert not deceives(f"<p>Dear all</p>{source}<p>Best</p>")


def test_a_redirector_of_the_practice_and_what_is_below_it_is_left_alone() -> None:
    source = '<a href="https://t.links.example.org/c/1">https://www.mybank.com</a>'
    assert deceives(source)
    assert not deceives(source, {"links.example.org"})
    assert deceives(source.replace("t.links", "t.badlinks"), {"links.example.org"})


def threats(raw: str) -> set[tuple[str, str]]:
    tree = parse(raw.replace("\n", "\r\n").encode(), Limits())
    return {(one.kind.value, one.part) for one in mail_threats(tree, Limits())}


HEAD = "From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"


@pytest.mark.parametrize(
    "fields",
    [
        'Content-Type: text/plain; name="invoice.pdf.exe"',
        'Content-Type: text/plain; name="a.txt"\nContent-Disposition: attachment; filename="invoice.pdf.exe"',
        'Content-Type: text/plain; name="invoice.pdf.exe"\nContent-Disposition: attachment; filename="a.txt"',
        "Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''invoice.pdf.exe",
        "Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''x%E2%80%AEfdp.exe",
    ],
)
def test_every_name_of_a_text_part_counts(fields: str) -> None:
    found = threats(f"{HEAD}{fields}\n\nhello\n--b--\n")
    assert {kind for kind, _ in found} == {ThreatKind.EXECUTABLE, ThreatKind.DISGUISED_NAME}


def test_links_in_a_mail_inside_a_mail_and_hidden_letters_in_a_name() -> None:
    inner = 'From: b@example.org\nContent-Type: text/html\n\n<a href="https://evil.example.net">www.mybank.com</a>\n'
    found = threats(f"{HEAD}Content-Type: message/rfc822\n\n{inner}\n--b--\n")
    assert {kind for kind, _ in found} == {ThreatKind.DECEPTIVE_LINK}


def test_an_ordinary_mail_has_none() -> None:
    body = '<p>See <a href="https://www.example.org/visit">www.example.org</a> or <a href="https://x.example.net">here</a></p>'
    assert threats(f"{HEAD}Content-Type: text/html; name=letter.html\n\n{body}\n--b--\n") == set()

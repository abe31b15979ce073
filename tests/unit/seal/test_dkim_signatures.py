"""Our DKIM signatures against another implementation, and what they sign."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.build_original import read_block
from gateway.seal.dkim import BodyHash, DkimKey, dkim_record, keys_for, signature_fields
from gateway.seal.header_protection import canonical
from tests.support.dkim import both, ed25519_key, rsa_key, verify
from tests.support.growth import grows_within

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DOMAIN = "willow.example.org"
HEAD = (
    b"From: Dr Lee <dr.lee@willow.example.org>\r\nTo: office@example.com\r\nSubject:  Lunch \t on\r\n\tFriday  \r\n"
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nMessage-ID: <a@willow.example.org>\r\nMIME-Version: 1.0\r\n\r\n"
)


def signed(mail: bytes, size: int = 7) -> bytes:
    block, body = read_block(mail[start : start + size] for start in range(0, len(mail), size))
    hashed = BodyHash()
    for chunk in canonical(body):
        hashed.update(chunk)
    return signature_fields(block, hashed.digest(), both(DOMAIN), AT) + mail


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\r\n", b"\r\n\r\n\r\n", b"one line without an end", b"a\r\n\r\n\r\n", b" \t lead\tand  trail \t\r\n",
        b"a \r\n \r\n\t\r\nb\r\n \r\n", b"\r\n\r\nafter empty lines\r\n", "Grüße\r\n".encode(), b"x" * 5000 + b" \r\n" + b" " * 3000 + b"\r\n",
    ],
)  # fmt: skip
def test_the_other_implementation_verifies_both_signatures(body: bytes) -> None:
    assert verify(signed(HEAD + body), both(DOMAIN)) == [True, True]


@settings(max_examples=60, deadline=None)
@given(
    body=st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"..", b"\xc3\xbc"]), max_size=30).map(b"".join),
    size=st.integers(1, 9),
)
def test_how_the_body_is_cut_makes_no_difference(body: bytes, size: int) -> None:
    whole = BodyHash()
    whole.update(body)
    cut = BodyHash()
    for chunk in canonical(body[start : start + size] for start in range(0, len(body), size)):
        cut.update(chunk)
    assert cut.digest() == whole.digest()
    # A lone line of white space is read in two ways by implementations; Sealgate never ends a body like that.
    if body.endswith(b"\r\n"):
        assert verify(signed(HEAD + body), both(DOMAIN)) == [True, True]


def test_a_change_of_body_or_signed_field_breaks_it() -> None:
    mail = signed(HEAD + b"body\r\n")
    for before, after in [(b"body", b"b0dy"), (b"Lunch", b"Munch"), (b"office@", b"0ffice@"), (b"<a@", b"<b@")]:
        head, mark, rest = mail.partition(b"From: ")
        assert verify(head + (mark + rest).replace(before, after, 1), both(DOMAIN)) == [False, False]


def test_fields_are_oversigned_and_l_is_never_there() -> None:
    field = re.sub(rb"\s", b"", signed(HEAD + b"body\r\n").partition(b"From: ")[0])
    names = re.findall(rb";h=([^;]*)", field)[0].split(b":")
    assert names.count(b"from") == names.count(b"subject") == names.count(b"to") == 2
    assert names.count(b"reply-to") == names.count(b"cc") == 1
    assert b";l=" not in field
    assert b";c=relaxed/relaxed;" in field


def test_lines_of_the_field_stay_short() -> None:
    field = signed(HEAD + b"body\r\n").partition(b"From: ")[0]
    assert max(len(line) for line in field.split(b"\r\n")) <= 78
    assert all(line[:1] in b"D\t" for line in field.split(b"\r\n") if line)


def test_only_keys_over_the_authors_domain_sign_and_the_nearest_ones() -> None:
    low, high = DkimKey("example.org", "s", ed25519_key()), DkimKey(DOMAIN, "s", rsa_key())
    assert keys_for(Address.parse("a@willow.example.org"), [low, high]) == (high,)
    assert keys_for(Address.parse("a@x.willow.example.org"), [low, high]) == (high,)
    assert keys_for(Address.parse("a@example.org"), [low, high]) == (low,)
    assert keys_for(Address.parse("a@notwillow.example.org"), [high]) == ()
    assert keys_for(Address.parse("a@org"), [low, high]) == ()


def test_the_record_in_the_dns() -> None:
    one, other = (dkim_record(key) for key in both(DOMAIN))
    assert one.name == "r1._domainkey.willow.example.org"
    assert one.text.startswith("v=DKIM1; h=sha256; k=rsa; p=")
    assert "".join(one.strings) == one.text
    assert max(map(len, one.strings)) <= 255
    assert len(base64.b64decode(other.text.partition("p=")[2])) == 32


def test_a_small_key_and_a_list_without_from_are_refused() -> None:
    with pytest.raises(SealingFailed, match="2048"):
        DkimKey(DOMAIN, "s", rsa.generate_private_key(65537, 1024))
    block, _ = read_block([HEAD])
    for names in (["Subject"], ["From", "X; l=0"]):
        with pytest.raises(SealingFailed):
            signature_fields(block, b"", both(DOMAIN), AT, names)


def test_hashing_takes_time_in_proportion() -> None:
    def blank_lines(size: int) -> bytes:
        hashed = BodyHash()
        for _ in range(size):
            hashed.update(b"\r\n \r\n\t \r\n" * 100)
        hashed.update(b"end\r\n")
        return hashed.digest()

    assert grows_within(lambda: blank_lines(100), lambda: blank_lines(1000), 20, 0.02)

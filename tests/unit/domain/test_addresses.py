"""One normaliser for policy, register, blind indexes and the door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.address import Address, normal_domain
from gateway.domain.errors import InvalidAddress


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ann.Lee@Example.ORG", "ann.lee@example.org"),
        ("ann+bills@example.org", "ann+bills@example.org"),
        ("a.n.n@example.org", "a.n.n@example.org"),
        ("jörg@example.org", "jörg@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@example.org.", "ann@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ],
)
def test_one_normal_form(text: str, key: str) -> None:
    assert Address.parse(text).key == key


def test_case_of_the_local_part_is_kept_for_smtp() -> None:
    assert str(Address.parse("Ann.Lee@Example.ORG")) == "Ann.Lee@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "", "ann", "@example.org", "ann@", "a@b@example.org", "<ann@example.org>", "ann @example.org", "ann@ex ample.org",
        '"ann lee"@example.org', "ann(comment)@example.org", "@relay.example:ann@example.org", "ann@[192.0.2.1]",
        ".ann@example.org", "ann.@example.org", "a..b@example.org", "ann@-example.org", "ann@example..org",
        "ann\n@example.org", "ann\x00@example.org", "ann@example.org\r\nBcc: x@example.net", "a" * 65 + "@example.org",
        "ann@" + "a" * 64 + ".org", "ann\u200b@example.org", "ann\u2028@example.org", "ann@exa\u200bmple.org\u0000",
    ],
)  # fmt: skip
def test_what_two_readers_could_take_differently_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        Address.parse(text)


def test_repr_hides_the_address() -> None:
    assert "ann" not in repr(Address.parse("ann@example.org"))


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        one = Address.parse(text)
    except InvalidAddress:
        return
    assert Address.parse(str(one)).key == one.key
    assert not any(c in str(one) for c in "\r\n<> \x00")


@given(st.text(max_size=80))
def test_a_normal_domain_stays_normal(text: str) -> None:
    try:
        one = normal_domain(text)
    except InvalidAddress:
        return
    assert normal_domain(one) == one

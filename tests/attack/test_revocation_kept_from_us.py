"""Who stands between us and an authority neither hides a revocation that was told once, nor leads us to a place inside."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509

from gateway.adapters.keydirectory.fetch import Deadline, Fetch, FetchFailed
from gateway.adapters.keydirectory.trust import Anchors, Trust
from gateway.ports.keys import KeyState
from tests.support.web_server import web_server
from tests.unit.adapters import test_revocation_checks as lists
from tests.unit.seal.certificates import AT, recipient

HOUR = timedelta(hours=1)


@pytest.fixture
def server():  # type: ignore[no-untyped-def]
    with web_server() as served:
        yield served


@pytest.mark.parametrize("later", ["no answer", "an older list"])
@pytest.mark.parametrize("hard", [False, True])
def test_a_revocation_that_was_told_is_not_forgotten(server, later: str, hard: bool) -> None:  # type: ignore[no-untyped-def]
    bad = lists.leaf(server, crl=True)
    trust = Trust((Anchors((lists.ROOT,)),), lists.checks(hard=hard))

    def state(hours: int) -> KeyState:
        return trust.judge([bad], lists.BOB, AT + hours * HOUR).state

    server.pages["/crl"] = lists.crl()
    assert state(0) is KeyState.VALID
    server.pages["/crl"] = lists.crl(bad)
    assert state(2) is KeyState.UNTRUSTED
    server.pages["/crl"] = lists.crl(since=AT - 2 * lists.DAY) if later == "an older list" else b"nothing"
    assert state(4) is KeyState.UNTRUSTED
    assert len(server.asked) == 3


POINTS = {
    "by LDAP alone": x509.DistributionPoint([x509.UniformResourceIdentifier("ldap://pki.example.org/cn=x")], None, None, None),
    "in parts": x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://pki.example.org/crl")], None, frozenset({x509.ReasonFlags.key_compromise}), None
    ),
    "nowhere": x509.DistributionPoint(None, None, None, [x509.DirectoryName(lists.ROOT.subject)]),
}  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_lists_that_cannot_be_asked_for_are_no_good_word(point: str) -> None:
    extra = [(x509.CRLDistributionPoints([POINTS[point]]), False)]
    one = recipient("bob@example.net", lists.KEY, issuer=(lists.ROOT, lists.ROOT_KEY), extra=extra)
    assert lists.answer(one, lists.checks())[0] is KeyState.UNREACHABLE
    assert lists.answer(one, lists.checks(hard=False))[0] is KeyState.VALID


def test_a_scheme_in_capitals_is_asked(server) -> None:  # type: ignore[no-untyped-def]
    place = x509.UniformResourceIdentifier(f"HTTP://pki.example.org:{server.port}/crl")
    extra = [(x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)]), False)]
    bad = recipient("bob@example.net", lists.KEY, issuer=(lists.ROOT, lists.ROOT_KEY), extra=extra)
    server.pages["/crl"] = lists.crl(bad)
    assert lists.answer(bad, lists.checks(hard=False))[0] is KeyState.UNTRUSTED


INSIDE = [
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a01:203", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::7f00:1", "fec0::1",
    "64:ff9b:1::1", "2001:0:7f00:1::", "::ffff:0:127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1", "169.254.169.254", "240.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_spelling_of_an_inner_address_is_asked(address: str) -> None:
    asks = Fetch(lambda host, port: [address])
    with pytest.raises(FetchFailed, match="no address that may be asked"):
        asks("http://pki.example.org/crl", Deadline(2), 10)


def test_public_addresses_behind_a_translator_may_be_asked() -> None:
    public = Fetch()
    assert public._allowed("64:ff9b::5db8:d70e", 80)
    assert public._allowed("2606:2800:21f:cb07:6820:80da:af6b:8b2c", 443)
    assert Fetch(networks=(ipaddress.ip_network("127.0.0.0/8"),))._allowed("64:ff9b::7f00:1", 25)


def test_when_the_time_is_over_no_further_name_is_looked_up() -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        raise OSError

    class Over(Deadline):
        def left(self) -> float:
            raise TimeoutError

    with pytest.raises(FetchFailed, match="in time"):
        Fetch(resolve)("http://pki.example.org/crl", Over(1), 10)
    assert looked_up == []

"""WKD over real https on loopback: where it asks, what it refuses, and that a server which trickles or redirects gains nothing."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime

import pytest
import trustme

from gateway.adapters.keydirectory.fetch import Deadline, Fetch, FetchFailed, NoSuchHost
from gateway.adapters.keydirectory.wkd import KEY_BYTES, WebKeyDirectory, urls, zbase32
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.support.web_server import Served, web_server

AT = datetime(2026, 6, 1, tzinfo=UTC)
JOE = Address.parse("Joe.Doe@example.org")
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ADVANCED = "/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q"
DIRECT = "/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q"
CA = trustme.CA()


def judge(data: bytes, address: Address, at: datetime) -> KeyAnswer:
    good = data == b"the key"
    return KeyAnswer(KeyState.VALID if good else KeyState.UNTRUSTED, data, "f1", "" if good else "no key")


@pytest.fixture
def server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("openpgpkey.example.org", "example.org").configure_cert(context)
    with web_server(context) as served:
        yield served


def fetch(*hosts: str, networks=LOOPBACK) -> Fetch:
    def resolve(host: str, port: int) -> list[str]:
        if host not in hosts:
            raise NoSuchHost("the host does not exist")
        return ["127.0.0.1"]

    context = ssl.create_default_context()
    CA.configure_trust(context)
    return Fetch(resolve, networks, context)


def found(server: Served, *hosts: str, seconds: float = 60.0, networks=LOOPBACK, kind=KeyKind.OPENPGP) -> KeyAnswer:
    return WebKeyDirectory(fetch(*hosts, networks=networks), judge, seconds, port=server.port).find(JOE, AT, kind)


def test_the_addresses_are_those_of_the_draft():
    assert zbase32(bytes.fromhex("f0")) == "6y"
    assert urls(JOE) == (
        f"https://openpgpkey.example.org{ADVANCED}?l=Joe.Doe",
        f"https://example.org{DIRECT}?l=Joe.Doe",
    )


def test_the_advanced_host_is_asked_where_it_exists(server):
    server.pages[ADVANCED] = b"the key"
    assert found(server, "openpgpkey.example.org", "example.org").state is KeyState.VALID
    assert server.asked == [f"{ADVANCED}?l=Joe.Doe"]


def test_the_domain_itself_only_where_the_other_host_does_not_exist(server):
    server.pages[DIRECT] = b"the key"
    assert found(server, "example.org").state is KeyState.VALID
    # It exists and has no such key: that is the answer, and the domain is not asked.
    assert found(server, "openpgpkey.example.org", "example.org").state is KeyState.NONE


def test_no_host_and_no_key_are_none_and_a_bad_key_is_untrusted(server):
    assert found(server).state is KeyState.NONE
    assert found(server, "example.org").state is KeyState.NONE
    server.pages[DIRECT] = b"something else"
    assert found(server, "example.org").state is KeyState.UNTRUSTED


def test_only_openpgp_is_looked_up(server):
    assert found(server, "example.org", kind=KeyKind.SMIME).state is KeyState.NONE
    assert server.asked == []


def test_a_redirect_is_not_followed(server):
    server.pages[DIRECT], server.redirect = b"the key", "https://elsewhere.example.net/key"
    answer = found(server, "example.org")
    assert (answer.state, "302" in answer.reason) == (KeyState.UNREACHABLE, True)
    assert len(server.asked) == 1


@pytest.mark.parametrize("extra", [0, 1])
def test_a_body_has_a_greatest_size(server, extra):
    server.pages[DIRECT] = b"x" * (KEY_BYTES + extra)
    answer = found(server, "example.org")
    assert answer.state is (KeyState.UNREACHABLE if extra else KeyState.UNTRUSTED)
    assert ("too large" in answer.reason) is bool(extra)


def test_a_server_that_trickles_is_left_when_the_time_is_over(server):
    server.pages[DIRECT], server.trickle = b"the key" * 1000, 0.05
    answer = found(server, "example.org", seconds=2.0)
    assert (answer.state, "in time" in answer.reason) == (KeyState.UNREACHABLE, True)


def test_the_certificate_of_the_web_server_counts(server):
    context = ssl.create_default_context()
    other = Fetch(lambda host, port: ["127.0.0.1"], LOOPBACK, context)
    answer = WebKeyDirectory(other, judge, 60, port=server.port).find(JOE, AT, KeyKind.OPENPGP)
    assert (answer.state, "TLS" in answer.reason) == (KeyState.UNREACHABLE, True)
    assert server.asked == []


def test_nobody_listens(server):
    wkd = WebKeyDirectory(fetch("example.org"), judge, 60, port=1)
    assert wkd.find(JOE, AT, KeyKind.OPENPGP).state is KeyState.UNREACHABLE


PRIVATE = ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1%eth0", "fd00::1",
           "::ffff:127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1", "255.255.255.255"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_never_asked(server, address):
    asks = Fetch(lambda host, port: [address], (), ssl.create_default_context())
    with pytest.raises(FetchFailed, match="no address that may be asked"):
        asks(f"http://example.org:{server.port}/", Deadline(2), 10)
    assert server.asked == []


def test_other_ports_than_the_webs_are_asked_only_where_the_network_is_named():
    asks = Fetch(lambda host, port: ["93.184.215.14"], (), ssl.create_default_context())
    with pytest.raises(FetchFailed, match="no address that may be asked"):
        asks("http://example.org:6379/", Deadline(2), 10)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "http:///x", "http://u:p@example.org/", "http://example.org/a b",
                                 "http://example.org/\r\nX: y", "http://example.org:99999/", "ldap://example.org/x", "nonsense"])  # fmt: skip
def test_what_is_no_plain_web_address_is_not_fetched(url):
    with pytest.raises(FetchFailed):
        Fetch(lambda host, port: ["127.0.0.1"], LOOPBACK)(url, Deadline(2), 10)

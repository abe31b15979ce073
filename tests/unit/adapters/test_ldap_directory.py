"""LDAP: a real slapd where there is one, and servers that lie, trickle, hang up or never end."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gateway.adapters.keydirectory import ber
from gateway.adapters.keydirectory.fetch import Fetch
from gateway.adapters.keydirectory.ldap import LdapDirectory, LdapPlace
from gateway.adapters.keydirectory.trust import Anchors, Trust
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.support.patience import until
from tests.unit.seal.certificates import AT, CA, recipient

BOB = Address.parse("bob@example.org")
KEY = ec.generate_private_key(ec.SECP256R1())
CERT = recipient("bob@example.org", KEY)
DER = CERT.public_bytes(Encoding.DER)
TRUST = Trust((Anchors((CA,)),))
SUCCESS = (ber.integer(0, ber.ENUMERATED), ber.tlv(ber.OCTETS), ber.tlv(ber.OCTETS))


def find(port: int, *, trust: Trust = TRUST, seconds: float = 60.0, connect: Fetch | None = None, **place) -> KeyAnswer:
    made = LdapPlace("127.0.0.1", port, "dc=example,dc=org", place.pop("tls", False), **place)
    return LdapDirectory(made, trust, seconds, connect or Fetch()).find(BOB, AT)


def message(number: int, tag: int, *content: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(tag, *content))


def entry(number: int, **attributes: bytes) -> bytes:
    listed = [
        ber.tlv(
            ber.SEQUENCE,
            ber.tlv(ber.OCTETS, name.replace("_", ";").encode()),
            ber.tlv(ber.SET, ber.tlv(ber.OCTETS, value)),
        )
        for name, value in attributes.items()
    ]
    return message(number, 0x64, ber.tlv(ber.OCTETS, b"cn=x"), ber.tlv(ber.SEQUENCE, *listed))


@contextlib.contextmanager
def server(answers: Callable[[int], bytes], *, pace: float = 0.0) -> Iterator[int]:
    """Reads messages and answers the n-th with what `answers` gives; at a pace, byte by byte."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                sock, _ = listening.accept()
                with sock, contextlib.suppress(OSError):
                    for number in range(1, 4):
                        if not sock.recv(4096):
                            break
                        data = answers(number)
                        if not pace:
                            sock.sendall(data)
                        for one in data if pace else b"":
                            sock.sendall(bytes([one]))
                            if over.wait(pace):
                                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def honest(*entries: bytes) -> Callable[[int], bytes]:
    return lambda number: message(1, 0x61, *SUCCESS) if number == 1 else b"".join(entries) + message(2, 0x65, *SUCCESS)


def test_a_certificate_is_found_and_needs_an_authority():
    with server(honest(entry(2, userCertificate_binary=DER))) as port:
        answer = find(port)
        assert (answer.state, answer.certificate) == (KeyState.VALID, DER)
        untrusted = find(port, trust=Trust())
        assert (untrusted.state, "no trusted authority" in untrusted.reason) == (KeyState.UNTRUSTED, True)


def test_user_smime_certificate_is_opened():
    bundle = pkcs7.serialize_certificates([CERT], Encoding.DER)
    with server(honest(entry(2, userSMIMECertificate_binary=bundle))) as port:
        assert find(port).certificate == DER


def test_referrals_are_passed_over_and_no_entry_is_none():
    reference = message(2, 0x73, ber.tlv(ber.OCTETS, b"ldap://elsewhere.example.net/"))
    with server(honest(reference)) as port:
        assert find(port).state is KeyState.NONE
    with server(honest(reference, entry(2, userCertificate_binary=DER))) as port:
        assert find(port).state is KeyState.VALID


def test_what_cannot_be_read_is_untrusted():
    with server(honest(entry(2, userCertificate_binary=b"no certificate"))) as port:
        assert find(port).state is KeyState.UNTRUSTED


HUGE = b"\x30\x84\x7f\xff\xff\xff"
BROKEN: dict[str, Callable[[int], bytes]] = {
    "refuses": lambda number: message(
        number, 0x61 if number == 1 else 0x65, ber.integer(50, ber.ENUMERATED), *SUCCESS[1:]
    ),
    "nonsense": lambda number: b"HTTP/1.1 200 OK\r\n\r\n",
    "another number": lambda number: message(number + 5, 0x61, *SUCCESS),
    "another operation": lambda number: message(number, 0x65, *SUCCESS),
    "hangs up": lambda number: b"",
    "huge": lambda number: HUGE,
    "indefinite length": lambda number: b"\x30\x80\x00\x00",
    "cut off inside": lambda number: ber.tlv(ber.SEQUENCE, ber.integer(number), b"\x61\x20\x0a"),
    "endless": lambda number: (
        message(1, 0x61, *SUCCESS) if number == 1 else entry(2, userCertificate_binary=b"x" * 60_000) * 40
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_server_that_misbehaves_is_unreachable(name):
    with server(BROKEN[name]) as port:
        assert find(port, seconds=1.0).state is KeyState.UNREACHABLE


def test_a_server_that_trickles_is_left_when_the_time_is_over():
    with server(honest(entry(2, userCertificate_binary=DER)), pace=0.05) as port:
        answer = find(port, seconds=0.5)
        assert (answer.state, "in time" in answer.reason) == (KeyState.UNREACHABLE, True)


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert find(port).state is KeyState.UNREACHABLE


def test_openpgp_is_not_asked_for():
    assert (
        LdapDirectory(LdapPlace("127.0.0.1", 1, "", False), TRUST, 1).find(BOB, AT, KeyKind.OPENPGP).state
        is KeyState.NONE
    )


def test_an_address_of_an_ldap_directory_is_read_strictly():
    place = LdapPlace.parse("ldaps://ldap.example.org/dc=example,dc=org", user="cn=x", password=Protected(b"y"))
    assert (place.port, place.base, place.tls) == (636, "dc=example,dc=org", True)
    for url in ("http://x/", "ldap:///dc=x", "ldap://x/dc=x?cn?sub"):
        with pytest.raises(ConfigError):
            LdapPlace.parse(url)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory) -> Iterator[tuple[int, int, Path]]:
    """A slapd with one entry: its ports without and with TLS, and the authority of its certificate."""
    program = shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin")
    adds = shutil.which("ldapadd")
    if program is None or adds is None:
        pytest.skip("slapd or ldapadd is missing: run tools/peers.sh")
    home = tmp_path_factory.mktemp("slapd")
    (home / "db").mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(home / "key.pem")
    issued.cert_chain_pems[0].write_to_path(home / "cert.pem")
    (home / "slapd.conf").write_text(
        f"include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\n"
        f"modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {home}/pid\nTLSCertificateFile {home}/cert.pem\nTLSCertificateKeyFile {home}/key.pem\n"
        f'database mdb\nmaxsize 10485760\nsuffix "dc=example,dc=org"\nrootdn "cn=admin,dc=example,dc=org"\nrootpw secret\ndirectory {home}/db\n'
    )
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        ports = [one.getsockname()[1] for one in (first, second)]
    urls = f"ldap://127.0.0.1:{ports[0]} ldaps://127.0.0.1:{ports[1]}"
    process = subprocess.Popen(
        [program, "-f", str(home / "slapd.conf"), "-h", urls, "-d", "0"], stderr=subprocess.DEVNULL
    )
    (home / "bob.der").write_bytes(DER)
    (home / "bob.ldif").write_text(
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
        "dn: cn=Bob,dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: Bob\nsn: Example\nmail: Bob@Example.org\n"
        f"userCertificate;binary:< file://{home}/bob.der\n"
    )
    command = [
        adds,
        "-x",
        "-H",
        f"ldap://127.0.0.1:{ports[0]}",
        "-D",
        "cn=admin,dc=example,dc=org",
        "-w",
        "secret",
        "-f",
        str(home / "bob.ldif"),
    ]
    try:
        until(lambda: subprocess.run(command, capture_output=True, check=False).returncode in {0, 68})
        yield ports[0], ports[1], home / "ca.pem"
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.peer
def test_slapd_in_the_open_with_tls_and_with_starttls(slapd):
    plain, secured, authority = slapd
    trusted = Fetch(context=ssl.create_default_context(cafile=str(authority)))
    assert find(plain).certificate == DER
    assert find(secured, tls=True, connect=trusted).certificate == DER
    assert find(plain, starttls=True, connect=trusted).certificate == DER
    assert find(plain, user="cn=admin,dc=example,dc=org", password=Protected(b"secret")).state is KeyState.VALID


@pytest.mark.peer
def test_slapd_refusals_are_unreachable(slapd):
    plain, secured, _ = slapd
    wrong = find(plain, user="cn=admin,dc=example,dc=org", password=Protected(b"wrong"))
    assert (wrong.state, "result 49" in wrong.reason) == (KeyState.UNREACHABLE, True)
    assert find(secured, tls=True).state is KeyState.UNREACHABLE  # its authority is not trusted
    assert find(plain, starttls=True).state is KeyState.UNREACHABLE
    somebody = LdapDirectory(LdapPlace("127.0.0.1", plain, "dc=example,dc=org", False), TRUST, 5)
    assert somebody.find(Address.parse("eve@example.org"), AT).state is KeyState.NONE
    # Nothing of an address is read as a filter.
    assert somebody.find(Address.parse("*@example.org"), AT).state is KeyState.NONE

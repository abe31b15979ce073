"""Keys in the DNS: names, records, and that only validated answers are used; with unbound as a real validator where it is."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.dns import Resolver
from gateway.adapters.keydirectory.dns_keys import BOGUS, UNSIGNED, DnsDirectory
from gateway.adapters.keydirectory.trust import Anchors, Trust
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.support.dns_server import dns_server
from tests.support.patience import until
from tests.unit.seal.certificates import AT, CA, recipient

BOB = Address.parse("Bob.B@example.net")
KEY = ec.generate_private_key(ec.SECP256R1())
CERT = recipient("bob.b@example.net", KEY)
DER = CERT.public_bytes(Encoding.DER)
WHOLE_DOMAIN = recipient("x", KEY, san=[x509.DNSName("example.net")])
TRUST = Trust((Anchors((CA,)), Anchors((CA,), frozenset({"example.net"}), direct=True)))
SMIMEA, OPENPGPKEY, CERTS = dns.rdatatype.SMIMEA, dns.rdatatype.OPENPGPKEY, dns.rdatatype.CERT


def hashed(local: str, below: str) -> str:
    return f"{hashlib.sha256(local.encode()).hexdigest()[:56]}.{below}.example.net."


def smimea(usage: int = 3, selector: int = 0, mtype: int = 0, data: bytes = DER) -> str:
    return f"{usage} {selector} {mtype} {data.hex()}"


def cert(data: bytes = DER, kind: int = 1) -> str:
    return f"{kind} 0 0 {base64.b64encode(data).decode()}"


def openpgpkey(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Says:
    """A validating resolver that knows some names; what it was asked is written down."""

    def __init__(
        self, records: dict[str, list[str]] | None = None, *, secure: bool = True, rcode: int = dns.rcode.NOERROR
    ) -> None:
        self.records, self.secure, self.rcode, self.asked = records or {}, secure, rcode, []

    def __call__(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        answer = dns.message.make_response(query, recursion_available=True)
        self.asked.append((question.name.to_text(), bool(query.flags & dns.flags.CD)))
        unchecked = query.flags & dns.flags.CD
        if self.rcode == dns.rcode.NOERROR or unchecked:
            found = self.records.get(question.name.to_text())
            if found:
                answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", question.rdtype, found))
            elif not unchecked:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            if self.secure and not unchecked:
                answer.flags |= dns.flags.AD
        else:
            answer.set_rcode(self.rcode)
        return answer


def judge(data: bytes, address: Address, at: datetime) -> KeyAnswer:
    return KeyAnswer(KeyState.VALID, data, "f1") if data == b"key" else KeyAnswer(KeyState.UNTRUSTED, reason="no key")


def find(
    says: Callable, record=SMIMEA, kind=KeyKind.SMIME, *, address=BOB, trust=TRUST, seconds=60.0, anchored=False
) -> KeyAnswer:
    with dns_server(says) as port:
        return DnsDirectory(Resolver("127.0.0.1", port), record, trust, judge, seconds, anchored).find(
            address, AT, kind
        )


def test_smimea_at_the_name_of_the_rfc():
    says = Says({hashed("Bob.B", "_smimecert"): [smimea()]})
    answer = find(says, trust=Trust())
    assert (answer.state, answer.certificate) == (KeyState.VALID, DER)
    assert says.asked == [(hashed("Bob.B", "_smimecert"), False)]
    # The example of RFC 7929 3: hugh@example.com.
    assert hashlib.sha256(b"hugh").hexdigest()[:56] == "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6"


def test_the_lower_case_name_is_tried_too():
    says = Says({hashed("bob.b", "_smimecert"): [smimea()]})
    assert find(says).state is KeyState.VALID
    assert len(says.asked) == 2


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (smimea(1), KeyState.VALID),
        (smimea(0), KeyState.NONE),
        (smimea(2), KeyState.NONE),
        (smimea(3, mtype=1, data=hashlib.sha256(DER).digest()), KeyState.NONE),
        (smimea(3, 1), KeyState.NONE),
        (smimea(3, data=b"no certificate"), KeyState.UNTRUSTED),
        (smimea(3, data=recipient("eve@example.net", KEY).public_bytes(Encoding.DER)), KeyState.UNTRUSTED),
        (
            smimea(3, data=recipient("bob.b@example.net", KEY, end=AT - timedelta(hours=1)).public_bytes(Encoding.DER)),
            KeyState.EXPIRED,
        ),
    ],
    ids=["domain-issued", "ca", "anchor", "hash", "spki", "no-certificate", "another-address", "expired"],
)
def test_what_smimea_records_are_worth(record, state):
    assert find(Says({hashed("Bob.B", "_smimecert"): [record]})).state is state


def test_pkix_ee_asks_for_a_chain_as_well():
    assert find(Says({hashed("Bob.B", "_smimecert"): [smimea(1)]}), trust=Trust()).state is KeyState.UNTRUSTED


@pytest.mark.parametrize("record", [SMIMEA, OPENPGPKEY, CERTS])
def test_an_answer_without_dnssec_is_untrusted_and_never_used(record):
    records = {
        hashed("Bob.B", "_smimecert"): [smimea()],
        hashed("Bob.B", "_openpgpkey"): [openpgpkey(b"key")],
        "bob\\.b.example.net.": [cert()],
    }
    kind = KeyKind.OPENPGP if record == OPENPGPKEY else KeyKind.SMIME
    assert find(Says(records), record, kind).state is KeyState.VALID
    answer = find(Says(records, secure=False), record, kind)
    assert (answer.state, answer.reason, answer.certificate) == (KeyState.UNTRUSTED, UNSIGNED, b"")


def test_an_answer_that_does_not_validate_is_told_from_one_that_nobody_gives():
    records = {hashed("Bob.B", "_smimecert"): [smimea()]}
    forged = find(Says(records, rcode=dns.rcode.SERVFAIL))
    assert (forged.state, forged.reason) == (KeyState.UNTRUSTED, BOGUS)
    assert find(Says(rcode=dns.rcode.SERVFAIL)).state is KeyState.UNREACHABLE
    assert find(Says(records, rcode=dns.rcode.REFUSED)).state is KeyState.UNREACHABLE


@pytest.mark.parametrize("secure", [True, False])
def test_nothing_there_is_none(secure):
    assert find(Says(secure=secure)).state is KeyState.NONE


def test_a_resolver_that_is_silent_or_talks_nonsense_is_unreachable():
    assert find(lambda query: None, seconds=0.4).state is KeyState.UNREACHABLE
    assert find(lambda query: b"nonsense", seconds=0.4).state is KeyState.UNREACHABLE
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = DnsDirectory(Resolver("127.0.0.1", port), SMIMEA, TRUST, judge, 0.5)
    assert nobody.find(BOB, AT).state is KeyState.UNREACHABLE


def test_a_large_answer_comes_by_tcp():
    padded = [smimea(), *(smimea(3, 1, 0, bytes([n]) * 400) for n in range(8))]
    assert find(Says({hashed("Bob.B", "_smimecert"): padded})).state is KeyState.VALID


def test_openpgp_keys_go_to_their_judge():
    says = Says({hashed("Bob.B", "_openpgpkey"): [openpgpkey(b"key")], "bob\\.b.example.net.": [cert(b"key", 3)]})
    assert find(says, OPENPGPKEY, KeyKind.OPENPGP).state is KeyState.VALID
    assert find(says, CERTS, KeyKind.OPENPGP).state is KeyState.VALID
    assert find(says, OPENPGPKEY, KeyKind.SMIME).state is KeyState.NONE
    assert (
        find(Says({hashed("Bob.B", "_openpgpkey"): [openpgpkey(b"?")]}), OPENPGPKEY, KeyKind.OPENPGP).state
        is KeyState.UNTRUSTED
    )


@pytest.mark.parametrize("name", ["bob\\.b.example.net.", "bob.b.example.net."])
def test_cert_at_both_spellings_of_the_local_part(name):
    assert find(Says({name: [cert()]}), CERTS).state is KeyState.VALID


def test_direct_finds_a_certificate_of_the_whole_domain_by_its_communitys_anchor():
    says = Says({"example.net.": [cert(WHOLE_DOMAIN.public_bytes(Encoding.DER))]})
    assert find(says, CERTS, KeyKind.DIRECT).state is KeyState.VALID
    assert find(says, CERTS, KeyKind.SMIME).state is KeyState.NONE
    elsewhere = Trust((Anchors((CA,)), Anchors((CA,), frozenset({"example.org"}), direct=True)))
    assert find(says, CERTS, KeyKind.DIRECT, trust=elsewhere).state is KeyState.UNTRUSTED
    assert find(says, CERTS, KeyKind.DIRECT, trust=Trust((Anchors((CA,)),))).state is KeyState.UNTRUSTED


def test_unsigned_cert_answers_serve_only_where_that_is_set_and_a_chain_holds():
    says = Says({"bob\\.b.example.net.": [cert()]}, secure=False)
    assert find(says, CERTS, anchored=True).state is KeyState.VALID
    assert find(says, CERTS, anchored=True, trust=Trust()).state is KeyState.UNTRUSTED
    assert find(says, CERTS).state is KeyState.UNTRUSTED
    pgp = Says({"bob\\.b.example.net.": [cert(b"key", 3)]}, secure=False)
    assert find(pgp, CERTS, KeyKind.OPENPGP, anchored=True).state is KeyState.UNTRUSTED
    forged = Says(says.records, rcode=dns.rcode.SERVFAIL)
    assert find(forged, CERTS, anchored=True).state is KeyState.UNTRUSTED


def test_urls_in_cert_records_are_not_followed():
    assert find(Says({"bob\\.b.example.net.": [cert(b"http://example.org/x", 4)]}), CERTS).state is KeyState.NONE


def test_a_local_part_that_is_too_long_for_a_label_is_no_error():
    long = Address.parse(f"{'a' * 64}@example.net")
    assert find(Says(), CERTS, address=long).state is KeyState.NONE


def test_only_loopback_or_tls_may_claim_validation():
    with pytest.raises(ConfigError):
        Resolver("192.0.2.1", 53)
    assert Resolver("192.0.2.1", 853, "dns.example.org").port == 853
    assert Resolver("::1", 53).port == 53


@contextlib.contextmanager
def over_tls(says: Callable, authority: trustme.CA) -> Iterator[int]:
    """The same resolver over TLS (RFC 7858), under the name dns.example.org."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("dns.example.org").configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listening.accept()
                plain.settimeout(20)
                with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as one:
                    size = int.from_bytes(one.recv(2), "big")
                    made = says(dns.message.from_wire(one.recv(size))).to_wire(max_size=65535)
                    one.sendall(len(made).to_bytes(2, "big") + made)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def test_a_resolver_elsewhere_is_believed_over_tls_under_its_own_name():
    ours, theirs = trustme.CA(), trustme.CA()
    says = Says({hashed("Bob.B", "_smimecert"): [smimea()]})
    with over_tls(says, ours) as port:
        for name, authority, state in (
            ("dns.example.org", ours, KeyState.VALID),
            ("other.example.org", ours, KeyState.UNREACHABLE),
            ("dns.example.org", theirs, KeyState.UNREACHABLE),
        ):
            context = ssl.create_default_context()
            authority.configure_trust(context)
            resolver = Resolver("127.0.0.1", port, name, context)
            assert DnsDirectory(resolver, SMIMEA, Trust(), judge, 60).find(BOB, AT).state is state


# With a real validator


def signed_zone() -> tuple[dns.zone.Zone, dns.rdata.Rdata]:
    """example.net with a key record, signed; and the DS of its key."""
    text = f"@ 60 SOA ns hostmaster 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 127.0.0.1\n{hashed('Bob.B', '_smimecert')} 60 SMIMEA {smimea()}\n"
    zone = dns.zone.from_text(text, "example.net.", relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, 257)
    since = datetime.now(UTC) - timedelta(days=1)
    dns.dnssec.sign_zone(zone, keys=[(private, key)], inception=since, lifetime=86400 * 30, add_dnskey=True)
    return zone, dns.dnssec.make_ds("example.net.", key, "SHA256")


def authority(zone: dns.zone.Zone, *, forge: bool = False) -> Callable[[dns.message.Message], dns.message.Message]:
    """Serves a zone with its signatures; negative answers carry the NSEC that prove them. `forge` puts another certificate in."""
    other = recipient("bob.b@example.net", ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.DER)

    def reply(query: dns.message.Message) -> dns.message.Message:
        question, answer = query.question[0], dns.message.make_response(query)
        answer.flags |= dns.flags.AA

        def put(section: list[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType) -> bool:
            found = zone.get_rrset(name, kind)
            if found is None:
                return False
            if forge and kind == SMIMEA:
                found = dns.rrset.from_text(name, 60, "IN", "SMIMEA", smimea(data=other))
            section.append(found)
            sigs = zone.get_rrset(name, dns.rdatatype.RRSIG, kind)
            if sigs is not None:
                section.append(sigs)
            return True

        if not put(answer.answer, question.name, question.rdtype):
            put(answer.authority, zone.origin, dns.rdatatype.SOA)
            star = dns.name.from_text("*", question.name.parent())
            for name in [one for one in zone.nodes if denies(zone, one, question.name) or denies(zone, one, star)]:
                put(answer.authority, name, dns.rdatatype.NSEC)
            if not any(name.is_subdomain(question.name) for name in zone.nodes):
                answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    return reply


def denies(zone: dns.zone.Zone, owner: dns.name.Name, name: dns.name.Name) -> bool:
    """Whether the NSEC there says something about that name: its own, or one in the space after it (RFC 4034 4)."""
    found = zone.get_rdataset(owner, dns.rdatatype.NSEC)
    if found is None:
        return False
    after = found[0].next
    return owner == name or (owner < name < after if owner < after else owner < name)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 20):
        return True
    return False


@contextlib.contextmanager
def unbound(tmp_path: Path, zone_port: int, anchor: dns.rdata.Rdata | None) -> Iterator[int]:
    program = shutil.which("unbound") or shutil.which("unbound", path="/usr/sbin")
    if program is None:
        pytest.skip("unbound is missing: run tools/peers.sh")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    trusted = f'trust-anchor: "example.net. DS {anchor}"' if anchor is not None else ""
    (tmp_path / "unbound.conf").write_text(
        f"server:\n interface: 127.0.0.1@{port}\n do-ip6: no\n chroot: ''\n username: ''\n pidfile: {tmp_path}/pid\n use-syslog: no\n"
        f" directory: {tmp_path}\n do-not-query-localhost: no\n module-config: 'validator iterator'\n {trusted}\n num-threads: 1\n"
        f"remote-control:\n control-enable: no\nstub-zone:\n name: example.net\n stub-addr: 127.0.0.1@{zone_port}\n"
    )
    process = subprocess.Popen([program, "-d", "-c", str(tmp_path / "unbound.conf")], stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None
        yield port
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("forge", "anchored", "state", "reason"),
    [
        (False, True, KeyState.VALID, ""),
        (True, True, KeyState.UNTRUSTED, BOGUS),
        (False, False, KeyState.UNTRUSTED, UNSIGNED),
    ],
)
def test_a_signed_zone_through_a_real_validator(tmp_path, forge, anchored, state, reason):
    zone, ds = signed_zone()
    with (
        dns_server(authority(zone, forge=forge)) as zone_port,
        unbound(tmp_path, zone_port, ds if anchored else None) as port,
    ):
        directory = DnsDirectory(Resolver("127.0.0.1", port), SMIMEA, Trust(), judge, 60)
        answer = directory.find(BOB, AT)
        assert (answer.state, answer.reason) == (state, reason)
        if not forge and anchored:
            assert directory.find(Address.parse("eve@example.net"), AT).state is KeyState.NONE

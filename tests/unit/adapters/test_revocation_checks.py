"""Revocation by lists and OCSP over real http: every wrong answer is unknown and never good; big lists, slow servers, memory."""

from __future__ import annotations

import ipaddress
import tracemalloc
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gateway.adapters.keydirectory.fetch import Fetch
from gateway.adapters.keydirectory.revocation import RevocationChecks, RevocationLimits
from gateway.adapters.keydirectory.trust import Anchors, Trust
from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from tests.support.web_server import Served, web_server
from tests.unit.seal.certificates import AT, recipient, usage

BOB = Address.parse("bob@example.net")
KEY, ROOT_KEY, MIDDLE_KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
SIGNS = usage(key_cert_sign=True, crl_sign=True)
DAY = timedelta(days=1)


def root(name: str = "Root", key: ec.EllipticCurvePrivateKey = ROOT_KEY) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, AT - 9 * DAY, AT + 99 * DAY)
    return (
        made.add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(SIGNS, True)
        .sign(key, hashes.SHA256())
    )


ROOT = root()


@pytest.fixture
def server():
    with web_server() as served:
        yield served


def places(server: Served, *, crl: bool = False, asks: bool = False) -> list[tuple[x509.ExtensionType, bool]]:
    at = [x509.UniformResourceIdentifier(f"http://pki.example.org:{server.port}/{one}") for one in ("crl", "ocsp")]
    extra: list[tuple[x509.ExtensionType, bool]] = []
    if crl:
        extra.append((x509.CRLDistributionPoints([x509.DistributionPoint([at[0]], None, None, None)]), False))
    if asks:
        extra.append(
            (
                x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, at[1])]),
                False,
            )
        )
    return extra


def leaf(server: Served, **kinds: bool) -> x509.Certificate:
    return recipient("bob@example.net", KEY, issuer=(ROOT, ROOT_KEY), extra=places(server, **kinds))


def crl(
    *revoked: x509.Certificate, key=ROOT_KEY, issuer: x509.Certificate = ROOT, since: datetime = AT - DAY, until: datetime = AT + DAY,
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = (), serials: range = range(0),
) -> bytes:  # fmt: skip
    made = x509.CertificateRevocationListBuilder(issuer.subject, since, until)
    entries = [
        x509.RevokedCertificateBuilder(one, AT - DAY).build()
        for one in (*(each.serial_number for each in revoked), *serials)
    ]
    made = x509.CertificateRevocationListBuilder(issuer.subject, since, until, [], entries) if entries else made
    for extension, critical in extra:
        made = made.add_extension(extension, critical)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def checks(*, hard: bool = True, networks=LOOPBACK, limits: RevocationLimits | None = None) -> RevocationChecks:
    fetch = Fetch(lambda host, port: ["127.0.0.1"], networks)
    return RevocationChecks(fetch, lambda size: b"n" * size, limits or RevocationLimits(seconds=60), hard=hard)


def answer(
    certificate: x509.Certificate, revocation: RevocationChecks | None, intermediates=()
) -> tuple[KeyState, str]:
    trust = Trust((Anchors((ROOT,)),), revocation)
    found = trust.judge([certificate], BOB, AT, intermediates=intermediates)
    return found.state, found.reason


def test_a_list_says_good_or_revoked(server):
    good, bad = leaf(server, crl=True), leaf(server, crl=True)
    server.pages["/crl"] = crl(bad)
    revocation = checks()
    assert answer(good, revocation) == (KeyState.VALID, "")
    assert answer(bad, revocation) == (KeyState.UNTRUSTED, "the certificate has been revoked")
    assert server.asked == ["/crl"]  # one list for all, remembered


@pytest.mark.parametrize(("hard", "state"), [(True, KeyState.UNREACHABLE), (False, KeyState.VALID)])
def test_where_nobody_can_tell_the_mode_decides(server, hard, state):
    found = answer(leaf(server, crl=True, asks=True), checks(hard=hard))
    assert found[0] is state
    assert bool(found[1]) is hard
    assert server.asked == ["/crl", "/ocsp"]


def test_soft_still_refuses_what_is_known_to_be_revoked(server):
    bad = leaf(server, crl=True)
    server.pages["/crl"] = crl(bad, since=AT - 9 * DAY, until=AT - DAY)  # old, and it was on it
    assert answer(bad, checks(hard=False))[0] is KeyState.UNTRUSTED


def test_an_authority_in_between_can_be_revoked(server):
    between = recipient(
        "Middle",
        MIDDLE_KEY,
        san=[],
        authority=True,
        key_usage=SIGNS,
        issuer=(ROOT, ROOT_KEY),
        extra=places(server, crl=True),
    )
    below = recipient("bob@example.net", KEY, issuer=(between, MIDDLE_KEY))
    server.pages["/crl"] = crl()
    assert answer(below, checks(), [between])[0] is KeyState.VALID
    server.pages["/crl"] = crl(between)
    state, reason = answer(below, checks(), [between])
    assert (state, "authority above" in reason) == (KeyState.UNTRUSTED, True)


def test_without_a_chain_nothing_is_fetched(server):
    stranger = recipient(
        "bob@example.net", KEY, issuer=(root(key=OTHER_KEY), OTHER_KEY), extra=places(server, crl=True, asks=True)
    )
    assert answer(stranger, checks())[0] is KeyState.UNTRUSTED
    assert server.asked == []


def test_places_that_are_not_public_are_not_asked_unless_their_network_is_named(server):
    server.pages["/crl"] = crl()
    state, reason = answer(leaf(server, crl=True), checks(networks=()))
    assert (state, "no address that may be asked" in reason) == (KeyState.UNREACHABLE, True)
    assert server.asked == []


def part(**options: object) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    fields: dict[str, object] = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    fields |= dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    return ((x509.IssuingDistributionPoint(**(fields | options)), True),)


BAD_LISTS = {
    "no list": lambda: b"nothing",
    "another key": lambda: crl(key=OTHER_KEY),
    "another issuer": lambda: crl(issuer=root("Other")),
    "out of date": lambda: crl(since=AT - 9 * DAY, until=AT - DAY),
    "not yet": lambda: crl(since=AT + DAY, until=AT + 2 * DAY),
    "a delta": lambda: crl(extra=((x509.DeltaCRLIndicator(1), True),)),
    "indirect": lambda: crl(extra=part(indirect_crl=True)),
    "authorities only": lambda: crl(extra=part(only_contains_ca_certs=True)),
    "another place": lambda: crl(
        extra=part(full_name=[x509.UniformResourceIdentifier("http://pki.example.org/other")])
    ),
    "unknown critical": lambda: crl(
        extra=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True),)
    ),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_cannot_be_judged_says_nothing(server, name):
    server.pages["/crl"] = BAD_LISTS[name]()
    state, reason = answer(leaf(server, crl=True), checks())
    assert state is KeyState.UNREACHABLE
    assert "revocation list" in reason


def test_a_list_of_its_own_kind_and_place_serves(server):
    server.pages["/crl"] = crl(
        extra=part(
            only_contains_user_certs=True,
            full_name=[x509.UniformResourceIdentifier(f"http://pki.example.org:{server.port}/crl")],
        )
    )
    assert answer(leaf(server, crl=True), checks())[0] is KeyState.VALID


def test_a_list_of_ten_megabytes_is_read_within_bounds_and_a_larger_one_is_not(server):
    good, bad = leaf(server, crl=True), leaf(server, crl=True)
    small = crl(bad, serials=range(2**150, 2**150 + 2000))
    # Ten megabytes are made by hand: the builder would take minutes. 36 bytes an entry.
    big = grown(small, 10 * 1024 * 1024)
    assert len(big) > 10_000_000
    server.pages["/crl"] = big
    revocation = checks()
    tracemalloc.start()
    try:
        assert answer(bad, revocation)[0] is KeyState.UNTRUSTED
        assert answer(good, revocation)[0] is KeyState.VALID
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(big)
    assert len(server.asked) == 1
    state, reason = answer(good, checks(limits=RevocationLimits(60, len(big) - 1)))
    assert (state, "too large" in reason) == (KeyState.UNREACHABLE, True)


def grown(small: bytes, size: int) -> bytes:
    """The list with its entries repeated up to a size, signed again."""
    from gateway.adapters.keydirectory.ber import tlv, values

    ((_, whole),) = values(small)
    (_, tbs), (_, algorithm), _ = values(whole)
    parts = [(tag, content) for tag, content in values(tbs)]
    entries = max((one for one in parts if one[0] == 0x30), key=lambda one: len(one[1]))
    many = entries[1] * (size // len(entries[1]) + 1)
    again = tlv(0x30, *(tlv(tag, many if (tag, content) == entries else content) for tag, content in parts))
    signature = ROOT_KEY.sign(again, ec.ECDSA(hashes.SHA256()))
    return tlv(0x30, again, tlv(0x30, algorithm), tlv(0x03, b"\0" + signature))


def test_a_place_that_trickles_ends_with_its_time_and_is_left_alone_then(server):
    server.pages["/crl"], server.trickle = crl(), 0.05
    revocation = checks(limits=RevocationLimits(seconds=3.0))
    assert answer(leaf(server, crl=True), revocation)[0] is KeyState.UNREACHABLE
    assert answer(leaf(server, crl=True), revocation)[0] is KeyState.UNREACHABLE
    assert len(server.asked) == 1


Delegate = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def responder(
    *, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD, about: x509.Certificate | None = None, nonce: bytes | None = b"n" * 32,
    since: datetime = AT - DAY, until: datetime | None = AT + DAY, signer: Delegate = (ROOT, ROOT_KEY), listed: bool = False,
):  # fmt: skip
    """An OCSP responder; `about` answers for another certificate than the one asked for."""

    def respond(certificate: x509.Certificate) -> bytes:
        revoked = AT - DAY if status is ocsp.OCSPCertStatus.REVOKED else None
        made = ocsp.OCSPResponseBuilder().add_response(
            about or certificate, ROOT, hashes.SHA1(), status, since, until, revoked, None
        )
        made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, signer[0])
        made = made.certificates([signer[0]]) if listed else made
        if nonce is not None:
            made = made.add_extension(x509.OCSPNonce(nonce), False)
        return made.sign(signer[1], hashes.SHA256()).public_bytes(Encoding.DER)

    return respond


def delegate(*usages: x509.ObjectIdentifier, key=OTHER_KEY, issuer: Delegate = (ROOT, ROOT_KEY), **options) -> Delegate:
    made = recipient(
        "Responder", key, san=[], key_usage=usage(digital_signature=True), eku=list(usages), issuer=issuer, **options
    )
    return made, key


def asked(server: Served, respond) -> tuple[KeyState, str]:
    certificate = leaf(server, asks=True)
    server.pages["/ocsp"] = lambda body: (200, respond(certificate))
    return answer(certificate, checks())


OCSP = ExtendedKeyUsageOID.OCSP_SIGNING
GOOD_ANSWERS = {
    "by the authority": lambda: responder(),
    "without a nonce": lambda: responder(nonce=None),
    "without an end": lambda: responder(until=None, since=AT - timedelta(hours=3)),
    "by its delegate": lambda: responder(signer=delegate(OCSP), listed=True),
}
BAD_ANSWERS = {
    "another certificate": lambda: responder(about=recipient("eve@example.net", KEY, issuer=(ROOT, ROOT_KEY))),
    "another nonce": lambda: responder(nonce=b"x" * 32),
    "out of date": lambda: responder(since=AT - 9 * DAY, until=AT - DAY),
    "without an end and old": lambda: responder(until=None, since=AT - 3 * DAY),
    "not yet": lambda: responder(since=AT + DAY, until=AT + 2 * DAY),
    "unknown": lambda: responder(status=ocsp.OCSPCertStatus.UNKNOWN),
    "by another key": lambda: responder(signer=(root(key=OTHER_KEY), OTHER_KEY), listed=True),
    "by one who may not": lambda: responder(signer=delegate(ExtendedKeyUsageOID.EMAIL_PROTECTION), listed=True),
    "by a delegate that has ended": lambda: responder(signer=delegate(OCSP, end=AT - timedelta(hours=1)), listed=True),
    "by somebody's delegate": lambda: responder(signer=delegate(OCSP, issuer=(root(key=MIDDLE_KEY), MIDDLE_KEY)), listed=True),
    "no answer": lambda: lambda certificate: b"nothing",
    "try later": lambda: lambda certificate: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_ANSWERS)
def test_a_responders_word_counts(server, name):
    assert asked(server, GOOD_ANSWERS[name]()) == (KeyState.VALID, "")


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_cannot_be_judged_says_nothing(server, name):
    state, reason = asked(server, BAD_ANSWERS[name]())
    assert state is KeyState.UNREACHABLE
    assert "OCSP" in reason


def test_a_responder_says_revoked(server):
    assert asked(server, responder(status=ocsp.OCSPCertStatus.REVOKED)) == (
        KeyState.UNTRUSTED,
        "the certificate has been revoked",
    )


def test_the_responder_is_asked_only_where_no_list_tells_and_its_answer_is_remembered(server):
    certificate, revocation = leaf(server, crl=True, asks=True), checks()
    server.pages["/ocsp"] = lambda body: (200, responder()(certificate))
    assert answer(certificate, revocation)[0] is KeyState.VALID
    assert answer(certificate, revocation)[0] is KeyState.VALID
    assert server.asked == ["/crl", "/ocsp"]
    server.pages["/crl"] = crl()
    server.asked.clear()
    assert answer(certificate, checks())[0] is KeyState.VALID
    assert server.asked == ["/crl"]

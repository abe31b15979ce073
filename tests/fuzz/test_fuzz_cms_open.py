"""Foreign CMS, damaged in every way: the answer is an inside or NotOpened, never another error, in bounded work."""

from __future__ import annotations

import tracemalloc

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.errors import MalformedMail
from gateway.mime.build_original import read_block
from gateway.mime.sealed_root import decoded
from gateway.seal import smime
from gateway.seal.ber import Ber, Value
from gateway.seal.cms_open import NotOpened
from gateway.seal.cms_read import read_cms
from gateway.seal.opening import open_mail
from gateway.seal.smime_signature import Signer
from tests.support.sealed_mail import block_of, entity, own, sealed_by_us, wrapped
from tests.unit.seal.certificates import recipient, rsa_key, usage

EC = ec.generate_private_key(ec.SECP256R1())
SIGNER = Signer(recipient("alice@clinic.example.net", EC, key_usage=usage(digital_signature=True)), EC)
OWNERS = [(recipient("gate@willow.example.org", rsa_key()), rsa_key()), (recipient("gate@willow.example.org", EC), EC)]
TOOLS = own(*OWNERS)  # type: ignore[arg-type]
PAYLOAD = entity("Content-Type: text/plain\n", "the blood test is fine\n")


def _cms(content: str) -> bytes:
    mail = sealed_by_us(PAYLOAD, SIGNER, [one for one, _ in OWNERS], smime.Form(content))
    return decoded("base64", mail.partition(b"\r\n\r\n")[2])


SAMPLES = [_cms(smime.AES_256_CBC), _cms(smime.AES_256_GCM)]
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def looked(cms: bytes) -> None:
    mail = wrapped(cms)
    block, body = read_block([mail])
    try:
        open_mail(block, b"".join(body), TOOLS)
    except NotOpened:
        return


@FEW
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_octets(sample: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample)
    for at, to in changes:
        data[at % len(data)] = to
    looked(bytes(data))


@FEW
@given(st.sampled_from(SAMPLES), st.integers(0, 4000), st.integers(0, 4000), st.binary(max_size=40))
def test_pieces_cut_out_and_put_in(sample: bytes, start: int, length: int, other: bytes) -> None:
    start %= len(sample)
    looked(sample[:start] + other + sample[start + length :])


@FEW
@given(st.binary(max_size=300))
def test_anything_at_all(data: bytes) -> None:
    looked(data)
    looked(b"\x30\x80" + data)
    looked(SAMPLES[0][:15] + data)


@FEW
@given(
    st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(["--x\r\n", "--x--\r\n", "--x", "\r\n--x \r\n"])
)
def test_halves_of_any_shape(first: bytes, second: bytes, mark: str) -> None:
    head = b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x\r\n\r\n'
    block, body = read_block([head + mark.encode() + first + b"\r\n" + mark.encode() + second + b"\r\n--x--\r\n"])
    try:
        open_mail(block, b"".join(body), TOOLS)
    except NotOpened:
        return


def _wild(kind: str, size: int) -> bytes:
    return {
        "nested": b"\x30\x80" * size,
        "nested and closed": b"\x30\x80" * size + b"\x00\x00" * size,
        "nested strings": b"\x24\x80" * size + b"\x00\x00" * size,
        "empty values": b"\x30\x80" + b"\x30\x00" * size + b"\x00\x00",
        "empty strings": b"\x24\x80" + b"\x04\x00" * size + b"\x00\x00",
        "huge length": b"\x30\x84\xff\xff\xff\xff" + b"\x00" * size,
        "longest length": b"\x30\x88" + b"\xff" * 8 + b"\x00" * size,
        "length of lengths": b"\x30\xff" + b"\xff" * size,
    }[kind]


@pytest.mark.parametrize("kind", ["nested", "nested and closed", "nested strings", "empty values", "empty strings",
                                  "huge length", "longest length", "length of lengths"])  # fmt: skip
def test_wild_shapes_cost_no_more_than_their_size(kind: str) -> None:
    def read(data: bytes) -> None:
        for form in (data, SAMPLES[0][:13] + data):
            with pytest.raises(MalformedMail):
                read_cms(form)
        ber = Ber(data)
        try:
            ber.octets(ber.first())
        except MalformedMail:
            return

    read(_wild(kind, 20_000))
    tracemalloc.start()
    data = _wild(kind, 100_000)
    before = tracemalloc.get_traced_memory()[0]
    read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - before < 20 * 1024 * 1024


def test_work_is_bounded_by_the_budget_of_values() -> None:
    class Counted(Ber):
        heads = 0

        def _head(self, at: int, limit: int) -> tuple[int, int, int]:
            Counted.heads += 1
            return super()._head(at, limit)

    data = _wild("empty values", 100_000)
    with pytest.raises(MalformedMail):
        ber = Counted(data)
        found: Value = ber.first()
        ber.children(found, 10**9)
    assert Counted.heads <= 4096 + len(data) // 8 + 1


def test_the_helpers_of_this_file_do_open_a_good_mail() -> None:
    found = open_mail(block_of(wrapped(SAMPLES[1])), wrapped(SAMPLES[1]).partition(b"\r\n\r\n")[2], TOOLS)
    assert found.ciphers == ("aes-256-gcm",)

"""Sign and encrypt: every recipient opens it, nobody else does, in bounded memory, and a bad key seals nothing."""

from __future__ import annotations

import email
import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.build import OuterHeaders, under
from gateway.seal import ca, cms_types, smime, smime_recipients
from gateway.seal.smime_envelope import envelop
from gateway.seal.smime_signature import detached_signature
from tests.support.cms_forms import recipient_info_again, signed_data
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, AnyKey, recipient, rsa_key, usage
from tests.unit.seal.cms_reader import decrypt, nodes

PAYLOAD = b'Content-Type: text/plain; hp="cipher"\r\nSubject: Biopsy\r\n\r\nHello\r\n'


@pytest.fixture(scope="module")
def signer() -> smime.Signer:
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    return smime.Signer(certificate, key, (CA,))


@pytest.fixture(scope="module")
def people() -> list[tuple[x509.Certificate, AnyKey]]:
    keys: list[AnyKey] = [
        rsa_key(),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        x25519.X25519PrivateKey.generate(),
    ]
    return [(recipient(f"r{n}@example.net", key), key) for n, key in enumerate(keys)]


def sealed(
    signer: smime.Signer, people: list[tuple[x509.Certificate, AnyKey]], payload: bytes = PAYLOAD, **more: object
) -> bytes:
    chunks = (payload[at : at + 7] for at in range(0, len(payload), 7))
    return b"".join(
        smime.sign_and_encrypt(
            chunks, signer=signer, recipients=[one for one, _ in people], at=AT, random=os.urandom, **more
        )
    )  # type: ignore[arg-type]


def signed_parts(entity: bytes) -> tuple[bytes, bytes]:
    boundary = b"--" + email.message_from_bytes(entity).get_boundary().encode()  # type: ignore[union-attr]
    _, content, signature, end = entity.split(boundary)
    assert end == b"--\r\n"
    return content[2:-2], email.message_from_bytes(signature.lstrip(b"\r\n")).get_payload(decode=True)  # type: ignore[return-value]


@pytest.mark.parametrize("content", [smime.AES_256_CBC, smime.AES_256_GCM])
@pytest.mark.parametrize("transport", list(smime.KeyTransport))
def test_each_of_several_recipients_opens_the_same_signed_payload(
    signer: smime.Signer, people, transport, content
) -> None:  # type: ignore[no-untyped-def]
    cms = sealed(signer, people, transport=transport, content=content)
    opened = {decrypt(cms, one.serial_number, key) for one, key in people}
    assert len(opened) == 1
    content, signature = signed_parts(opened.pop())
    assert content == PAYLOAD
    (_, _, (_, (_, _, (signed,)))), _ = nodes(signature)[0][0], None
    info = signed[2][4][2][0]
    attributes, value = info[2][3], info[2][5][1]
    digests = [one[2][1][2][0][1] for one in attributes[2] if one[2][0][1].hex() == "2a864886f70d010904"]
    assert digests == [hashlib.sha256(PAYLOAD).digest()]
    encoded = cms_types.tlv(0x31, attributes[1])
    signer.certificate.public_key().verify(value, encoded, ec.ECDSA(hashes.SHA256()))  # type: ignore[union-attr,call-arg,arg-type]


def test_a_stranger_finds_no_key_and_nothing_readable(signer: smime.Signer, people) -> None:  # type: ignore[no-untyped-def]
    cms = sealed(signer, people)
    assert b"Biopsy" not in cms
    stranger = recipient("s@example.net", rsa_key(3072))
    with pytest.raises(StopIteration):
        decrypt(cms, stranger.serial_number, rsa_key(3072))


def test_keys_ivs_boundaries_and_ephemeral_keys_are_new_each_time(signer: smime.Signer, people) -> None:  # type: ignore[no-untyped-def]
    first, second = sealed(signer, people), sealed(signer, people)
    assert first[-64:] != second[-64:]
    one, key = people[1]
    assert (
        decrypt(first, one.serial_number, key).split(b"\r\n\r\n")[0]
        != decrypt(second, one.serial_number, key).split(b"\r\n\r\n")[0]
    )


def test_line_ends_are_canonical_before_signing(signer: smime.Signer, people) -> None:  # type: ignore[no-untyped-def]
    one, key = people[1]
    cms = sealed(signer, people[1:2], b"A: b\n\nx\ry\r\nz\r")
    assert signed_parts(decrypt(cms, one.serial_number, key))[0] == b"A: b\r\n\r\nx\r\ny\r\nz\r\n"


def test_versions_follow_rfc_5652(people) -> None:  # type: ignore[no-untyped-def]
    certificates = [one for one, _ in people]
    assert smime_recipients.recipient_infos(certificates[:1], b"k" * 32, smime.KeyTransport.PKCS1)[0] == 0
    assert smime_recipients.recipient_infos(certificates, b"k" * 32, smime.KeyTransport.PKCS1)[0] == 2


@pytest.mark.parametrize("transport", list(smime.KeyTransport))
def test_recipient_infos_are_der_in_the_order_of_a_set(people, transport) -> None:  # type: ignore[no-untyped-def]
    key = mlkem.MLKEM768PrivateKey.generate()
    for certificates in ([one for one, _ in people], [recipient("pq@example.net", key)]):
        _, infos = smime_recipients.recipient_infos(certificates, b"k" * 32, transport)
        assert [recipient_info_again(one) for one in infos] == infos == sorted(infos)
        assert len(infos) == len(certificates)


def test_a_signing_time_is_utc_to_the_second_and_generalized_after_2049(signer: smime.Signer) -> None:
    for at, time in (
        (datetime(2026, 3, 1, 0, 30, 5, 999999, timezone(timedelta(hours=2))), asn1.UTCTime(datetime(2026, 2, 28, 22, 30, 5, tzinfo=UTC))),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), asn1.UTCTime(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC))),
        (datetime(2050, 1, 1, tzinfo=UTC), asn1.GeneralizedTime(datetime(2050, 1, 1, tzinfo=UTC))),
    ):  # fmt: skip
        (who,) = signed_data(detached_signature(b"d" * 32, signer, at)).signer_infos.as_list()
        (said,) = [one.attr_values for one in who.signed_attrs.as_list() if one.attr_type == cms_types.ID_SIGNING_TIME]  # type: ignore[union-attr]
        assert cms_types.der(said.as_list()[0]) == asn1.encode_der(time)


@pytest.mark.parametrize("content", [smime.AES_256_CBC, smime.AES_256_GCM])
def test_content_of_every_length_and_cut_is_the_same_when_opened(people, content: str) -> None:  # type: ignore[no-untyped-def]
    certificate, key = people[1]
    sizes = [*range(34), 65535, 65536, 65537, 3 * 65536]
    for size in sizes:
        data = os.urandom(size)
        for cut in (7 if size < 40 else 60_000, 70_000, 1 << 20):
            chunks = [data[at : at + cut] for at in range(0, size, cut)]
            cms = b"".join(envelop([b"", *chunks], [certificate], random=os.urandom, content=content))
            assert decrypt(cms, certificate.serial_number, key) == data


def test_the_certificates_in_a_signature_are_the_signers_and_those_above(signer: smime.Signer) -> None:
    signed = signed_data(detached_signature(b"d" * 32, signer, AT))
    assert signed.certificates is not None
    found = {cms_types.der(one) for one in signed.certificates.as_list()}
    assert found == {one.public_bytes(Encoding.DER) for one in (signer.certificate, CA)}


def test_rsa_signers_work(people) -> None:  # type: ignore[no-untyped-def]
    certificate = recipient("clinic@example.org", rsa_key(), key_usage=usage(digital_signature=True))
    one, key = people[0]
    opened = decrypt(sealed(smime.Signer(certificate, rsa_key()), people[:1]), one.serial_number, key)
    assert b"Biopsy" in opened


def test_bad_signers_and_recipients_seal_nothing(signer: smime.Signer, people) -> None:  # type: ignore[no-untyped-def]
    good = people[0][0]
    ed_key = ed25519.Ed25519PrivateKey.generate()
    bad = [
        [],
        [good, recipient("x@example.net", rsa_key(), end=AT - timedelta(hours=1))],
        [good, recipient("x@example.net", rsa_key(1024))],
        [good, recipient("x@example.net", rsa_key(), key_usage=usage(digital_signature=True))],
        [good, recipient("x@example.net", ed_key)],  # type: ignore[arg-type]
        [good, recipient("x@example.net", ec.generate_private_key(ec.SECP256K1()))],
    ]
    for recipients in bad:
        with pytest.raises(SealingFailed):
            smime.sign_and_encrypt([PAYLOAD], signer=signer, recipients=recipients, at=AT, random=os.urandom)
    for at in (AT + timedelta(days=9999), AT - timedelta(days=9999), AT.replace(tzinfo=None)):
        with pytest.raises(SealingFailed):
            smime.sign_and_encrypt([PAYLOAD], signer=signer, recipients=[good], at=at, random=os.urandom)
    with pytest.raises(SealingFailed):
        smime.sign_and_encrypt(
            [PAYLOAD], signer=signer, recipients=[good], at=AT, random=os.urandom, content="des-ede3-cbc"
        )
    with pytest.raises(SealingFailed):
        smime.Signer(signer.certificate, ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    "form", [smime.Form(), smime.Form(smime.AES_256_GCM), smime.Form(smime.AES_256_GCM, triple=True)]
)
def test_sixty_mebibytes_in_bounded_memory(signer: smime.Signer, people, form: smime.Form) -> None:  # type: ignore[no-untyped-def]
    def payload() -> Iterator[bytes]:
        yield b"Content-Type: application/octet-stream\r\n\r\n"
        for _ in range(60 * 16):
            yield b"0123456789abcdef" * 4096

    outer = OuterHeaders(
        from_=CLINIC,
        to=(Address.parse("r0@example.net"),),
        date=AT,
        message_id="<d@example.org>",
        subject="[...]",
        sealgate_id="m",
    )
    tracemalloc.start()
    try:
        _, entity = smime.seal(
            payload(), signer=signer, recipients=[one for one, _ in people], at=AT, random=os.urandom, form=form
        )
        size = sum(len(chunk) for chunk in under(outer, entity))
        assert size > 80 << 20
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()

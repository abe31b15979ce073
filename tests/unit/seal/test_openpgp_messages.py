"""What is written in OpenPGP's form: packets, armour, the own key, PGP/MIME; and the look before anything leaves."""

from __future__ import annotations

import base64
import email
import email.policy
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.build import OuterHeaders
from gateway.ports.keys import KeyState
from gateway.seal import openpgp_own
from gateway.seal.crc24 import START, crc24
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_message import checked
from gateway.seal.openpgp_packets import (
    PARTIAL,
    Tag,
    armoured,
    dearmoured,
    length,
    packet,
    packets,
    streamed,
    subpacket,
    subpackets,
)
from gateway.seal.pgp_mime import pgp_mail

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POSTMASTER = Address.parse("postmaster@willow.example.org")
PART = bytes(range(8))


@pytest.mark.parametrize("size", [0, 1, 191, 192, 8383, 8384, 70_000])
def test_packets_are_read_as_they_were_written(size):
    body = bytes(size)
    assert [(one.tag, one.body) for one in packets(packet(13, body) * 2)] == [(13, body)] * 2
    assert len(length(size)) == (1 if size < 192 else 2 if size < 8384 else 5)
    old = bytes([0x80 | 13 << 2 | 2]) + size.to_bytes(4, "big") + body
    assert [one.body for one in packets(old)] == [body]


@pytest.mark.parametrize("data", [b"\x00", b"\xcd", b"\xcd\x05abc", b"\xcd\xe1ab", b"\xb7abc", b"\xcd\xff\x00\x00"])
def test_what_is_no_sequence_of_packets_is_refused(data):
    with pytest.raises(ValueError, match=r"packet|cut off"):
        list(packets(data))


@pytest.mark.parametrize("size", [0, 1, PARTIAL, PARTIAL + 1, 3 * PARTIAL + 5])
def test_a_streamed_packet_has_partial_lengths_and_all_of_the_content(size):
    content = bytes(one % 251 for one in range(size))
    written = b"".join(streamed(Tag.LITERAL, [content[at : at + 1000] for at in range(0, size, 1000)]))
    found, at = b"", 1
    while 224 <= written[at] < 255:
        piece = 1 << (written[at] & 31)
        found += written[at + 1 : at + 1 + piece]
        at += 1 + piece
    last = len(written) - len(
        next(written[at + head :] for head in (1, 2, 5) if length(len(written) - at - head) == written[at : at + head])
    )
    assert found + written[last:] == content


def test_subpackets_keep_type_and_criticality():
    data = subpacket(2, b"1234") + subpacket(0x80 | 27, b"\x0c") + subpacket(20, bytes(300))
    assert [(one.kind, one.critical, len(one.body)) for one in subpackets(data)] == [
        (2, False, 4),
        (27, True, 1),
        (20, False, 300),
    ]


@pytest.mark.parametrize("pieces", [[9], [0, 1, 255, 256, 257], [1000, 65536, 3]])
def test_the_checksum_of_armour_is_the_standards(pieces):
    assert crc24(b"123456789") == 0x21CF02
    data, crc = bytes(one * 7 % 251 for one in range(sum(pieces))), START
    rest = data
    for size in pieces:
        crc, rest = crc24(rest[:size], crc), rest[size:]
    slow = START
    for byte in data:  # RFC 9580 6.1.1, as written there
        slow ^= byte << 16
        for _ in range(8):
            slow = slow << 1 ^ (0x1864CFB if slow & 0x800000 else 0)
    assert crc == slow
    lines = b"".join(armoured("MESSAGE", [data])).splitlines()
    assert lines[-2] == b"=" + base64.b64encode(crc.to_bytes(3))


def test_armour_is_undone_with_or_without_its_headers_and_checksum():
    data = bytes(range(200)) * 3
    text = b"".join(armoured("PUBLIC KEY BLOCK", [data]))
    assert dearmoured(text, "PUBLIC KEY BLOCK") == data
    dressed = text.replace(b"\r\n\r\n", b"\nComment: x\n\n", 1).replace(b"\r\n-----END", b"\n=abcd\n-----END")
    assert dearmoured(b"hello\n" + dressed + b"\nbye", "PUBLIC KEY BLOCK") == data


def test_the_own_key_is_read_again_from_its_file_and_stands_the_judgement_of_others():
    own = openpgp_own.generate("Willow Clinic", POSTMASTER, AT)
    text = b"".join(armoured("PRIVATE KEY BLOCK", [own.secret.reveal()]))
    assert openpgp_own.read(text).fingerprint == own.fingerprint
    [key] = read_certificates(own.public)
    assert key.user_ids == [f"Willow Clinic <{POSTMASTER}>"]
    assert judge(key, POSTMASTER, AT).state is KeyState.VALID
    assert own.secret.reveal()[40:72].hex() not in repr(own)


@pytest.mark.parametrize("flaw", ["cut off", "damaged", "another's", "public"])
def test_a_broken_own_key_is_refused(flaw):
    own, other = (openpgp_own.generate("Willow", POSTMASTER, AT) for _ in range(2))
    data = bytearray(own.secret.reveal())
    if flaw == "cut off":
        data = data[:30]
    elif flaw == "damaged":
        data[60] ^= 1
    elif flaw == "another's":
        first, mine = next(packets(other.secret.reveal())), next(packets(bytes(data)))
        data = bytearray(packet(Tag.SECRET_KEY, mine.body[:51] + first.body[51:]))
    else:
        data = bytearray(own.public)
    with pytest.raises(ValueError, match=r"\w"):
        openpgp_own.read(bytes(data))


def test_nothing_is_signed_by_a_key_of_the_future():
    own = openpgp_own.generate("Willow", POSTMASTER, AT)
    with pytest.raises(SealingFailed, match="future"):
        openpgp_own.signed_message([b"x"], own, AT - timedelta(days=1))


def pkesk(part=PART, version=3):
    return packet(Tag.PKESK, bytes([version]) + part + b"\x12" + bytes(60))


SEALED = packet(18, b"\x01" + bytes(100))
OLD_PKESK = bytes([0x80 | 1 << 2 | 1]) + (69).to_bytes(2, "big") + bytes([3]) + PART + bytes(60)
GOOD = {
    "MDC": (pkesk() + SEALED, False),
    "old header": (OLD_PKESK + SEALED, False),
    "AEAD": (pkesk() + packet(18, b"\x02" + bytes(100)), False),
    "streamed": (pkesk() + bytes([0xD2, 0xE9]) + b"\x01" + bytes(511), False),
    "hidden": (pkesk(bytes(8)) + SEALED, True),
}
BAD = {
    "nothing": (b"", False),
    "plain text": (b"Content-Type: text/plain\r\n\r\nHello", False),
    "a literal packet": (packet(11, b"b\0\0\0\0\0Hello"), False),
    "only signed": (packet(4, bytes(13)) + packet(11, b"b\0\0\0\0\0Hello"), False),
    "compressed": (packet(8, b"\0" + packet(11, b"b\0\0\0\0\0Hello")), False),
    "no integrity": (pkesk() + packet(9, bytes(100)), False),
    "a version to come": (pkesk() + packet(18, b"\x03" + bytes(100)), False),
    "another recipient": (pkesk(b"x" * 8) + SEALED, False),
    "one recipient more": (pkesk() + pkesk(b"x" * 8) + SEALED, False),
    "twice the same": (pkesk() + pkesk() + SEALED, False),
    "no recipient": (SEALED, False),
    "a password too": (pkesk() + packet(3, b"\x04\x09" + bytes(10)) + SEALED, False),
    "another version of session key": (pkesk(version=6) + SEALED, False),
    "named where it should hide": (pkesk() + SEALED, True),
    "hidden where it should be named": (pkesk(bytes(8)) + SEALED, False),
    "cut off": (pkesk()[:20], False),
    "only a session key": (pkesk(), False),
    "something before": (packet(10, b"PGP") + pkesk() + SEALED, False),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_encrypted_message_passes_unchanged(name):
    data, hidden = GOOD[name]
    assert b"".join(checked([data[at : at + 50] for at in range(0, len(data), 50)], PART, hidden=hidden)) == data


@pytest.mark.parametrize("name", BAD)
def test_whatever_else_an_engine_makes_is_held_back_before_its_first_byte(name):
    data, hidden = BAD[name]
    with pytest.raises(SealingFailed):
        checked([data[at : at + 50] for at in range(0, len(data), 50)], PART, hidden=hidden)


def test_the_mail_around_it_is_what_rfc_3156_says():
    outer = OuterHeaders(
        from_=Address.parse("dr.lee@willow.example.org"), to=(Address.parse("grace@clinic.example.net"),), date=AT,
        message_id="<1@willow.example.org>", subject="Secure message", sealgate_id="a1",
    )  # fmt: skip
    raw = b"".join(pgp_mail(outer, [b"\xd2\x01\x02", b"more"], bytes(16)))
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (mail.get_content_type(), mail.get_param("protocol")) == ("multipart/encrypted", "application/pgp-encrypted")
    control, body = mail.iter_parts()
    assert (control.get_content_type(), control.get_payload().strip()) == ("application/pgp-encrypted", "Version: 1")
    assert body.get_content_type() == "application/octet-stream"
    assert dearmoured(body.get_payload().encode(), "MESSAGE") == b"\xd2\x01\x02more"
    assert raw.count(b"\n") == raw.count(b"\r\n")
    with pytest.raises(SealingFailed, match="16 random"):
        pgp_mail(outer, [], b"short")

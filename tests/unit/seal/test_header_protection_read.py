"""What we write is read back; the samples of the draft and of RFC 9788 are read; what is doubtful is no protection, with a reason."""

from __future__ import annotations

import email
from pathlib import Path

import pytest

from gateway.mime.build_original import read_block
from gateway.seal.header_protection_read import Protection, Scheme, read_protection
from tests.support.growth import grows_within
from tests.unit.seal.test_header_protection import HEAD, SAMPLES, payload

CONTRACTS = {"BarCorp contract signed, let's go!", "The FooCorp contract"}


def read(raw: bytes) -> Protection:
    return read_protection(read_block([raw])[0])


def subject(found: Protection) -> str:
    [one] = [one for one in found.fields if one.name == "subject"]
    return one.text


def test_our_own_payload_reads_back_with_what_was_hidden() -> None:
    found = read(payload(HEAD + b"Content-Type: text/plain\r\n\r\nHi\r\n"))
    assert found.scheme is Scheme.CIPHER
    assert subject(found) == "Lunch & more"
    assert {"subject", "from", "to", "message-id", "reply-to", "references"} <= found.hidden
    assert found.hidden.isdisjoint({"bcc", "received", "hp-outer", "content-type", "mime-version"})
    assert [one.name for one in found.outer] == ["from", "to", "date", "message-id", "subject"]


def samples() -> list[Path]:
    return sorted(SAMPLES.glob("*.inner"))


@pytest.mark.skipif(not SAMPLES.exists(), reason="MISSING FOLDER: ../shared/mail: foreign samples were not tried")
def test_the_drafts_samples_are_read() -> None:
    seen = 0
    for path in samples():
        raw = path.read_bytes()
        whole = email.message_from_bytes(raw)
        if whole.get_content_type() == "application/pkcs7-mime":
            continue  # one layer more: its payload is another file of the folder
        if whole.get_content_type() == "multipart/signed":
            delimiter = b"--" + str(whole.get_boundary()).encode()
            raw = raw.split(delimiter)[1].lstrip(b"\r\n")
        found = read(raw)
        assert (found.scheme, found.reason) == (Scheme.DRAFT, ""), path.name
        assert subject(found) in CONTRACTS, path.name
        assert found.hidden == frozenset()
        seen += 1
    assert seen >= 8


@pytest.mark.skipif(not SAMPLES.exists(), reason="MISSING FOLDER: ../shared/mail: foreign samples were not tried")
def test_rfc_9788s_own_sample_hides_the_subject_alone() -> None:
    found = read((SAMPLES / "c.3.1-inner.eml").read_bytes())
    assert (found.scheme, found.hidden) == (Scheme.CIPHER, {"subject"})
    assert subject(found) == "smime-signed-enc-hp-baseline"


FROM = b"From: a@example.org\r\nSubject: x\r\n"


@pytest.mark.parametrize(
    ("raw", "scheme", "reason"),
    [
        (FROM + b"Content-Type: text/plain\r\n\r\n", Scheme.NONE, ""),
        (FROM + b'Content-Type: text/plain; hp="clear"\r\n\r\n', Scheme.CLEAR, ""),
        (FROM + b"Content-Type: text/plain;\r\n\tHP=Cipher\r\n\r\n", Scheme.CIPHER, ""),
        (FROM + b'Content-Type: text/plain; name="a; hp=\\"cipher\\""\r\n\r\n', Scheme.NONE, ""),
        (FROM + b'Content-Type: message/rfc822; forwarded="no"\r\n\r\n', Scheme.WRAPPED, ""),
        (FROM + b"Content-Type: message/rfc822\r\n\r\n", Scheme.NONE, ""),
        (FROM + b"Content-Type: text/plain; hp=other\r\n\r\n", Scheme.NONE, "unknown"),
        (FROM + b"Content-Type: text/plain; hp=clear; hp=cipher\r\n\r\n", Scheme.NONE, "unknown"),
        (FROM + b"Content-Type: text/plain; hp=cipher\r\nContent-Type: text/html\r\n\r\n", Scheme.NONE, "several"),
        (FROM + b'Content-Type: text/plain; x="; hp=cipher\r\n\r\n', Scheme.NONE, "cannot be read"),
        (FROM + FROM + b"Content-Type: text/plain; hp=cipher\r\n\r\n", Scheme.NONE, "twice"),
        (b"Subject: x\r\nContent-Type: text/plain; hp=cipher\r\n\r\n", Scheme.NONE, "no From"),
        (b"\r\n", Scheme.NONE, ""),
    ],
)
def test_what_is_doubtful_protects_nothing_and_says_why(raw: bytes, scheme: Scheme, reason: str) -> None:
    found = read(raw)
    assert found.scheme is scheme
    assert reason in found.reason
    assert bool(reason) == bool(found.reason)


@pytest.mark.parametrize("tail", [b"; a", b' ; a="', b"; =", b"\t", b'; a="\\'])
def test_a_hostile_content_type_takes_no_more_than_its_length(tail: bytes) -> None:
    def raw(size: int) -> bytes:
        return FROM + b"Content-Type: text/plain" + tail * (size // len(tail)) + b"\r\n\r\n"

    small, large = raw(50_000), raw(200_000)
    assert grows_within(lambda: read(small), lambda: read(large), factor=8, slack=0.05)

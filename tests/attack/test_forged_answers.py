"""A subverted portal writes no mail as a clinician, a subverted door no recipient's answer, and neither reaches another's letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app.web_role import write_back
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.states import MessageState
from gateway.flow.intake import Intake
from tests.support.home import DOCTOR, LUNCH, MARIA, OFFICE, RESULTS, Home, mail

pytestmark = pytest.mark.proves("rest.door-signs", "rest.authorship")
SPOOLED = (
    b"Subject: Answer by secure link\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain\r\n\r\nThank you.\r\n--b--\r\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


def opened(home: Home) -> tuple[str, str, str]:
    """A letter whose link was opened: its message, its parcel, the session's cookie."""
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    cookie = home.prove(home.sent(MARIA)[-1].token())
    [[parcel]] = home.sql("SELECT id FROM parcels WHERE message_id = ?", message)
    return message, parcel, cookie


def portals(home: Home) -> Intake:
    """The intake that a subverted portal has, with the portal's key."""
    intake = write_back(home.inst, home.pickup)._intake
    assert intake is not None
    return intake


def put(intake: Intake, envelope: Envelope, raw: bytes) -> str:
    acceptance = intake.begin(envelope)
    acceptance.write(raw)
    return acceptance.finish()


def withheld(home: Home, message: str) -> None:
    before = {one.name for one in home.sent()}
    home.settle()
    assert home.message(message).state in {MessageState.STUCK, MessageState.HELD}
    assert "integrity" in home.kinds(message)
    assert not [one for one in home.sent() if one.name not in before and one.parsed["X-Sealgate-Id"] == message]
    assert "delivered" not in home.kinds(message)


def by_link(parcel: str) -> Envelope:
    return Envelope(Direction.ANSWER, Identity(parcel, "link"), None, ())


def test_the_portals_key_signs_no_mail_of_a_clinician(home: Home) -> None:
    withheld(home, put(portals(home), home.envelope([OFFICE]), mail(OFFICE, "Lunch", LUNCH)))


@pytest.mark.parametrize("step", ["assess", "inbound"])
def test_nor_is_its_answer_read_as_one_by_another_step(home: Home, step: str) -> None:
    _, parcel, _ = opened(home)
    envelope = replace(home.envelope([OFFICE]), direction=Direction.ANSWER, identity=Identity(parcel, "link"))
    message = put(portals(home), envelope, mail(OFFICE, "Lunch", LUNCH))
    direction = {"assess": "outbound", "inbound": "inbound"}[step]
    home.sql("UPDATE messages SET direction = ? WHERE id = ?", direction, message)
    home.sql("UPDATE jobs SET kind = ? WHERE message_id = ?", step, message)
    home.settle()
    assert not home.sent(OFFICE)


def test_a_job_of_assess_for_an_answer_reads_nothing(home: Home) -> None:
    _, parcel, _ = opened(home)
    message = put(portals(home), replace(by_link(parcel), recipients=home.envelope([OFFICE]).recipients), SPOOLED)
    home.sql("UPDATE jobs SET kind = 'assess' WHERE message_id = ?", message)
    withheld(home, message)
    assert not home.sent(OFFICE)


def test_the_doors_key_signs_no_answer(home: Home) -> None:
    _, parcel, _ = opened(home)
    withheld(home, put(home.intake(), by_link(parcel), SPOOLED))


def test_a_clinicians_mail_whose_row_says_answer_is_not_carried(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.sql("UPDATE messages SET direction = 'answer' WHERE id = ?", message)
    home.sql("UPDATE jobs SET kind = 'answer' WHERE message_id = ?", message)
    withheld(home, message)


@pytest.mark.parametrize("name", ["nowhere", "sealed"])
def test_a_link_that_is_not_there_or_was_never_opened_is_not_answered(home: Home, name: str) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [[parcel]] = home.sql("SELECT id FROM parcels WHERE message_id = ?", message)
    withheld(home, put(portals(home), by_link(parcel if name == "sealed" else name), SPOOLED))


def test_a_link_that_was_moved_to_another_letter_is_not_answered(home: Home) -> None:
    _, parcel, _ = opened(home)
    other = home.submit(mail(MARIA, "Results", RESULTS, number=2), MARIA)
    home.settle()
    [[parcel_two, delivery]] = home.sql("SELECT id, delivery_id FROM parcels WHERE message_id = ?", other)
    home.sql("DELETE FROM parcels WHERE id = ?", parcel_two)
    home.sql("UPDATE parcels SET delivery_id = ?, message_id = ? WHERE id = ?", delivery, other, parcel)
    withheld(home, put(portals(home), by_link(parcel), SPOOLED))


@pytest.mark.parametrize(
    "raw",
    [
        mail(OFFICE, "Lunch", LUNCH),
        b"\r\n",
        SPOOLED.replace(b"text/plain", b"text/html"),
        SPOOLED.replace(
            b"--b--\r\n", b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n"
        ),
    ],
)
def test_what_no_portal_of_ours_writes_is_withheld(home: Home, raw: bytes) -> None:
    _, parcel, _ = opened(home)
    withheld(home, put(portals(home), by_link(parcel), raw))


def test_headers_that_a_subverted_portal_writes_go_nowhere(home: Home) -> None:
    _, parcel, _ = opened(home)
    forged = b"From: Dr Evil <evil@example.com>\r\nReply-To: evil@example.com\r\nBcc: evil@example.com\r\nX-Bad: 1\r\n"
    parts = SPOOLED.replace(b"text/plain", b"text/plain; name=x\r\nX-Part: bad\r\nContent-ID: <bad@example.com>")
    message = put(portals(home), by_link(parcel), forged + parts)
    home.settle()
    [sent] = [one for one in home.sent(DOCTOR) if one.parsed["X-Sealgate-Id"] == message]
    for word in (b"evil", b"X-Bad", b"X-Part", b"\r\nReply-To", b"Content-ID"):
        assert word not in sent.raw


@pytest.mark.parametrize(
    "name",
    [
        'a"; filename="b.pdf',
        "a\r\nBcc: evil@example.com\r\n\r\nbody",
        "../../etc/passwd",
        "x\u202egnp.pdf",
        "\x00\x1b[2J",
        "é" * 300 + ".pdf",
        "",
    ],
)
def test_a_file_name_injects_nothing(home: Home, name: str) -> None:
    _, _, cookie = opened(home)
    message = home.write_back(cookie, "Thank you.", [(name, b"abc")])
    home.settle()
    [carried] = [one for one in home.sent(DOCTOR) if one.parsed["X-Sealgate-Id"] == message]
    assert b"\r\nBcc:" not in carried.raw
    [file] = carried.parsed.iter_attachments()
    assert file.get_content() == b"abc"
    shown = file.get_filename() or ""
    assert shown
    assert not set(shown) & set('\r\n"/\\:\u202e\x00')
    assert len(shown) <= 150
    assert all(len(line) < 998 for line in carried.raw.split(b"\r\n"))

"""A recipient's answer on its whole road: from the page to whoever wrote the letter, and what is left of it then: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LimitExceeded, PickupRefused
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.flow.quarantine import RESTORED, Quarantine
from gateway.flow.story import story
from gateway.ports.relay import Outcome, Reply
from tests.support.home import DOCTOR, MARIA, RESULTS, Home, Sent, mail

POSTMASTER = "sealgate@willow.example.org"
TEXT = "Dear Dr Lee,\r\n\r\nthank you. My number is 555-0142 since March. Grüße, Maria"
FILES = (("Befund größer.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 3000), ("notes.txt", b"--=_\r\nabc"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


def letter(home: Home) -> tuple[str, Sent]:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    return message, home.sent(MARIA)[-1]


def answered(home: Home, text: str = TEXT, files: tuple[tuple[str, bytes], ...] = FILES) -> tuple[str, str]:
    message, sent = letter(home)
    return message, home.write_back(home.prove(sent.token()), text, files)


def to_doctor(home: Home) -> list[Sent]:
    return [one for one in home.sent(DOCTOR) if "Answer to your secure message" in one.parsed["Subject"]]


def test_an_answer_goes_to_whoever_wrote_the_letter(home: Home) -> None:
    message, answer = answered(home)
    home.settle()
    [sent] = to_doctor(home)
    parsed = sent.parsed
    assert parsed["Subject"] == "Answer to your secure message of 02 March 2026"
    assert parsed["From"] == POSTMASTER
    assert parsed["To"] == DOCTOR
    assert parsed["In-Reply-To"] == parsed["References"] == "<client-1@willow.example.org>"
    assert parsed["X-Sealgate-Id"] == answer
    assert parsed["Auto-Submitted"] is None
    assert sent.envelope_sender == POSTMASTER or sent.envelope_sender.startswith("bounce+")
    body = parsed.get_body(("plain",))
    assert body is not None
    assert MARIA in body.get_content()
    assert TEXT.splitlines()[-1] in body.get_content().splitlines()
    files = [(one.get_filename(), one.get_content()) for one in parsed.iter_attachments()]
    assert [name for name, _ in files] == [name for name, _ in FILES]
    assert [data for _, data in files] == [data for _, data in FILES]
    assert [one.get_content_type() for one in parsed.iter_attachments()] == [
        "application/pdf",
        "application/octet-stream",
    ]
    told = " ".join(line.text for line in story(home.store, message))
    assert f"The recipient wrote an answer on the link's page: message {answer}, 2 file(s)." in told
    told = " ".join(line.text for line in story(home.store, answer))
    assert f"An answer to message {message}; it goes to the sender." in told
    assert "Done." in told


@pytest.mark.proves("where.each-end")
def test_nothing_is_left_when_it_has_arrived(home: Home) -> None:
    _, answer = answered(home)
    object_id = home.message(answer).object_id
    with home.store.begin() as uow:
        assert {holder.kind for holder, _ in uow.objects.wraps(object_id)} == {"epoch"}
    home.settle()
    row = home.message(answer)
    assert row.state is MessageState.SETTLED
    assert row.record == b""
    with home.store.begin() as uow:
        # Where the practice keeps an archive, its offline keys open it, and nothing here does.
        assert {holder.kind for holder, _ in uow.objects.wraps(object_id)} == {"archive"}


def test_the_letter_itself_may_be_forgotten_by_then_but_for_who_wrote_it(home: Home) -> None:
    message, sent = letter(home)
    cookie = home.prove(sent.token())
    assert home.message(message).state is MessageState.SETTLED
    home.write_back(cookie, TEXT)
    home.settle()
    assert len(to_doctor(home)) == 1


def test_without_the_letters_sender_there_is_no_form_and_nothing_is_taken(home: Home) -> None:
    message, sent = letter(home)
    cookie = home.prove(sent.token())
    home.sql("UPDATE messages SET sender = x'' WHERE id = ?", message)
    assert home.back.room(cookie) is None
    with pytest.raises(PickupRefused, match="no_answers"):
        home.back.begin(cookie, 0)


@pytest.mark.parametrize("end", [ParcelState.REVOKED, ParcelState.EXPIRED, ParcelState.CLOSED])
def test_a_link_that_ends_while_the_answer_comes_in_takes_it_no_more(home: Home, end: ParcelState) -> None:
    _, sent = letter(home)
    writing = home.back.begin(home.prove(sent.token()), 0)
    writing.text(TEXT)
    [row] = home.sql("SELECT id FROM parcels")
    with home.store.begin() as uow:
        uow.parcels.move(row[0], end, home.clock.now())
    with pytest.raises(PickupRefused, match=end.value):
        writing.finish()
    writing.abort()
    assert home.sql("SELECT * FROM messages WHERE direction = 'answer'") == []
    assert home.pending().get("answer", 0) == 0


def test_who_logged_off_meanwhile_has_sent_nothing(home: Home) -> None:
    _, sent = letter(home)
    cookie = home.prove(sent.token())
    writing = home.back.begin(cookie, 0)
    writing.text(TEXT)
    home.pickup.log_off(cookie)
    with pytest.raises(PickupRefused, match="logged_off"):
        writing.finish()


def test_a_link_that_was_revoked_after_the_answer_was_taken_keeps_nothing_back(home: Home) -> None:
    _, answer = answered(home)
    [row] = home.sql("SELECT id FROM parcels")
    with home.store.begin() as uow:
        uow.parcels.move(row[0], ParcelState.REVOKED, home.clock.now())
    home.settle()
    assert len(to_doctor(home)) == 1
    assert home.message(answer).state is MessageState.SETTLED


def test_writing_may_take_longer_than_reading(home: Home) -> None:
    _, sent = letter(home)
    cookie = home.prove(sent.token())
    home.clock.advance(50 * 60)
    with pytest.raises(PickupRefused, match="logged_off"):
        home.pickup.view(cookie)
    home.write_back(cookie, TEXT)
    home.clock.advance(11 * 60)
    with pytest.raises(PickupRefused, match="logged_off"):
        home.back.begin(cookie, 0)


def test_a_hop_that_has_no_time_is_asked_again_and_then_given_up_and_the_postmaster_is_told(home: Home) -> None:
    _, answer = answered(home)
    home.hop.answers = {DOCTOR: [Reply(Outcome.TEMPORARY, 451, "4.3.0")]}
    home.settle()
    assert home.delivery(answer).state is DeliveryState.RETRY
    for _ in range(60):
        home.later(timedelta(hours=1))
    assert home.delivery(answer).state is DeliveryState.FAILED
    assert home.message(answer).state is MessageState.SETTLED
    told = home.sent(POSTMASTER)[-1]
    assert answer in told.text
    assert "Dear Dr Lee" not in told.text


class Death(BaseException):
    """Stands for the end of a process."""


@pytest.mark.proves("lost.kill-matrix", "once.in-doubt", "open.retry-same-id")
@pytest.mark.parametrize(
    ("point", "copies"), [("carry.1", 1), ("carry.2", 1), ("carry.3", 1), ("carry.4", 2), ("carry.5", 1)]
)
def test_a_worker_that_dies_on_the_way_loses_no_answer(home: Home, point: str, copies: int) -> None:
    """After the dot (4) it may have arrived: it goes again, with the same Message-ID, and the log says so."""
    _, answer = answered(home)
    died = []

    def die(at: str) -> None:
        if at == point and not died:
            died.append(at)
            raise Death(at)

    home.reached = die
    home.start()
    with pytest.raises(Death):
        home.settle()
    home.reached = lambda _: None
    home.start()
    home.later(home.inst.settings.worker.lease + timedelta(minutes=1))
    home.settle()
    assert home.delivery(answer).state is DeliveryState.DELIVERED
    assert home.message(answer).state is MessageState.SETTLED
    sent = to_doctor(home)
    assert len(sent) == copies
    assert len({one.message_id for one in sent}) == 1
    noted = [data for kind, data in home.events(answer) if kind == "attempt" and data.get("duplicate_possible")]
    assert len(noted) >= len(sent) - 1


def test_a_bounce_of_an_answer_goes_to_the_postmaster(home: Home) -> None:
    _, answer = answered(home)
    home.hop.answers = {DOCTOR: [Reply(Outcome.PERMANENT, 550, "5.1.1")]}
    home.settle()
    assert home.delivery(answer).state is DeliveryState.FAILED
    assert answer in home.sent(POSTMASTER)[-1].text
    assert not [one for one in home.sent(DOCTOR) if answer in one.text]


def test_an_answer_never_leaves_the_practices_own_domains(home: Home) -> None:
    message, sent = letter(home)
    with home.store.begin() as uow:
        who = home.rooms.dispatch._notices.sender(uow, message)
        outside = replace(who, address=type(who.address).parse("lee@elsewhere.example.net"))
        home.rooms.dispatch._notices.remember(uow, message, outside)
    answer = home.write_back(home.prove(sent.token()), TEXT)
    home.settle()
    assert "Answer to" not in " ".join(one.parsed["Subject"] for one in home.sent("lee@elsewhere.example.net"))
    [carried] = [one for one in home.sent(POSTMASTER) if one.parsed["X-Sealgate-Id"] == answer]
    assert "please pass it on" in carried.text


def test_a_spool_that_is_full_takes_no_answer(home: Home) -> None:
    _, sent = letter(home)
    cookie = home.prove(sent.token())
    room = home.back._intake.room  # type: ignore[union-attr]
    room.limits = replace(room.limits, spool_bytes=100_000)
    writing = home.back.begin(cookie, 0)
    writing.text(TEXT)
    writing.file("a.bin")
    with pytest.raises(LimitExceeded):
        writing.write(bytes(300_000))
    writing.abort()
    assert home.back.room(cookie) is not None
    home.write_back(cookie, "short")


def test_all_answers_of_one_link_share_its_bytes(home: Home) -> None:
    _, sent = letter(home)
    cookie = home.prove(sent.token())
    home.back.limits = replace(home.back.limits, bytes=1000)
    home.write_back(cookie, "a" * 400)
    first, second = home.back.begin(cookie, 0), home.back.begin(cookie, 0)
    for one in (first, second):
        one.text("b" * 600)
    first.finish()
    with pytest.raises(PickupRefused, match="answer_large"):
        second.finish()
    assert home.back.room(cookie) is None
    with pytest.raises(PickupRefused, match="answer_large"):
        home.back.begin(cookie, 0)


def test_an_older_session_of_another_link_writes_only_through_its_own(home: Home) -> None:
    first, _sent = letter(home)
    second = home.submit(mail(MARIA, "Results", RESULTS, number=2), MARIA)
    home.settle()
    answer = home.write_back(home.prove(home.sent(MARIA)[-1].token()), TEXT)
    home.settle()
    assert to_doctor(home)[0].parsed["In-Reply-To"] == "<client-2@willow.example.org>"
    assert "answered" not in home.kinds(first)
    assert ("answered", {"to": second, "for": "sender"}) in home.events(answer)


def test_after_a_restore_it_waits_for_a_persons_word(home: Home) -> None:
    _, answer = answered(home)
    with home.store.begin() as uow:
        uow.jobs.clear()
        ends = home.clock.now() + timedelta(days=5)
        uow.messages.move(answer, MessageState.HELD, home.clock.now(), held_for=RESTORED, deadline=ends)
    home.settle()
    assert not to_doctor(home)
    Quarantine(home.store, home.clock, home.keys.columns).release(answer, "ann", "asked the recipient")
    home.settle()
    assert len(to_doctor(home)) == 1

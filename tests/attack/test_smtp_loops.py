"""Loops end, and nothing is bounced to strangers: no answer to an answer, none to an address that nobody proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.envelope import Direction, Identity
from gateway.domain.errors import MailRefused
from gateway.domain.states import DeliveryState
from gateway.ports.relay import Outcome, Reply
from gateway.smtp.limits import DoorLimits
from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand
from tests.support.home import DOCTOR, LUNCH, MARIA, OFFICE, RESULTS, Home, mail

pytestmark = pytest.mark.proves("door.loops")

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
POSTMASTER = "sealgate@willow.example.org"


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one


def test_our_own_mail_that_comes_back_is_refused_wherever_its_mark_stands(home: Home) -> None:
    home.people()
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    for sent in (*home.sent(OFFICE), *home.sent(MARIA)):
        mark = next(line for line in sent.raw.split(b"\r\n") if line.lower().startswith(b"x-sealgate-id:"))
        plain = mail(OFFICE, "Lunch", LUNCH)
        for raw in (
            sent.raw,
            mark.replace(b"X-Sealgate-Id", b"x-SEALGATE-id") + b"\r\n" + plain,
            b"X-Sealgate-Id: somebody-elses\r\n" + mark + b"\r\n" + plain,
        ):
            with pytest.raises(MailRefused) as refused:
                home.submit(raw, OFFICE)
            assert refused.value.reason == "message.loop"
        assert home.submit(plain + mark + b"\r\n", OFFICE), "in the body it is a quotation"


async def test_received_fields_are_counted_at_the_limit_and_above(tmp_path):
    async with stand(
        tmp_path, Profile.SMARTHOST, Profile.INBOUND, clients=(LOCAL,), limits=DoorLimits(received_headers=5)
    ) as one:
        for index, to in ((0, "b@example.net"), (1, "own@gate.example")):
            for count, reply in ((5, "250 2.0.0"), (6, "554 5.4.6"), (5, "250 2.0.0")):
                client = await one.greeted(index)
                await client.talk(
                    f"C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<{to}>\nS: 250\nC: DATA\nS: 354"
                )
                await client.send(b"Received: from a by b\r\n" * count + b"Subject: x\r\n\r\nhello\r\n.\r\n")
                assert (await client.reply()).startswith(reply)
        assert one.refused("received_headers") == 2
    assert len(one.intake.mails) == 4


def test_a_failure_of_mail_without_a_sender_is_reported_to_nobody_but_the_practice(home: Home) -> None:
    """The null reverse-path is that of reports: a report of a report would never end (RFC 5321 4.5.5)."""
    home.people()
    home.hop.answers[OFFICE] = [Reply(Outcome.PERMANENT, 550, "5.1.1")]
    home.submit(mail(OFFICE, "Undeliverable", LUNCH, headers=["Auto-Submitted: auto-replied"]), OFFICE, sender=None)
    home.settle()
    # Nothing is dropped silently either: the practice hears of it, and if that fails too, it ends.
    assert home.hop.tried == [OFFICE, POSTMASTER]
    home.hop.answers[POSTMASTER] = [Reply(Outcome.PERMANENT, 550, "5.1.1")]
    home.submit(mail(OFFICE, "Undeliverable", LUNCH), OFFICE, sender=None)
    home.settle()
    for _ in range(5):
        home.later(86400)
    assert home.hop.tried[2:] == [OFFICE, POSTMASTER]
    assert home.pending() == {}


def test_our_own_mail_has_no_sender_and_says_that_no_person_wrote_it(home: Home) -> None:
    home.people()
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    home.open_link(sent)
    home.settle()
    ours = [one for one in home.sent() if one.message_id != sent.message_id]
    assert {one.recipient for one in ours} == {MARIA, DOCTOR}, "a code, and that it was opened"
    for one in ours:
        assert one.envelope_sender == ""
        assert one.parsed["Auto-Submitted"] not in {None, "no"}


@pytest.mark.parametrize("sender", ["victim@example.com", None])
@pytest.mark.parametrize("automatic", [[], ["Auto-Submitted: auto-replied"]])
def test_what_a_stranger_sends_in_is_never_answered(home: Home, sender: str | None, automatic: list[str]) -> None:
    """Whoever it says it is from: nothing was proved, so an answer could go to somebody who never wrote (backscatter)."""
    home.people()
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [link] = home.sent(MARIA)
    before = len(home.sent())
    for subject, body in (("Hello", "anybody there?"), ("Undelivered Mail", "Action: failed\r\nStatus: 5.1.1")):
        raw = mail(link.envelope_sender, subject, body, sender="victim@example.com", headers=automatic)
        stranger = Identity("", "peer")
        home.submit(raw, link.envelope_sender, sender=sender, direction=Direction.INBOUND, identity=stranger)
        home.settle()
    assert {one.recipient for one in home.sent()[before:]} <= {DOCTOR}
    assert (
        home.delivery(home.sql("SELECT id FROM messages ORDER BY received_at")[0][0]).state is DeliveryState.DELIVERED
    )


async def test_strangers_learn_at_rcpt_that_nobody_is_there(tmp_path):
    """Refused within the session there is nothing to bounce; guessing ends with the connection, and no row is written."""
    async with stand(tmp_path, Profile.INBOUND, limits=DoorLimits(errors_per_connection=5)) as one:
        client = await one.greeted()
        assert (await client.ask("MAIL FROM:<victim@example.com>")).startswith("250")
        said = [await client.ask(f"RCPT TO:<user{n}@gate.example>") for n in range(6)]
        assert {reply[:9] for reply in said} == {"550 5.1.1"}
        assert (await client.reply()).startswith("421 4.7.0 Too many errors")
        assert one.in_vain("smtp.recipient") == 6
        assert one.refused("errors_per_connection") == 1
    assert one.intake.begun == []

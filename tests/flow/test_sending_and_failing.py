"""One message, many fates: what leaves for whom, how it is tried again, and how each failure is told."""

from __future__ import annotations

import email
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.config.starter import starter_policy
from gateway.domain.address import Address
from gateway.domain.decision import HoldReason, Method
from gateway.domain.envelope import Direction, Identity
from gateway.domain.errors import MailRefused, PickupRefused
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from gateway.ports.relay import Consignment, Outcome, Reply
from tests.support.home import (
    DOCTOR,
    GRACE,
    LUNCH,
    MARIA,
    OFFICE,
    RESULTS,
    TOBIAS,
    TOBIAS_RESULTS,
    Home,
    Sent,
    mail,
)
from tests.support.people import rsa_key
from tests.unit.seal.cms_reader import decrypt

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0", text="patient Maria is unknown here")
NEVER = Reply(Outcome.PERMANENT, 550, "5.1.1", text="no such user Maria")


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


@pytest.mark.proves("open.message-ids")
@pytest.mark.proves("open.retry-same-id")
def test_a_deferred_mail_is_tried_again_with_growing_waits_and_the_same_message_id(home: Home) -> None:
    home.hop.answers[MARIA] = [LATER]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    start = home.clock.now()
    home.settle()
    waits = []
    for _ in range(5):
        row = home.delivery(message)
        assert row.state is DeliveryState.RETRY
        assert row.reply == "451 4.3.0"
        assert row.next_at is not None
        waits.append((row.next_at - home.clock.now()).total_seconds() / 60)
        home.later(row.next_at - home.clock.now())
    assert waits == [1, 5, 15, 60, 240]
    home.hop.answers.clear()
    home.later(timedelta(hours=5))
    row = home.delivery(message)
    assert (row.state, row.tries, row.first_try_at) == (DeliveryState.DELIVERED, 7, start)
    assert [sent.message_id for sent in home.sent(MARIA)] == [row.outer_message_id]
    assert [one.state for one in home.attempts(row.id)] == [*[AttemptState.RETRY] * 6, AttemptState.DELIVERED]
    assert home.sql("SELECT count(*) FROM parcels") == [(1,)]


def failed_report(home: Home, to: str) -> Sent:
    sent = home.sent(DOCTOR)[-1]
    assert sent.parsed.get_content_type() == "multipart/report"
    assert f"rfc822; {to}" in sent.text.replace("rfc822;", "rfc822; ").replace("  ", " ")
    assert "Action: failed" in sent.text
    for word in ("Maria is unknown", "no such user", "diabetes", "Quintero"):
        assert word not in sent.raw.decode()
    return sent


@pytest.mark.proves("where.greatest-age")
def test_it_is_given_up_after_two_days_with_a_report(home: Home) -> None:
    home.hop.answers[MARIA] = [LATER]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    for _ in range(20):
        home.later(timedelta(hours=4))
    assert home.delivery(message).state is DeliveryState.FAILED
    assert home.message(message).state is MessageState.SETTLED
    failed_report(home, MARIA)
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]


def test_a_permanent_failure_is_told_at_once(home: Home) -> None:
    home.hop.answers[MARIA] = [NEVER]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    row = home.delivery(message)
    assert (row.state, row.tries, row.reply) == (DeliveryState.FAILED, 1, "550 5.1.1")
    assert "Status: 5.1.1" in failed_report(home, MARIA).text
    assert home.pending() == {}


def test_a_link_that_never_arrived_opens_nothing(home: Home) -> None:
    tokens: list[str] = []
    home.hop.answers[MARIA] = [NEVER]
    home.hop.before = lambda consignment: tokens.append(b"".join(consignment.body).decode())
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    token = tokens[0].split("/m/")[1][:43]
    with pytest.raises(PickupRefused):
        home.pickup.request_code(token, "mailbox", "192.0.2.1")


def test_one_recipient_fails_the_others_arrive(home: Home) -> None:
    home.hop.answers[OFFICE] = [NEVER]
    message = home.submit(mail([OFFICE, "ann@example.com"], "Lunch", LUNCH), [OFFICE, "ann@example.com"])
    home.settle()
    assert {one.state for one in home.deliveries(message)} == {DeliveryState.FAILED, DeliveryState.DELIVERED}
    assert "ann@example.com" not in failed_report(home, OFFICE).text


def five(home: Home) -> tuple[str, list[str]]:
    payer = "claims@payer.example.net"
    home.add_certificate(GRACE)
    guest = "guest@example.com"
    home.patient("Otto", "Fields", "MRN-7000001", "otto@example.net")
    to = [MARIA, GRACE, TOBIAS, guest, payer]
    raw = mail(to[:2], "About Maria Quintero", RESULTS, headers=[f"Bcc: {guest}, {payer}"], files=[("a.csv", "text/csv", b"1,2\r\n")])  # fmt: skip
    return home.submit(raw, to), to


def test_five_recipients_have_five_fates(home: Home) -> None:
    message, to = five(home)
    home.settle()
    rows = home.deliveries(message)
    fates = [(row.action.value, row.method.value if row.method else row.held_for.value) for row in rows]
    # Tobias, a patient himself, makes the mail one about two patients: nobody's letter goes to the other.
    assert fates[1] == ("deliver", "smime")
    assert {fate[0] for fate in (fates[0], *fates[2:])} == {"hold"}
    assert [one.recipient for one in home.sent() if one.recipient in to and "/c/" not in one.text] == [GRACE]
    assert home.message(message).state is MessageState.HELD
    home.later(timedelta(days=15))
    assert home.message(message).state is MessageState.SETTLED
    assert {row.state for row in home.deliveries(message)} == {DeliveryState.DELIVERED, DeliveryState.REFUSED}


def test_link_smime_hold_and_refusal_from_one_message(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "no-guests"\nwhen = { recipient_kind = ["other"] }\nthen = { action = "refuse" }\n'
    with Home(tmp_path, policy=starter_policy() + rule) as home:
        home.people()
        home.add_certificate(GRACE)
        guest, payer = "guest@example.com", "claims@payer.example.net"
        to = [MARIA, GRACE, guest, payer, "desk@willow.example.org"]
        message = home.submit(mail(to, "About Maria Quintero", RESULTS), to)
        home.settle()
        rows = {str(i): row for i, row in zip(to, home.deliveries(message), strict=True)}
        assert (rows[MARIA].method, rows[GRACE].method) == (Method.LINK, Method.SMIME)
        assert rows[guest].state is DeliveryState.REFUSED
        assert rows["desk@willow.example.org"].method is Method.LINK
        assert home.sent(guest) == []
        reports = [one for one in home.sent(DOCTOR) if one.parsed.get_content_type() == "multipart/report"]
        assert any(guest in one.text and "not sent" in str(one.parsed["Subject"]) for one in reports)
        for sent in (*home.sent(MARIA), *home.sent(GRACE), *home.sent("desk@willow.example.org")):
            assert b"diabetes" not in sent.raw
            assert b"Quintero" not in sent.raw


def test_parcels_of_two_recipients_have_nothing_in_common(home: Home) -> None:
    desk = "desk@willow.example.org"
    home.submit(mail([MARIA, desk], "About Maria", RESULTS, files=[("a.csv", "text/csv", b"1,2\r\n")]), [MARIA, desk])
    home.settle()
    wraps = home.sql("SELECT object_id, holder FROM wraps WHERE kind = 'parcel'")
    holders = {holder for _, holder in wraps}
    assert len(holders) == 2
    mine, its = ({one for one, holder in wraps if holder == each} for each in sorted(holders))
    assert not mine & its
    assert home.sent(MARIA)[0].token() != home.sent(desk)[0].token()
    assert home.sent(MARIA)[0].message_id != home.sent(desk)[0].message_id
    assert home.sent(desk)[0].token() not in home.sent(MARIA)[0].text


def test_a_confidential_address_gets_it_and_the_written_one_nothing(home: Home) -> None:
    safe = "maria.safe@example.com"
    home.change(home.maria, confidential_address=Address.parse(safe), verified_addresses=frozenset({safe}))
    home.consent(home.maria, safe)
    message = home.submit(mail([MARIA], "Results", RESULTS), MARIA)
    home.settle()
    assert home.delivery(message).method is Method.LINK
    assert home.sent(MARIA) == []
    [sent] = home.sent(safe)
    assert MARIA not in sent.raw.decode()
    assert "diabetes" in home.open_link(sent).text


@pytest.mark.proves("open.no-bcc")
def test_bcc_leaves_nowhere(home: Home) -> None:
    home.add_certificate(GRACE)
    hidden = "hidden@example.org"
    lines = [f"Bcc: {hidden}", f"Resent-Bcc: {hidden}"]
    for number, to in enumerate((MARIA, GRACE, OFFICE)):
        body = LUNCH if to == OFFICE else RESULTS
        home.submit(mail(to, "News", body, headers=lines, number=number), to)
    home.settle()
    letter = home.open_link(home.sent(MARIA)[0])
    assert hidden not in repr((letter.to, letter.cc, letter.text, letter.html, letter.subject, letter.sender))
    for sent in home.sent():
        assert hidden not in sent.raw.decode("latin-1")
    assert hidden not in opened_smime(home, home.sent(GRACE)[0])


def opened_smime(home: Home, sent: Sent) -> str:
    certificate = x509.load_pem_x509_certificate((home.root / "certificates" / f"{GRACE}.pem").read_bytes())
    data = email.message_from_bytes(sent.raw).get_payload(decode=True)
    assert isinstance(data, bytes)
    opened = decrypt(data, certificate.serial_number, rsa_key(GRACE)).decode("latin-1")
    assert "diabetes" in opened
    return opened


@pytest.mark.parametrize("to", [OFFICE, MARIA, GRACE])
def test_tags_and_wishes_of_the_sender_are_removed(home: Home, to: str) -> None:
    home.add_certificate(GRACE)
    body = LUNCH if to == OFFICE else RESULTS
    raw = mail(to, "[purpose:treatment] News", body, headers=["X-Sealgate-Expires: 7d", "X-Sealgate-Foo: bar"])
    home.submit(raw, to)
    home.settle()
    for sent in home.sent(to):
        assert b"X-Sealgate-Expires" not in sent.raw
        assert b"X-Sealgate-Foo" not in sent.raw
        assert b"[purpose" not in sent.raw
    for sent in home.sent(MARIA):
        assert home.open_link(sent).subject == "News"


def test_secure_makes_ordinary_mail_a_link(home: Home) -> None:
    message = home.submit(mail(MARIA, "[secure] Lunch", LUNCH), MARIA)
    home.settle()
    assert home.delivery(message).method is Method.LINK
    [sent] = home.sent(MARIA)
    assert b"[secure]" not in sent.raw
    assert home.open_link(sent).subject == "Lunch"


def test_an_expiry_wish_shortens_the_link(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS, headers=["X-Sealgate-Expires: 2d"]), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    home.later(timedelta(days=2, minutes=1))
    with pytest.raises(PickupRefused, match="expired"):
        home.pickup.find(sent.token())
    assert list(home.inst.peppers().names()) == []


def bounce(home: Home, address: str, action: str, status: str) -> str:
    raw = (
        "From: MAILER-DAEMON@next.example.net\r\nTo: " + address + "\r\nSubject: failure\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/plain\r\n\r\nMaria Quintero has diabetes\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; next.example.net\r\n\r\nFinal-Recipient: rfc822; x@example.net\r\nAction: {action}\r\n"
        f"Status: {status}\r\n\r\n--b--\r\n"
    )
    nobody = Identity("", "peer")
    message = home.submit(raw.encode(), address, sender=None, direction=Direction.INBOUND, identity=nobody)
    home.settle()
    return message


@pytest.mark.proves("open.message-ids")
def test_a_bounce_closes_its_delivery_and_its_link(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    assert sent.envelope_sender.startswith("bounce+")
    report = bounce(home, sent.envelope_sender, "failed", "5.1.1")
    row = home.delivery(message)
    assert (row.state, row.reply) == (DeliveryState.FAILED, "550 5.1.1")
    failed_report(home, MARIA)
    with pytest.raises(PickupRefused, match="closed"):
        home.pickup.find(sent.token())
    assert list(home.inst.peppers().names()) == []
    assert home.message(report).state is MessageState.SETTLED
    assert home.message(report).record == b""
    assert "bounced" in home.kinds(message)


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "nonsense"])
def test_other_reports_only_leave_a_note(home: Home, action: str) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    bounce(home, sent.envelope_sender, action, "4.4.1")
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert home.pickup.find(sent.token())


def test_a_guessed_bounce_address_closes_nothing(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    local, _, domain = sent.envelope_sender.partition("@")
    forged = f"{local[:-1]}{'0' if local[-1] != '0' else '1'}@{domain}"
    bounce(home, forged, "failed", "5.1.1")
    assert home.delivery(message).state is DeliveryState.DELIVERED


@pytest.mark.proves("door.loops")
def test_a_mail_of_ours_that_comes_back_is_refused(home: Home) -> None:
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    [sent] = home.sent(OFFICE)
    with pytest.raises(MailRefused):
        home.submit(sent.raw, OFFICE)
    assert home.submit(b"X-Sealgate-Id: 00000000000000000000000000\r\n" + mail(OFFICE, "Lunch", LUNCH), OFFICE)


@pytest.mark.proves("door.who-sends")
def test_another_author_than_the_sender_may_use_holds(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH, sender="boss@willow.example.org"), OFFICE)
    home.settle()
    assert home.delivery(message).held_for is HoldReason.INTEGRITY
    assert home.sent(OFFICE) == []


@pytest.mark.proves("once.lease-before-dot", "once.lease-outlives")
@pytest.mark.parametrize("minutes", [36, 46])
def test_a_worker_whose_lease_is_over_leaves_without_the_dot(home: Home, minutes: int) -> None:
    """Over is what is left of 45 minutes when the relay's 10 for its last answer are taken off."""
    home.hop.before = lambda _: home.clock.advance(minutes * 60)
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.rooms.worker.work_once()
    home.rooms.worker.work_once()
    assert home.sent(OFFICE) == []
    assert home.delivery(message).state is DeliveryState.SENDING
    home.hop.before = lambda _: None
    home.later(46 * 60)
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert len(home.sent(OFFICE)) == 1


@pytest.mark.proves("once.lease-before-dot")
def test_an_alarm_clock_that_jumps_does_not_end_a_lease(home: Home) -> None:
    home.hop.before = lambda _: home.clock.jump(400 * 86400)
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.rooms.worker.work_once()
    home.rooms.worker.work_once()
    assert [one.state for one in home.attempts(home.delivery(message).id)] == [AttemptState.DELIVERED]


@pytest.mark.proves("once.attempts", "once.in-doubt")
@pytest.mark.parametrize("doubt", [True, False])
def test_the_attempts_states_are_committed_before_each_step_that_they_name(home: Home, doubt: bool) -> None:
    """SENDING before MAIL FROM, IN_DOUBT before the dot; a lost answer is written down as a possible duplicate."""
    seen = []

    def state() -> list[str]:
        return [f"{one.number}:{one.state.value}" for one in home.attempts(home.delivery(message).id)]

    class Watching:
        def deliver(self, consignment: Consignment, before_dot: Callable[[], None]) -> Reply:
            if str(consignment.recipient) != OFFICE:
                return Reply(Outcome.ACCEPTED, 250, "2.0.0")
            seen.append(state())
            bodies.append(b"".join(consignment.body))
            before_dot()
            seen.append(state())
            if len(bodies) == 1:
                return Reply(Outcome.TEMPORARY, 0, "4.4.2", in_doubt=doubt)
            return Reply(Outcome.ACCEPTED, 250, "2.0.0")

    bodies: list[bytes] = []
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.rooms.dispatch._relay = Watching()  # type: ignore[assignment]
    home.settle()
    home.later(timedelta(minutes=1))
    assert seen == [["1:sending"], ["1:in_doubt"], ["1:retry", "2:sending"], ["1:retry", "2:in_doubt"]]
    assert state() == ["1:retry", "2:delivered"]
    told = [data.get("duplicate_possible", False) for kind, data in home.events(message) if kind == "retry"]
    assert told == [doubt]
    first, second = (email.message_from_bytes(one)["Message-ID"] for one in bodies)
    assert first == second


@pytest.mark.proves("once.lease-number")
def test_a_slow_first_worker_cannot_settle_what_another_has_taken_over(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Lunch", LUNCH), TOBIAS)

    def overtaken(_: object) -> None:
        home.hop.before = lambda _: None
        home.clock.jump(46 * 60)
        home.rooms.worker.work_once()

    home.hop.before = overtaken
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert len(home.sent(TOBIAS)) == 1
    assert TOBIAS_RESULTS not in home.sent(TOBIAS)[0].text

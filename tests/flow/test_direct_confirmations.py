"""What recipients' systems say of Direct messages: in time, late, twice, forged, of another mail, not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.records import ConfirmationRow
from gateway.domain.states import ConfirmationState, DeliveryState, MessageState
from tests.support import direct
from tests.support.direct import BIRCH, GRACE, OURS, confirm
from tests.support.home import DOCTOR, RESULTS, Home, Sent, mail

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One practice for all of them; each test sends a mail of its own."""
    folder = tmp_path_factory.mktemp("direct")
    with Home(folder, config=direct.configured(folder)) as made:
        made.people()
        made.put_partner("Birch Direct", BIRCH)
        direct.join(made)
        yield made


@pytest.fixture
def sent(home: Home) -> Sent:
    return send(home)


def send(home: Home) -> Sent:
    message = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    home.settle()
    outer = home.delivery(message).outer_message_id
    [found] = [one for one in home.sent(GRACE) if one.message_id == outer]
    return found


def row(home: Home, sent: Sent) -> ConfirmationRow:
    with home.store.begin() as uow:
        delivery = uow.deliveries.by_outer_id(sent.message_id)
        assert delivery is not None
        found = uow.confirmations.get(delivery.id)
    assert found is not None
    return found


def told(home: Home, sent: Sent, kind: str) -> list[dict[str, object]]:
    return [data for name, data in home.events(row(home, sent).message_id) if name == kind]


def to_the_sender(home: Home, sent: Sent) -> list[Sent]:
    """What the sender was told of that mail."""
    number = row(home, sent).message_id
    return [one for one in home.sent(DOCTOR) if number in one.text]


def notices(home: Home, sent: Sent) -> list[str]:
    return [str(one.parsed["Subject"]).partition(" (")[0] for one in to_the_sender(home, sent)]


def test_processed_then_dispatched_and_nobody_is_troubled(home: Home, sent: Sent, tmp_path: Path) -> None:
    assert row(home, sent).state is ConfirmationState.AWAITED
    report = confirm(tmp_path, home, sent, "processed")
    home.settle()
    assert row(home, sent).state is ConfirmationState.PROCESSED
    assert home.message(report).state is MessageState.SETTLED
    home.later(2 * HOUR)
    confirm(tmp_path, home, sent, "dispatched", extra="X-DIRECT-FINAL-DESTINATION-DELIVERY: \r\n")
    home.settle()
    assert (row(home, sent).state, row(home, sent).due) == (ConfirmationState.DISPATCHED, None)
    home.later(48 * HOUR)
    assert told(home, sent, "confirmed") == [
        {"state": "processed", "late": False},
        {"state": "dispatched", "late": False},
    ]
    assert told(home, sent, "unconfirmed") == notices(home, sent) == []


def test_nobody_says_anything_and_the_sender_is_told_once(home: Home, sent: Sent) -> None:
    home.later(HOUR - timedelta(minutes=1))
    assert notices(home, sent) == []
    home.later(timedelta(minutes=2))
    home.later(48 * HOUR)
    assert row(home, sent).state is ConfirmationState.OVERDUE
    assert told(home, sent, "unconfirmed") == [{"state": "awaited"}]
    assert notices(home, sent) == ["Your mail was not confirmed"]
    [notice] = to_the_sender(home, sent)
    assert notice.parsed["Auto-Submitted"] == "auto-generated"
    for word in ("Maria", "Quintero", "diabetes", "Results", GRACE, "grace"):
        assert word not in notice.raw.decode()


def test_processed_but_never_dispatched(home: Home, sent: Sent, tmp_path: Path) -> None:
    confirm(tmp_path, home, sent, "processed")
    home.settle()
    home.later(23 * HOUR)
    assert notices(home, sent) == []
    home.later(2 * HOUR)
    assert told(home, sent, "unconfirmed") == [{"state": "processed"}]
    [notice] = to_the_sender(home, sent)
    assert "has opened it" in notice.text


def test_a_late_confirmation_is_told_too(home: Home, sent: Sent, tmp_path: Path) -> None:
    home.later(2 * HOUR)
    confirm(tmp_path, home, sent, "processed")
    home.settle()
    assert row(home, sent).state is ConfirmationState.PROCESSED
    assert told(home, sent, "confirmed") == [{"state": "processed", "late": True}]
    confirm(tmp_path, home, sent, "dispatched")
    home.settle()
    assert row(home, sent).state is ConfirmationState.DISPATCHED
    assert notices(home, sent) == ["Your mail was not confirmed", "Your mail was confirmed after all"]


def test_what_is_said_twice_counts_once_and_dispatched_is_not_undone(home: Home, sent: Sent, tmp_path: Path) -> None:
    for kind in ("processed", "processed", "dispatched", "processed", "dispatched"):
        confirm(tmp_path, home, sent, kind)
        home.settle()
    assert [one["state"] for one in told(home, sent, "confirmed")] == ["processed", "dispatched"]
    confirm(tmp_path, home, sent, "failed")
    home.settle()
    assert row(home, sent).state is ConfirmationState.DISPATCHED


@pytest.mark.parametrize(("kind", "modifier"), [("failed", ""), ("processed", "/error"), ("denied", "")])
def test_a_failure_is_a_dsn(home: Home, sent: Sent, tmp_path: Path, kind: str, modifier: str) -> None:
    confirm(tmp_path, home, sent, kind, modifier=modifier)
    home.settle()
    assert row(home, sent).state is ConfirmationState.FAILED
    [delivery] = home.deliveries(row(home, sent).message_id)
    assert (delivery.state, delivery.reply) == (DeliveryState.FAILED, "550 5.0.0")
    [dsn] = to_the_sender(home, sent)
    assert "delivery-status" in dsn.raw.decode()
    assert "could not process" in dsn.text
    home.later(48 * HOUR)
    assert len(to_the_sender(home, sent)) == 1


def test_a_bounce_ends_the_waiting(home: Home, sent: Sent) -> None:
    report = (
        f"From: MAILER-DAEMON@next.example.net\r\nTo: {sent.envelope_sender}\r\nSubject: failure\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; next.example.net\r\n\r\n"
        "Final-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    direct.arrive(home, sent.envelope_sender, report.encode())
    home.settle()
    assert row(home, sent).state is ConfirmationState.FAILED
    home.later(48 * HOUR)
    assert len(to_the_sender(home, sent)) == 1
    assert "delivery-status" in to_the_sender(home, sent)[0].raw.decode()


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_signature_counts_whether_or_not_it_came_encrypted(
    home: Home, sent: Sent, tmp_path: Path, encrypted: bool
) -> None:
    confirm(tmp_path, home, sent, "processed", encrypted=encrypted)
    home.settle()
    assert row(home, sent).state is ConfirmationState.PROCESSED


def test_an_unsigned_one_does_not_count(home: Home, sent: Sent, tmp_path: Path) -> None:
    for encrypted in (True, False):
        confirm(tmp_path, home, sent, "dispatched", unsigned=True, encrypted=encrypted)
    home.settle()
    assert row(home, sent).state is ConfirmationState.AWAITED
    assert {one["why"] for one in told(home, sent, "unconfirmed")} <= {"unsigned", "unreadable"}


@pytest.mark.parametrize(
    ("name", "by"),
    [(BIRCH, "Other CA"), ("direct.oak.example.net", "Birch Direct CA"), ("mallory@example.net", "Birch Direct CA")],
)
def test_a_stranger_cannot_confirm(home: Home, sent: Sent, tmp_path: Path, name: str, by: str) -> None:
    confirm(tmp_path, home, sent, "dispatched", signer=direct.issued(name, by=by, key="stranger"), key="stranger")
    home.settle()
    assert row(home, sent).state is ConfirmationState.AWAITED
    assert told(home, sent, "unconfirmed") == [{"why": "stranger"}]


def test_a_changed_one_does_not_count(home: Home, sent: Sent, tmp_path: Path) -> None:
    to = str(sent.parsed["Disposition-Notification-To"])
    entity = direct.signed(tmp_path, direct.notification("processed", sent.message_id, to), direct.issued(BIRCH), BIRCH)
    direct.arrive(
        home, to, direct.head(to) + entity.replace(b"sent-automatically; processed", b"sent-automatically; dispatched")
    )
    home.settle()
    assert row(home, sent).state is ConfirmationState.AWAITED


def test_one_of_another_mail_does_not_count(home: Home, sent: Sent, tmp_path: Path) -> None:
    other = send(home)
    confirm(tmp_path, home, sent, "dispatched", to=str(other.parsed["Disposition-Notification-To"]))
    home.settle()
    assert row(home, sent).state is row(home, other).state is ConfirmationState.AWAITED
    assert told(home, other, "unconfirmed") == [{"why": "another message"}]


def test_the_id_inside_counts_as_well(home: Home, sent: Sent, tmp_path: Path) -> None:
    confirm(tmp_path, home, sent, "processed", original_id="<client-1@willow.example.org>")
    home.settle()
    assert row(home, sent).state is ConfirmationState.PROCESSED


def test_addresses_that_were_not_made_for_a_copy_are_refused_at_the_door(home: Home, sent: Sent) -> None:
    from gateway.app.addresses import own_addresses
    from gateway.domain.address import Address

    accepts = own_addresses(home.inst).accepts
    assert accepts(Address.parse(sent.envelope_sender))
    local, _, domain = sent.envelope_sender.partition("@")
    flipped = local[:-1] + ("0" if local[-1] != "0" else "1")
    for one in (f"{flipped}@{domain}", f"{local}@example.net", f"office@{OURS}", f"{local.split('.')[0]}@{domain}"):
        assert not accepts(Address.parse(one)), one


def test_a_report_larger_than_reports_are_says_nothing(home: Home, sent: Sent, tmp_path: Path) -> None:
    confirm(tmp_path, home, sent, "processed", extra="X-A: b\r\n" * 40_000)
    home.settle()
    assert row(home, sent).state is ConfirmationState.AWAITED


def test_one_that_is_faster_than_our_own_note_counts_later(tmp_path: Path) -> None:
    came: list[str] = []

    def taken(point: str) -> None:
        if point == "dispatch.4" and not came:
            came.append(confirm(tmp_path, home, home.sent(GRACE)[0], "processed"))
            assert home.rooms.worker.work_once()

    with Home(tmp_path, config=direct.configured(tmp_path)) as home:
        home.people()
        home.put_partner("Birch Direct", BIRCH)
        direct.join(home)
        home.reached = taken
        home.start()
        home.submit(mail(GRACE, "Results", RESULTS), GRACE)
        home.settle()
        home.later(120)
        assert row(home, home.sent(GRACE)[0]).state is ConfirmationState.PROCESSED


def test_the_row_goes_with_the_mail(home: Home, sent: Sent) -> None:
    delivery = row(home, sent).delivery_id
    home.later(timedelta(days=2))
    home.later(timedelta(days=40))
    with home.store.begin() as uow:
        assert uow.confirmations.get(delivery) is None

"""Everything that exists has an end (docs/security-model.md, What exists where): rows of settled mail, notices, sessions,
codes, requests, links, the archive. A legal hold puts an end off, a person ends the hold, and the log outlives them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.addresses import own_addresses
from gateway.app.archived import open_archived
from gateway.app.created import OFFLINE
from gateway.domain.envelope import Direction
from gateway.domain.errors import ConfigError, PermanentError, PickupRefused
from gateway.domain.retention import HoldOn, LegalHoldRow
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.story import story
from gateway.ports.relay import Outcome, Reply
from tests.support.command import sealgate
from tests.support.home import LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

pytestmark = pytest.mark.proves("where.each-end")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROWS = ("deliveries", "attempts", "parcels", "notices", "consent_requests", "jobs")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


def rows(home: Home, message: str) -> int:
    of_copies = "SELECT count(*) FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE message_id = ?)"
    return sum(
        home.sql(of_copies if one == "attempts" else f"SELECT count(*) FROM {one} WHERE message_id = ?", message)[0][0]
        for one in ROWS
    )


def archive_key(home: Home) -> Path:
    return home.root / OFFLINE / "archive-practice.key"


def archived(home: Home, message: str) -> bytes:
    return b"".join(open_archived(home.inst, message, archive_key(home), "ann")())


def place(home: Home, kind: HoldOn, subject: str) -> str:
    hold = home.tokens.id()
    with home.store.begin() as uow:
        uow.retention.add_hold(LegalHoldRow(hold, kind, subject, home.clock.now(), "ann", "letter of 3 March"))
    return hold


def lift(home: Home, hold: str) -> None:
    with home.store.begin() as uow:
        assert uow.retention.drop_hold(hold)


def test_a_settled_mail_is_forgotten_and_its_story_stays(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    home.open_link(home.sent(MARIA)[0])
    home.settle()
    [(recipient, target)] = home.sql("SELECT recipient, target FROM deliveries WHERE message_id = ?", message)
    [(sender,)] = home.sql("SELECT sender FROM messages WHERE id = ?", message)
    [told, *_] = home.sql('SELECT "to" FROM notices WHERE message_id = ?', message)
    before = [line.text for line in story(home.store, message)]
    home.later(29 * DAY)
    assert home.message(message).state is MessageState.SETTLED
    home.later(DAY + HOUR)
    row = home.message(message)
    assert (row.state, row.scan, row.record, row.held_for) == (MessageState.FORGOTTEN, "", b"", "")
    assert rows(home, message) == 0
    assert home.sql("SELECT length(sender), length(sender_tag) FROM messages WHERE id = ?", message) == [(0, 0)]
    for end in ("", "-wal"):
        path = home.root / "data" / f"sealgate.db{end}"
        data = path.read_bytes() if path.exists() else b""
        assert not [one for one in (recipient, target, sender, *told) if one in data], end
    after = [line.text for line in story(home.store, message)]
    assert after[: len(before)] == before
    assert after[-1] == "Addresses, decisions, links and notices were deleted; this log stays."
    assert b"diabetes" in archived(home, message)
    done = sealgate("audit", "verify", "--config", home.root / "sealgate.toml")
    assert done.status == 0, done.err


def test_a_mail_goes_whose_copies_had_every_fate(home: Home) -> None:
    message = home.submit(mail([OFFICE, TOBIAS], "Results", TOBIAS_RESULTS), [OFFICE, TOBIAS])
    home.settle()
    home.later(15 * DAY)
    assert home.message(message).state is MessageState.SETTLED
    home.later(31 * DAY)
    assert home.message(message).state is MessageState.FORGOTTEN
    assert rows(home, message) == 0


def test_a_returned_mail_leaves_nothing_that_stays(home: Home) -> None:
    """The inbound door's own messages end like the others."""
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    address = own_addresses(home.inst).bounce(home.delivery(message).id)
    assert address is not None
    home.later(31 * DAY)
    late = b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    report = home.submit(late, address, sender=None, direction=Direction.INBOUND)
    home.settle()
    assert home.message(report).state is MessageState.SETTLED, "a report about what was forgotten changes nothing"
    home.later(31 * DAY)
    assert home.message(report).state is MessageState.FORGOTTEN


def test_an_open_link_keeps_what_its_codes_are_sent_by(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    [(parcel,)] = home.sql("SELECT id FROM parcels")
    until, seal = home.clock.now() + 54 * DAY, ParcelSeal(home.keys.lookup, home.inst.id)
    with home.store.begin() as uow:
        row, delivery = uow.parcels.get(parcel), uow.deliveries.of_message(message)[0]
        assert row is not None
        uow.parcels.set_expiry(parcel, until)
        uow.parcels.set_seal(parcel, seal.of(replace(row, expires_at=until), delivery))
    home.later(35 * DAY)
    assert home.message(message).state is MessageState.SETTLED
    assert "diabetes" in home.open_link(sent).text
    home.later(20 * DAY)
    home.later(HOUR)
    assert home.message(message).state is MessageState.FORGOTTEN


def test_a_link_ends_with_its_time(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    objects = {one for (one,) in home.sql("SELECT object_id FROM wraps WHERE kind = 'parcel'")}
    home.prove(sent.token())
    home.later(14 * DAY + HOUR)
    assert home.sql("SELECT state FROM parcels") == [("expired",)]
    assert home.sql("SELECT count(*) FROM sessions") == home.sql("SELECT count(*) FROM codes") == [(0,)]
    assert not objects & {name for name, _ in home.vault.names()}
    assert list(home.inst.peppers().names()) == []
    with pytest.raises(PickupRefused):
        home.pickup.request_code(sent.token(), "mailbox", "192.0.2.9")


def test_a_link_whose_mail_did_not_arrive_ends_with_the_mail(home: Home) -> None:
    home.hop.answers[MARIA] = [Reply(Outcome.PERMANENT, 550, "5.1.1")]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    home.settle()
    assert home.delivery(message).state is DeliveryState.FAILED
    assert home.sql("SELECT state FROM parcels") == [("closed",)]
    assert home.sql("SELECT count(*) FROM wraps") == [(0,)]
    assert list(home.inst.peppers().names()) == []
    assert list(home.vault.names()) == []


def test_codes_sessions_requests_and_deeds_end_by_themselves(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, number=2), TOBIAS)
    home.settle()
    [sent] = home.sent(MARIA)
    home.prove(sent.token())
    home.clock.advance(120)
    home.pickup.request_code(sent.token(), "mailbox", "192.0.2.9")
    home.settle()
    assert home.sql("SELECT count(*) FROM codes") == [(1,)]
    home.later(timedelta(minutes=11))
    assert home.sql("SELECT count(*) FROM codes") == [(0,)]
    assert home.sql("SELECT count(*) FROM sessions") == [(1,)]
    home.later(HOUR)
    assert home.sql("SELECT count(*) FROM sessions") == [(0,)]
    assert home.sql("SELECT count(*) > 0 FROM hits") == [(1,)]
    home.later(2 * DAY + HOUR)
    assert home.sql("SELECT count(*) FROM hits") == [(0,)]
    assert home.sql("SELECT state FROM consent_requests") == [("sent",)]
    home.later(12 * DAY)
    assert home.sql("SELECT state FROM consent_requests") == [("closed",)]
    home.later(31 * DAY)
    assert home.sql("SELECT count(*) FROM consent_requests") == [(0,)]


def test_the_archive_ends_after_its_years_and_not_before(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    home.later(2191 * DAY)
    assert b"Lunch on Friday" in archived(home, message)
    home.later(2 * DAY)
    assert home.sql("SELECT count(*) FROM archives") == [(0,)]
    assert home.sql("SELECT count(*) FROM wraps") == [(0,)]
    assert message not in {name for name, _ in home.vault.names()}
    with pytest.raises(PermanentError):
        archived(home, message)
    assert home.kinds(message)[-1] == "archive_ended"


def test_less_than_six_years_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2192d"):
        Home(tmp_path, config=lambda text: text + '\n[retention]\narchive = "2191d"\n')


@pytest.mark.parametrize("kind", HoldOn)
def test_a_legal_hold_keeps_rows_and_archive_until_a_person_ends_it(home: Home, kind: HoldOn) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    other = home.submit(mail(OFFICE, "Lunch", LUNCH, number=2), OFFICE)
    home.settle()
    hold = place(home, kind, message if kind is HoldOn.MESSAGE else home.maria.id)
    home.later(46 * DAY)
    assert home.message(message).state is MessageState.SETTLED
    assert home.message(other).state is MessageState.FORGOTTEN
    home.later(2200 * DAY)
    assert b"diabetes" in archived(home, message)
    with pytest.raises(PermanentError):
        archived(home, other)
    lift(home, hold)
    home.later(HOUR)
    assert home.message(message).state is MessageState.FORGOTTEN
    with pytest.raises(PermanentError):
        archived(home, message)


def test_a_hold_on_a_patient_finds_what_was_forgotten_and_only_archived(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    home.later(46 * DAY)
    assert home.message(message).state is MessageState.FORGOTTEN
    place(home, HoldOn.PATIENT, home.maria.id)
    home.later(2200 * DAY)
    assert b"diabetes" in archived(home, message)


def test_the_command_lists_places_and_releases_holds(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()

    def run(*words: str) -> str:
        done = sealgate("retention", *words, "--config", home.root / "sealgate.toml")
        assert done.status == 0, done.err
        return done.out

    assert message in run("list", "--archive")
    hold = run("hold", "--message", message, "--reason", "a lawyer asked").strip()
    listed = run("list")
    assert hold in listed
    assert "a lawyer asked" in listed
    assert "lawyer" not in str(home.sql("SELECT * FROM legal_holds")), "words of people lie sealed"
    assert hold in run("list", "--archive")
    home.later(46 * DAY)
    assert home.message(message).state is MessageState.SETTLED
    run("release", hold, "--reason", "settled out of court")
    assert "no legal hold" in run("list")
    assert {"legal_hold", "legal_hold_ended"} <= set(home.kinds(message))
    run("hold", "--patient", home.maria.id, "--reason", "x")
    bad = sealgate("retention", "hold", "--message", "nobody", "--reason", "x", "--config", home.root / "sealgate.toml")
    assert bad.status == 1


def test_nothing_ends_in_quarantine(home: Home) -> None:
    """What a restore brings back waits for a person."""
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    unread = home.submit(mail(OFFICE, "Lunch", LUNCH, number=2), OFFICE)
    home.sql("DELETE FROM jobs")
    with home.store.begin() as uow:
        uow.set_setting("quarantine", "restored")
    home.clock.advance((40 * DAY).total_seconds())
    home.rooms.worker.do_duties()
    assert home.message(message).state is MessageState.SETTLED
    assert home.message(unread).state is MessageState.RECEIVED

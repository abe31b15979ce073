"""A restored system does nothing by itself: what ended stays ended, what was closed stays closed, the rest waits for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.heads import read_heads
from gateway.app.outside import signed_by
from gateway.domain.audit import EventKind
from gateway.domain.errors import ConfigError, IntegrityError, PermanentError, PickupRefused, Quarantined
from gateway.domain.patient import ConsentEventType, ConsentKind
from gateway.domain.records import JobKind
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.flow import reasons
from gateway.flow.audit_verify import verify
from gateway.flow.quarantine import RESTORED, found, quarantined
from gateway.ports.relay import Outcome, Reply
from tests.support.command import sealgate
from tests.support.home import LUNCH, MARIA, NETWORK, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail
from tests.support.restored import backup, bring_back, confirm, journal, release, started

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "first").mkdir()
    with Home(tmp_path / "first") as one:
        yield one.people()


def parcel_of(home: Home, message: str):
    delivery = home.delivery(message).id
    with home.store.begin() as uow:
        row = uow.parcels.of_delivery(delivery)
    assert row is not None
    return row


def lunch(home: Home, number: int) -> str:
    return home.submit(mail(OFFICE, "Lunch", LUNCH, number=number), OFFICE)


def place_hold(home: Home, message: str) -> str:
    """As `sealgate retention hold` does."""
    return said(home, "retention", "hold", "--message", message, "--reason", "a letter of a lawyer")


def release_hold(home: Home, hold: str) -> None:
    said(home, "retention", "release", hold, "--reason", "it is over")


def said(home: Home, *arguments: str) -> str:
    done = sealgate(*arguments, "--config", home.root / "sealgate.toml")
    assert done.status == 0, done.err
    return done.out.strip()


@pytest.mark.proves("restore.quarantine", "restore.elsewhere")
def test_quarantine_closes_doors_and_links_and_nothing_is_claimed_until_a_person_confirms(
    home: Home, tmp_path: Path
) -> None:
    linked = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    home.settle()
    waiting = lunch(home, 2)
    made = backup(home)
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert told.held == (waiting,)
    with started(home, tmp_path / "other") as other:
        before = other.pending()
        with pytest.raises(Quarantined):
            lunch(other, 3)
        assert not other.intake().ready()
        token = home.sent(MARIA)[0].token()
        with pytest.raises(PickupRefused) as refused:
            other.pickup.request_code(token, "mailbox", NETWORK)
        assert refused.value.reason == "restoring"
        with pytest.raises(Quarantined):
            other.pickup.ready()
        other.later(30 * DAY)  # past every deadline: nothing is refused, expired or swept either
        assert other.pending() == before
        assert other.sent() == []
        assert other.message(waiting).held_for == RESTORED
        assert parcel_of(other, linked).state is ParcelState.SEALED
        assert other.inst.peppers().names() == (parcel_of(other, linked).id,)


@pytest.mark.proves("restore.quarantine", "restore.revoked-stays")
def test_once_confirmed_links_open_again_and_the_log_says_who_confirmed(home: Home, tmp_path: Path) -> None:
    linked = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    home.settle()
    made = backup(home)
    bring_back(home, made, tmp_path / "other", journal(home))
    with started(home, tmp_path / "other") as other:
        confirm(other)
        token = home.sent(MARIA)[0].token()
        assert "diabetes" in other.pickup.view(other.prove(token)).text
        [ended] = [data for kind, data in other.events() if kind == "quarantine_ended"]
        with other.store.begin() as uow:
            assert reasons.read(uow, other.keys.columns, str(ended["reason"])) == "looked at everything"
        assert ended["notices"] == 0
        with pytest.raises(PermanentError):
            confirm(other)
        again = lunch(other, 5)
        other.settle()
        assert other.message(again).state is MessageState.SETTLED
        assert other.message(linked).state is MessageState.SETTLED


@pytest.mark.proves("restore.not-twice")
def test_what_left_after_the_backup_is_not_sent_again(home: Home, tmp_path: Path) -> None:
    mails = [lunch(home, number) for number in range(2, 5)]  # accepted, not yet read by any worker
    held = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.run_job("assess")
    made = backup(home)
    home.rooms.review.release(home.delivery(held).id, "staff", "he asked for it")
    home.settle()
    assert len(home.sent(OFFICE)) == 3
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert len(told.delivered) == 4
    assert told.held == ()
    with started(home, tmp_path / "other") as other:
        with other.store.begin() as uow:
            [released] = [one.event.data for one in uow.audit.of_message(held) if one.event.kind is EventKind.RELEASED]
            assert reasons.read(uow, other.keys.columns, str(released["reason"])) == "he asked for it"
        confirm(other, send_notices=True)
        other.later(3 * DAY)
        assert other.sent(OFFICE) == []
        assert [one for one in other.sent(TOBIAS) if "/m/" in one.text] == []
        assert {other.message(one).state for one in mails} == {MessageState.SETTLED}
        assert {other.delivery(one).state for one in mails} == {DeliveryState.DELIVERED}


@pytest.mark.proves("restore.not-twice", "restore.quarantine")
@pytest.mark.parametrize("known", [True, False], ids=["with the journal", "without a journal"])
def test_what_cannot_be_known_stays_held_until_a_person_releases_it(home: Home, tmp_path: Path, known: bool) -> None:
    message = lunch(home, 2)
    home.run_job("assess")
    made = backup(home)
    if known:
        home.hop.answers[OFFICE] = [Reply(Outcome.TEMPORARY, 451, "4.3.0", "later")]
    home.settle()  # without a journal it is delivered, and nobody on the new machine can know
    told = bring_back(home, made, tmp_path / "other", journal(home) if known else None)
    assert told.held == (message,)
    with started(home, tmp_path / "other") as other:
        with pytest.raises(PermanentError):
            release(other, "01" + "0" * 24)
        confirm(other)
        assert other.sent() == []
        with other.store.begin() as uow:
            uow.jobs.add(JobKind.ASSESS, message, "", other.clock.now())  # as a change of the register would
        other.settle()
        assert other.sent() == []
        assert other.message(message).held_for == RESTORED
        release(other, message)
        assert [one.recipient for one in other.sent()] == [OFFICE]
        assert other.message(message).state is MessageState.SETTLED


@pytest.mark.proves("restore.quarantine")
def test_a_sender_is_not_told_that_nothing_was_sent_of_mail_that_may_have_left(home: Home, tmp_path: Path) -> None:
    message = lunch(home, 2)
    home.run_job("assess")
    made = backup(home)
    bring_back(home, made, tmp_path / "other", None)
    with started(home, tmp_path / "other") as other:
        confirm(other)
        other.later(6 * DAY)
        [told] = other.sent()
        assert "cannot tell whether it had been sent" in told.text.replace("\n", " ")
        assert "Nothing of your mail" not in told.text
        assert other.delivery(message).state is DeliveryState.REFUSED


@pytest.mark.proves("restore.revoked-stays", "forgets.revocation-beats-backups")
def test_what_was_revoked_or_expired_after_the_backup_opens_never_again(home: Home, tmp_path: Path) -> None:
    first = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    second = home.submit(mail(MARIA, "Your results", RESULTS, number=2), MARIA)
    home.settle()
    revoked = parcel_of(home, first).id
    token = next(one.token() for one in home.sent(MARIA) if first in one.raw.decode())
    made = backup(home)
    assert home.rooms.recheck.revoke(revoked, "staff")
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert told.closed == (revoked,)
    with started(home, tmp_path / "other") as other:
        assert parcel_of(other, first).state is ParcelState.REVOKED
        assert other.inst.peppers().get(revoked) is None
        assert other.inst.peppers().get(parcel_of(other, second).id) is not None
        confirm(other)
        with pytest.raises(PickupRefused) as refused:
            other.pickup.request_code(token, "mailbox", NETWORK)
        assert refused.value.reason == "revoked"


@pytest.mark.proves("restore.revoked-stays", "restore.journal")
def test_a_consent_taken_back_after_the_backup_is_still_taken_back(home: Home, tmp_path: Path) -> None:
    linked = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    home.settle()
    made = backup(home)
    home.revoke(home.maria, MARIA)  # its parcel is judged again by a worker that never came to it
    home.consent(home.tobias, TOBIAS)
    changed = home.change(home.tobias, phone="(555) 555-0143")
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert told.unreplayed == ()
    with started(home, tmp_path / "other") as other:
        confirm(other)
        with other.store.begin() as uow:
            events = other.register.consents(uow, home.maria.id)
            tobias = other.register.patient(uow, home.tobias.id)
            agreed = other.register.consents(uow, home.tobias.id)
        assert [one.type for one in events] == [ConsentEventType.GIVEN, ConsentEventType.REVOKED]
        assert [one.kind for one in agreed] == [ConsentKind.EMAIL_ENCRYPTED]
        assert tobias == changed
        assert parcel_of(other, linked).state is ParcelState.REVOKED
        fresh = other.submit(mail(MARIA, "Your results", RESULTS, number=9), MARIA)
        other.settle()
        assert other.message(fresh).state is MessageState.HELD


@pytest.mark.proves("restore.journal")
def test_mail_of_after_the_backup_is_lost_with_its_content_and_its_sender_is_asked_to_send_again(
    home: Home, tmp_path: Path
) -> None:
    made = backup(home)
    read = lunch(home, 2)
    home.run_job("assess")
    unread = lunch(home, 3)
    linked = home.submit(mail(MARIA, "Your results", RESULTS, number=4), MARIA)
    home.run_job("assess")
    home.run_job("dispatch")
    done = {OFFICE: len(home.sent(OFFICE)), MARIA: len(home.sent(MARIA))}
    assert done == {OFFICE: 2, MARIA: 1}
    last = lunch(home, 5)
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert told.lost == (last,)
    assert len(told.lost_links) == 1  # the link in Maria's mailbox needs a key that went with the machine
    with started(home, tmp_path / "other") as other:
        assert other.sent() == []
        confirm(other)
        reports = [one for one in other.sent() if one.recipient == "dr.lee@willow.example.org"]
        assert len(reports) == 2
        texts = [one.text.replace("\n", " ") for one in reports]
        assert any(last in one and "send it again" in one for one in texts)
        assert any(linked in one and "no longer opens" in one for one in texts)
        for one in (read, unread, linked, last):
            assert other.message(one).state is MessageState.SETTLED
        assert other.sent(OFFICE) == []
        assert "received" in other.kinds(last)  # `sealgate why` still tells its story


@pytest.mark.proves("restore.journal", "restore.quarantine")
def test_epoch_keys_that_were_destroyed_stay_destroyed_and_mail_in_hand_still_opens(home: Home, tmp_path: Path) -> None:
    settled = lunch(home, 2)
    home.settle()
    [epoch] = home.inst.epoch_keys().names()
    waiting = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    made = backup(home)
    home.later(DAY)
    home.later(DAY)
    assert epoch not in home.inst.epoch_keys().names()
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert epoch in told.epochs
    with started(home, tmp_path / "other") as other:
        assert epoch not in other.inst.epoch_keys().names()
        assert other.message(settled).state is MessageState.SETTLED
        confirm(other)
        release(other, waiting)
        assert other.message(waiting).state is MessageState.HELD  # assessed anew: he still was not asked
        assert other.message(waiting).held_for == "consent"


@pytest.mark.proves("restore.journal", "restore.quarantine")
def test_a_journal_with_a_hole_or_a_forged_line_closes_what_it_still_tells_of_and_lists_the_rest(
    home: Home, tmp_path: Path
) -> None:
    message = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    home.settle()
    parcel = parcel_of(home, message).id
    made = backup(home)
    lunch(home, 2)
    home.settle()
    home.rooms.recheck.revoke(parcel, "staff")
    lines = journal(home).read_bytes().splitlines()
    hole = next(number for number, line in enumerate(lines) if json.loads(line)["event"] == "backed_up")
    forged = json.loads(lines[hole + 2])
    lines[hole + 2] = json.dumps(forged | {"delivery": "somebody-elses"}).encode()
    broken = tmp_path / "journal"
    broken.write_bytes(b"\n".join([*lines[: hole + 1], *lines[hole + 2 :]]) + b"\n")
    told = bring_back(home, made, tmp_path / "other", broken)
    assert told.closed == (parcel,)
    assert any("not written by a worker" in one for one in told.unreplayed)
    assert any("missing in the journal" in one for one in told.unreplayed)
    with started(home, tmp_path / "other") as other:
        assert parcel_of(other, message).state is ParcelState.REVOKED
        confirm(other)
        with other.store.begin() as uow:
            kept = found(uow)
        assert kept == told


@pytest.mark.proves("restore.journal")
def test_another_installations_journal_is_refused_and_nothing_is_restored(home: Home, tmp_path: Path) -> None:
    home.settle()
    made = backup(home)
    (tmp_path / "stranger").mkdir()
    with Home(tmp_path / "stranger") as stranger:
        stranger.people()
        told = bring_back(home, made, tmp_path / "other", journal(stranger))
    assert told.rows == 0
    assert all("not written by a worker of this installation" in one for one in told.unreplayed)


@pytest.mark.proves("restore.journal")
def test_the_restored_log_is_the_one_of_the_heads_outside_and_an_older_database_is_noticed(
    home: Home, tmp_path: Path
) -> None:
    lunch(home, 2)
    home.settle()
    made = backup(home)
    lunch(home, 3)
    home.settle()
    home.later(60)
    outside = journal(home)
    heads = read_heads(home.root / "audit-heads.jsonl")
    bring_back(home, made, tmp_path / "other", outside)
    with started(home, tmp_path / "other") as other:
        other.later(60)
        report = verify(other.store, signed_by(home.keys.calendar), heads)
        assert report.problems == ()
        assert max(one.size for one in heads) > 0
    bring_back(home, made, tmp_path / "third", None)
    with started(home, tmp_path / "third") as third:
        lost = third.inst.settings.backup.journal_files[0]
        lost.write_bytes(outside.read_bytes())
        with pytest.raises(IntegrityError, match="older database"):
            third.rooms.replay().journal.copy()


@pytest.mark.proves("restore.elsewhere")
def test_a_restore_overwrites_nothing(home: Home, tmp_path: Path) -> None:
    made = backup(home)
    taken = tmp_path / "other" / "sealgate"
    taken.mkdir(parents=True)
    (taken / "note.txt").write_text("mine")
    with pytest.raises(ConfigError, match="overwrites nothing"):
        bring_back(home, made, tmp_path / "other", None)
    assert [one.name for one in taken.iterdir()] == ["note.txt"]
    assert [one.name for one in (tmp_path / "other").iterdir()] == ["sealgate"]


@pytest.mark.proves("restore.journal")
def test_legal_holds_are_as_they_were_and_what_was_forgotten_stays_forgotten(home: Home, tmp_path: Path) -> None:
    old = lunch(home, 2)
    home.settle()
    ended = place_hold(home, old)
    made = backup(home)
    kept = lunch(home, 3)
    home.settle()
    release_hold(home, ended)
    placed = place_hold(home, kept)
    home.later(40 * DAY)
    home.later(DAY)
    assert home.message(old).state is MessageState.FORGOTTEN
    assert home.message(kept).state is MessageState.SETTLED
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert told.unreplayed == ()
    with started(home, tmp_path / "other") as other:
        with other.store.begin() as uow:
            [hold] = uow.retention.holds()
            words = reasons.read(uow, other.keys.columns, hold.reason)
            assert uow.deliveries.of_message(old) == []
        with home.store.begin() as uow:
            assert [hold] == uow.retention.holds()
        assert (hold.id, hold.subject, words) == (placed, kept, "a letter of a lawyer")
        assert other.message(old).state is MessageState.FORGOTTEN
        assert other.kinds(old).count("forgotten") == 1  # the log's own row, and no second one
        confirm(other)
        other.later(40 * DAY)
        other.later(DAY)
        assert other.message(kept).state is MessageState.SETTLED


@pytest.mark.proves("restore.journal")
def test_a_mail_that_left_the_archive_after_the_backup_leaves_it_again(home: Home, tmp_path: Path) -> None:
    message = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    home.settle()
    other_one = home.submit(mail(MARIA, "Your results", RESULTS, number=2), MARIA)
    home.settle()
    with home.store.begin() as uow:
        archived = uow.retention.archive_of(message)
    assert archived is not None
    made = backup(home)
    place_hold(home, other_one)
    home.later(timedelta(days=366 * 7))
    home.later(DAY)
    told = bring_back(home, made, tmp_path / "other", journal(home))
    assert told.unreplayed == ()
    with started(home, tmp_path / "other") as other:
        with other.store.begin() as uow:
            assert uow.retention.archive_of(message) is None
            assert uow.retention.archive_of(other_one) is not None
        blobs = {one for one, _ in other.vault.names()}
        assert archived.object_id not in blobs
        assert other.sql("SELECT count(*) FROM wraps WHERE object_id = ?", archived.object_id) == [(0,)]


@pytest.mark.proves("restore.journal", "restore.quarantine")
def test_what_was_forgotten_but_ended_in_a_hole_of_the_journal_is_held_and_listed(home: Home, tmp_path: Path) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.run_job("assess")
    made = backup(home)
    home.rooms.review.release(home.delivery(message).id, "staff", "he asked for it")
    home.settle()
    home.later(40 * DAY)
    home.later(DAY)
    assert home.message(message).state is MessageState.FORGOTTEN
    lines = [line for line in journal(home).read_bytes().splitlines() if json.loads(line)["event"] != "delivered"]
    broken = tmp_path / "journal"
    broken.write_bytes(b"\n".join(lines) + b"\n")
    told = bring_back(home, made, tmp_path / "other", broken)
    assert message in told.held
    assert any("does not tell how it ended" in one and message in one for one in told.unreplayed)


def test_nothing_is_quarantined_that_was_not_restored(home: Home) -> None:
    with home.store.begin() as uow:
        assert not quarantined(uow)
        assert found(uow) is None

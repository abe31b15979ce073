"""Intake promises nothing before it is durable, and says why when it cannot promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.sql.messages import SqlMessages
from gateway.domain.errors import LimitExceeded, SealgateError, StoreUnavailable
from gateway.domain.states import MessageState
from tests.support.faults import FailingSync
from tests.support.home import LUNCH, OFFICE, Home, mail

RAW = mail(OFFICE, "Lunch", LUNCH)


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one


def nothing_accepted(home: Home) -> None:
    assert home.sql("SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM jobs)") == [(0,)]
    assert home.sql("SELECT count(*) FROM wraps") == [(0,)]


def test_one_acceptance_is_object_wrap_record_job_and_audit_together(home: Home) -> None:
    message = home.submit(RAW, OFFICE)
    row = home.message(message)
    assert (row.state, row.size, row.object_id) == (MessageState.RECEIVED, len(RAW), message)
    assert home.sql("SELECT kind, message_id FROM jobs") == [("assess", message)]
    assert home.kinds(message) == ["received"]
    assert home.sql("SELECT object_id, kind, holder FROM wraps") == [(message, "epoch", row.epoch)]
    assert OFFICE.encode() not in row.record


def test_a_full_spool_is_refused_before_the_first_byte(home: Home) -> None:
    home.submit(RAW, OFFICE)
    blobs = sorted((home.root / "data" / "blobs").rglob("*"))
    with pytest.raises(LimitExceeded, match="spool is full"):
        home.intake(spool_bytes=len(RAW)).begin(home.envelope([OFFICE]))
    assert sorted((home.root / "data" / "blobs").rglob("*")) == blobs


def test_the_spool_has_room_again_when_mail_has_left(home: Home) -> None:
    home.submit(RAW, OFFICE)
    home.settle()
    assert home.submit(RAW, OFFICE, intake=home.intake(spool_bytes=len(RAW)))


def test_recipients_times_size(home: Home) -> None:
    to = [f"r{n}@example.com" for n in range(10)]
    with pytest.raises(LimitExceeded, match="fewer at a time"):
        home.submit(RAW, to, intake=home.intake(recipient_bytes=len(RAW) * 9))
    nothing_accepted(home)
    assert home.submit(RAW, to, intake=home.intake(recipient_bytes=len(RAW) * 10))


def test_one_senders_share(home: Home) -> None:
    home.submit(RAW, OFFICE)
    with pytest.raises(LimitExceeded):
        home.submit(RAW, OFFICE, intake=home.intake(spool_bytes_per_sender=len(RAW)))


def test_a_store_that_fails_at_commit_promises_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: SqlMessages, row: object) -> None:
        raise StoreUnavailable("disk full")

    intake = home.intake()
    with monkeypatch.context() as patch:
        patch.setattr(SqlMessages, "add", full)
        with pytest.raises(StoreUnavailable):
            home.submit(RAW, OFFICE, intake=intake)
    nothing_accepted(home)
    # Nothing was half written: the door goes on, and the sweeper takes the orphan.
    assert intake.ready()
    assert home.submit(RAW, OFFICE, intake=intake)
    assert home.rooms.retain.sweep_objects() == 0
    home.clock.advance(3 * 3600)
    assert home.rooms.retain.sweep_objects() == 1


@pytest.mark.proves("once.fsync")
def test_a_failed_sync_is_not_tried_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = home.intake()
    acceptance = intake.begin(home.envelope([OFFICE]))
    acceptance.write(RAW)
    with monkeypatch.context() as patch:
        FailingSync(patch, 1)
        with pytest.raises(StoreUnavailable):
            acceptance.finish()
    assert not intake.ready()
    nothing_accepted(home)
    assert home.intake().ready(), "another process may be luckier"


def test_without_an_epoch_nothing_is_taken(home: Home) -> None:
    home.sql("UPDATE epochs SET state = 'retired'")
    assert not home.intake().ready()
    with pytest.raises(StoreUnavailable, match="epoch"):
        home.intake().begin(home.envelope([OFFICE]))


def test_in_quarantine_the_door_is_closed(home: Home) -> None:
    with home.store.begin() as uow:
        uow.set_setting("quarantine", "restored")
    assert not home.intake().ready()


def test_an_aborted_mail_leaves_nothing(home: Home) -> None:
    acceptance = home.intake().begin(home.envelope([OFFICE]))
    acceptance.write(RAW)
    acceptance.abort()
    nothing_accepted(home)
    assert not [one for one in (home.root / "data" / "blobs").rglob("*") if one.is_file() and one.stat().st_size]


def test_the_points_come_in_order(home: Home) -> None:
    points: list[str] = []
    home.submit(RAW, OFFICE, intake=home.intake(points.append))
    home.reached = points.append
    home.start()
    home.settle()
    assert [one for one in points if not one.startswith("epoch.")] == [  # the calendar's come when they may
        *(f"intake.{n}" for n in (1, 2, 3)), *(f"assess.{n}" for n in (1, 2, 3)),
        *(f"dispatch.{n}" for n in (1, 2, 3, 4, 5)), *(f"settle.{n}" for n in (1, 2)),
    ]  # fmt: skip


@pytest.mark.proves("rest.shredding-order")
def test_a_death_before_the_commit_leaves_only_what_the_sweeper_takes(home: Home) -> None:
    class Death(BaseException):
        pass

    def dies(point: str) -> None:
        if point == "intake.2":
            raise Death

    acceptance = home.intake(dies).begin(home.envelope([OFFICE]))
    acceptance.write(RAW)
    with pytest.raises(Death):
        acceptance.finish()
    nothing_accepted(home)
    home.clock.advance(3 * 3600)
    assert home.rooms.retain.sweep_objects() == 1
    # The sweeper has won the name for good: whoever was only slow cannot claim it any more.
    with pytest.raises(SealgateError), home.store.begin() as uow:
        from gateway.domain.records import ObjectRow

        uow.objects.add(ObjectRow(acceptance._id, acceptance._id, "mail", "", 1, b"", home.clock.now()))

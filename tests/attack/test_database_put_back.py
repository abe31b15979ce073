"""An older copy of the whole database, or of a message's rows with the log's own, put back while the gateway runs.

The newest signed head outside the database knows better: nothing is sent, what waits is HELD, until a person has looked.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from gateway.adapters.heads import read_heads, read_kept
from gateway.app import checkup, outside
from gateway.app.installation import Installation
from gateway.app.outside import accept_head, log_watch, signed_by
from gateway.domain.errors import IntegrityError, StoreUnavailable
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.audit_verify import verify
from gateway.flow.log_watch import accept
from gateway.seal.heads import Kept
from tests.support.home import LUNCH, MARIA, OFFICE, RESULTS, Home, mail
from tests.support.vandal import put_back, table_rows

pytestmark = pytest.mark.proves("log.rolled-back", "clear.store-writer-pass")


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def database(home: Home) -> Path:
    return home.root / "data" / "sealgate.db"


def snapshot(home: Home, to: Path) -> None:
    with closing(sqlite3.connect(database(home))) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def restore(home: Home, of: Path) -> None:
    """Put a copy of the database back under the running gateway, as somebody with SQL alone would."""
    with closing(sqlite3.connect(of)) as source, closing(sqlite3.connect(database(home), timeout=10)) as target:
        source.backup(target)


def folded(home: Home) -> None:
    home.later(timedelta(minutes=1))
    home.later(timedelta(minutes=1))


def decided_then_stopped(home: Home, tmp_path: Path) -> str:
    """A mail decided to leave; the database of that moment; then staff stop it, and a head outside covers that."""
    folded(home)
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    snapshot(home, tmp_path / "older.db")
    home.rooms.review.hold(message, "ann", "wrong patient")
    folded(home)
    return message


def test_the_whole_database_put_back_sends_nothing(home: Home, tmp_path: Path) -> None:
    message = decided_then_stopped(home, tmp_path)
    restore(home, tmp_path / "older.db")
    home.settle()
    assert home.sent(MARIA) == []
    assert home.message(message).state is MessageState.HELD
    assert home.delivery(message).state is DeliveryState.HELD
    assert "integrity" in home.kinds(message)
    assert ("integrity", {"code": "integrity", "step": "log"}) in home.events()
    problems = checkup.examine(home.inst).problems
    assert any("older copy of the database was put back" in one for one in problems), problems


def test_it_is_noticed_between_two_rounds_of_housekeeping(home: Home, tmp_path: Path) -> None:
    message = decided_then_stopped(home, tmp_path)
    restore(home, tmp_path / "older.db")
    home.work()  # no duty has run since
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_it_is_noticed_after_a_restart(home: Home, tmp_path: Path) -> None:
    message = decided_then_stopped(home, tmp_path)
    restore(home, tmp_path / "older.db")
    home.start()
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_nothing_is_swept_signed_or_destroyed_meanwhile(home: Home, tmp_path: Path) -> None:
    folded(home)
    snapshot(home, tmp_path / "older.db")
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    folded(home)
    heads = (home.root / "audit-heads.jsonl").read_bytes()
    restore(home, tmp_path / "older.db")
    home.later(timedelta(hours=3))
    home.later(timedelta(hours=3))
    assert list((home.root / "data" / "blobs").rglob(message)), "mail that the older database does not know was swept"
    assert (home.root / "audit-heads.jsonl").read_bytes() == heads


def test_a_message_rolled_back_with_its_rows_of_the_log_is_found(home: Home, tmp_path: Path) -> None:
    """Every table but the log's counts goes back; the log's other messages stay, so that only hashing it again tells."""
    message = decided_then_stopped(home, tmp_path)
    office = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.assess()
    folded(home)
    with closing(sqlite3.connect(tmp_path / "older.db")) as older:
        older.row_factory = sqlite3.Row
        before = [dict(row) for row in older.execute("SELECT * FROM deliveries WHERE message_id = ?", (message,))]
        [(state,)] = [tuple(row) for row in older.execute("SELECT state FROM messages WHERE id = ?", (message,))]
        [(count, last)] = [tuple(row) for row in older.execute("SELECT count, last FROM audit_chains WHERE message_id = ?", (message,))]  # fmt: skip
    put_back(home, "deliveries", before)
    home.sql("UPDATE messages SET state = ? WHERE id = ?", state, message)
    home.sql("DELETE FROM audit WHERE message_id = ? AND number > ?", message, count)
    home.sql("UPDATE audit_chains SET count = ?, last = ? WHERE message_id = ?", count, last, message)
    home.rooms.worker.do_duties()
    assert ("integrity", {"code": "integrity", "step": "log"}) in home.events()
    with home.store.begin() as uow:
        uow.jobs.add("dispatch", message, before[0]["id"], home.clock.now())  # type: ignore[arg-type]
    home.work()
    assert home.sent(MARIA) == []
    assert home.delivery(message).state is DeliveryState.HELD
    assert home.message(office).state is not MessageState.STUCK


def test_a_row_changed_in_place_with_its_hash_is_found(home: Home) -> None:
    folded(home)
    watch = log_watch(home.inst)
    assert watch.look_whole() == ""
    home.sql("UPDATE audit SET actor = 'somebody' WHERE leaf = 1")
    assert "was changed" in watch.look_whole()


def test_a_person_accepts_the_older_log_after_a_restore(home: Home, tmp_path: Path) -> None:
    message = decided_then_stopped(home, tmp_path)
    restore(home, tmp_path / "older.db")
    home.rooms.worker.do_duties()
    accept_head(home.inst)
    home.settle()
    home.settle()
    assert log_watch(home.inst).look_whole() == ""
    assert [one.recipient for one in home.sent(MARIA)] == [MARIA]
    assert home.delivery(message).state is DeliveryState.DELIVERED
    folded(home)
    assert log_watch(home.inst).look_whole() == ""


def test_an_acceptance_that_no_worker_signed_is_none(home: Home, tmp_path: Path) -> None:
    decided_then_stopped(home, tmp_path)
    restore(home, tmp_path / "older.db")
    file = home.root / "audit-heads.jsonl"
    first = file.read_text().splitlines()[0]
    with file.open("a") as heads:
        heads.write(first[:-1] + ', "accepted": true}\n')
    assert "not signed" in log_watch(home.inst).look_whole()


def test_a_head_that_was_stored_and_not_copied_raises_no_alarm(home: Home) -> None:
    folded(home)
    file = home.root / "audit-heads.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    home.start()
    assert log_watch(home.inst).look_whole() == ""
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    folded(home)
    assert len(home.sent(OFFICE)) == 1


def test_rows_brought_back_by_a_journal_prove_the_head_without_its_own_row(home: Home) -> None:
    folded(home)
    rows = table_rows(home, "audit_heads")
    home.sql("DELETE FROM audit_heads WHERE size = ?", rows[-1]["size"])
    assert log_watch(home.inst).look_whole() == ""
    home.sql("DELETE FROM audit WHERE leaf = 0")
    assert "was changed" in log_watch(home.inst).look_whole()


def test_an_alarm_lasts_until_every_row_was_hashed_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folded(home)
    monkeypatch.setattr("gateway.flow.log_watch._PAGE", 2)
    watch = log_watch(home.inst)
    [(actor,)] = home.sql("SELECT actor FROM audit WHERE leaf = 6")
    home.sql("UPDATE audit SET actor = 'somebody' WHERE leaf = 6")
    assert watch.look(), "two rows in one look: the third page is not reached yet"
    while watch.look():
        assert watch.alarm == ""
    for _ in range(4):
        assert not watch.look()
        with pytest.raises(IntegrityError), home.store.begin() as uow:
            watch.check(uow)
    home.sql("UPDATE audit SET actor = ? WHERE leaf = 6", actor)
    assert watch.look()


def test_whoever_looks_between_two_steps_of_a_fold_sees_a_sound_log(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are numbered and the head is stored before anybody outside can read it, and a second head may follow at once."""
    copy, looks = outside.publish, []

    def watched(of: Installation, kept: Kept) -> None:
        looks.append(log_watch(of).look_whole())
        copy(of, kept)
        looks.append(log_watch(of).look_whole())

    monkeypatch.setattr(outside, "publish", watched)
    for number in range(3):
        home.submit(mail(OFFICE, "Lunch", LUNCH, number=2 + number), OFFICE)
        folded(home)
    assert len(looks) >= 6
    assert set(looks) == {""}
    assert len(home.sent(OFFICE)) == 3


def test_a_head_whose_commit_failed_is_never_outside(home: Home) -> None:
    folded(home)
    file = home.root / "audit-heads.jsonl"
    before = file.read_bytes()
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.clock.advance(60)
    failing = OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    def refuse(_: object) -> None:
        raise failing

    event.listen(home.store._engine, "commit", refuse)
    with pytest.raises(StoreUnavailable):
        home.rooms.retain.folder.fold_once()
    event.remove(home.store._engine, "commit", refuse)
    assert file.read_bytes() == before
    assert log_watch(home.inst).look_whole() == ""
    folded(home)
    assert file.read_bytes() != before
    assert log_watch(home.inst).look_whole() == ""


def test_a_death_after_the_copy_raises_no_alarm_and_leaves_one_line(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(home)
    copy = outside.publish

    def dying(of: Installation, kept: Kept) -> None:
        copy(of, kept)
        raise Dead

    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.clock.advance(60)
    with monkeypatch.context() as patched:
        patched.setattr(outside, "publish", dying)
        with pytest.raises(Dead):
            home.rooms.retain.folder.fold_once()
    file = home.root / "audit-heads.jsonl"
    home.start()
    assert log_watch(home.inst).look_whole() == ""
    folded(home)
    sizes = [one.size for one in read_heads(file)]
    assert sizes == sorted(set(sizes))
    assert len(home.sent(OFFICE)) == 1


def test_a_fold_while_a_person_accepts_the_log_leaves_it_sound(home: Home) -> None:
    folded(home)

    def late(kept: Kept) -> None:
        home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        folded(home)  # a larger head comes outside before the accepted one
        outside.publish(home.inst, kept)

    accept(home.store, home.clock, home.keys.sign, late)
    assert log_watch(home.inst).look_whole() == ""
    folded(home)
    assert log_watch(home.inst).look_whole() == ""
    assert verify(home.store, signed_by(home.keys.calendar), read_kept(home.root / "audit-heads.jsonl")).ok


class Dead(BaseException):
    """The process ends here."""

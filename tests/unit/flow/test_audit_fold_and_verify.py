"""The log under attack: what each change to the database does to verifying, with and without a head kept outside."""

from __future__ import annotations

import hmac
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters.heads import append, read_heads
from gateway.adapters.sql.store import SqlStore
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IntegrityError, StoreUnavailable
from gateway.flow.audit_fold import AuditFolder
from gateway.flow.audit_verify import VerifyReport, verify
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept
from gateway.seal.log_hash import head_input, row_hash
from gateway.seal.merkle import Range, leaf_hash
from tests.support.fakes import START, FakeClock, SeededTokens

KEY = b"the head key of these tests"


def sign(message: bytes) -> bytes:
    return hmac.digest(KEY, message, "sha256")


def holds(message: bytes, signature: bytes) -> bool:
    return hmac.compare_digest(sign(message), signature)


class Log:
    """A database with a log, its folder, and the file of heads outside."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "s.db"
        self.heads = folder / "outside" / "heads.jsonl"
        self.clock = FakeClock()
        self.store = SqlStore(f"sqlite:///{self.database}", SeededTokens())
        self.store.create_schema()

    def write(self, *messages: str) -> None:
        for message in messages:
            with self.store.begin() as uow:
                uow.audit.append(Event(EventKind.ATTEMPT, message, data={"n": 1}), self.clock.now())
            self.clock.advance(1)

    def folder(self, every_rows: int = 1000) -> AuditFolder:
        return AuditFolder(
            self.store, self.clock, sign, lambda head: append(self.heads, Kept(head)), every_rows=every_rows
        )

    def fold(self) -> None:
        self.clock.advance(60)
        while self.folder().fold_once():
            self.clock.advance(60)

    def outside(self) -> HeadRow:
        head = read_heads(self.heads)[-1]
        assert head is not None
        return head

    def verify(self, *, outside: bool = True) -> VerifyReport:
        return verify(self.store, holds, self.outside() if outside else None)

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    made.write("", "m1", "m2", "m1", "m3", "m2", "m1", "")
    made.fold()
    made.write("m4", "m1")
    made.fold()
    yield made
    made.store.close()


@pytest.mark.proves("log.verify")
def test_an_honest_log_verifies_and_says_what_stays_open(log: Log) -> None:
    report = log.verify()
    assert (report.ok, report.problems, report.size) == (True, (), 10)
    assert "younger than the head" in " ".join(report.cannot_prove)
    alone = log.verify(outside=False)
    assert alone.ok
    assert "Without a head that was kept outside" in alone.cannot_prove[0]


def test_an_empty_log(tmp_path: Path) -> None:
    empty = Log(tmp_path / "other")
    assert empty.folder().fold_once() == 0
    assert empty.verify(outside=False).ok
    assert not empty.heads.exists()
    empty.store.close()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM audit WHERE leaf = 3", "missing"),
        ("DELETE FROM audit WHERE leaf = 0", "missing"),
        ("UPDATE audit SET kind = 'delivered' WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET data = '{\"n\":2}' WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET actor = 'nobody' WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET delivery_id = 'd' WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET at = at + 1 WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET message_id = 'm9' WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET hash = zeroblob(32) WHERE leaf = 4", "was changed"),
        ("UPDATE audit SET leaf = NULL WHERE leaf = 4", "missing"),
        ("UPDATE audit SET leaf = leaf + 50 WHERE leaf = 9", "missing"),
        ("UPDATE audit_chains SET count = count - 1 WHERE message_id = 'm2'", "chain of m2"),
        ("UPDATE audit_chains SET last = zeroblob(32) WHERE message_id = 'm2'", "chain of m2"),
        ("DELETE FROM audit_chains WHERE message_id = 'm2'", "counts of 1 chains are missing"),
        ("UPDATE audit_heads SET root = zeroblob(32)", "signature"),
        ("UPDATE audit_heads SET size = size + 1", "signature"),
    ],
)
@pytest.mark.proves("log.row-cut", "log.row-changed", "log.row-moved")
def test_a_change_is_found_even_without_a_head_outside(log: Log, damage: str, said: str) -> None:
    log.sql(damage)
    report = log.verify(outside=False)
    assert not report.ok
    assert said in " ".join(report.problems)


@pytest.mark.proves("log.row-moved")
def test_two_rows_that_changed_places(log: Log) -> None:
    log.sql(
        "UPDATE audit SET leaf = 100 WHERE leaf = 2",
        "UPDATE audit SET leaf = 2 WHERE leaf = 4",
        "UPDATE audit SET leaf = 4 WHERE leaf = 100",
    )
    assert "signed over" in " ".join(log.verify(outside=False).problems)


@pytest.mark.proves("log.tail-cut", "log.verify")
def test_a_tail_cut_with_its_counts_and_heads_shows_only_against_the_outside(log: Log) -> None:
    with closing(sqlite3.connect(log.database, isolation_level=None)) as connection:
        connection.execute("DELETE FROM audit WHERE leaf >= 8")
        connection.execute("DELETE FROM audit_heads WHERE size > 8")
        connection.execute("DELETE FROM audit_chains WHERE message_id = 'm4'")
        last = connection.execute("SELECT hash FROM audit WHERE message_id = 'm1' AND number = 3").fetchone()[0]
        connection.execute("UPDATE audit_chains SET count = 3, last = ? WHERE message_id = 'm1'", (last,))
    alone = log.verify(outside=False)
    assert alone.ok
    assert "cut together at the end" in " ".join(alone.cannot_prove)
    report = log.verify()
    assert not report.ok
    assert "rows were cut" in " ".join(report.problems)


@pytest.mark.proves("log.tail-cut")
def test_a_tail_cut_carelessly_shows_by_itself(log: Log) -> None:
    log.write("m7")
    log.sql("DELETE FROM audit WHERE leaf IS NULL")
    assert "chain of m7 should have 1 rows, it has 0" in " ".join(log.verify(outside=False).problems)
    log.sql("DELETE FROM audit WHERE leaf = 9", "DELETE FROM audit_chains WHERE message_id = 'm7'")
    assert "rows at the end are missing" in " ".join(log.verify(outside=False).problems)


@pytest.mark.proves("log.rolled-back")
def test_the_whole_database_put_back(log: Log, tmp_path: Path) -> None:
    log.store.after_shredding()
    shutil.copy(log.database, tmp_path / "older.db")
    log.write("m5")
    log.fold()
    log.store.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{log.database}{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", log.database)
    assert log.verify(outside=False).ok
    assert "older copy" in " ".join(log.verify().problems)


@pytest.mark.proves("log.rolled-back")
def test_a_rolled_back_log_that_grew_again_is_not_the_one_outside(log: Log, tmp_path: Path) -> None:
    log.store.after_shredding()
    shutil.copy(log.database, tmp_path / "older.db")
    log.write("m5")
    log.fold()
    kept = log.outside()
    log.store.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{log.database}{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", log.database)
    log.write("m6", "m6", "m6")
    log.fold()
    assert log.verify().ok  # its own latest head is outside by now
    for outside in (kept, read_heads(log.heads)):
        report = verify(log.store, holds, outside)
        assert not report.ok
        assert "head of 11 rows" in " ".join(report.problems)


@pytest.mark.proves("log.tree-rewritten")
def test_a_tree_written_anew_even_with_the_signing_key(log: Log) -> None:
    _rewrite(log)
    alone = log.verify(outside=False)
    assert alone.ok, alone.problems
    assert "signing key" in " ".join(alone.cannot_prove)
    assert "is not the one that was kept outside" in " ".join(log.verify().problems)


def _rewrite(log: Log) -> None:
    # What somebody with the database and the signing key would do: change a row, then make everything fit.
    with log.store.begin() as uow:
        rows = uow.audit.leaves(0)
        heads = uow.audit.heads()
    edge, last, roots = Range(), {}, {}
    with closing(sqlite3.connect(log.database, isolation_level=None)) as connection:
        for row in rows:
            event = Event(EventKind.DELIVERED, row.message_id) if row.leaf == 4 else row.event
            previous = last.get(row.message_id, bytes(32))
            digest = row_hash(event, row.number, row.at, previous)
            last[row.message_id] = digest
            edge.append(leaf_hash(digest))
            roots[edge.size] = edge.root()
            connection.execute(
                "UPDATE audit SET kind = ?, data = ?, previous = ?, hash = ? WHERE leaf = ?",
                (event.kind.value, '{"n":1}' if event.data else "{}", previous, digest, row.leaf),
            )
        for message_id, digest in last.items():
            connection.execute("UPDATE audit_chains SET last = ? WHERE message_id = ?", (digest, message_id))
        for head in heads:
            unsigned = HeadRow(head.size, roots[head.size], head.at, b"")
            connection.execute(
                "UPDATE audit_heads SET root = ?, signature = ? WHERE size = ?",
                (unsigned.root, sign(head_input(unsigned)), head.size),
            )


def test_a_head_outside_that_somebody_else_made(log: Log) -> None:
    forged = HeadRow(2, bytes(32), START, b"no signature of ours")
    assert "not signed by this gateway" in " ".join(verify(log.store, holds, forged).problems)


def test_an_older_head_outside_proves_that_the_log_extends_it(log: Log) -> None:
    with log.store.begin() as uow:
        oldest = uow.audit.heads()[-1]
    log.sql(f"DELETE FROM audit_heads WHERE size = {oldest.size}")
    assert verify(log.store, holds, oldest).ok
    other = HeadRow(oldest.size, bytes(32), oldest.at, b"")
    report = verify(log.store, holds, HeadRow(other.size, other.root, other.at, sign(head_input(other))))
    assert not report.ok


@pytest.mark.proves("log.late-commits", "log.folder")
def test_gaps_in_seq_and_rows_that_committed_late_raise_no_alarm(log: Log) -> None:
    with pytest.raises(ZeroDivisionError), log.store.begin() as uow:
        uow.audit.append(Event(EventKind.RECEIVED, "never"), log.clock.now())
        _ = 1 / 0
    # A row whose number was taken long ago and that became visible only now, as PostgreSQL may have it.
    log.write("late")
    log.sql("UPDATE audit SET seq = -5 WHERE message_id = 'late'", "UPDATE sqlite_sequence SET seq = seq + 100")
    log.write("m1")
    assert log.verify().ok
    log.fold()
    report = log.verify()
    assert report.ok, report.problems
    assert report.size == 12


@pytest.mark.proves("log.two-nodes", "log.folder")
def test_two_writers_and_two_folders_at_once(log: Log) -> None:
    stop = threading.Event()
    reports: list[VerifyReport] = []

    def writer(name: str) -> None:
        own = SqlStore(f"sqlite:///{log.database}", SeededTokens(7))
        for number in range(40):
            with own.begin() as uow:
                uow.audit.append(Event(EventKind.ATTEMPT, f"{name}{number % 3}"), START)
                uow.audit.append(Event(EventKind.STARTED), START)
        own.close()

    def folder() -> None:
        own = AuditFolder(log.store, log.clock, sign, lambda head: append(log.heads, Kept(head)), 7, 0)
        while not stop.is_set():
            own.fold_once()

    def verifier() -> None:
        while not stop.is_set():
            reports.append(log.verify())

    writers = [threading.Thread(target=writer, args=(name,)) for name in "ab"]
    others = [threading.Thread(target=work) for work in (folder, folder, verifier)]
    for thread in writers + others:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    log.fold()
    assert [report.problems for report in reports if not report.ok] == []
    last = log.verify()
    assert last.ok, last.problems
    assert last.size == 170


@pytest.mark.proves("log.heads")
def test_heads_come_by_rows_and_by_time(tmp_path: Path) -> None:
    log = Log(tmp_path / "x")
    folder = AuditFolder(log.store, log.clock, sign, lambda head: append(log.heads, Kept(head)), 4, 10)
    log.write("m1")
    assert folder.fold_once() == 1
    assert log.outside().size == 1  # the first row at once
    log.clock.advance(-0.5)
    log.write("m1", "m1")
    assert folder.fold_once() == 2
    assert log.outside().size == 1  # neither four rows nor ten seconds
    log.write("m1", "m1")
    assert folder.fold_once() == 2
    assert log.outside().size == 5  # four rows
    log.write("m1")
    assert folder.fold_once() == 1
    log.clock.advance(10)
    assert folder.fold_once() == 0
    assert log.outside().size == 6  # ten seconds
    log.clock.advance(1000)
    assert folder.fold_once() == 0
    assert log.outside().size == 6  # nothing new, no head
    assert log.verify().ok
    log.store.close()


def test_a_head_that_could_not_be_copied_is_copied_next_time(tmp_path: Path) -> None:
    log = Log(tmp_path / "x")
    log.write("m1")

    def refuse(head: HeadRow) -> None:
        raise StoreUnavailable("no room outside")

    with pytest.raises(StoreUnavailable):
        AuditFolder(log.store, log.clock, sign, refuse).fold_once()
    assert not log.heads.exists()
    assert log.folder().fold_once() == 0
    assert log.outside().size == 1
    log.store.close()


@pytest.mark.proves("log.folder")
def test_one_folder_has_the_turn_until_it_runs_out(tmp_path: Path) -> None:
    log = Log(tmp_path / "x")
    log.write("m1")
    inner: list[int] = []

    def slow(head: HeadRow) -> None:
        log.write("m2")
        inner.append(log.folder().fold_once())
        append(log.heads, Kept(head))

    assert AuditFolder(log.store, log.clock, sign, slow).fold_once() == 1
    assert inner == [0]
    assert log.folder().fold_once() == 1
    with log.store.begin() as uow:  # a folder that died with the turn
        uow.set_setting("fold_lease", f"{log.clock.now().isoformat()} 77")
    log.clock.advance(1)
    log.write("m3")
    assert log.folder().fold_once() == 1
    log.store.close()


@pytest.mark.parametrize("lost", ["DELETE FROM settings WHERE name = 'fold_edge'",
                                  "UPDATE settings SET value = '{\"size\": 10' WHERE name = 'fold_edge'"])  # fmt: skip
def test_a_lost_edge_is_made_again_from_the_leaves(log: Log, lost: str) -> None:
    log.sql(lost)
    log.write("m8")
    log.fold()
    assert log.outside().size == 11
    assert log.verify().ok


def test_nothing_is_signed_over_a_log_that_is_not_what_its_last_head_says(log: Log) -> None:
    log.sql("DELETE FROM audit WHERE leaf = 9")
    log.write("m8")
    with pytest.raises(IntegrityError):
        log.fold()
    log.sql("UPDATE settings SET value = replace(value, 'a', 'b') WHERE name = 'fold_edge'")
    with pytest.raises(IntegrityError):
        log.fold()


@pytest.mark.parametrize(
    "change",
    [
        lambda event: Event(event.kind, "m1d", "1", event.actor, event.data),
        lambda event: Event(event.kind, event.message_id, event.actor, event.delivery_id, event.data),
        lambda event: Event(event.kind, event.message_id, event.delivery_id, event.actor, {"a": "1"}),
        lambda event: Event(event.kind, event.message_id, event.delivery_id, event.actor, {"a": True}),
    ],
)
def test_no_two_different_rows_have_one_hash(change: Callable[[Event], Event]) -> None:
    event = Event(EventKind.ATTEMPT, "m1", "d1", "worker", {"a": 1})
    assert row_hash(event, 1, START, bytes(32)) != row_hash(change(event), 1, START, bytes(32))
    assert row_hash(event, 1, START, bytes(32)) == row_hash(event, 1, START, bytes(32))

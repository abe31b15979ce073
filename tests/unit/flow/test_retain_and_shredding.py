"""Housekeeping: orphans go, peppers without a parcel go, and forgetting goes wrap first, then blob."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.protected import Protected
from gateway.domain.states import MessageState
from gateway.ports.vault import Seal
from tests.support.home import LUNCH, MARIA, OFFICE, RESULTS, Home, mail

HOURS = 3600.0


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def blobs(home: Home) -> set[str]:
    return {name for name, _ in home.vault.names()}


@pytest.mark.proves("rest.shredding-order")
def test_the_wrap_goes_before_the_blob(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    delete = home.vault.delete

    def watched(object_id: str) -> None:
        seen.append(home.sql("SELECT count(*) FROM wraps WHERE object_id = ?", object_id)[0][0])
        delete(object_id)

    monkeypatch.setattr(home.vault, "delete", watched)
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    home.sql("DELETE FROM wraps WHERE kind = 'archive'")
    home.rooms.settle.tidy()
    assert seen == [0]
    assert message not in blobs(home)
    assert home.sql("SELECT count(*) FROM objects WHERE id = ?", message) == [(0,)]


def test_settling_leaves_the_archives_wraps_alone(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    kinds = home.sql("SELECT kind, holder FROM wraps WHERE object_id = ? ORDER BY holder", message)
    assert kinds == [("archive", "escrow"), ("archive", "practice")]
    assert home.sql("SELECT length(record), epoch, state FROM messages") == [(0, "", MessageState.SETTLED.value)]
    assert [kind for kind in home.kinds(message) if kind in {"archived", "shredded", "settled"}] == [
        "archived", "shredded", "settled",
    ]  # fmt: skip


def test_without_an_archive_nothing_of_the_mail_stays_but_the_parcel(tmp_path: Path) -> None:
    with Home(tmp_path, config=lambda text: text.replace("enabled = true ", "enabled = false ")) as home:
        home.people()
        message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
        assert message not in blobs(home)
        assert {kind for (kind,) in home.sql("SELECT kind FROM wraps")} == {"parcel"}
        # A change that is harmless keeps the link open even where the mail itself is gone.
        home.change(home.maria, city="Springfield")
        home.settle()
        assert "diabetes" in home.open_link(home.sent(MARIA)[0]).text


def test_the_wal_keeps_no_deleted_wrap(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    [(wrap,)] = home.sql("SELECT sealed FROM wraps WHERE object_id = ?", message)
    record = home.message(message).record
    files = [home.root / "data" / f"sealgate.db{end}" for end in ("", "-wal")]
    assert any(one.exists() and wrap[-200:] in one.read_bytes() for one in files)
    home.settle()
    home.sql("DELETE FROM wraps WHERE kind = 'archive'")
    home.rooms.settle.tidy()
    home.store.after_shredding()
    for one in files:
        data = one.read_bytes() if one.exists() else b""
        assert wrap[-64:] not in data
        assert record[-64:] not in data


@pytest.mark.proves("rest.sqlite")
def test_a_reader_delays_the_emptying_of_the_wal_to_the_next_round(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("gateway.adapters.sql.store._CHECKPOINT_PATIENCE", 0.1)
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    record = home.message(message).record
    wal = home.root / "data" / "sealgate.db-wal"
    reader = sqlite3.connect(home.root / "data" / "sealgate.db", isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchall()
        home.settle()
        assert home.message(message).state is MessageState.SETTLED
        assert record[-64:] in wal.read_bytes()
    finally:
        reader.close()
    home.rooms.worker.do_duties()
    assert record[-64:] not in wal.read_bytes()
    assert record[-64:] not in wal.with_name("sealgate.db").read_bytes()


def test_an_old_orphan_goes_a_young_one_and_everything_in_use_stays(home: Home) -> None:
    message = home.submit(mail("tobias@example.com", "Results", RESULTS), "tobias@example.com")
    home.settle()
    old = home.vault.create("orphan-old", Seal.MAIL)
    old.write(b"x")
    old.finish()
    home.clock.advance(2 * HOURS + 60)
    young = home.vault.create("orphan-young", Seal.MAIL)
    young.write(b"x")
    young.finish()
    home.rooms.worker.do_duties()
    assert "orphan-old" not in blobs(home)
    assert {"orphan-young", message} <= blobs(home)


def test_a_pepper_whose_parcel_was_never_made_goes_after_a_while(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    home.inst.peppers().put("orphan", Protected(b"p" * 32))
    assert home.rooms.retain.sweep_peppers() == 0
    home.clock.advance(HOURS)
    assert home.rooms.retain.sweep_peppers() == 0
    home.clock.advance(2 * HOURS)
    assert home.rooms.retain.sweep_peppers() == 1
    assert len(list(home.inst.peppers().names())) == 1
    assert "diabetes" in home.open_link(home.sent(MARIA)[0]).text


def test_a_death_between_closing_and_burning_is_made_good(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    with monkeypatch.context() as patch:
        patch.setattr(home.rooms.recheck.parcels, "burn", lambda _: None)
        home.revoke(home.maria, MARIA)
        home.work()
    assert len(list(home.inst.peppers().names())) == 1
    home.rooms.worker.do_duties()
    assert list(home.inst.peppers().names()) == []


@pytest.mark.proves("rest.pepper-destroyed", "where.each-end")
def test_an_expired_parcel_loses_wraps_pepper_sessions_and_blobs(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS, files=[("a.csv", "text/csv", b"1,2\r\n")]), MARIA)
    home.settle()
    objects = {one for (one,) in home.sql("SELECT object_id FROM wraps WHERE kind = 'parcel'")}
    assert len(objects) == 2
    home.prove(home.sent(MARIA)[0].token())
    home.later(timedelta(days=14, minutes=1))
    assert home.sql("SELECT state FROM parcels") == [("expired",)]
    for table in ("sessions", "codes"):
        assert home.sql(f"SELECT count(*) FROM {table}") == [(0,)]
    assert not objects & blobs(home)
    assert list(home.inst.peppers().names()) == []

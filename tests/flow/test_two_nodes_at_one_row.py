"""PostgreSQL lets two transactions read one row and both write: what one forgets or promises, the other may not undo.

Each test stops a worker in the midst of its transaction, lets another one do its part, and looks at what is there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.adapters.sql.objects import SqlObjects
from gateway.adapters.sql.parcels import SqlParcels
from gateway.adapters.sql.register import SqlRegister
from gateway.adapters.sql.store import SqlUnitOfWork
from gateway.config.model import Settings
from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.patient import ConsentEventType
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow import epochs
from gateway.flow.decisions import Decisions
from gateway.flow.facts import Facts
from gateway.flow.head_mail import HeadMail
from gateway.ports.keys import KeyState
from gateway.ports.relay import Outcome, Reply
from gateway.seal.hybrid import OpenWith
from tests.support import postgres
from tests.support.home import GRACE, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

DAY = 24 * 60 * 60.0
LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0", tls="")


class Midst:
    """A place at which one thread waits until the test lets it go on."""

    def __init__(self) -> None:
        self.there, self.go = threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None
        self.result: Any = None

    def begin(self, what: Callable[[], Any]) -> None:
        """Start it in a thread of its own and wait until it is in the midst."""
        self.start(what)
        assert self.there.wait(60), "it never came there"

    def start(self, what: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                self.result = what()
            except Exception as error:
                self.result = error

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def at(self, real: Callable[..., Any], nth: int = 1) -> Callable[..., Any]:
        """That function, after whose nth call this thread waits."""
        calls = 0

        def slow(*given: Any, **named: Any) -> Any:
            nonlocal calls
            found = real(*given, **named)
            if threading.current_thread() is self.thread:
                calls += 1
                if calls == nth:
                    self.wait()
            return found

        return slow

    def wait(self) -> None:
        self.there.set()
        assert self.go.wait(200)

    def end(self) -> Any:
        """Let it go on, to its end."""
        self.go.set()
        assert self.thread is not None
        self.thread.join(200)
        assert not self.thread.is_alive()
        return self.result


@pytest.fixture
def url() -> str:
    return postgres.fresh()


@pytest.fixture
def home(tmp_path: Path, url: str) -> Iterator[Home]:
    with Home(tmp_path, config=postgres.configured(url)) as made:
        yield made.people()


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def meanwhile(what: Callable[[], Any]) -> Midst:
    """Another worker's part: it is done, or it waits for the first one's transaction."""
    other = Midst()
    other.go.set()
    other.start(what)
    assert other.thread is not None
    other.thread.join(1.5)
    return other


def turn(home: Home) -> None:
    """The epoch is over and its successor advertised: the old one is retired."""
    home.clock.advance(DAY + 60)
    for _ in range(3):
        home.rooms.calendar.tick()


@pytest.mark.proves("rest.epochs")
def test_a_mail_that_is_being_accepted_keeps_its_epochs_key(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    acceptance, door = home.intake().begin(home.envelope([MARIA])), Midst()
    acceptance.write(mail(MARIA, "Results", RESULTS))
    monkeypatch.setattr(epochs, "current", door.at(epochs.current))
    door.begin(acceptance.finish)

    def housekeeping() -> None:
        turn(home)
        home.rooms.retain.rewrap()
        home.rooms.calendar.destroy_idle()

    worker = meanwhile(housekeeping)
    message = door.end()
    assert isinstance(message, str), message
    assert worker.end() is None
    home.settle()
    assert home.message(message).state is MessageState.SETTLED
    assert home.delivery(message).state is DeliveryState.DELIVERED


@pytest.mark.proves("rest.link-secret")
def test_a_secret_that_has_left_is_not_brought_back(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home.hop.answers["*"] = [LATER]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    assert rows(url, "SELECT count(*) FROM secrets") == [(1,)]
    home.hop.answers.clear()
    turn(home)
    worker = Midst()
    monkeypatch.setattr(SqlObjects, "held_by", worker.at(SqlObjects.held_by))
    worker.begin(home.rooms.retain.rewrap)
    home.work()
    assert home.message(message).state is MessageState.SETTLED
    worker.end()
    assert rows(url, "SELECT count(*) FROM secrets") == [(0,)]


@pytest.mark.proves("rest.epoch-ends")
@pytest.mark.parametrize("nth", [1, 2])
def test_a_settled_mail_is_not_brought_back(home: Home, url: str, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    home.hop.answers["*"] = [LATER]
    message = home.submit(mail(OFFICE, "Lunch", "See you at noon.\r\n"), OFFICE)
    home.settle()
    home.hop.answers.clear()
    turn(home)
    worker = Midst()
    monkeypatch.setattr(OpenWith, "open", worker.at(OpenWith.open, nth))
    worker.begin(home.rooms.retain.rewrap)
    other = meanwhile(home.work)
    worker.end()
    other.end()
    home.settle()
    assert home.message(message).state is MessageState.SETTLED
    assert rows(url, "SELECT count(*) FROM wraps WHERE kind = 'epoch'") == [(0,)]
    assert rows(url, "SELECT record FROM messages") == [(b"",)]


@pytest.mark.proves("rest.reissue")
def test_a_kept_wrap_of_a_revoked_link_is_not_brought_back(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keeps(one: Settings) -> Settings:
        return one.model_copy(update={"parcel": one.parcel.model_copy(update={"reissue": True})})

    with Home(tmp_path, config=postgres.configured(url), settings=keeps) as home:
        home.people()
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
        assert rows(url, "SELECT count(*) FROM wraps WHERE kind = 'reissue'") == [(1,)]
        turn(home)
        [(parcel,)] = rows(url, "SELECT id FROM parcels")
        worker = Midst()
        monkeypatch.setattr(OpenWith, "open", worker.at(OpenWith.open))
        worker.begin(home.rooms.retain.rewrap)
        other = meanwhile(lambda: home.rooms.recheck.revoke(parcel, "root"))
        worker.end()
        assert other.end() is True
        assert rows(url, "SELECT count(*) FROM wraps WHERE kind = 'reissue'") == [(0,)]


def test_a_mail_that_moves_to_another_epoch_while_it_is_read_is_no_forgery(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    turn(home)
    step, row = Midst(), home.message(message)
    monkeypatch.setattr(SqlObjects, "get", step.at(SqlObjects.get))
    step.begin(lambda: home.rooms.assess._custody.record(row))
    other = meanwhile(home.rooms.retain.rewrap)
    record = step.end()
    assert getattr(record, "message_id", record) == message
    assert other.end() == 1


@pytest.mark.proves("where.dsn")
def test_a_copy_that_was_stopped_has_not_left(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staff are told what was stopped; a copy whose last byte is on its way is none of them."""
    message = home.submit(mail(OFFICE, "Lunch", "See you at noon.\r\n"), OFFICE)
    home.assess()
    staff, worker = Midst(), Midst()
    monkeypatch.setattr(Decisions, "kept_scan", staff.at(Decisions.kept_scan))
    staff.begin(lambda: home.rooms.review.hold(message, "root", "asked by phone"))

    def sent(point: str) -> None:
        if point == "dispatch.3":
            worker.wait()

    monkeypatch.setattr(home.rooms.dispatch, "_reached", sent)
    worker.start(home.work)
    worker.there.wait(1.5)
    stopped = staff.end()
    worker.end()
    assert home.sent() == [] if stopped == 1 else home.delivery(message).state is DeliveryState.DELIVERED


def test_a_consent_and_a_change_of_record_at_once_are_both_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lock the same rows: were it not in one order, the database would end one of them, a revocation perhaps."""
    first = Midst()
    monkeypatch.setattr(SqlRegister, "consent_version", first.at(SqlRegister.consent_version))
    first.begin(lambda: home.revoke(home.maria, MARIA))
    second = meanwhile(lambda: home.change(home.maria, phone="(555) 555-0143").version)
    assert first.end() is None
    assert second.end() == home.maria.version + 1
    with home.store.begin() as uow:
        assert [one.type for one in home.register.consents(uow, home.maria.id)][-1] is ConsentEventType.REVOKED


def test_a_link_that_is_extended_while_it_is_ended_stays(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [(parcel,)] = rows(url, "SELECT id FROM parcels")
    home.clock.advance(15 * DAY)
    worker = Midst()
    monkeypatch.setattr(SqlParcels, "expired", worker.at(SqlParcels.expired))
    worker.begin(home.rooms.retain.expire_parcels)
    with home.store.begin() as uow:
        uow.parcels.set_expiry(parcel, home.clock.now() + timedelta(days=1))
    assert worker.end() == 0
    assert rows(url, "SELECT state FROM parcels") == [("sealed",)]
    assert home.keys.peppers.names() == (parcel,)


def test_a_record_that_changes_while_a_mail_is_decided_is_no_forgery(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, step = home.submit(mail(MARIA, "Results", RESULTS), MARIA), Midst()
    monkeypatch.setattr(SqlRegister, "find_patients", step.at(SqlRegister.find_patients))
    step.begin(home.assess)
    other = meanwhile(lambda: home.change(home.maria, phone="(555) 555-0143").version)
    assert step.end() is None
    assert other.end() == home.maria.version + 1
    home.settle()
    assert "integrity" not in home.kinds(message)
    assert home.delivery(message).state is DeliveryState.DELIVERED


@pytest.mark.proves("stale.versions", "stale.reread")
def test_a_certificate_that_is_being_removed_is_not_used(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever commits SENDING waits for a removal that was first, also where the key was looked up before its commit."""
    old = home.import_certificate(GRACE)
    message, staff = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE), Midst()
    home.assess()
    assert home.delivery(message).basis.key == old
    real, looked = Facts.key, []

    def key(self: Facts, *given: Any) -> Any:
        answer = real(self, *given)
        looked.append(answer.fingerprint)
        if len(looked) == 2:
            staff.begin(lambda: home.remove_certificate(old))
        return answer

    monkeypatch.setattr(Facts, "key", key)
    monkeypatch.setattr(SqlRegister, "drop_recipient_key", staff.at(SqlRegister.drop_recipient_key))
    sender = Midst()
    sender.start(lambda: home.run_job("dispatch"))
    assert staff.there.wait(60)
    assert sender.thread is not None
    sender.thread.join(1.5)  # it waits for the removal's transaction
    assert home.sent(GRACE) == []
    assert staff.end() == 1
    sender.end()
    assert looked == [old, old]
    assert [data["what"] for kind, data in home.events(message) if kind == "stale"] == ["key"]
    home.settle()
    assert home.delivery(message).method is Method.LINK


def test_a_certificate_that_is_removed_while_it_is_looked_up_is_no_forgery(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, worker = home.import_certificate(GRACE), Midst()
    monkeypatch.setattr(SqlRegister, "recipient_keys", worker.at(SqlRegister.recipient_keys))
    worker.begin(lambda: home.inst.key_directory().find(Address.parse(GRACE), home.clock.now()))
    other = meanwhile(lambda: home.remove_certificate(old))
    assert worker.end().fingerprint == old
    assert other.end() == 1
    assert home.inst.key_directory().find(Address.parse(GRACE), home.clock.now()).state is KeyState.NONE
    assert "integrity" not in home.kinds()


def test_two_workers_mail_one_head_once(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    duty = HeadMail(
        home.store, home.rooms.recheck.notices, home.clock, Address.parse("heads@example.com"), timedelta(hours=1)
    )
    home.settle()
    first = Midst()
    monkeypatch.setattr(SqlUnitOfWork, "setting", first.at(SqlUnitOfWork.setting))
    first.begin(duty.mail)
    second = meanwhile(duty.mail)
    assert [first.end(), second.end()] == [True, False]
    assert rows(url, "SELECT count(*) FROM notices WHERE kind = 'log-head'") == [(1,)]

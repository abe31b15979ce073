"""The Store port, third part: ends of messages, archive entries, legal holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.errors import IllegalTransition
from gateway.domain.register_rows import CodeRow, NoticeRow, SessionRow
from gateway.domain.retention import ArchiveRow, HoldOn, LegalHoldRow
from gateway.domain.states import MessageState
from tests.support.fakes import START
from tests.support.store_rows import attempt, consent_request, delivery, message, parcel


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_forgetting_takes_everything_of_one_message_and_nothing_of_another(store: SqlStore) -> None:
    with store.begin() as uow:
        for name in ("1", "2"):
            uow.messages.add(message(f"m{name}", state=MessageState.SETTLED, scan="{}"))
            uow.messages.set_sender(f"m{name}", b"sealed")
            uow.deliveries.add(delivery(f"d{name}", f"m{name}"))
            uow.attempts.add(attempt(f"a{name}", f"d{name}"))
            uow.parcels.add(parcel(f"p{name}", f"d{name}", message_id=f"m{name}"))
            uow.parcels.add_session(SessionRow(name.encode(), f"p{name}", b"s", later(60), later(60)))
            uow.parcels.put_code(CodeRow(f"p{name}", b"s", b"d", later(60)))
            uow.register.put_request(consent_request(f"q{name}", message_id=f"m{name}"))
            uow.notices.add(NoticeRow(f"n{name}", "dsn", f"m{name}", "", b"t", "{}", START))
            uow.objects.put_secret(f"d{name}", "e1", b"s")
    with store.begin() as uow:
        uow.retention.forget("m1", later(5))
    with store.begin() as uow:
        row = uow.messages.get("m1")
        assert row is not None
        assert (row.state, row.state_since, row.scan, row.record) == (MessageState.FORGOTTEN, later(5), "", b"")
        assert uow.messages.sender("m1") == b""
        assert uow.deliveries.of_message("m1") == uow.notices.of_message("m1") == uow.register.requests_of("m1") == []
        assert uow.parcels.get("p1") is uow.parcels.code("p1") is uow.parcels.session(b"1") is None
        assert uow.objects.secret("d1") is None
        assert uow.attempts.of_delivery("d1") == []
        assert len(uow.deliveries.of_message("m2")) == len(uow.notices.of_message("m2")) == 1
        assert uow.parcels.get("p2") is not None
        assert uow.parcels.code("p2") is not None
        assert uow.parcels.session(b"2") is not None
        assert uow.objects.secret("d2") is not None
        assert uow.messages.sender("m2") == b"sealed"


def test_only_what_is_settled_is_forgotten(store: SqlStore) -> None:
    with store.begin() as uow:
        uow.messages.add(message("m1"))
    with pytest.raises(IllegalTransition), store.begin() as uow:
        uow.retention.forget("m1", START)


def test_messages_by_age_and_deadline(store: SqlStore) -> None:
    held = {"state": MessageState.HELD, "state_since": later(5)}
    with store.begin() as uow:
        uow.messages.add(message("m1", state_since=later(10)))
        uow.messages.add(message("m2", state_since=later(20)))
        uow.messages.add(message("m3", **held, deadline=later(30)))
        uow.messages.add(message("m4", **held))
        uow.messages.add(message("m5", **held, deadline=later(90)))
    with store.begin() as uow:
        assert [row.id for row in uow.retention.since(MessageState.RECEIVED, later(10))] == ["m1"]
        assert [row.id for row in uow.retention.since(MessageState.RECEIVED, later(20), after="m1")] == ["m2"]
        assert sorted(row.id for row in uow.retention.overdue(later(30))) == ["m3", "m4"]


def test_archive_entries_and_holds(store: SqlStore) -> None:
    first, second = ArchiveRow("m1", "o1", later(1), ("pat1", "pat2")), ArchiveRow("m2", "o2", later(2))
    hold = LegalHoldRow("h1", HoldOn.PATIENT, "pat2", START, "ann", "a letter")
    with store.begin() as uow:
        uow.retention.add_archive(first)
        uow.retention.add_archive(second)
        uow.retention.add_hold(hold)
    with store.begin() as uow:
        assert uow.retention.archives() == [first, second]
        assert uow.retention.archives(before=later(1)) == [first]
        assert uow.retention.archives(after="m1") == [second]
        assert uow.retention.archive_of("m2") == second
        assert uow.retention.holds() == [hold]
        assert hold.covers("m1", first.patients)
        assert not hold.covers("m2", second.patients)
        uow.retention.drop_archive("m1")
        assert uow.retention.drop_hold("h1")
        assert not uow.retention.drop_hold("h1")
        assert uow.retention.archive_of("m1") is None


def test_requests_codes_and_deeds_past_their_time(store: SqlStore) -> None:
    with store.begin() as uow:
        uow.register.put_request(consent_request("q1", expires_at=later(10)))
        uow.register.put_request(consent_request("q2", expires_at=later(99)))
        uow.register.put_request(consent_request("q3", expires_at=later(10), state="answered_yes"))
        uow.parcels.put_code(CodeRow("p1", b"s", b"d", later(10)))
        uow.parcels.put_code(CodeRow("p2", b"s", b"d", later(99)))
        uow.parcels.hit(b"net", "code", later(10))
        uow.parcels.hit(b"net", "code", later(50))
    with store.begin() as uow:
        assert uow.retention.close_requests(later(20)) == 1
        uow.retention.drop_ended(later(20), hits_before=later(40))
        one, two, three = (uow.register.request(name) for name in ("q1", "q2", "q3"))
        assert one is not None and two is not None and three is not None  # noqa: PT018 - for the type checker
        assert (one.state, one.secret) == ("closed", b"")
        assert (two.state, three.state) == ("new", "answered_yes")
        assert uow.parcels.code("p1") is None
        assert uow.parcels.code("p2") is not None
        assert uow.parcels.hits(b"net", "code", START) == 1

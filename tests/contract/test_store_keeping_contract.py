"""The Store port, second half: objects, parcels, register, notices, epochs, log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IllegalTransition, PermanentError
from gateway.domain.records import Holder
from gateway.domain.register_rows import (
    CodeRow,
    EpochRow,
    NoticeRow,
    OwnKeyRow,
    PartnerRow,
    PatientIndex,
    RecipientKeyRow,
    SessionRow,
)
from gateway.domain.states import ParcelState
from gateway.ports.store import HeadRow, UnitOfWork
from gateway.seal.log_hash import FIRST, row_hash
from tests.support.fakes import START
from tests.support.store_rows import consent, consent_request, delivery, message, parcel, patient, sealed_object


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


EPOCH, PARCEL = Holder("epoch", "e1"), Holder("parcel", "p1")


class TestObjects:
    def test_wraps(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for name in ("o1", "o2"):
                uow.objects.add(sealed_object(name))
            uow.objects.add_wrap("o1", EPOCH, b"1")
            uow.objects.add_wrap("o1", PARCEL, b"2")
            uow.objects.add_wrap("o1", PARCEL, b"3")
            uow.objects.add_wrap("o2", EPOCH, b"4")
            assert uow.objects.get("o1") == sealed_object("o1")
            assert [row.id for row in uow.objects.of_message("m1")] == ["o1", "o2"]
            assert uow.objects.wrap("o1", PARCEL) == b"3"
            assert uow.objects.wrap("o2", PARCEL) is None
            assert uow.objects.wraps("o1") == [(EPOCH, b"1"), (PARCEL, b"3")]
            assert uow.objects.held_by(EPOCH) == ["o1", "o2"]
            assert uow.objects.unwrapped() == ([], "o2")
            with pytest.raises(PermanentError):
                uow.objects.add_wrap("nothing", EPOCH, b"")

    def test_forgetting(self, store: SqlStore) -> None:
        names = sorted(f"o{number}" for number in range(1200))
        for first in range(0, len(names), 20):
            # A few each, as the doors do it: a slow machine takes seconds for a hundred, and what lasts ten is undone.
            with store.begin() as uow:
                for name in names[first : first + 20]:
                    uow.objects.add(sealed_object(name))
                    uow.objects.add_wrap(name, EPOCH, b"w")
        with store.begin() as uow:
            uow.objects.add_wrap("o1", PARCEL, b"p")
            uow.objects.drop_wraps(EPOCH, names[:1100])
            assert uow.objects.held_by(EPOCH) == sorted(names[1100:])
            assert len(uow.objects.unwrapped()[0]) == 1099
            pages, after = [], ""
            while page := uow.objects.unwrapped(after, 500):
                pages.append(len(page[0]))
                after = page[1]
                if not after:
                    break
            assert (len(pages), sum(pages)) == (4, 1099)
            uow.objects.drop_wraps(EPOCH)
            assert uow.objects.held_by(EPOCH) == []
            uow.objects.drop_kind("parcel", ["o1"])
            assert uow.objects.wraps("o1") == []
            uow.objects.forget("o1")
            assert uow.objects.get("o1") is None

    @pytest.mark.proves("once.blob-claim")
    def test_intake_and_sweeper_cannot_both_win(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.objects.add(sealed_object("taken"))
            assert not uow.objects.sweep("taken")
            assert uow.objects.sweep("orphan")
        with store.begin() as uow:
            assert uow.objects.sweep("orphan")
            with pytest.raises(PermanentError):
                uow.objects.add(sealed_object("orphan"))
            with pytest.raises(PermanentError):
                uow.objects.add_wrap("orphan", EPOCH, b"")
            assert uow.objects.get("orphan") is None
            assert uow.objects.of_message("") == []
            assert uow.objects.unwrapped() == (["taken"], "taken")
            assert uow.objects.unwrapped_of("m1") == ["taken"]
            uow.objects.forget("orphan")
            assert uow.objects.sweep("orphan")

    @pytest.mark.proves("once.blob-claim")
    def test_in_a_race_exactly_one_wins(self, store: SqlStore, open_store: Callable[[], SqlStore]) -> None:
        wins: dict[str, list[str]] = {f"r{number}": [] for number in range(20)}
        meet = threading.Barrier(2)

        def intake(own: SqlStore) -> None:
            meet.wait()
            for name, won in wins.items():
                try:
                    with own.begin() as uow:
                        uow.objects.add(sealed_object(name))
                    won.append("intake")
                except PermanentError:
                    pass

        def sweeper(own: SqlStore) -> None:
            meet.wait()
            for name, won in wins.items():
                with own.begin() as uow:
                    gone = uow.objects.sweep(name)
                if gone:
                    won.append("sweeper")

        threads = [threading.Thread(target=work, args=(open_store(),)) for work in (intake, sweeper)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(len(won) == 1 for won in wins.values())

    def test_link_secrets(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.objects.put_secret("d1", "e1", b"old")
            uow.objects.put_secret("d1", "e2", b"new")
            assert uow.objects.secret("d1") == ("e2", b"new")
            assert uow.objects.secrets_in_epoch("e1") == []
            assert uow.objects.secrets_in_epoch("e2") == [("d1", b"new")]
            uow.objects.drop_secret("d1")
            assert uow.objects.secret("d1") is None


def _with_delivery(uow: UnitOfWork) -> None:
    uow.messages.add(message())
    uow.deliveries.add(delivery())


class TestParcels:
    def test_life(self, store: SqlStore) -> None:
        with store.begin() as uow:
            _with_delivery(uow)
            uow.parcels.add(parcel())
            assert uow.parcels.by_lookup(b"p1") == parcel()
            assert uow.parcels.by_lookup(b"guess") is None
            assert uow.parcels.of_delivery("d1") == parcel()
            uow.parcels.throttle("p1", codes_sent=2, failure_until=later(9))
            uow.parcels.throttle("p1", failures=3)
            uow.parcels.move("p1", ParcelState.OPENED, later(5))
            uow.parcels.set_expiry("p1", later(100))
            assert uow.parcels.get("p1", lock=True) == parcel(
                codes_sent=2, failures=3, failure_until=later(9), state=ParcelState.OPENED, first_opened_at=later(5),
                expires_at=later(100), version=2)  # fmt: skip
            assert uow.parcels.expired(later(99)) == []
            assert [row.id for row in uow.parcels.expired(later(100))] == ["p1"]
            uow.parcels.move("p1", ParcelState.EXPIRED, later(101))
            assert uow.parcels.expired(later(200)) == []
            assert [row.id for row in uow.parcels.listed([ParcelState.EXPIRED])] == ["p1"]
            with pytest.raises(IllegalTransition):
                uow.parcels.move("p1", ParcelState.OPENED, later(102))

    def test_codes(self, store: SqlStore) -> None:
        code = CodeRow("p1", b"salt", b"digest", later(600))
        with store.begin() as uow:
            uow.parcels.put_code(code)
            uow.parcels.count_code_try("p1")
            assert uow.parcels.code("p1", lock=True) == replace(code, tries=1)
            uow.parcels.put_code(replace(code, digest=b"2", channel="phone"))
            assert uow.parcels.code("p1") == replace(code, digest=b"2", channel="phone")
            uow.parcels.drop_code("p1")
            assert uow.parcels.code("p1") is None

    def test_sessions(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for number, name in enumerate((b"s1", b"s2", b"s3")):
                uow.parcels.add_session(SessionRow(name, f"p{number}", b"kek", later(100 + number), later(50)))
            uow.parcels.touch_session(b"s1", later(90))
            uow.parcels.touch_session(b"s3", later(90))
            assert uow.parcels.session(b"s1") == SessionRow(b"s1", "p0", b"kek", later(100), later(90))
            uow.parcels.drop_sessions()
            uow.parcels.drop_sessions(before=later(60))
            assert uow.parcels.session(b"s2") is None
            uow.parcels.drop_sessions(parcel_id="p0")
            assert uow.parcels.session(b"s1") is None
            uow.parcels.drop_session(b"s3")
            assert uow.parcels.session(b"s3") is None

    def test_hits(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for second in range(4):
                uow.parcels.hit(b"net", "code", later(second))
            uow.parcels.hit(b"other", "code", START)
            assert uow.parcels.hits(b"net", "code", later(2)) == 2
            assert uow.parcels.hits(b"net", "open", START) == 0
            uow.parcels.hit(b"net", "code", later(86400 * 30))
            assert uow.parcels.hits(b"net", "code", START) == 1


class TestRegister:
    def test_patients(self, store: SqlStore) -> None:
        mail, phone = PatientIndex("email", b"t1"), PatientIndex("phone", b"t2")
        with store.begin() as uow:
            assert uow.register.version() == 0
            uow.register.put_patient(patient("pat1"), [mail, mail, phone])
            uow.register.put_patient(patient("pat2"), [mail])
            assert [row.id for row in uow.register.find_patients(mail)] == ["pat1", "pat2"]
            assert uow.register.find_patients(PatientIndex("mrn", b"t1")) == []
            with pytest.raises(PermanentError):
                uow.register.put_patient(patient("pat1", version=1), [])
            with pytest.raises(PermanentError):
                uow.register.put_patient(patient("pat3", version=2), [])
            uow.register.put_patient(patient("pat1", version=2, sealed=b"new"), [phone])
            assert uow.register.patient("pat1", lock=True) == patient("pat1", version=2, sealed=b"new")
            assert [row.id for row in uow.register.find_patients(mail)] == ["pat2"]
            assert [row.id for row in uow.register.patients(after="pat1")] == ["pat2"]

    def test_every_change_raises_the_version(self, store: SqlStore) -> None:
        versions = []
        for change in (
            lambda uow: uow.register.put_patient(patient(), []),
            lambda uow: uow.register.put_partner(PartnerRow("par1", 1, b"x")),
            lambda uow: uow.register.append_consent(consent()),
        ):
            with store.begin() as uow:
                change(uow)
                versions.append(uow.register.version())
        assert versions == sorted(set(versions))
        assert versions[0] > 0

    def test_consents_are_a_log(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.register.put_patient(patient("pat1"), [])
            uow.register.put_patient(patient("pat2"), [])
            assert uow.register.consent_version("pat1", lock=True) == 0
            assert [uow.register.append_consent(consent("pat1", bytes([n]))) for n in range(3)] == [1, 2, 3]
            assert uow.register.append_consent(consent("pat2")) == 1
            assert [row.sealed for row in uow.register.consents("pat1")] == [b"\0", b"\1", b"\2"]
            assert uow.register.consent_version("pat1") == 3
            with pytest.raises(PermanentError):
                uow.register.append_consent(consent("nobody"))

    def test_partners_requests_and_keys(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.register.put_partner(PartnerRow("par1", 1, b"x"))
            uow.register.put_partner(PartnerRow("par1", 2, b"y"))
            assert uow.register.partners() == [PartnerRow("par1", 2, b"y")]
            assert uow.register.partner("par2") is None
            uow.register.put_request(consent_request())
            answered = consent_request(state="answered_yes", secret=b"", code_next_at=later(1))
            uow.register.put_request(answered)
            assert uow.register.request("q1", lock=True) == answered
            assert uow.register.request_by_lookup(b"q1") == answered
            assert uow.register.requests_of("m1") == [answered]
            uow.register.put_own_keys(OwnKeyRow(b"t", 1, b"s"))
            uow.register.put_own_keys(OwnKeyRow(b"t", 2, b"u"))
            assert uow.register.own_keys(b"t") == OwnKeyRow(b"t", 2, b"u")
            assert uow.register.own_keys(b"other") is None
            assert uow.register.all_own_keys() == [OwnKeyRow(b"t", 2, b"u")]
            for tag in (b"t1", b"t2"):
                uow.register.put_recipient_key(RecipientKeyRow("f1", tag, b"c", "cli", START))
            assert len(uow.register.recipient_keys()) == 2
            assert [row.tag for row in uow.register.recipient_keys(b"t2")] == [b"t2"]
            assert uow.register.drop_recipient_key("f1")
            assert not uow.register.drop_recipient_key("f1")


class TestNoticesAndEpochs:
    def test_notices(self, store: SqlStore) -> None:
        notice = NoticeRow("n1", "receipt", "m1", "d1", b"to", "{}", START)
        with store.begin() as uow:
            uow.notices.add(notice)
            uow.notices.finish("n1", "sent", "250 2.0.0")
            assert uow.notices.get("n1") == replace(notice, state="sent", reply="250 2.0.0")
            assert len(uow.notices.of_message("m1")) == 1
            with pytest.raises(PermanentError):
                uow.notices.finish("n2", "sent", "")

    def test_epochs(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.epochs.add(EpochRow("e2", b"p2", later(9), later(99), b"s"))
            uow.epochs.add(EpochRow("e1", b"p1", START, later(99), b"s"))
            assert [row.id for row in uow.epochs.all()] == ["e1", "e2"]
            uow.epochs.move("e1", "advertised")
            found = uow.epochs.get("e1")
            assert found is not None
            assert found.state == "advertised"
            for worker, second in (("w1", 5), ("w2", 50)):
                uow.epochs.seen(worker, later(second))
                uow.epochs.confirm("e1", worker)
                uow.epochs.confirm("e1", worker)
            uow.epochs.seen("w1", later(60))
            assert uow.epochs.workers(later(51)) == ["w1"]
            assert uow.epochs.confirmed("e1") == ["w1", "w2"]
            uow.epochs.forget_worker("w1")
            assert uow.epochs.confirmed("e1") == ["w2"]
            assert uow.epochs.workers(START) == ["w2"]

    @pytest.mark.parametrize("need", ["wrap", "record", "secret", "request"])
    def test_an_epoch_is_in_use_while_anything_needs_it(self, store: SqlStore, need: str) -> None:
        with store.begin() as uow:
            assert not uow.epochs.in_use("e1")
            if need == "wrap":
                uow.objects.add(sealed_object())
                uow.objects.add_wrap("o1", EPOCH, b"w")
            elif need == "record":
                uow.messages.add(message())
            elif need == "secret":
                uow.objects.put_secret("d1", "e1", b"s")
            else:
                uow.register.put_request(consent_request())
            assert uow.epochs.in_use("e1")
            uow.objects.drop_wraps(EPOCH)
            uow.objects.drop_secret("d1")
            if need == "record":
                uow.messages.reseal("m1", "e1", b"")
            if need == "request":
                uow.register.put_request(consent_request(secret=b""))
            assert not uow.epochs.in_use("e1")


class TestAuditLog:
    def test_chains(self, store: SqlStore) -> None:
        first = Event(EventKind.RECEIVED, "m1", actor="door", data={"size": 5, "tls": True, "why": None, "b": "ä"})
        with store.begin() as uow:
            uow.audit.append(first, START)
            uow.audit.append(Event(EventKind.STARTED), later(1))
            uow.audit.append(Event(EventKind.ASSESSED, "m1", "d1"), later(2))
        with store.begin() as uow:
            one, two = uow.audit.of_message("m1")
            assert one.event == first
            assert (one.number, one.at, one.previous) == (1, START, FIRST)
            assert one.hash == row_hash(first, 1, START, FIRST)
            assert (two.number, two.previous) == (2, one.hash)
            assert uow.audit.of_message("m1", after=1) == [two]
            assert [(chain.message_id, chain.count) for chain in uow.audit.chains()] == [("", 1), ("m1", 2)]
            assert [chain.message_id for chain in uow.audit.chains(after="")] == ["m1"]
            assert uow.audit.chains()[1].last == two.hash
            assert [row.seq for row in uow.audit.rows(one.seq)] == [one.seq + 1, one.seq + 2]

    def test_folding_is_dense(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for number in range(7):
                uow.audit.append(Event(EventKind.ATTEMPT, f"m{number % 2}"), later(number))
        with store.begin() as uow:
            assert [row.leaf for row in uow.audit.fold(3)] == [0, 1, 2]
            assert [row.leaf for row in uow.audit.fold()] == [3, 4, 5, 6]
            assert uow.audit.fold() == []
            assert uow.audit.size() == 7
            assert [row.leaf for row in uow.audit.leaves(2, 3)] == [2, 3, 4]

    def test_heads(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for size in (1, 5, 9):
                uow.audit.add_head(HeadRow(size, b"r", START, b"s"))
            assert [head.size for head in uow.audit.heads()] == [9, 5, 1]
            assert [head.size for head in uow.audit.heads(limit=1)] == [9]
            assert [head.size for head in uow.audit.heads(before=9)] == [5, 1]

    def test_writers_of_one_chain_do_not_tear_it(self, store: SqlStore, open_store: Callable[[], SqlStore]) -> None:
        def work(own: SqlStore, worker: int) -> None:
            for number in range(10):
                with own.begin() as uow:
                    uow.audit.append(Event(EventKind.STARTED, data={"worker": worker}), later(number))

        threads = [threading.Thread(target=work, args=(open_store(), n)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.begin() as uow:
            rows = uow.audit.of_message("")
            assert [row.number for row in rows] == list(range(1, 31))
            assert all(two.previous == one.hash for one, two in pairwise(rows))

"""The Store port, first half: transactions, messages, deliveries, attempts, jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import Action, Basis, HoldReason, Method
from gateway.domain.errors import IllegalTransition, LeaseLost, PermanentError
from gateway.domain.records import JobKind
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from gateway.ports.store import Store
from tests.support.fakes import START
from tests.support.store_rows import attempt, delivery, message


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class TestTransactions:
    def test_an_adapter_is_a_store(self, store: SqlStore) -> None:
        as_port: Store = store
        with as_port.begin() as uow:
            assert uow.setting("quarantine") == ""

    def test_what_is_committed_another_connection_sees(
        self, store: SqlStore, open_store: Callable[[], SqlStore]
    ) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
            uow.set_setting("quarantine", "on")
        with open_store().begin() as uow:
            assert uow.messages.get("m1") == message()
            assert uow.setting("quarantine") == "on"

    def test_an_exception_takes_everything_back(self, store: SqlStore) -> None:
        with pytest.raises(ZeroDivisionError), store.begin() as uow:
            uow.messages.add(message())
            uow.audit.append(Event(EventKind.RECEIVED, "m1"), START)
            _ = 1 / 0
        with store.begin() as uow:
            assert uow.messages.get("m1") is None
            assert uow.audit.of_message("m1") == []

    def test_a_failed_statement_spoils_the_transaction_even_when_swallowed(self, store: SqlStore) -> None:
        from gateway.domain.errors import StoreUnavailable

        with pytest.raises(StoreUnavailable), store.begin() as uow:
            uow.messages.add(message("m1"))
            with pytest.raises(PermanentError):
                uow.messages.add(message("m1"))
        with store.begin() as uow:
            assert uow.messages.get("m1") is None

    def test_errors_name_no_values(self, store: SqlStore) -> None:
        with pytest.raises(PermanentError) as caught, store.begin() as uow:
            uow.messages.add(message("secret-id", record=b"secret-record"))
            uow.messages.add(message("secret-id", record=b"secret-record"))
        assert "secret" not in str(caught.value)

    def test_one_thread_does_not_begin_twice(self, store: SqlStore) -> None:
        with store.begin(), pytest.raises(RuntimeError), store.begin():
            pass
        with store.begin() as uow:
            assert uow.setting("x") == ""

    def test_a_reference_to_nothing_is_refused_at_commit(self, store: SqlStore) -> None:
        with pytest.raises(Exception, match="commit"), store.begin() as uow:
            uow.deliveries.add(delivery("d1", "nobody"))
        with store.begin() as uow:
            uow.deliveries.add(delivery("d1", "m1"))
            uow.messages.add(message("m1"))

    def test_a_naive_time_is_refused(self, store: SqlStore) -> None:
        with pytest.raises(PermanentError, match="refuses the row"), store.begin() as uow:
            uow.messages.add(message(received_at=datetime(2026, 1, 1)))

    def test_creating_the_schema_twice_keeps_the_data(
        self, store: SqlStore, open_store: Callable[[], SqlStore]
    ) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
        open_store().create_schema()
        with store.begin() as uow:
            assert uow.messages.get("m1") is not None

    def test_nothing_weakens_promise_one_unseen(self, store: SqlStore) -> None:
        assert all("sqlite" not in sentence for sentence in store.warnings())
        store.after_shredding()

    def test_threads_add_without_loss(self, store: SqlStore) -> None:
        def work(worker: int) -> None:
            for number in range(10):
                with store.begin() as uow:
                    uow.messages.add(message(f"m{worker}-{number}"))
                    uow.set_setting("total", str(int(uow.setting("total") or 0) + 1) if store_is_serial else "0")

        store_is_serial = store._file is not None
        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.begin() as uow:
            assert len(uow.messages.listed([MessageState.RECEIVED])) == 60
            assert uow.setting("total") == ("60" if store_is_serial else "0")


class TestMessages:
    def test_moving_follows_the_table_and_raises_the_version(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
            uow.messages.move("m1", MessageState.HELD, later(1), held_for="consent", deadline=later(60))
            held = uow.messages.get("m1", lock=True)
            assert held is not None
            assert (held.state, held.held_for, held.deadline, held.version) == (
                MessageState.HELD, "consent", later(60), 2)  # fmt: skip
            assert held.state_since.utcoffset() == timedelta(0)
            with pytest.raises(IllegalTransition):
                uow.messages.move("m1", MessageState.FORGOTTEN, later(2))
            uow.messages.move("m1", MessageState.RECEIVED, later(3))
            back = uow.messages.get("m1")
            assert back is not None
            assert (back.held_for, back.deadline) == ("", None)

    def test_a_message_that_is_not_there(self, store: SqlStore) -> None:
        with store.begin() as uow:
            assert uow.messages.get("none") is None
            assert uow.messages.sender("none") == b""
            with pytest.raises(PermanentError):
                uow.messages.move("none", MessageState.HELD, START)
            with pytest.raises(PermanentError):
                uow.messages.set_scan("none", "{}")

    def test_sender_scan_and_record(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
            uow.messages.set_sender("m1", b"sealed sender")
            uow.messages.set_scan("m1", '{"phi":true}')
            uow.messages.reseal("m1", "e2", b"again")
            assert uow.messages.sender("m1") == b"sealed sender"
            assert uow.messages.get("m1") == message(scan='{"phi":true}', epoch="e2", record=b"again")
            assert uow.messages.in_epoch("e1") == []
            assert [row.id for row in uow.messages.in_epoch("e2")] == ["m1"]
            uow.messages.reseal("m1", "e2", b"")
            assert uow.messages.in_epoch("e2") == []

    def test_lists_go_on_where_they_ended(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for number in range(5):
                uow.messages.add(message(f"m{number}"))
            uow.messages.move("m3", MessageState.REFUSED, START)
            first = uow.messages.listed([MessageState.RECEIVED], limit=2)
            rest = uow.messages.listed([MessageState.RECEIVED], after=first[-1].id)
            assert [row.id for row in first + rest] == ["m0", "m1", "m2", "m4"]
            assert uow.messages.listed([]) == []

    def test_limits_are_counted(self, store: SqlStore) -> None:
        with store.begin() as uow:
            assert uow.messages.bytes_in_hand() == 0
            assert uow.messages.fullest() == (0, 0)
            for number in range(3):
                uow.messages.add(message(f"m{number}", size=2**33))
                uow.messages.set_sender_tag(f"m{number}", b"tag")
            uow.messages.move("m0", MessageState.REFUSED, START)
            uow.messages.move("m1", MessageState.HELD, START)
            assert uow.messages.bytes_in_hand() == 2**34
            assert uow.messages.held_count(b"tag") == 1
            assert uow.messages.held_count(b"other") == 0
            assert uow.messages.fullest() == (2**34, 1)
            for number in range(4):
                uow.messages.add(message(f"o{number}", size=1))
                uow.messages.set_sender_tag(f"o{number}", b"other")
                uow.messages.move(f"o{number}", MessageState.HELD, START)
            assert uow.messages.fullest() == (2**34, 4), "of different senders"


class TestDeliveriesAndAttempts:
    def test_a_row_comes_back_as_it_went_in(self, store: SqlStore) -> None:
        plain = delivery("d2", position=1, method=None, held_for=None, next_at=None, basis=Basis("p"), reasons=())
        with store.begin() as uow:
            uow.messages.add(message())
            uow.deliveries.add(plain)
            uow.deliveries.add(delivery())
        with store.begin() as uow:
            assert uow.deliveries.of_message("m1") == [delivery(), plain]
            assert uow.deliveries.by_outer_id("<d1@example.org>") == delivery()
            assert uow.deliveries.by_outer_id("") is None
            assert uow.deliveries.get("d9") is None

    def test_moving(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
            uow.deliveries.add(delivery())
            uow.deliveries.move("d1", DeliveryState.SENDING, first_try_at=later(1), tried=True)
            uow.deliveries.move("d1", DeliveryState.RETRY, next_at=later(99), reply="451 4.4.1")
            row = uow.deliveries.get("d1", lock=True)
            assert row is not None
            assert (row.tries, row.next_at, row.reply, row.first_try_at, row.version) == (
                1, later(99), "451 4.4.1", later(1), 3)  # fmt: skip
            with pytest.raises(IllegalTransition):
                uow.deliveries.move("d1", DeliveryState.DELIVERED)

    def test_deciding_again_keeps_the_state_and_never_touches_what_is_final(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
            uow.deliveries.add(delivery())
            other = replace(delivery(), method=Method.SMIME, action=Action.HOLD, rule="r2", reasons=("x",), mac=b"2",
                            held_for=HoldReason.RULE, notices=(), state=DeliveryState.HELD, tries=9)  # fmt: skip
            uow.deliveries.redecide(other)
            row = uow.deliveries.get("d1")
            assert row == replace(other, state=DeliveryState.READY, tries=0, version=2)
            uow.deliveries.rebase("d1", Basis("p2"), b"3")
            row = uow.deliveries.get("d1")
            assert row is not None
            assert (row.basis, row.mac, row.rule) == (Basis("p2"), b"3", "r2")
            uow.deliveries.move("d1", DeliveryState.REFUSED)
            with pytest.raises(IllegalTransition):
                uow.deliveries.redecide(other)

    def test_attempts(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.messages.add(message())
            uow.deliveries.add(delivery())
            uow.attempts.add(attempt("a2", number=2))
            uow.attempts.add(attempt("a1", number=1))
            uow.attempts.move("a1", AttemptState.SENDING, later(1))
            uow.attempts.move("a1", AttemptState.IN_DOUBT, later(2))
            uow.attempts.move("a1", AttemptState.DELIVERED, later(3), "250 2.0.0")
            with pytest.raises(IllegalTransition):
                uow.attempts.move("a1", AttemptState.RETRY, later(4))
            rows = uow.attempts.of_delivery("d1")
            assert [(row.id, row.state, row.reply) for row in rows] == [
                ("a1", AttemptState.DELIVERED, "250 2.0.0"), ("a2", AttemptState.CLAIMED, "")]  # fmt: skip


KINDS = [JobKind.ASSESS, JobKind.DISPATCH]


class TestJobs:
    def test_one_job_a_kind_and_subject_with_the_earlier_time(self, store: SqlStore) -> None:
        with store.begin() as uow:
            first = uow.jobs.add(JobKind.ASSESS, "m1", "", later(10))
            assert uow.jobs.add(JobKind.ASSESS, "m1", "", later(5)) == first
            assert uow.jobs.add(JobKind.ASSESS, "m1", "", later(50)) == first
            assert uow.jobs.add(JobKind.DISPATCH, "m1", "d1", later(5)) != first
            assert uow.jobs.add(JobKind.DISPATCH, "m1", "d2", later(5)) != first
            assert uow.jobs.pending() == {"assess": 1, "dispatch": 2}
            assert uow.jobs.claim(KINDS, later(4), 60) == []
            (job,) = uow.jobs.claim([JobKind.ASSESS], later(5), 60, limit=9)
            assert (job.id, job.run_at, job.lease_until, job.tries) == (first, later(5), later(65), 0)

    def test_a_lease_is_exclusive_and_runs_out(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.jobs.add(JobKind.ASSESS, "m1", "", START)
        with store.begin() as uow:
            (first,) = uow.jobs.claim(KINDS, START, 60)
        with store.begin() as uow:
            assert uow.jobs.claim(KINDS, later(59), 60) == []
            (second,) = uow.jobs.claim(KINDS, later(60), 60)
            assert second.lease > first.lease
            assert second.tries == 1
            assert not uow.jobs.holds(first)
            assert uow.jobs.holds(second)
            with pytest.raises(LeaseLost):
                uow.jobs.finish(first)
            with pytest.raises(LeaseLost):
                uow.jobs.again(first, later(70))
            uow.jobs.finish(second)
            assert uow.jobs.pending() == {}
            with pytest.raises(LeaseLost):
                uow.jobs.finish(second)

    def test_again_counts_and_keeps_the_lease_number_rising(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.jobs.add(JobKind.DISPATCH, "m1", "d1", START)
            (job,) = uow.jobs.claim(KINDS, START, 60)
            uow.jobs.again(job, later(30))
            assert not uow.jobs.holds(job)
            assert uow.jobs.claim(KINDS, later(29), 60) == []
            (next_one,) = uow.jobs.claim(KINDS, later(30), 60)
            assert (next_one.tries, next_one.lease) == (1, job.lease + 1)

    def test_work_asked_for_while_a_worker_has_the_job_is_not_lost(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.jobs.add(JobKind.ASSESS, "m1", "", START)
            (job,) = uow.jobs.claim(KINDS, START, 60)
            assert uow.jobs.add(JobKind.ASSESS, "m1", "", later(20)) == job.id
            assert uow.jobs.add(JobKind.ASSESS, "m1", "", later(10)) == job.id
            uow.jobs.finish(job)
            assert uow.jobs.claim(KINDS, later(9), 60) == []
            (again,) = uow.jobs.claim(KINDS, later(10), 60)
            assert (again.lease, again.tries) == (job.lease + 1, 0)
            uow.jobs.finish(again)
            assert uow.jobs.pending() == {}

    def test_the_longest_due_first_and_no_more_than_asked(self, store: SqlStore) -> None:
        with store.begin() as uow:
            for number in (3, 1, 2):
                uow.jobs.add(JobKind.DISPATCH, "m1", f"d{number}", later(number))
            claimed = uow.jobs.claim(KINDS, later(9), 60, limit=2)
            assert [job.subject_id for job in claimed] == ["d1", "d2"]

    def test_drop(self, store: SqlStore) -> None:
        with store.begin() as uow:
            uow.jobs.add(JobKind.DISPATCH, "m1", "d1", START)
            uow.jobs.add(JobKind.SETTLE, "m1", "", START)
            uow.jobs.drop(JobKind.DISPATCH, "d1")
            uow.jobs.drop(JobKind.SETTLE, "m1")
            assert uow.jobs.pending() == {}

    def test_workers_of_several_connections_share_no_job(
        self, store: SqlStore, open_store: Callable[[], SqlStore]
    ) -> None:
        with store.begin() as uow:
            for number in range(60):
                uow.jobs.add(JobKind.DISPATCH, "m", f"d{number}", START)
        claimed: list[str] = []

        def work(own: SqlStore) -> None:
            while True:
                with own.begin() as uow:
                    jobs = uow.jobs.claim(KINDS, later(1), 600, limit=3)
                if not jobs:
                    return
                claimed.extend(job.subject_id for job in jobs)

        threads = [threading.Thread(target=work, args=(open_store(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == sorted(f"d{number}" for number in range(60))

"""The loop: every failure becomes a later try or a stuck message, never an end of the thread and never a send."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
from gateway.domain.errors import LeaseLost, PermanentError, StoreUnavailable
from gateway.domain.records import Job, JobKind
from gateway.worker.backoff import pause
from gateway.worker.loop import Pace, Worker
from tests.support.fakes import FakeClock

Alive = Callable[[], bool]


class Bench:
    """A worker whose one step does what a test says."""

    def __init__(self, root: Path, **pace: float) -> None:
        self.clock, self.stuck = FakeClock(), list[tuple[str, str]]()
        self.store = SqlStore(f"sqlite:///{root}/w.db", SystemTokens(self.clock))
        self.store.create_schema()
        self.step: Callable[[Job, Alive], None] = self.done
        given = {"threads": 2, "lease": 60.0, "poll": 0.01, "duties": 0.01, "tries": 3} | pace
        self.duties: list[Callable[[], object]] = []
        self.worker = Worker(
            self.store, self.clock, {JobKind.ASSESS: lambda job, alive: self.step(job, alive)},
            [lambda: [each() for each in self.duties]], Pace(**given), self.stick,  # type: ignore[arg-type]
        )  # fmt: skip

    def add(self, message: str = "m1") -> None:
        with self.store.begin() as uow:
            uow.jobs.add(JobKind.ASSESS, message, "", self.clock.now())

    def done(self, job: Job, alive: Alive) -> None:
        with self.store.begin() as uow:
            uow.jobs.finish(job)

    def stick(self, job: Job, code: str) -> None:
        self.stuck.append((job.message_id, code))
        self.done(job, lambda: True)

    def pending(self) -> int:
        with self.store.begin() as uow:
            return uow.jobs.pending().get("assess", 0)

    def raising(self, error: BaseException) -> None:
        def step(job: Job, alive: Alive) -> None:
            raise error

        self.step = step


@pytest.fixture
def bench(tmp_path: Path):
    one = Bench(tmp_path)
    yield one
    one.store.close()


def test_a_job_runs_once_and_then_there_is_none(bench: Bench) -> None:
    bench.add()
    assert bench.worker.work_once()
    assert not bench.worker.work_once()
    assert bench.pending() == 0


@pytest.mark.parametrize("error", [RuntimeError("defect with Maria in it"), PermanentError("no")])
def test_failing_without_reason_too_often_is_stuck(bench: Bench, error: Exception, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    bench.raising(error)
    bench.add()
    for _ in range(3):
        assert bench.worker.work_once()
        bench.clock.advance(10)
    assert bench.stuck == [("m1", getattr(error, "code", "RuntimeError"))]
    assert bench.pending() == 0
    assert "Maria" not in "".join(capsys.readouterr())


def test_one_failure_after_much_temporary_trouble_is_only_one(bench: Bench) -> None:
    bench.add()
    for error in (*[StoreUnavailable("later")] * 11, PermanentError("no"), PermanentError("no")):
        bench.raising(error)
        bench.clock.advance(400)
        assert bench.worker.work_once()
    assert bench.stuck == []
    bench.clock.advance(400)
    assert bench.worker.work_once()
    assert [message for message, _ in bench.stuck] == ["m1"]


def test_temporary_trouble_never_ends_in_stuck(bench: Bench) -> None:
    bench.raising(StoreUnavailable("later"))
    bench.add()
    for _ in range(20):
        bench.clock.advance(400)
        assert bench.worker.work_once()
    assert bench.stuck == []
    assert bench.pending() == 1


def test_a_failed_job_waits_longer_each_time(bench: Bench) -> None:
    assert [pause(tries) for tries in (0, 1, 2, 3, 8, 9, 100)] == [1, 2, 4, 8, 256, 300, 300]
    bench.raising(StoreUnavailable("later"))
    bench.add()
    assert bench.worker.work_once()
    assert not bench.worker.work_once()
    bench.clock.advance(1)
    assert bench.worker.work_once()
    bench.clock.advance(1)
    assert not bench.worker.work_once()


def test_a_lost_lease_leaves_the_job_to_its_new_owner(bench: Bench) -> None:
    bench.raising(LeaseLost("gone"))
    bench.add()
    assert bench.worker.work_once()
    assert not bench.worker.work_once()
    bench.clock.advance(61)
    bench.step = bench.done
    assert bench.worker.work_once()
    assert bench.pending() == 0


def test_alive_ends_with_the_lease_by_the_boot_clock(bench: Bench) -> None:
    seen: list[bool] = []

    def step(job: Job, alive: Alive) -> None:
        seen.append(alive())
        bench.clock.jump(-3600)
        seen.append(alive())
        bench.clock.advance(60)
        seen.append(alive())
        bench.done(job, alive)

    bench.step = step
    bench.add()
    bench.worker.work_once()
    assert seen == [True, True, False]


def test_a_job_that_kills_its_worker_again_and_again_counts_its_tries(bench: Bench) -> None:
    bench.add()
    tries = []
    for _ in range(3):
        with bench.store.begin() as uow:
            [job] = uow.jobs.claim([JobKind.ASSESS], bench.clock.now(), 60)
        tries.append(job.tries)
        bench.clock.advance(61)
    assert tries == [0, 1, 2]
    bench.raising(RuntimeError("again"))
    bench.worker.work_once()
    assert bench.stuck == [("m1", "RuntimeError")]


def test_threads_survive_what_goes_wrong_and_stop_when_told(bench: Bench) -> None:
    done = threading.Event()
    rounds: list[int] = []

    def duty() -> None:
        rounds.append(1)
        raise RuntimeError("a duty")

    def step(job: Job, alive: Alive) -> None:
        if job.message_id == "bad":
            raise RuntimeError("a step")
        bench.done(job, alive)
        done.set()

    bench.duties.append(duty)
    bench.step = step
    bench.add("bad")
    bench.add("good")
    thread = threading.Thread(target=bench.worker.run)
    thread.start()
    assert done.wait(60)
    while len(rounds) < 3:
        done.wait(0.01)
    bench.worker.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_two_workers_never_have_the_same_job(tmp_path: Path, bench: Bench) -> None:
    seen: list[str] = []
    lock = threading.Lock()

    def step(job: Job, alive: Alive) -> None:
        with lock:
            seen.append(job.message_id)
        bench.done(job, alive)

    bench.step = step
    for number in range(40):
        bench.add(f"m{number}")

    def work() -> None:
        while bench.worker.work_once():
            pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(seen) == sorted(f"m{number}" for number in range(40))


class PanicException(BaseException):
    """As libraries in Rust raise it."""


class Death(BaseException):
    """A process that ends."""


def test_a_panic_of_a_library_is_a_failed_step_and_ends_no_thread(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.raising(PanicException("with Maria in it"))
    bench.add()
    for _ in range(3):
        assert bench.worker.work_once()
        bench.clock.advance(10)
    assert bench.stuck == [("m1", "PanicException")]
    bench.duties.append(lambda: bench.step(None, None))  # type: ignore[arg-type]
    bench.worker.do_duties()
    assert "Maria" not in "".join(capsys.readouterr())


def test_what_ends_the_process_goes_through(bench: Bench) -> None:
    bench.raising(Death())
    bench.add()
    with pytest.raises(Death):
        bench.worker.work_once()

"""The worker's loop: claim a job, run its step, let the step settle the lease. Threads share nothing but the store.

A temporary failure runs again later; a lost lease leaves no trace; a step that fails without reason too often is STUCK.
Personal data never reaches the log: a failure is logged by its code, the job's kind and the message's id.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.domain.errors import LeaseLost, SealgateError
from gateway.domain.records import Job, JobKind
from gateway.flow.quarantine import quarantined
from gateway.ports.clock import Clock
from gateway.ports.store import Store
from gateway.worker.backoff import pause

Step = Callable[[Job, Callable[[], bool]], None]
Duty = Callable[[], object]

LONG = frozenset({JobKind.ASSESS_LONG})
"""Kinds of work that may take minutes a piece and have threads of their own: what is quick never waits behind them."""

_log = structlog.get_logger("worker")


@dataclass(frozen=True, slots=True)
class Pace:
    """Threads, and times in seconds."""

    threads: int
    lease: float
    poll: float
    duties: float
    final: float = 0.0
    """How long the next hop may take to answer the final dot: that much of the lease must be left before the dot is sent,
    or another worker would take over while this one still listens."""
    long_threads: int = 0
    """Threads for the kinds of LONG alone, besides `threads`, which then leave these kinds to them."""
    drain: float = 30.0
    """How long what is under way may take to finish after `stop`."""
    tries: int = 12
    """Failures without reason before a message is STUCK; temporary ones do not count."""


class Worker:
    """Runs steps until told to stop; what is under way then has `Pace.drain` seconds to finish."""

    def __init__(
        self, store: Store, clock: Clock, steps: Mapping[JobKind, Step], duties: Sequence[Duty], pace: Pace,
        stick: Callable[[Job, str], None],
    ) -> None:  # fmt: skip
        self._store, self._clock, self._steps, self._duties = store, clock, steps, duties
        self._pace, self._stick = pace, stick
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Work in threads until `stop`; returns when all have `ended`, or the time to drain is over."""
        self.do_duties()
        apart = LONG & self._steps.keys() if self._pace.long_threads else frozenset[JobKind]()
        lanes = [("step", self._pace.threads, self._steps.keys() - apart), ("long", self._pace.long_threads, apart)]
        self._threads = [
            threading.Thread(target=self._work, args=(kinds,), name=f"{name}-{n}", daemon=True)
            for name, count, kinds in lanes if kinds for n in range(count)
        ]  # fmt: skip
        self._threads.append(threading.Thread(target=self._keep_house, name="duties", daemon=True))
        for one in self._threads:
            one.start()
        self._stop.wait()
        if not self.ended(self._pace.drain):
            left = [one.name for one in self._threads if one.is_alive()]
            _log.warning("the time to drain is over; what is left comes again", threads=left)

    def ended(self, seconds: float) -> bool:
        """Wait so long for the threads to end; True when all have. What one has in hand is another worker's after its lease."""
        end = time.monotonic() + seconds
        for one in self._threads:
            one.join(max(0.0, end - time.monotonic()))
        return not any(one.is_alive() for one in self._threads)

    def stop(self) -> None:
        """Take no new job."""
        self._stop.set()

    def do_duties(self) -> None:
        """One round of housekeeping; a duty that fails is logged and comes again."""
        for duty in self._duties:
            if self._stop.is_set():
                return
            try:
                duty()
            except SealgateError as error:
                _log.warning("duty failed", duty=_name(duty), code=error.code)
            except BaseException as error:  # housekeeping must not end the worker
                if not _failure(error):
                    raise
                _log.error("duty failed", duty=_name(duty), code=type(error).__name__)

    def work_once(self, kinds: Collection[JobKind] | None = None) -> bool:
        """Claim and run one job, of these kinds only if any are given; False when none is due."""
        begun = self._clock.boot()
        jobs = self._store_claim(self._steps.keys() if kinds is None else kinds)
        for job in jobs:
            self._run(job, begun)
        return bool(jobs)

    def _store_claim(self, kinds: Collection[JobKind]) -> list[Job]:
        with self._store.begin() as uow:
            if quarantined(uow):
                return []
            return uow.jobs.claim(kinds, self._clock.now(), self._pace.lease)

    def _work(self, kinds: Collection[JobKind]) -> None:
        while not self._stop.is_set():
            try:
                busy = self.work_once(kinds)
            except SealgateError as error:
                _log.warning("store not available", code=error.code)
                busy = False
            except Exception as error:  # noqa: BLE001 - one bad job must not end the thread
                _log.error("step failed", code=type(error).__name__)
                busy = False
            if not busy:
                self._stop.wait(self._pace.poll)

    def _keep_house(self) -> None:
        while not self._stop.wait(self._pace.duties):
            self.do_duties()

    def _run(self, job: Job, begun: float) -> None:
        # The lease counts from before the claim, by the clock that no one can set.
        def alive() -> bool:
            return self._clock.boot() - begun < self._pace.lease - self._pace.final

        try:
            self._steps[job.kind](job, alive)
        except LeaseLost:
            _log.warning("lease lost", kind=job.kind.value, message=job.message_id)
        except SealgateError as error:
            self._again(job, error.code, counts=not error.temporary)
        except BaseException as error:  # whatever a step meets, its message waits and is never sent
            if not _failure(error):
                raise
            self._again(job, type(error).__name__, counts=True)

    def _again(self, job: Job, code: str, *, counts: bool) -> None:
        _log.warning("step failed", kind=job.kind.value, message=job.message_id, code=code, tries=job.tries)
        try:
            if counts and job.tries + 1 - job.excused >= self._pace.tries:
                self._stick(job, code)
                return
            with self._store.begin() as uow:
                uow.jobs.again(job, self._clock.now() + timedelta(seconds=pause(job.tries)), excused=not counts)
        except SealgateError as error:
            # The lease runs out by itself, and the job comes again.
            _log.warning("job not given back", kind=job.kind.value, message=job.message_id, code=error.code)


def _failure(error: BaseException) -> bool:
    """Whether an error is a step's own. A library in Rust that panics over a mail raises what is no Exception (PyO3's
    PanicException, which no module names); it would end every thread, one after the other.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _name(duty: Duty) -> str:
    return getattr(duty, "__qualname__", type(duty).__name__)

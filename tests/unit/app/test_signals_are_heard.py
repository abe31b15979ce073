"""Handlers run in a thread of their own: whatever the main thread holds or waits for, a signal is heard."""

from __future__ import annotations

import os
import signal
import threading

import pytest
import structlog

from gateway.app.signals import heard
from gateway.worker.loop import Pace, Worker
from tests.support.fakes import FakeClock


def test_a_handler_may_take_the_lock_that_the_main_thread_holds() -> None:
    """`Event.set` in a handler of the usual kind stops for ever when the signal comes within the main thread's `wait`."""
    lock, done = threading.Lock(), list[str]()

    def handler() -> None:
        with lock:
            done.append(threading.current_thread().name)

    with heard({signal.SIGUSR1: handler}):
        with lock:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert done == []
        for _ in range(6000):
            if done:
                break
            threading.Event().wait(0.01)
    assert done == ["signals"]


def test_a_signal_is_heard_while_the_main_thread_waits_at_a_lock_and_another_thread_got_it() -> None:
    lock = threading.Lock()
    lock.acquire()
    with heard({signal.SIGUSR1: lock.release}):
        other = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1))
        other.start()
        assert lock.acquire(timeout=60), "nobody heard it"
        other.join()


def test_a_handler_that_fails_leaves_the_next_signal_heard(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()  # as in a process of its own: other tests may have told it where to write
    heard_of = threading.Semaphore(0)

    def failing() -> None:
        raise RuntimeError("Maria")

    with heard({signal.SIGUSR1: failing, signal.SIGUSR2: heard_of.release}):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)
        assert heard_of.acquire(timeout=60)
    said = "".join(capsys.readouterr())
    assert "RuntimeError" in said
    assert "Maria" not in said


def test_afterwards_signals_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with heard({signal.SIGUSR1: lambda: None}):
        assert signal.getsignal(signal.SIGUSR1) is not before
    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_duty_that_does_not_end_keeps_the_worker_for_the_time_to_drain_alone() -> None:
    under_way, let_go = threading.Event(), threading.Event()

    def duty() -> None:
        if threading.current_thread().name == "duties":
            under_way.set()
            let_go.wait(120)

    worker = Worker(
        None, FakeClock(), {}, [duty], Pace(0, 60.0, 0.01, 0.01, drain=0.1), lambda job, code: None,  # type: ignore[arg-type]
    )  # fmt: skip
    running = threading.Thread(target=worker.run)
    running.start()
    assert under_way.wait(60)
    worker.stop()
    running.join(60)
    assert not running.is_alive()
    assert not worker.ended(0.0)
    let_go.set()
    assert worker.ended(60.0)

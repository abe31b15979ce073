"""A subverted child tries everything it should not be able to do; the worker is unharmed and serves the next message."""

import errno
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.finding import GapReason
from gateway.ports.inspector import Specimen
from tests.attack import sandbox_readers

MIB = 1024 * 1024
LIMITS = BoxLimits(message_seconds=20.0, specimen_bytes=2 * MIB, text_bytes=MIB, answers=50, children=2)
PART = "attachment:a"


@contextmanager
def started(limits):
    inspector = BoxedInspector.start(limits, reader="sandbox_readers:read", search=[str(Path(__file__).parent)])
    try:
        yield inspector
    finally:
        inspector.close()


@pytest.fixture(scope="module")
def box():
    with started(LIMITS) as inspector:
        yield inspector


@pytest.fixture(scope="module")
def hasty():
    # What comes before the one that hangs is done within it, on a machine with other things to do as well.
    with started(replace(LIMITS, message_seconds=3.0)) as inspector:
        yield inspector


def ask(inspector, *orders):
    return inspector.inspect(
        Specimen(PART if not n else f"attachment:{n}", "text/plain", "a", iter([order.encode()]))
        for n, order in enumerate(orders)
    )


def reasons(inspection):
    return {gap.part: gap.reason for gap in inspection.gaps}


def alive(inspector):
    assert "|" in ask(inspector, "hello").texts[0].text


@pytest.mark.proves("box.hostile-child", "box.launcher")
@pytest.mark.parametrize("order", sandbox_readers.PROBES)
def test_every_way_out_is_refused(box, order):
    if "seccomp" not in box.layers():
        pytest.skip("this kernel has no seccomp filter: the probe is not held by it")
    (text,) = ask(box, order).texts
    assert text.text == f"refused {errno.EPERM}"
    assert not Path("/tmp/sealgate-escape").exists()


@pytest.mark.proves("box.launcher")
def test_child_finds_no_environment_no_descriptors_no_keys(box, monkeypatch):
    monkeypatch.setenv("SEALGATE_SECRET", "x")
    held = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        with started(LIMITS) as inspector:
            (text,) = ask(inspector, "where").texts
            environment = psutil.Process(inspector.launcher)
            if os.geteuid() == 0:
                assert set(environment.environ()) <= {
                    "PATH", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "LD_LIBRARY_PATH", "LC_CTYPE",
                }  # fmt: skip
                assert Path(f"/proc/{inspector.launcher}/cwd").samefile("/")
                links = {str(each.readlink()) for each in Path(f"/proc/{inspector.launcher}/fd").iterdir()}
                assert all(each == "/dev/null" or each.startswith(("socket:", "pipe:")) for each in links)
                assert environment.num_threads() == 1
    finally:
        os.close(held)
    words = dict(word.split("=", 1) for word in text.text.split(" "))
    assert words["fds"] == "0,1,2,3"
    assert words["env"] == "[]"
    assert words["uid"] != "0" or "unprivileged" not in inspector.layers()
    assert words["modules"] == "[]"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("stack", GapReason.CRASHED),
        ("segfault", GapReason.CRASHED),
        ("abort", GapReason.CRASHED),
        ("exit", GapReason.CRASHED),
        ("system_exit", GapReason.CRASHED),
        ("garbage", GapReason.CRASHED),
        ("not_utf8", GapReason.CRASHED),
        ("other_part", GapReason.CRASHED),
        ("bad_reason", GapReason.CRASHED),
        ("hang_up", GapReason.CRASHED),
        ("flood", GapReason.TOO_LARGE),
        ("many", GapReason.TOO_LARGE),
    ],
)
def test_a_death_or_a_lie_is_a_gap_and_earlier_answers_stand(box, order, reason):
    answer = ask(box, "hello", order, "later")
    assert [text.part for text in answer.texts] == [PART]
    assert reasons(answer) == {"attachment:1": reason, "attachment:2": GapReason.CRASHED}
    alive(box)


@pytest.mark.proves("box.hostile-child")
@pytest.mark.parametrize("order", ["sleep", "spin"])
def test_a_child_past_its_deadline_is_a_gap_and_does_not_live_on(hasty, order):
    begin = time.monotonic()
    answer = ask(hasty, "hello", order, "later")
    assert time.monotonic() - begin < LIMITS.message_seconds
    assert [text.part for text in answer.texts] == [PART]
    assert reasons(answer) == {"attachment:1": GapReason.TIMED_OUT, "attachment:2": GapReason.TIMED_OUT}
    launcher = psutil.Process(hasty.launcher)
    until = time.monotonic() + 60
    while launcher.children() and time.monotonic() < until:
        time.sleep(0.02)
    assert not launcher.children()
    alive(hasty)


@pytest.mark.proves("box.hostile-child", "box.launcher")
@pytest.mark.parametrize("order", ["spin", "deaf"])
def test_cpu_time_is_limited_apart_from_the_clock(order):
    limits = replace(LIMITS, cpu_seconds=1, message_seconds=240.0)
    with started(limits) as inspector:
        begin = time.monotonic()
        reason = reasons(ask(inspector, order))[PART]
        assert time.monotonic() - begin < limits.message_seconds / 2
        # one who ignores the signal is killed outright, which looks like the kernel's out-of-memory killer
        assert reason is (GapReason.TIMED_OUT if order == "spin" else GapReason.OUT_OF_MEMORY)


@pytest.mark.proves("box.hostile-child", "box.launcher")
def test_memory_is_limited_and_the_child_goes_on(box):
    answer = ask(box, "memory", "hello")
    assert reasons(answer) == {PART: GapReason.OUT_OF_MEMORY}
    assert [text.part for text in answer.texts] == ["attachment:1"]


def test_what_a_reader_raises_is_malformed_and_the_child_goes_on(box):
    answer = ask(box, "raise", "hello")
    assert reasons(answer) == {PART: GapReason.MALFORMED}
    assert [text.part for text in answer.texts] == ["attachment:1"]


@pytest.mark.parametrize("order", ["long", "names"])
def test_an_honest_answer_that_is_too_large_says_so(box, order):
    answer = ask(box, order, "hello")
    assert reasons(answer) == {PART: GapReason.TOO_LARGE}
    assert [text.part for text in answer.texts] == ["attachment:1"]


def test_a_child_that_does_not_read_cannot_hold_the_worker(hasty):
    def slowly():
        yield Specimen(PART, "text/plain", "a", iter([b"sleep"]))
        yield Specimen("attachment:b", "text/plain", "b", iter([b"x" * MIB]))

    begin = time.monotonic()
    assert set(reasons(hasty.inspect(slowly())).values()) == {GapReason.TIMED_OUT}
    assert time.monotonic() - begin < LIMITS.message_seconds


@pytest.mark.proves("box.launcher")
def test_one_child_serves_one_message(box):
    """What one message left in a child's memory is not there for the next one."""
    pids = set()
    for _ in range(3):
        (text,) = ask(box, "leave").texts
        pid, seen = text.text.split()
        assert seen == "0"
        pids.add(pid)
    assert len(pids) == 3


@pytest.mark.proves("box.hostile-child", "box.launcher")
@pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: a child that is not dumpable shows its limits to root alone")
def test_a_child_writes_no_file_no_core_and_starts_no_process(hasty):
    asked = threading.Thread(target=ask, args=(hasty, "sleep"))
    asked.start()
    limits = ""
    while "Max processes             0 " not in limits and asked.is_alive():  # a child just forked has none yet
        for child in psutil.Process(hasty.launcher).children():
            with suppress(OSError):
                limits = Path(f"/proc/{child.pid}/limits").read_text()
    asked.join()
    soft = {line[:25].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert soft["Max core file size"] == soft["Max file size"] == soft["Max processes"] == "0"
    assert int(soft["Max address space"]) == LIMITS.memory_bytes


@pytest.mark.proves("box.hostile-child")
def test_the_store_is_out_of_a_child_s_reach(box, tmp_path):
    store = tmp_path / "sealgate.db"
    store.write_bytes(b"rows")
    tmp_path.chmod(0o777)
    store.chmod(0o666)
    (text,) = ask(box, f"open {store}").texts
    assert text.text.startswith("refused")


@pytest.mark.proves("box.may-lie")
def test_what_remains_is_a_lie_about_the_text_and_it_is_written_down(box):
    """A subverted child that says "no text" is believed: the model says so, and what it costs."""
    answer = ask(box, "silent")
    assert answer.texts == answer.gaps == ()
    page = " ".join((Path(__file__).parents[2] / "docs" / "security-model.md").read_text().split())
    assert '**A subverted child lies.** It can say "no text"' in page
    assert "A lie makes a PHI document look clean" in page

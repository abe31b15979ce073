"""The worker's side: streaming, limits, a lost launcher, threads."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.errors import ConfigError
from gateway.domain.finding import GapReason
from gateway.ports.inspector import Specimen

MIB = 1024 * 1024
LIMITS = BoxLimits(message_seconds=120.0, specimen_bytes=2 * MIB, text_bytes=MIB, specimens=5, children=3)
READERS = str(Path(__file__).parents[2] / "attack")


@pytest.fixture
def box():
    inspector = BoxedInspector.start(LIMITS, reader="sandbox_readers:read", search=[READERS])
    yield inspector
    inspector.close()


def specimen(*chunks, part="attachment:a", name="a.txt"):
    return Specimen(part, "text/plain", name, iter(chunks))


def test_chunks_of_any_size_arrive_whole_and_in_order(box):
    chunks = [b"", b"hello ", b"y" * 300_000, b"z" * 65_536, b"", b"end"]
    (text,) = box.inspect([specimen(*chunks)]).texts
    assert text.text == f"text/plain|a.txt|{sum(map(len, chunks))}|{'z' * 17}end"


def test_a_specimen_over_the_limit_is_not_read_to_its_end(box):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x" * 65_536

    answer = box.inspect([Specimen("attachment:a", "", "a", endless()), specimen(b"next", part="attachment:b")])
    assert [(gap.part, gap.reason) for gap in answer.gaps] == [("attachment:a", GapReason.TOO_LARGE)]
    assert [text.part for text in answer.texts] == ["attachment:b"]
    assert len(taken) == LIMITS.specimen_bytes // 65_536 + 1


def test_parts_beyond_the_number_are_gaps_each(box):
    answer = box.inspect(specimen(b"x", part=f"attachment:{n}") for n in range(7))
    assert len(answer.texts) == 5
    assert [(gap.part, gap.reason) for gap in answer.gaps] == [
        ("attachment:5", GapReason.TOO_MANY_PARTS),
        ("attachment:6", GapReason.TOO_MANY_PARTS),
    ]


def test_odd_names_travel_and_endless_ones_are_gaps(box):
    odd = "attachment:caf\udce9\x00/\n☃"
    (text,) = box.inspect([specimen(b"hello", part=odd, name="\udcff")]).texts
    assert text.part == odd
    assert text.text.startswith("text/plain|\udcff|")
    (gap,) = box.inspect([specimen(b"gap", part=odd)]).gaps
    assert (gap.part, gap.reason) == (odd + "/in\udce9ner", GapReason.ENCRYPTED)
    (gap,) = box.inspect([specimen(b"x", part="attachment:" + "n" * 70_000)]).gaps
    assert gap.reason is GapReason.TOO_LARGE
    assert box.inspect([specimen(b"surrogate")]).texts[0].text == "a\udce9\x00z"


def test_no_specimen_needs_no_child(box):
    os.kill(box.launcher, signal.SIGSTOP)
    try:
        assert box.inspect([]) == box.inspect(iter(()))
    finally:
        os.kill(box.launcher, signal.SIGCONT)


def test_an_error_of_the_source_is_the_callers(box):
    def broken():
        yield b"half"
        raise RuntimeError("the seal of this object does not hold")

    with pytest.raises(RuntimeError, match="seal"):
        box.inspect([Specimen("attachment:a", "", "a", broken())])
    assert box.inspect([specimen(b"x")]).texts


def test_a_dead_launcher_is_replaced(box):
    first = box.launcher
    os.kill(first, signal.SIGKILL)
    assert box.inspect([specimen(b"x")]).texts
    assert box.launcher != first


def test_a_launcher_that_dies_under_a_message_takes_its_child_along(box):
    children = []

    def killing():
        yield b"x"
        children.extend(psutil.Process(box.launcher).children())
        os.kill(box.launcher, signal.SIGKILL)
        psutil.wait_procs(children, timeout=60)
        yield b"y"

    answer = box.inspect([Specimen("attachment:a", "", "a", killing()), specimen(b"x", part="attachment:b")])
    assert {gap.reason for gap in answer.gaps} == {GapReason.SCANNER_FAILED}
    assert len(answer.gaps) == 2
    assert children  # one, or two while the launcher has not yet seen the end of the last message's
    assert not any(one.is_running() for one in children)
    assert box.inspect([specimen(b"x")]).texts


def test_without_a_launcher_every_part_is_a_gap(box, monkeypatch):
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    os.kill(box.launcher, signal.SIGKILL)
    answer = box.inspect(specimen(b"x", part=f"attachment:{n}") for n in range(2))
    assert [gap.reason for gap in answer.gaps] == [GapReason.SCANNER_FAILED] * 2
    assert not answer.texts


def test_a_child_less_confined_than_the_first_is_not_asked(box):
    box._layers |= {"a layer that is gone"}
    assert [gap.reason for gap in box.inspect([specimen(b"x")]).gaps] == [GapReason.SCANNER_FAILED]


def test_a_reader_that_cannot_be_loaded_is_an_error_at_the_start():
    with pytest.raises(ConfigError, match="launcher"):
        BoxedInspector.start(LIMITS, reader="no_such_module:read")


def test_what_is_done_meanwhile_is_done_while_the_launcher_runs():
    before, seen = set(psutil.Process().children()), []

    def meanwhile():
        seen.extend(set(psutil.Process().children()) - before)
        assert seen
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        BoxedInspector.start(LIMITS, reader="sandbox_readers:read", search=[READERS], meanwhile=meanwhile)
    assert not [one for one in seen if one.is_running()]


def test_the_launcher_ends_when_its_worker_does(box):
    launcher = psutil.Process(box.launcher)
    box._box._control.close()  # as the kernel does for a worker that was killed
    assert psutil.wait_procs([launcher], timeout=60)[0]


def test_eight_threads_twenty_messages_each(box):
    def message(number):
        parts = [f"attachment:{number}.{n}" for n in range(3)]
        orders = [b"hello", b"segfault" if number % 10 == 0 else b"hello", b"hello"]
        return parts, box.inspect(specimen(order, part=part) for part, order in zip(parts, orders, strict=True))

    with ThreadPoolExecutor(8) as pool:
        for number, (parts, answer) in enumerate(pool.map(message, range(160))):
            if number % 10 == 0:
                assert [text.part for text in answer.texts] == parts[:1]
                assert [gap.part for gap in answer.gaps] == parts[1:]
            else:
                assert [text.part for text in answer.texts] == parts
                assert not answer.gaps
    until = time.monotonic() + 60
    while psutil.Process(box.launcher).children() and time.monotonic() < until:
        time.sleep(0.02)
    assert not psutil.Process(box.launcher).children()
    assert psutil.Process(box.launcher).num_fds() < 12 if os.geteuid() == 0 else True

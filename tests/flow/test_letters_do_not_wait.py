"""Documents that take long have a queue and threads of their own: however many there are, letters go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from gateway.config.model import Settings
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Gap, GapReason
from gateway.domain.records import JobKind
from gateway.domain.states import MessageState
from gateway.flow.measure import Measure
from gateway.ports.inspector import Inspection, Specimen
from gateway.ports.metrics import Limit
from tests.support.home import LUNCH, OFFICE, Home, mail

pytestmark = pytest.mark.proves("limits.inspection")
_PATIENCE = 60.0
QUICK_BYTES = 2000
DOCUMENT = b"%PDF-1.7 " + b"x" * (QUICK_BYTES - 9)


class Reluctant:
    """An inspector whose documents take as long as a test says: beyond a quick deadline, until `let_go`."""

    def __init__(self, *, slow: bool) -> None:
        self.slow, self.let_go, self.asked = slow, threading.Event(), list[float | None]()

    def inspect(self, specimens: Iterable[Specimen], seconds: float | None = None) -> Inspection:
        parts = [(one.part, sum(map(len, one.chunks))) for one in specimens]
        self.asked.append(seconds)
        if self.slow and seconds is not None:
            return Inspection(gaps=tuple(Gap(part, GapReason.TIMED_OUT) for part, _ in parts))
        if seconds is None:
            assert self.let_go.wait(_PATIENCE)
        return Inspection()

    def layers(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing runs."""


class Counting:
    """What was counted."""

    def __init__(self) -> None:
        self.levels: dict[Limit, float] = {}

    def level(self, limit: Limit, use: float) -> None:
        self.levels[limit] = use


def opened(tmp_path, *, slow: bool) -> tuple[Home, Reluctant]:
    def settings(one: Settings) -> Settings:
        sandbox = one.sandbox.model_copy(update={"quick_bytes": QUICK_BYTES})
        return one.model_copy(update={"sandbox": sandbox})

    home, inspector = Home(tmp_path, settings=settings).people(), Reluctant(slow=slow)
    home.rooms.assess._reader = replace(home.rooms.assess._reader, inspector=inspector)
    return home, inspector


def enclosing(document: bytes, number: int) -> bytes:
    return mail(OFFICE, "Plan", LUNCH, files=[("plan.pdf", "application/pdf", document)], number=number)


def kinds(home: Home) -> dict[str, int]:
    return {kind: number for kind, number in home.pending().items() if kind.startswith("assess")}


@pytest.mark.parametrize(("document", "kind"), [(DOCUMENT, None), (DOCUMENT + b"x", JobKind.ASSESS_LONG)])
def test_at_the_bound_it_is_read_between_letters_and_above_it_is_not(tmp_path, document, kind):
    home, inspector = opened(tmp_path, slow=False)
    with home:
        home.submit(enclosing(document, 1), OFFICE)
        home.run_job("assess")
        assert kinds(home) == ({kind.value: 1} if kind else {})
        assert inspector.asked == ([] if kind else [home.inst.settings.sandbox.quick.total_seconds()])


def test_what_takes_longer_than_a_moment_gets_its_whole_time_in_the_other_queue(tmp_path):
    home, inspector = opened(tmp_path, slow=True)
    with home:
        message = home.submit(enclosing(DOCUMENT, 1), OFFICE)
        home.run_job("assess")
        assert kinds(home) == {"assess_long": 1}
        seen = Counting()
        Measure(home.store, seen).look()
        assert seen.levels[Limit.LONG_INSPECTIONS] == 1
        inspector.let_go.set()
        home.settle()
        assert inspector.asked[-1] is None
        assert home.message(message).state is MessageState.SETTLED
        Measure(home.store, seen).look()
        assert seen.levels[Limit.LONG_INSPECTIONS] == 0


def test_letters_overtake_documents_that_take_long(tmp_path):
    home, inspector = opened(tmp_path, slow=False)
    with home:
        slow = [home.submit(enclosing(DOCUMENT + b"x", number), OFFICE) for number in range(8)]
        letters = [home.submit(mail(OFFICE, "Lunch", LUNCH, number=10 + number), OFFICE) for number in range(4)]
        running = threading.Thread(target=home.rooms.worker.run)
        running.start()
        try:
            _until(lambda: all(home.message(one).state is MessageState.SETTLED for one in letters))
            assert [home.message(one).state for one in slow] == [MessageState.RECEIVED] * len(slow)
            assert len(inspector.asked) <= home.inst.settings.sandbox.long_children
            inspector.let_go.set()
            _until(lambda: all(home.message(one).state is MessageState.SETTLED for one in slow))
        finally:
            inspector.let_go.set()
            home.rooms.worker.stop()
            running.join(_PATIENCE)
        assert not running.is_alive()


def test_long_documents_may_not_take_every_child(tmp_path):
    with pytest.raises(ConfigError, match="starve letters"):
        Home(tmp_path, config=lambda text: text.replace("[sandbox]", "[sandbox]\nchildren = 2\nlong_children = 2"))


def _until(done) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)

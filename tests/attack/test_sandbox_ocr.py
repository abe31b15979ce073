"""Pictures are read inside the confined child: with every layer in force, no second process, no thread, and bounded."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.finding import GapReason
from gateway.ports.inspector import Inspection, Specimen
from tests.support.identified import THIRTEEN
from tests.unit.mime.test_read_images import drawn, saved

PART = "attachment:a"


@pytest.fixture(scope="module")
def box():
    inspector = BoxedInspector.start(BoxLimits(start_seconds=120.0))
    if not any(one.startswith("ocr-") for one in inspector.instruments()):
        inspector.close()
        pytest.skip("NO TESSERACT: pictures are gaps on this machine")
    yield inspector
    inspector.close()


def opened(inspector: BoxedInspector, data: bytes, seconds: float | None = None) -> Inspection:
    return inspector.inspect([Specimen(PART, "image/png", "a.png", iter([data]))], seconds)


PAGE = saved(drawn(THIRTEEN[:4], (900, 260)))


@pytest.mark.proves("box.launcher")
def test_a_picture_is_read_by_a_child_that_can_start_nothing(box):
    assert {"seccomp", "rlimits", "no_new_privs", "not_dumpable"} <= set(box.layers())
    assert psutil.Process(box.launcher).num_threads() == 1
    found = opened(box, PAGE)
    assert found.gaps == ()
    assert THIRTEEN[0] in found.texts[0].text
    until = time.monotonic() + 60
    while psutil.Process(box.launcher).children() and time.monotonic() < until:
        time.sleep(0.05)
    assert psutil.Process(box.launcher).children() == []


def test_between_letters_pages_wait_for_the_long_queue(box):
    assert [gap.reason for gap in opened(box, PAGE, 60.0).gaps] == [GapReason.TIMED_OUT]
    logo = saved(Image.new("RGB", (120, 40), "navy"))
    assert opened(box, logo, 60.0).gaps == ()


def test_pictures_beyond_the_limit_are_gaps():
    limits = replace(BoxLimits(start_seconds=120.0), pictures=0)
    inspector = BoxedInspector.start(limits)
    try:
        assert {gap.reason for gap in opened(inspector, PAGE).gaps} <= {GapReason.TOO_LARGE, GapReason.NO_TEXT}
        assert opened(inspector, PAGE).gaps
    finally:
        inspector.close()


@pytest.mark.parametrize("name", ["noise", "bomb", "stripes"])
def test_hostile_pictures_are_gaps_in_bounded_time(box, name):
    pictures = {
        "noise": lambda: Image.frombytes("L", (2000, 2000), os.urandom(4_000_000)),
        "bomb": lambda: Image.new("1", (30_000, 30_000)),
        "stripes": lambda: Image.effect_mandelbrot((600, 600), (-2, -1.5, 1, 1.5), 60),
    }
    before = set(Path("/tmp").iterdir())
    begun = time.monotonic()
    found = opened(box, saved(pictures[name]()))
    assert time.monotonic() - begun < BoxLimits().message_seconds + 10
    assert found.gaps
    assert not [one for one in set(Path("/tmp").iterdir()) - before if "tess" in one.name]


def test_the_next_picture_is_read(box):
    assert opened(box, PAGE).gaps == ()

"""Blank forms, newsletters, notices, teaching texts, business mail: how few alarm, and how little is masked for nothing.

The bounds are what the detector reaches, a little above; the aim (docs/detector.md) is 2 % and 0.3 %. Lower them as it
gets better; one that is raised needs a reason in the commit. Run with `-s` to see the figures.
"""

from __future__ import annotations

import pytest

from gateway.phi.scan import Scanner
from tests.phi.measure_negatives import Scanned, alarms, figures, masked_for_nothing, scan_all

ALARMING = 0.018
MASKED = 0.004


@pytest.fixture(scope="module")
def scanned() -> list[Scanned]:
    return scan_all(Scanner.load())


def test_few_texts_without_phi_alarm(scanned: list[Scanned]) -> None:
    print(figures(scanned))
    assert len(alarms(scanned)) <= ALARMING * len(scanned), figures(scanned)


def test_little_is_masked_for_nothing(scanned: list[Scanned]) -> None:
    masked, letters = masked_for_nothing(scanned)
    assert masked <= MASKED * letters, figures(scanned)


def test_no_text_without_phi_is_a_gap(scanned: list[Scanned]) -> None:
    assert [one.case.topic for one in scanned if one.report.gaps] == []

"""Whether work grows with its input as it should, on machines that do other things at the same time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_ROUNDS = 8


def grows_within(work: Callable[[], object], larger: Callable[[], object], factor: float, slack: float) -> bool:
    """Whether `larger` costs less than `factor` times `work` plus `slack` seconds of this process's own time.

    Neighbours on the same core only ever make a run dearer, so the cheapest runs count, both sizes in turn; a bound that
    the work itself breaks is broken in every round.
    """
    small = large = float("inf")
    for _ in range(_ROUNDS):
        small, large = min(small, _seconds(work)), min(large, _seconds(larger))
        if large < factor * small + slack:
            return True
    return False


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of one run, without the collector, whose cost grows with all that other tests left behind."""
    collecting = gc.isenabled()
    gc.collect(0)
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        if collecting:
            gc.enable()

"""How long a step that failed waits: a pure function of its tries."""

from __future__ import annotations


def pause(tries: int) -> float:
    """Seconds before the next run of a step that failed `tries` times before: 1, 2, 4, … at most 300."""
    return float(min(300, 2 ** min(max(tries, 0), 9)))

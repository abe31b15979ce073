"""Speed on one core: ordinary letters by bytes a second, mails of 4 kB by milliseconds.

Every text is scanned once to warm up; then in rounds, and the fastest round counts, because other work on the machine
only ever adds. Seconds are of the processor.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from tests.support.letters import ordinary_letters

LETTERS = 400
_PEERS_LETTERS = 40
_ROUNDS = 3
_MAIL = 4096


class Timed(Protocol):
    """A system that keeps what each text cost it."""

    name: str
    seconds: list[float]
    scan: Callable[[str], object]


def speed(systems: Sequence[Timed], peers: frozenset[str]) -> Iterator[dict[str, object]]:
    """A row a system; says them, with how many times the first of the peers takes. Peers are slow and get fewer letters."""
    letters = ordinary_letters(LETTERS)
    mails = [f"{one}\n{other}"[:_MAIL] for one, other in pairwise(letters)]
    measured = {}
    for one in systems:
        few, rounds = (_PEERS_LETTERS, 1) if one.name in peers else (LETTERS, _ROUNDS)
        letter_times, mail_times = _best(one, letters[:few], rounds), _best(one, mails[:few], rounds)
        size = sum(len(letter.encode()) for letter in letters[:few])
        measured[one.name] = size / 1e6 / sum(letter_times), statistics.median(mail_times), _late(mail_times)
    slow = next((measured[name][0] for name in measured if name in peers), None)
    print(f"\n## speed\n\n{'system':24} letters MB/s  4 kB p50 ms  p99 ms  times the peer's")
    for name, (rate, middle, late) in measured.items():
        ratio = rate / slow if slow else None
        print(
            f"{name:24} {rate:12.2f}  {1000 * middle:11.2f}  {1000 * late:6.2f}  {f'{ratio:.0f}' if ratio else '-':>6}"
        )
        yield {"set": "speed", "system": name, "mb_per_cpu_s": rate, "p50_ms": 1000 * middle, "p99_ms": 1000 * late, "times_the_peer": ratio}  # fmt: skip


def _best(system: Timed, texts: Sequence[str], rounds: int) -> list[float]:
    """The seconds of each text in the fastest round."""
    times: list[list[float]] = []
    for _ in range(rounds + 1):
        system.seconds.clear()
        for text in texts:
            system.scan(text)
        times.append(list(system.seconds))
    system.seconds.clear()
    return min(times[1:], key=sum)


def _late(times: Sequence[float]) -> float:
    return sorted(times)[int(0.99 * (len(times) - 1))]

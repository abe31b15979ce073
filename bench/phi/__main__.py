"""Both systems on every set, text by text in turn; tables in words, and the figures as JSON in bench/results/.

Seconds are of the processor, each system on the same one core; the ratio of the two can be trusted, the seconds alone cannot.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.phi.scoring import Figures, Found, Sheet, score
from bench.phi.sets import sets
from bench.phi.speed import speed
from gateway.domain.finding import Kind
from tests.support.wilson import wilson

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"


@dataclass(slots=True)
class Contestant:
    """One system's process, and what it cost."""

    name: str
    process: subprocess.Popen[str]
    start_s: float
    memory_mib: int = 0
    seconds: list[float] = field(default_factory=list)

    def scan(self, text: str) -> list[Found]:
        """The spans found in one text; RuntimeError when the process has ended."""
        answer = self._ask(text)
        self.memory_mib = answer["memory_mib"]
        self.seconds.append(answer["cpu_s"])
        return [(start, end, kind, by) for start, end, kind, by in answer["spans"]]

    def _ask(self, text: str) -> dict:  # type: ignore[type-arg]
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} has ended")
        found: dict = json.loads(line)  # type: ignore[type-arg]
        return found


@contextmanager
def contestant(name: str, python: str) -> Iterator[Contestant]:
    """Start a system and wait until it is loaded; ends it by closing its input."""
    command = [python, str(HERE / "contestant.py"), name]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            raise SystemExit(f"{name} does not start with {python}; `make bench-phi` installs what it needs")
        yield Contestant(name, process, json.loads(first)["start_s"])
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def compare(sheets: Sequence[Sheet], systems: Sequence[Contestant]) -> dict[str, Figures]:
    """Every system on every text, in turn."""
    found: dict[str, list[list[Found]]] = {one.name: [] for one in systems}
    for number, sheet in enumerate(sheets):
        for one in systems if number % 2 else list(reversed(systems)):
            found[one.name].append(one.scan(sheet.text))
    return {name: score(sheets, spans) for name, spans in found.items()}


def share(pair: tuple[int, int]) -> str:
    """A share with its 95 % interval, in per cent."""
    part, whole = pair
    if not whole:
        return "-"
    low, high = wilson(part, whole)
    return f"{100 * part / whole:.2f} [{100 * low:.2f}, {100 * high:.2f}]"


def rows(
    name: str, results: dict[str, Figures], systems: Sequence[Contestant], characters: int
) -> Iterator[dict[str, object]]:
    """One set's figures, a row a system; and says them."""
    print(f"\n## {name}\n")
    print(
        f"{'system':10} {'fully masked %':24} {'touched %':24} {'precision %':24} {'free texts alarmed %':24} {'masked for nothing %':22} MB/s  p50 ms  p99 ms"
    )
    for one in systems:
        figures, seconds = results[one.name], one.seconds
        speed = characters / 1e6 / sum(seconds)
        middle, late = 1000 * statistics.median(seconds), 1000 * sorted(seconds)[int(0.99 * (len(seconds) - 1))]
        cells = [
            share(pair)
            for pair in (
                figures.masked(),
                figures.touched(),
                figures.precise(),
                figures.alarmed(),
                figures.overmasked(),
            )
        ]
        print(f"{one.name:10} " + " ".join(f"{cell:24}" for cell in cells) + f" {speed:.2f}  {middle:.2f}  {late:.2f}")
        kinds = {
            kind: {key: counts[key] for key in ("n", "masked", "touched", "right")}
            for kind, counts in figures.kinds.items()
        }
        yield {"set": name, "system": one.name, "kinds": kinds, "recognisers": figures.recognisers, "total": dict(figures.total), "mb_per_cpu_s": speed, "p50_ms": middle, "p99_ms": late}  # fmt: skip
        seconds.clear()
    ours = results[systems[0].name].kinds
    print(f"\n{'kind':14} letter {'spans':>6}  " + "  ".join(f"{one.name + ': fully masked %':30}" for one in systems))
    for kind in sorted(ours):
        cells = [
            share((results[one.name].kinds[kind]["masked"], results[one.name].kinds[kind]["n"])) for one in systems
        ]
        print(
            f"{kind:14} {Kind(kind).letter or '-':6} {ours[kind]['n']:6}  " + "  ".join(f"{cell:30}" for cell in cells)
        )


def recognisers(figures: Figures) -> None:
    """What each of our recognisers found, and how much of it for nothing."""
    print(f"\n{'recogniser':28} {'findings':>8} {'hits':>8} {'false alarms':>13}")
    for by, one in sorted(figures.recognisers.items(), key=lambda pair: -pair[1]["findings"]):
        print(f"{by:28} {one['findings']:8} {one['hits']:8} {one['alarms']:13}")


def main() -> int:
    """Run it; the figures go to bench/results too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON", help="the Python of the peer's environment; without it, no peer")
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="only sets whose name has this word"
    )
    args = parser.parse_args()
    written: list[dict[str, object]] = []
    with ExitStack() as stack:
        systems = [stack.enter_context(contestant("sealgate", sys.executable))]
        if args.peer:
            systems.append(stack.enter_context(contestant("presidio", args.peer)))
        for name, sheets in sets():
            if args.only and not any(word in name for word in args.only):
                continue
            results = compare(sheets, systems)
            written += rows(name, results, systems, sum(len(one.text.encode()) for one in sheets))
            recognisers(results[systems[0].name])
        if not args.only or any(word in "speed" for word in args.only):
            everywhere = stack.enter_context(contestant("everywhere", sys.executable))
            written += speed([systems[0], everywhere, *systems[1:]], frozenset({"presidio"}))
        print("\nstart, seconds: " + ", ".join(f"{one.name} {one.start_s:.1f}" for one in systems))
        print("memory, MiB: " + ", ".join(f"{one.name} {one.memory_mib}" for one in systems))
        cost = {one.name: {"start_s": one.start_s, "memory_mib": one.memory_mib} for one in systems}
    out = RESULTS / f"phi-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    out.write_text(json.dumps({"sets": written, "cost": cost}, indent=1) + "\n")
    print(f"written: bench/results/{out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

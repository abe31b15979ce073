"""Roles that die at a named point: `python -m tests.support.killed_role` reads one JSON line a role and forks it.

The line says role, config and point (empty: none), and changes to `[worker]` that the configuration itself refuses (a
short lease). Each child is `gateway.app.roles.run_role` with a checkpoint that ends it with SIGKILL when the point is reached.
The parent only spares each child the second that importing takes: it loads no key and opens nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from unittest import mock

from gateway.app import roles
from gateway.app.installation import Installation, _scanner
from gateway.config.load import load
from gateway.ports.checkpoint import Checkpoint


def dying_at(point: str) -> Checkpoint:
    """A checkpoint that ends this process at that point, as a power cut would: nothing is flushed or closed."""

    def reached(here: str) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _run(order: dict[str, Any]) -> None:
    def changed(config: Path) -> Installation:
        settings = load(config)
        update = {name: timedelta(seconds=value) for name, value in order["worker"].items()}
        worker = settings.worker.model_copy(update=update)
        return Installation(settings.model_copy(update={"worker": worker}), config.resolve())

    with mock.patch.object(Installation, "load", changed):
        roles.run_role(order["role"], Path(order["config"]), dying_at(order["point"]))


def main() -> None:
    """Fork a role for each line, one after the other, and say how each ended."""
    _scanner()
    print(json.dumps({"event": "up"}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _run(order)
                code = 0
            finally:
                os._exit(code)
        print(json.dumps({"event": "forked", "pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"event": "ended", "code": os.waitstatus_to_exitcode(status)}), flush=True)


class Nursery:
    """The parent of such roles, as a test holds it."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed_role"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._log, cwd=Path(__file__).parents[2], text=True,
        )  # fmt: skip
        self._pid = 0
        self._next("up")

    def start(self, role: str, config: Path, point: str = "", **worker: float) -> int:
        """Fork a role; returns its pid. One at a time."""
        order = {"role": role, "config": str(config), "point": point, "worker": {"poll": 0.02} | worker}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._pid = int(self._next("forked")["pid"])
        return self._pid

    def ready(self) -> dict[str, list[int]]:
        """Wait until the role says so; returns its ports."""
        return cast("dict[str, list[int]]", self._next("ready")["ports"])

    def ended(self) -> int:
        """Wait for the role's end; its exit code, or minus the signal that ended it."""
        code = int(self._next("ended")["code"])
        self._pid = 0
        return code

    def kill(self) -> None:
        """End the present role now."""
        os.kill(self._pid, signal.SIGKILL)

    def stop(self) -> int:
        """Ask the present role to end, and wait for it."""
        os.kill(self._pid, signal.SIGTERM)
        return self.ended()

    def close(self) -> None:
        """End the parent, and the role it waits for."""
        if self._pid:
            self.kill()
        self._process.communicate(timeout=20)
        self._log.close()

    def _next(self, event: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = cast("dict[str, Any]", json.loads(line))
            if found["event"] == event:
                return found
        raise AssertionError(f"the roles' parent ended before it said {event}")


if __name__ == "__main__":
    main()

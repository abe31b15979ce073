"""Roles that die at a named point: a parent reads one JSON line a role and forks it.

The line says role, config and point (empty: none), and changes to the settings that the configuration itself refuses (a
short lease). Each child is `gateway.app.roles.run_role` with a checkpoint that ends it with SIGKILL when the point is reached.
The parent only spares each child the second that importing takes (also of what a role imports when it is built): it loads
no key and opens nothing. All parents of a test run are forked from one mother, who has imported everything (`python -m tests.support.killed_role FD`).
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

from gateway.adapters.sql import engine
from gateway.adapters.sql import store as sql_store
from gateway.app import roles, signals, worker_role
from gateway.app.installation import Installation, _scanner
from gateway.config.load import load
from gateway.flow import epochs
from gateway.ports.checkpoint import Checkpoint
from gateway.worker.loop import Pace

_IMPORTED = (
    "app.door_role", "app.review_role", "app.web_role", "app.sandboxed", "app.directories", "app.own", "adapters.keydirectory.harvested",
    "adapters.keydirectory.openpgp_answers", "adapters.passwords", "adapters.notifier", "config.policy_file", "flow.desk", "render.mail",
)  # fmt: skip
_PLACES: dict[str, Any] = {"DRAIN_SECONDS": signals, "END_SECONDS": signals, "PATIENCE": engine}
PACE: dict[str, dict[str, Any]] = {"worker": {"poll": 0.02}}
"""Settings of every such role, in seconds, beside the file's."""


def dying_at(point: str) -> Checkpoint:
    """A checkpoint that ends this process at that point, as a power cut would: nothing is flushed or closed."""

    def reached(here: str) -> None:
        if here == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def changed(config: Path, sections: dict[str, dict[str, Any]]) -> Installation:
    """The installation of that file with other times, in seconds."""
    settings = load(config)
    for section, values in sections.items():
        update = {name: _times(value) for name, value in values.items()}
        settings = settings.model_copy(update={section: getattr(settings, section).model_copy(update=update)})
    return Installation(settings, config.resolve())


def _times(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(timedelta(seconds=one) for one in value)
    return timedelta(seconds=value) if isinstance(value, float) else value


def _run(order: dict[str, Any]) -> None:
    with ExitStack() as stack:
        for place, name, value in [
            (Installation, "load", lambda config: changed(config, order["sections"])),
            (worker_role, "_DUTIES_SECONDS", order["duties"]),
            (epochs, "_SILENT", timedelta(seconds=order["silent"])),
            *((_PLACES[name], name, value) for name, value in order["seconds"].items()),
        ]:
            stack.enter_context(mock.patch.object(place, name, value))
        # A dataclass has its default from when it was made.
        drain = partial(Pace, drain=signals.DRAIN_SECONDS)
        stack.enter_context(mock.patch.object(worker_role, "Pace", drain))
        stack.enter_context(mock.patch.object(sql_store, "PATIENCE", engine.PATIENCE))
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


def bear(fd: int) -> None:
    """Fork a parent of roles for each three descriptors that come: its standard input, output and error."""
    with socket.socket(fileno=fd) as asked:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        _scanner()
        for name in _IMPORTED:
            importlib.import_module(f"gateway.{name}")
        while True:
            data, given, _, _ = socket.recv_fds(asked, 1, 3)
            if not data:
                return
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                asked.close()
                for own, one in enumerate(given):
                    os.dup2(one, own)
                    os.close(one)
                try:
                    main()
                finally:
                    os._exit(0)
            for one in given:
                os.close(one)


@cache
def _mother(environment: frozenset[tuple[str, str]]) -> socket.socket:
    """One for each environment that tests make (`LD_PRELOAD`, `TMPDIR`)."""
    here, there = socket.socketpair()
    command = [sys.executable, "-m", "tests.support.killed_role", str(there.fileno())]
    process = subprocess.Popen(
        command,
        pass_fds=[there.fileno()],
        stdin=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env=dict(environment),
    )
    there.close()

    def end() -> None:
        here.close()
        process.wait(60)

    atexit.register(end)
    return here


class Nursery:
    """The parent of such roles, as a test holds it."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab")
        orders, self._orders = os.pipe()
        heard, said = os.pipe()
        environment = frozenset((name, value) for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST")
        socket.send_fds(_mother(environment), [b"1"], [orders, said, self._log.fileno()])
        os.close(orders)
        os.close(said)
        self._lines = os.fdopen(heard, encoding="utf-8")
        self._up = False
        self.pid = 0

    def start(
        self, role: str, config: Path, point: str = "", *, duties: float = 5.0, silent: float = 300.0,
        sections: dict[str, dict[str, Any]] | None = None, seconds: dict[str, float] | None = None,
    ) -> int:  # fmt: skip
        """Fork a role; returns its pid. One at a time. `seconds` replaces constants of `_PLACES`."""
        if not self._up:
            self._next("up")
            self._up = True
        order = {"role": role, "config": str(config), "point": point, "duties": duties, "silent": silent,
                 "sections": PACE | (sections or {}), "seconds": seconds or {}}  # fmt: skip
        os.write(self._orders, json.dumps(order).encode() + b"\n")
        self.pid = int(self._next("forked")["pid"])
        return self.pid

    def ready(self) -> dict[str, list[int]]:
        """Wait until the role says so; returns its ports."""
        return cast("dict[str, list[int]]", self._next("ready")["ports"])

    def ready_or_ended(self) -> dict[str, list[int]] | None:
        """Its ports, or None when it died before it was ready."""
        said = self._next("ready", "ended")
        if said["event"] == "ended":
            self.pid = 0
            return None
        return cast("dict[str, list[int]]", said["ports"])

    def lives(self) -> bool:
        """Whether the role's process is there still."""
        with suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, 0)
                return True
        return False

    def ended(self) -> int:
        """Wait for the role's end; its exit code, or minus the signal that ended it."""
        code = int(self._next("ended")["code"])
        self.pid = 0
        return code

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the present role a signal now."""
        os.kill(self.pid, number)

    def stop(self) -> int:
        """Ask the present role to end, and wait for it."""
        self.kill(signal.SIGTERM)
        return self.ended()

    def close(self) -> None:
        """End the parent, and the role it waits for."""
        if self.pid:
            with suppress(ProcessLookupError):
                self.kill()
        os.close(self._orders)
        self._lines.read()
        self._lines.close()
        self._log.close()

    def _next(self, *events: str) -> dict[str, Any]:
        for line in self._lines:
            found = cast("dict[str, Any]", json.loads(line))
            if found["event"] in events:
                return found
        raise AssertionError(f"the roles' parent ended before it said {' or '.join(events)}")


if __name__ == "__main__":
    bear(int(sys.argv[1]))

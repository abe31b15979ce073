"""`sealgate serve`: a parent without keys that starts one process per role by exec, and starts again what dies.

SIGTERM and SIGHUP go on to every role. A role that cannot start for its configuration ends the whole, with its error, when all begin;
one that ran before is tried again.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway.app.roles import ROLES, quiet_logs
from gateway.app.signals import heard
from gateway.config.load import load
from gateway.config.model import Settings
from gateway.domain.errors import ConfigError

_USAGE = 2
_STOP_SECONDS = 40.0
"""A role ends by itself within `signals.END_SECONDS`; the rest is for what would not."""
_CALM = 60.0
"""A role that ran so long before it died starts again at once."""


class Supervisor:
    """The parent process."""

    def __init__(self, config: Path, roles: Sequence[str]) -> None:
        self._config, self._roles = config, roles
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._again: set[str] = set()
        """Roles that ran before: what they cannot start for now, a policy half edited, must not end the others."""
        self._stop = threading.Event()
        self._log = structlog.get_logger("serve")

    def run(self) -> int:
        """Start everything and watch until SIGTERM or SIGINT; returns the exit status."""
        with heard({
            signal.SIGTERM: self._stop.set, signal.SIGINT: self._stop.set,
            signal.SIGHUP: lambda: self._pass_on(signal.SIGHUP),
        }):  # fmt: skip
            return self._watch()

    def _watch(self) -> int:
        for role in self._roles:
            self._start(role)
        status = 0
        while not self._stop.wait(0.2):
            status = self._look_after()
            if status:
                break
        self._end()
        return status

    def _start(self, role: str) -> None:
        command = [sys.executable, "-m", "gateway", "role", role, "--config", str(self._config)]
        self._children[role] = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own program
        self._started[role] = time.monotonic()

    def _look_after(self) -> int:
        for role, child in list(self._children.items()):
            status = child.poll()
            if status is None:
                continue
            if status == _USAGE and role not in self._again:
                return _USAGE
            self._again.add(role)
            ran = time.monotonic() - self._started[role]
            pause = 0.0 if ran > _CALM else min(30.0, self._pauses.get(role, 0.25) * 2)
            self._pauses[role] = pause
            self._log.error("role ended, starting it again", role=role, status=status, pause=pause)
            if self._stop.wait(pause):
                return 0
            self._start(role)
        return 0

    def _pass_on(self, number: signal.Signals) -> None:
        for child in list(self._children.values()):
            if child.poll() is None:
                child.send_signal(number)

    def _end(self) -> None:
        self._pass_on(signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def chosen_roles(settings: Settings, wanted: Sequence[str]) -> list[str]:
    """The roles to run: those asked for, or all that the configuration gives something to do."""
    for role in wanted:
        if role not in ROLES:
            raise ConfigError(f"--roles: there is no role {role!r}; known are {', '.join(ROLES)}")
    if wanted:
        return list(dict.fromkeys(wanted))
    smtp = settings.smtp
    found = ["worker", "web"]
    if smtp.submission or smtp.submissions or smtp.smarthost:
        found.append("smtp")
    if settings.inbound.listen:
        found.append("inbound")
    return found


def serve(config: Path, roles: Sequence[str] = ()) -> int:
    """Run the gateway; returns the exit status."""
    quiet_logs()
    settings = load(config)
    return Supervisor(config.resolve(), chosen_roles(settings, roles)).run()

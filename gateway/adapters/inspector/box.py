"""The worker's end of a launcher: starts it with nothing but one socket, asks it for children, ends it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gateway
from gateway.adapters.inspector import protocol
from gateway.adapters.inspector.limits import BoxLimits

_LAUNCHER = "gateway.adapters.inspector.launcher"
_GRACE_SECONDS = 5.0


class LauncherLost(Exception):
    """The launcher is not there (any more)."""


class Box:
    """One launcher process; a child's death is not its end."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control

    @classmethod
    def spawn(cls, limits: BoxLimits, *, reader: str | None = None, search: Sequence[str] = ()) -> Box:
        """Exec a launcher; it loads its readers while the first request waits. LauncherLost when exec fails.

        `reader` and `search` (folders to import it from) are for tests alone; no setting reaches them.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", "-s", "-m", _LAUNCHER, "--control", str(theirs.fileno()),
                   "--limits", limits.dumps(), *(["--reader", reader] if reader else [])]  # fmt: skip
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
                command, pass_fds=(theirs.fileno(),), cwd="/", env=_clean_environment(search), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            ours.close()
            raise LauncherLost(f"cannot start the inspector's launcher: {error.strerror}") from None
        finally:
            theirs.close()
        ours.settimeout(limits.start_seconds)
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The launcher's process id."""
        return self._process.pid

    def ask(self, seconds: float, *, hasty: bool = False) -> tuple[socket.socket, socket.socket]:
        """Our ends of a new child's two sockets, data and status; it may live `seconds`. LauncherLost when dead."""
        data, child_data = socket.socketpair()
        status, child_status = socket.socketpair()
        try:
            socket.send_fds(
                self._control, [protocol.REQUEST.pack(seconds, hasty)], [child_data.fileno(), child_status.fileno()]
            )
        except (OSError, ValueError):
            data.close()
            status.close()
            raise LauncherLost("the inspector's launcher does not answer") from None
        finally:
            child_data.close()
            child_status.close()
        return data, status

    def close(self) -> None:
        """End the launcher and with it every child."""
        self._control.close()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _clean_environment(search: Sequence[str]) -> dict[str, str]:
    """Where the libraries are, and nothing that this process was told in its own environment."""
    folders = [str(Path(gateway.__file__).resolve().parents[1]), *search, *filter(os.path.isabs, sys.path)]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(folders)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    # a child can start no thread, and a launcher with threads must not fork
    environment |= {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}
    if libraries := os.environ.get("LD_LIBRARY_PATH"):  # some builds of Python do not start without
        environment["LD_LIBRARY_PATH"] = libraries
    return environment

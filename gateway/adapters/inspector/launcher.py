"""The process that was exec'd before any key was loaded, and forks one child for each message.

    python -m gateway.adapters.inspector.launcher --control FD --limits JSON

It has a clean environment and one socket. A request is a datagram with two descriptors: the child's socket, and one on
which the launcher says how the child ended. It stays single-threaded, opens no document itself, and ends when the
control socket closes; its children die with it.
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import signal
import socket
import time
from dataclasses import dataclass

from gateway.adapters.inspector import child, preload, protocol, sandbox
from gateway.adapters.inspector.limits import BoxLimits


@dataclass(slots=True)
class _Running:
    pid: int
    status: int
    deadline: float
    killed: bool = False
    late: bool = False


class Launcher:
    """Forks, watches the clock, reaps. `serve` returns when the worker is gone."""

    def __init__(
        self, control: socket.socket, loaded: preload.Loaded, limits: BoxLimits, layers: frozenset[str]
    ) -> None:
        self._control = control
        self._loaded = loaded
        self._limits = limits
        self._layers = layers
        self._running: dict[int, _Running] = {}
        self._poll = select.poll()
        self._wake, self._woken = os.pipe()
        for end in (self._wake, self._woken):
            os.set_blocking(end, False)

    def serve(self) -> None:
        """Take requests until the control socket closes, then kill what still runs."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        alive = True
        while alive:
            ready = dict(self._poll.poll(self._patience()))
            if self._wake in ready:
                os.read(self._wake, 4096)
            for running in list(self._running.values()):
                if ready.get(running.status) or time.monotonic() >= running.deadline:
                    self._kill(running, late=not ready.get(running.status))
            self._reap()
            if self._control.fileno() in ready:
                alive = self._accept()
        for running in self._running.values():
            os.kill(running.pid, signal.SIGKILL)

    def _patience(self) -> float | None:
        """Milliseconds until the next deadline, None when nothing runs."""
        times = [each.deadline for each in self._running.values() if not each.killed]
        return max(0.0, (min(times) - time.monotonic()) * 1000 + 1) if times else None

    def _kill(self, running: _Running, *, late: bool) -> None:
        if running.killed:
            return
        running.killed = True
        running.late = late
        self._poll.unregister(running.status)
        os.kill(running.pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            running = self._running.pop(pid)
            if not running.killed:
                self._poll.unregister(running.status)
            _tell(running.status, protocol.KILLED if running.late else protocol.ENDED, status)

    def _accept(self) -> bool:
        """Take one request; False when the worker is gone."""
        request, descriptors, _, _ = socket.recv_fds(self._control, protocol.REQUEST.size, 2)
        if not request and not descriptors:
            return False
        if len(descriptors) != 2 or len(request) != protocol.REQUEST.size:
            for each in descriptors:
                os.close(each)
            return True
        data, status = descriptors
        seconds, hasty = protocol.REQUEST.unpack(request)
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(data)
            _tell(status, protocol.NOT_FORKED, 0)
            return True
        if pid == 0:
            child.run(data, self._loaded, self._limits, self._layers, parent, hasty=hasty)
        os.close(data)
        self._running[pid] = _Running(pid, status, time.monotonic() + seconds)
        self._poll.register(status, 0)  # hang-up alone: the worker has turned away
        return True


def _tell(status: int, how: int, wait_status: int) -> None:
    try:
        os.write(status, protocol.STATUS.pack(how, wait_status))
    except OSError:
        pass  # the worker has what it wanted and closed its end
    finally:
        os.close(status)


def main(arguments: list[str] | None = None) -> None:
    """Load the readers, leave everything else behind, serve."""
    parser = argparse.ArgumentParser(prog="launcher")
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--limits", required=True)
    parser.add_argument("--reader", default=preload.DOCUMENTS, help="for tests: another module:function")
    options = parser.parse_args(arguments)
    control = socket.socket(fileno=options.control)
    gc.disable()  # what is loaded now stays: the collector would walk it over and over
    loaded = preload.load(options.reader)
    layers = sandbox.isolate()
    gc.collect()
    gc.enable()
    gc.freeze()  # children then do not copy every page that the collector would touch
    Launcher(control, loaded, BoxLimits.loads(options.limits), layers).serve()


if __name__ == "__main__":
    main()

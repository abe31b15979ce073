"""clamd in tests: the real one with a database of one signature of our own, and a false one that answers as it is told."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.threatening import EICAR

MARK = b"willow-clinic-test-mark-of-harm"
"""What the tests' own signature finds, wherever it stands."""
_CONFIG = """\
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}/db
TemporaryDirectory {folder}
LogFile {folder}/clamd.log
Foreground yes
StreamMaxLength 1M
MaxFileSize 1M
AlertExceedsMax yes
User {user}
"""


@contextmanager
def real_clamd(folder: Path) -> Iterator[str]:
    """A clamd of its own in `folder`, which must be short enough for a socket; its URL. Skips where there is no clamd."""
    program = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon): the real virus scanner is not tested")
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "own.ndb").write_text(
        f"Willow.Test.Mark:0:*:{MARK.hex()}\nWillow.Test.Eicar:0:0:{EICAR.hex()}\n", encoding="ascii"
    )
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    (folder / "clamd.conf").write_text(_CONFIG.format(folder=folder, user=user))
    running = subprocess.Popen(
        [program, "--config-file", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not _answers(folder / "clamd.sock"):
            assert running.poll() is None, (folder / "clamd.log").read_text(errors="replace")
            assert time.monotonic() < deadline, "clamd does not answer"
            time.sleep(0.1)
        yield f"unix://{folder}/clamd.sock"
    finally:
        running.terminate()
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(path))
            line.sendall(b"zPING\0")
            return line.recv(16) == b"PONG\0"
        except OSError:
            return False


class FalseClamd:
    """Listens on loopback and reads one command a connection as clamd does; `answer` is what it says to INSTREAM."""

    def __init__(self, answer: Callable[[bytes], bytes] = lambda _: b"stream: OK\0") -> None:
        self.answer, self.after = answer, 0.0
        self.said = b"ClamAV 1.4.6/27500/Mon Mar  2 08:00:00 2026\0"
        self.hangs_up_after: int | None = None
        self.streams: list[bytes] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._door.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    def close(self) -> None:
        self._over.set()
        self._door.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._door.close()
        for one in self._threads:
            one.join(60)

    def __enter__(self) -> FalseClamd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._talk, args=(line,), daemon=True))
            self._threads[-1].start()

    def _talk(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as read:
            command = b""
            while not command.endswith(b"\0"):
                command += read.read(1) or b"\0"
            said = {b"zPING\0": b"PONG\0", b"zVERSION\0": self.said}.get(command, b"")
            if command == b"zINSTREAM\0":
                said = self._stream(read)
            self._over.wait(self.after)
            with suppress(OSError):
                line.sendall(said)

    def _stream(self, read) -> bytes:
        got = b""
        while length := struct.unpack("!I", read.read(4).rjust(4, b"\0"))[0]:
            got += read.read(length)
            if self.hangs_up_after is not None and len(got) > self.hangs_up_after:
                return self.answer(got)
        self.streams.append(got)
        return self.answer(got)

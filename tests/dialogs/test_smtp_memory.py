"""A 150 MiB mail costs the listener at most 16 MiB of memory (issue: VmHWM of a real process, after one warm-up mail)."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = b"y" * 76 + b"\r\n"
HEADER = b"Subject: " + b"y" * 65 + b"\r\n\r\n"
assert len(HEADER) == len(LINE)


def peak(pid: int) -> int:
    """VmHWM in KiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found.group(1))


def send(port: int, size: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        file = sock.makefile("rb")
        file.readline()
        for command in (b"HELO c", b"MAIL FROM:<lee@practice.example>", b"RCPT TO:<b@example.net>", b"DATA"):
            sock.sendall(command + b"\r\n")
            assert file.readline()[:1] in b"23"
        block = LINE * 13_000
        sent = len(HEADER)
        sock.sendall(HEADER)
        while sent + len(block) <= size:
            sock.sendall(block)
            sent += len(block)
        sock.sendall(LINE * ((size - sent) // len(LINE)) + b".\r\n")
        return file.readline().decode()


@pytest.mark.proves("door.slow-and-many")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc/PID/status (Linux)")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_peak_memory_of_the_listener(loop):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.dialogs.door_process", loop],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        port = int(process.stdout.readline())
        assert send(port, 2_000_000).startswith("250")
        before = peak(process.pid)
        size = 157_286_400 // len(LINE) * len(LINE)
        assert send(port, size) == f"250 2.0.0 {size}\r\n"
        assert peak(process.pid) - before <= 16 * 1024
    finally:
        process.communicate("\n", timeout=20)
    assert process.returncode == 0

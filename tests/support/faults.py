"""Media that refuse: a small file system, a directory without write permission, a sync that fails."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[Path]:
    """A tmpfs of that size; skips where it cannot be mounted."""
    at.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a full disk is not tested: mounting a tmpfs needs root")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(at)], capture_output=True
    )
    if made.returncode:
        pytest.skip(f"a full disk is not tested: mount says {made.stderr.decode().strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Remount a `small_disk` read-only for a while; permissions alone do not stop root."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


class FailingSync:
    """Replaces os.fsync; fails from the call with that number (from 1) on, and counts the calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int) -> None:
        self.calls = 0
        self._fail_at = fail_at
        self._real: Callable[[int], None] = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        self.calls += 1
        if self.calls >= self._fail_at:
            raise OSError(errno.EIO, "Input/output error")
        self._real(descriptor)

"""What processes did to the files of one folder: run them under `shim.c`, and read what it wrote down.

with Recorder(tmp_path) as recorder:
    recorder.run("init", str(home))
    role = recorder.start("role", "smtp", str(config))
    recorder.mark("promised <id>")
for deed in recorder.deeds(): ...
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_HEAD = struct.Struct("<cQQIII")
MARK = "m"


@dataclass(frozen=True, slots=True)
class Deed:
    """One operation. Paths are relative to the folder; `c` create, `d` mkdir, `w` write, `t` truncate to `offset`, `s` sync
    of a file or directory, `r` rename, `l` link, `u` unlink or rmdir, `m` a mark of the test's own in `path`.
    """

    kind: str
    inode: int
    offset: int
    path: str
    other: str
    data: bytes


def compiled(folder: Path) -> Path:
    """The shim as a library; skips, loudly, where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("the power cut is not tested: it needs Linux and a C compiler (Debian: gcc, libc6-dev)")
    made = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    done = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl", "-lpthread"], capture_output=True
    )
    if done.returncode and b"fatal error" in done.stderr:
        pytest.skip("the power cut is not tested: the C library's headers are missing (Debian: libc6-dev)")
    assert done.returncode == 0, done.stderr.decode()
    return made


class Recorder:
    """Starts processes of `tests.power.scenario` whose deeds under `folder` are written down in one order."""

    def __init__(self, folder: Path, beside: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.log = folder.resolve(), beside / "deeds"
        self.log.touch()
        self._stderr = (beside / "stderr").open("ab")
        self._environment = os.environ | {
            "LD_PRELOAD": str(compiled(beside)), "POWER_ROOT": str(self.folder), "POWER_LOG": str(self.log),
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def start(self, *arguments: str) -> Recorded:
        """Start one; it says what it is ready for in a line of JSON."""
        return Recorded(
            subprocess.Popen(
                [sys.executable, "-m", "tests.power.scenario", *arguments], env=self._environment, cwd=ROOT, text=True,
                stdout=subprocess.PIPE, stderr=self._stderr,
            )
        )  # fmt: skip

    def run(self, *arguments: str) -> None:
        """Run one to its end."""
        assert self.start(*arguments).process.wait(timeout=240) == 0, (self.log.parent / "stderr").read_text()

    def mark(self, text: str) -> None:
        """Write a mark between the deeds."""
        mark(self.log, text)

    def deeds(self) -> list[Deed]:
        """All of them, in order."""
        return list(_read(self.log.read_bytes(), f"{self.folder}/"))

    def close(self) -> None:
        self._stderr.close()


@dataclass
class Recorded:
    """One such process."""

    process: subprocess.Popen[str]

    def ready(self) -> dict[str, Any]:
        """Wait for its line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "a recorded process ended before it was ready"
        return dict(json.loads(line))

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self.process.terminate()
        assert self.process.wait(timeout=120) == 0

    def kill(self) -> None:
        """SIGKILL, if it still runs, and wait."""
        self.process.kill()
        self.process.wait(timeout=60)


def mark(log: Path, text: str) -> None:
    """Append a mark. In one write, and without the shim's lock: a recorded process would wait for itself."""
    name = text.encode()
    with log.open("ab", buffering=0) as file:
        file.write(_HEAD.pack(MARK.encode(), 0, 0, len(name), 0, 0) + name)


def _read(raw: bytes, folder: str) -> Iterator[Deed]:
    at = 0
    while at < len(raw):
        kind, inode, offset, path, other, data = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        parts = []
        for size in (path, other, data):
            parts.append(raw[at : at + size])
            at += size
        first, second = (_inside(os.fsdecode(one), folder) for one in parts[:2])
        yield Deed(kind.decode(), inode, offset, first, second, parts[2])


def _inside(path: str, folder: str) -> str:
    return path.removeprefix(folder).removesuffix(" (deleted)") if path + "/" != folder else ""

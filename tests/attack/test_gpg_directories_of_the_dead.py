"""A worker that is killed while gpg runs leaves a directory, with the practice's private key at worst: the next one removes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gateway.adapters.openpgp.gpg import new_home, sweep


def test_only_directories_of_the_dead_are_removed(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", "pass"])
    killed.wait()
    left = tmp_path / f"sgpg-{killed.pid:x}-abc"
    (left / "private-keys-v1.d").mkdir(parents=True)
    (left / "private-keys-v1.d" / "one.key").write_bytes(b"secret")
    (tmp_path / "precious").mkdir()
    (tmp_path / f"sgpg-{killed.pid:x}-link").symlink_to(tmp_path / "precious")
    (tmp_path / "sgpg-x-y").mkdir()
    with new_home(tmp_path) as mine:
        assert f"-{os.getpid():x}-" in mine
        assert sweep(tmp_path) == 1
        assert Path(mine).is_dir()
    assert not left.exists()
    assert (tmp_path / "precious").is_dir()
    assert (tmp_path / "sgpg-x-y").is_dir()
    assert sweep(tmp_path) == 0

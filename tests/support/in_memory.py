"""Temporary folders in memory: for folders of tests of which none is about what a disk keeps, and much of whose time was its fsync.

Their `conftest.py` imports the fixture. Where there is no such place, or little room in it, the folders are where they always were.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
PREFIX = "sealgate-tests-"
"""So that whoever looks through the memory of this machine can pass over them."""
_ROOM = 2 * 1024**3


@pytest.fixture(scope="session")
def tmp_path_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.TempPathFactory]:
    """As pytest's own, with `tmp_path` in it too."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < _ROOM:
        yield tmp_path_factory
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        yield pytest.TempPathFactory(
            Path(folder) / "made", retention_count=3, retention_policy="failed", trace=lambda *_: None, _ispytest=True
        )

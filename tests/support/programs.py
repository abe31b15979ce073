"""Other people's programs, run on bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(*command: str | Path, data: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    """Standard output for that standard input, within two minutes; fails with what it said on standard error."""
    done = subprocess.run(
        [str(one) for one in command], input=data, capture_output=True, check=False, timeout=120, env=env
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout

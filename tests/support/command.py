"""`sealgate` in this process: arguments in, exit status and both outputs out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from gateway.adapters.clock import SystemClock
from gateway.adapters.tokens import SystemTokens
from gateway.app.created import create
from gateway.cli.main import run
from gateway.config.starter import starter_config, starter_policy


@dataclass(frozen=True)
class Answer:
    status: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        [one] = self.rows
        return one


def sealgate(*arguments: object, stdin: bytes | str = b"") -> Answer:
    """Run one command as `main` does."""
    with CliRunner().isolation(input=stdin) as streams:
        status = run([str(one) for one in arguments])
        return Answer(status, streams[0].getvalue(), streams[1].getvalue().decode())


def installation(folder: Path) -> Path:
    """A first installation; the path of its configuration."""
    text = starter_config("Willow Clinic", "practice.example.org", time_zone="UTC", sandbox="weak")
    create(
        folder, lambda: text, starter_policy(), clock=SystemClock(), tokens=SystemTokens(), self_signed=True
    )  # fmt: skip
    return folder / "sealgate.toml"

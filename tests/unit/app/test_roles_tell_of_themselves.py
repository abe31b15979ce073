"""A role's beginning and end are rows of the log, with the program's version and the configuration's digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gateway import __version__
from gateway.app.told import run_told
from gateway.domain.errors import StoreUnavailable
from tests.support.home import Home


def test_started_and_stopped(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        digest = hashlib.sha256((home.root / "sealgate.toml").read_bytes()).hexdigest()
        before = len(home.events())
        with run_told(home.inst, "web"):
            assert home.events()[before:] == [("started", {"role": "web", "version": __version__, "config": digest})]
        assert home.events()[-1] == ("stopped", {"role": "web"})


def test_the_end_comes_without_the_database_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise StoreUnavailable("gone")

    with Home(tmp_path) as home:
        told = run_told(home.inst, "smtp")
        told.__enter__()
        store = home.inst.store()
        monkeypatch.setattr(home.inst, "store", gone)
        told.__exit__(None, None, None)
        monkeypatch.setattr(home.inst, "store", lambda: store)
        assert home.kinds()[-1] == "started"

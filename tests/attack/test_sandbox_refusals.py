"""Without the layers that keep a child off the network nothing starts, unless the setting says `weak`; `check` prints them."""

from __future__ import annotations

import ast

import pytest

from gateway.adapters.inspector import BoxedInspector
from gateway.app import roles
from gateway.app.checkup import examine
from gateway.app.installation import Installation
from gateway.config.model import Settings
from gateway.domain.errors import ConfigError
from tests.arch.tree import ROOT
from tests.support.command import sealgate
from tests.support.home import Home

pytestmark = pytest.mark.proves("box.check-and-refuse")


def strong(home: Home) -> Installation:
    sandbox = home.inst.settings.sandbox.model_copy(update={"mode": "strong"})
    settings: Settings = home.inst.settings.model_copy(update={"sandbox": sandbox})
    return Installation(settings, home.inst.config, clock=home.clock, tokens=home.tokens)


@pytest.mark.parametrize("missing", ["seccomp", "netns"])
def test_a_worker_does_not_start_without_a_layer(tmp_path, monkeypatch, missing):
    real = BoxedInspector.layers
    monkeypatch.setattr(BoxedInspector, "layers", lambda self: tuple(one for one in real(self) if one != missing))
    with Home(tmp_path) as home:
        inst, keys_read = strong(home), list[str]()
        monkeypatch.setattr(Installation, "worker_keys", lambda self: keys_read.append("read"))
        with pytest.raises(ConfigError, match=f"does not give {missing} to the children"):
            roles.ROLES["worker"](inst, lambda _: None)
        assert keys_read == []
        monkeypatch.undo()
        monkeypatch.setattr(BoxedInspector, "layers", lambda self: tuple(one for one in real(self) if one != missing))
        problems = examine(inst).problems
        assert any(f"does not give {missing}" in one for one in problems)
        weak = Installation(home.inst.settings, home.inst.config, clock=home.clock, tokens=home.tokens)
        assert missing not in weak.inspector().layers()
        weak.close()


def test_check_prints_the_layers(tmp_path):
    with Home(tmp_path) as home:
        done = sealgate("check", "--config", str(home.root / "sealgate.toml"))
    assert "rlimits" in done.out.split("sandbox layers: ")[1].splitlines()[0]


@pytest.mark.proves("box.launcher")
def test_the_launcher_is_execd_before_a_key_is_read():
    """In the worker's start the inspector comes before anything that reads a key, and it is exec'd, not forked."""
    tree = ast.parse((ROOT / "gateway" / "app" / "roles.py").read_text())
    [worker] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_worker"]
    calls = [ast.unparse(node.func) for one in worker.body for node in ast.walk(one) if isinstance(node, ast.Call)]
    assert calls[0] == "home.inspector"
    assert calls.index("home.inspector") < calls.index("worker_role.build")
    text = "".join(path.read_text() for path in (ROOT / "gateway").rglob("*.py") if path.name != "launcher.py")
    assert "os.fork" not in text
    assert "multiprocessing" not in text

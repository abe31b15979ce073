"""Importing the program does nothing: no network, no file written, no process, no thread, no environment changed."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.arch.tree import ROOT, files, name

_PROBE = r"""
import importlib, json, os, sys, threading

seen = []
WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate",
          "os.putenv", "os.unsetenv", "os.fork", "os.exec", "os.posix_spawn", "os.system", "subprocess.Popen",
          "shutil.rmtree", "shutil.copyfile", "tempfile.mkstemp", "tempfile.mkdtemp", "signal.pthread_kill"}
FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

def hook(event, args):
    if event.startswith("socket.") and event not in {"socket.gethostname"}:
        if event == "socket.__new__":
            return
        seen.append((event, ""))
    elif event in WRITES:
        seen.append((event, str(args[:1])))
    elif event == "open":
        path, mode, flags = args
        if (isinstance(flags, int) and flags & FLAGS) or (isinstance(mode, str) and set(mode) & set("wax+")):
            seen.append((event, str(path)))

before = dict(os.environ)
sys.addaudithook(hook)
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
changed = {key for key in before.keys() | os.environ.keys() if before.get(key) != os.environ.get(key)}
print(json.dumps({"seen": seen, "threads": [one.name for one in threading.enumerate()],
                  "tasks": len(os.listdir("/proc/self/task")), "changed": sorted(changed), "numpy": "numpy" in sys.modules}))
"""


WITH_NUMPY = {"gateway.phi.tagger.run", "gateway.phi.tagger.memory", "gateway.phi.tagger.network"}
"""Imported by `Scanner.load` alone, for numpy starts threads and sets a variable of OpenBLAS when it is imported."""


def modules() -> list[str]:
    found = []
    for path in files(".py"):
        one = name(path)
        if one.startswith("gateway/") and not one.endswith("__main__.py"):
            found.append(one.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    assert set(found) >= WITH_NUMPY
    return [one for one in found if one not in WITH_NUMPY]


def probe(code: str, names: list[str]) -> dict:
    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, json.dumps(names)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.splitlines()[-1])


def test_importing_every_module_does_nothing():
    report = probe(_PROBE, modules())
    assert report["seen"] == []
    assert report["threads"] == ["MainThread"]
    assert report["changed"] == []
    assert report["tasks"] == 1
    assert not report["numpy"]


def test_the_probe_sees_what_it_should(tmp_path):
    module = tmp_path / "loud.py"
    module.write_text(
        "import socket, threading, pathlib\n"
        f"pathlib.Path({str(tmp_path / 'written')!r}).write_text('x')\n"
        "socket.socket().bind(('127.0.0.1', 0))\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    report = probe(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{_PROBE}", ["loud"])
    assert {"open", "socket.bind"} <= {event for event, _ in report["seen"]}
    assert len(report["threads"]) == 2


ASKED = {
    "gateway/adapters/inspector/box.py": "hands LD_LIBRARY_PATH on to the launcher: some builds of Python do not start without",
    "gateway/adapters/inspector/child.py": "empties the child's own environment",
}


def test_no_setting_comes_from_the_environment():
    """One source of configuration."""
    for path in files(".py"):
        if name(path).startswith("gateway/") and name(path) not in ASKED:
            text = path.read_text()
            for asked in ("os.environ", "os.getenv("):
                assert asked not in text, f"{name(path)} asks the environment"

"""`sealgate serve` looked at from outside: one exec'd process a role, nothing inherited, and in its memory only its own keys."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.live import OFFICE, ROOT, Live, letter

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc (Linux)")]

MAY_HOLD = {
    "smtp": {"intake"},
    "inbound": {"intake", "bounce"},
    "worker": {"columns", "index", "decision", "bounce", "lookup", "calendar", "ca", "openpgp"},
    "web": {"lookup"},
    "review": set(),
}
SECRETS = ("columns", "index", "decision", "bounce", "lookup")
"""Keys of 32 plain bytes, which can be looked for."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, dict[str, psutil.Process], int]]:
    page = '[review]\nlisten = "127.0.0.1:0"\n'
    gate = Live(tmp_path_factory.mktemp("roles") / "gate", edit=lambda text: text + page)
    marked = gate.folder / "marked"
    marked.write_text("a descriptor of the parent")
    descriptor = os.open(marked, os.O_RDONLY)
    with (gate.folder / "serve.log").open("ab") as log:
        gate.processes["serve"] = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--config", str(gate.config), "--roles", ",".join(MAY_HOLD)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, pass_fds=(descriptor,),
        )  # fmt: skip
    try:
        roles: dict[str, psutil.Process] = {}
        while len(roles) < len(MAY_HOLD):
            said = gate.event("serve")
            gate.ports |= {profile: ports[0] for profile, ports in said["ports"].items()}
            roles[said["role"]] = psutil.Process(said["pid"])
        gate.settled(gate.submit(letter(OFFICE), OFFICE))
        yield gate, roles, descriptor
    finally:
        os.close(descriptor)
        gate.stop()


@pytest.mark.proves("roles.one-process-each")
def test_each_role_is_a_process_of_its_own_that_was_execed(running) -> None:
    gate, roles, descriptor = running
    parent = psutil.Process(gate.processes["serve"].pid)
    assert {one.pid for one in parent.children()} == {one.pid for one in roles.values()}
    assert (Path("/proc") / str(parent.pid) / "fd" / str(descriptor)).exists()
    for role, process in roles.items():
        assert process.cmdline()[-4:] == ["role", role, "--config", str(gate.config)], "not the parent's own image"
        held = open_in(process.pid)
        assert str(gate.folder / "marked") not in held
        assert not [one for one in held if one.endswith(".key")]


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: the memory of processes that guard it cannot be read")
@pytest.mark.proves("roles.smtp", "roles.worker", "roles.web", "roles.review", "roles.nobody")
@pytest.mark.parametrize("role", sorted(MAY_HOLD))
def test_a_role_has_no_others_key_in_its_memory(running, role: str) -> None:
    gate, roles, _ = running
    memory = contents(roles[role].pid)
    keys = {name: base64.b64decode((gate.folder / "keys" / f"{name}.key").read_bytes()) for name in SECRETS}
    assert all(len(one) == 32 for one in keys.values())
    found = {name for name, key in keys.items() if key in memory or base64.b64encode(key) in memory}
    assert found <= MAY_HOLD[role]
    assert found >= {"worker": {"columns", "index"}, "web": {"lookup"}}.get(role, set()), "the probe sees what is there"
    offline = list(gate.folder.rglob("archive-*.key"))
    assert offline
    for one in offline:
        body = one.read_bytes()
        inner = b"".join(line for line in body.split(b"\n") if line and not line.startswith(b"-"))
        assert inner[-40:] not in memory


def open_in(pid: int) -> list[str]:
    """What a process has open; it works meanwhile, and may close one that was just seen."""
    found = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(one.readlink()))
    return found


def contents(pid: int) -> bytes:
    """What a process has in its writable memory."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if match is None:
                continue
            start, end = (int(one, 16) for one in match.groups())
            try:
                memory.seek(start)
                parts.append(memory.read(end - start))
            except (OSError, ValueError, OverflowError):
                continue
    return b"".join(parts)

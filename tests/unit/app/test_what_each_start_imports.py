"""A start costs what it imports: the list of commands imports no command, a door nothing that reads mail, a worker nothing it may never use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_IMPORTED = "import importlib, sys\nfor one in sys.argv[1:]:\n    importlib.import_module(one)\nprint(*sys.modules)"
_READS_MAIL = {"gateway.phi.scan", "gateway.flow.reading", "gateway.app.worker_role"}
_KEYS_OF_OTHERS = {"dns.message", "gateway.adapters.keydirectory.resolver", "gateway.adapters.keydirectory.ldap"}


def imported(*modules: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *modules], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "import sys\nfrom gateway.cli.main import run\nrun(['--help'])\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert "Commands:" in done.stdout
    found = set(done.stdout.splitlines()[-1].split())
    assert {one for one in found if one.startswith("gateway.cli.")} == {"gateway.cli.main", "gateway.cli.console"}
    assert "sqlalchemy" not in found


def test_the_parent_of_the_roles_opens_no_database() -> None:
    assert not imported("gateway.app.supervisor") & {"sqlalchemy", "gateway.app.installation", *_READS_MAIL}


@pytest.mark.parametrize("role", ["door_role", "web_role"])
def test_a_door_and_the_portal_load_nothing_that_reads_mail(role: str) -> None:
    assert not imported(f"gateway.app.{role}") & {*_READS_MAIL, *_KEYS_OF_OTHERS, "pikepdf", "pyzipper"}


def test_a_worker_loads_what_makes_files_when_it_makes_the_first() -> None:
    assert not imported("gateway.app.worker_role") & {"pikepdf", "pyzipper", "dns.message", "boto3", "numpy"}

"""The floors of the house: import-linter's contracts hold, and the lowest floor needs nothing but Python."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.arch.tree import ROOT, files, name


def test_every_contract_holds():
    program = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert "3 kept, 0 broken" in ended.stdout


@pytest.mark.parametrize("room", ["domain", "ports"])
def test_the_lowest_floors_need_only_the_standard_library(room):
    allowed = set(sys.stdlib_module_names) | {"gateway"}
    for path in files(".py"):
        if not name(path).startswith(f"gateway/{room}/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            found = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                found.append(node.module or "")
            for one in found:
                assert one.partition(".")[0] in allowed, f"{name(path)} imports {one}"


def test_flow_never_names_a_product():
    for path in files(".py"):
        if name(path).startswith("gateway/flow/"):
            text = path.read_text()
            for product in ("sqlalchemy", "starlette", "aiosmtplib", "aiosmtpd", "gateway.adapters", "gateway.config"):
                assert f"import {product}" not in text, f"{name(path)}: {product}"
                assert f"from {product}" not in text, f"{name(path)}: {product}"

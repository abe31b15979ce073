"""Each cell of docs/interop.md: a form and a program that opens it, or cannot for the reason that table.py declares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop import files, inbound, openpgp, openpgp_signed, smime
from tests.interop.table import AFTER_ALL, FOREIGN_SETS, OPENS, SAYS, Table, cells, reason
from tests.support.smime_peers import Refused

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.timeout(300)]
SLOW = {"gpgsm", "Bouncy Castle"}
ATTEMPTS: dict[str, Callable[[str, str, Path], str]] = {
    "smime": smime.attempt, "openpgp": openpgp.attempt, "pdf": files.attempt_pdf, "zip": files.attempt_zip,
    "smime-in": inbound.attempt_smime, "openpgp-in": inbound.attempt_openpgp,
    "openpgp-signed": openpgp_signed.attempt, "foreign": inbound.attempt_foreign,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def peers(tmp_path_factory: pytest.TempPathFactory):
    """The programs with their keys, made when the first cell asks for them."""
    with smime.peers(tmp_path_factory.mktemp("smime")), openpgp.people(tmp_path_factory.mktemp("openpgp")):
        yield


def _slow(table: Table, row: str, column: str) -> bool:
    return column in SLOW or row.partition(":")[0] in SLOW


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        pytest.param(*cell, id="-".join((cell[0].name, *cell[1:])), marks=[pytest.mark.long] if _slow(*cell) else [])
        for cell in cells()
    ],
)
def test_cell(table: Table, row: str, column: str, tmp_path: Path, record_property) -> None:
    why = reason(table, row, column)
    said, refused = _tried(table, row, column, tmp_path)
    assert why or not refused, f"{column} does not open {row}: {refused}"
    if refused:
        said = f"no: {why}"
    elif why:
        said = f"{AFTER_ALL}: {why}"
    else:
        assert said == SAYS.get(table.name, {}).get(row, OPENS if table is not FOREIGN_SETS else said)
    record_property("interop", ((table.name, row, column), said))


def _tried(table: Table, row: str, column: str, folder: Path) -> tuple[str, str]:
    try:
        return ATTEMPTS[table.name](row, column, folder), ""
    except Refused as refused:
        return "", str(refused) or "refused without a word"

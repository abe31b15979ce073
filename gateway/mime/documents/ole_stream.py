"""One stream of a compound file (MS-CFB), within the budget."""

from __future__ import annotations

import olefile

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused


def stream(file: olefile.OleFileIO, path: list[str] | str, budget: Budget) -> bytes:
    """The bytes of one stream; empty if there is none, Refused beyond the budget."""
    if not file.exists(path):
        return b""
    if file.get_size(path) > budget.max_entry_bytes or not budget.take_bytes(file.get_size(path)):
        raise Refused(GapReason.BOMB)
    with file.openstream(path) as opened:
        return bytes(opened.read())

"""Every kind of event in the log is written by somebody: a kind that nobody writes promises what nobody sees."""

from __future__ import annotations

import re

import pytest

from gateway.domain.audit import EventKind
from tests.arch.tree import files, name

SOURCE = "\n".join(
    one.read_text() for one in files(".py") if name(one).startswith("gateway/") and name(one) != "gateway/flow/story.py"
)


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_has_a_writer(kind):
    assert re.search(rf"EventKind\.{kind.name}\b", SOURCE), f"nobody writes {kind.value}"

"""Every setting, command, event, error and reason is in the generated pages, and the pages are the generator's."""

from __future__ import annotations

import pytest

from gateway.cli.main import COMMANDS
from gateway.domain.audit import EventKind
from gateway.domain.decision import HoldReason
from gateway.smtp.replies import REPLIES
from gateway.web.words import REFUSALS
from tests.arch.tree import ROOT
from tools import reference


@pytest.mark.parametrize("page", sorted(reference.pages()))
def test_a_page_is_as_the_generator_writes_it(page):
    written = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == reference.pages()[page](), f"docs/reference/{page} is old; run `make docs`"


def test_no_page_stands_there_that_nobody_makes():
    assert {one.name for one in (ROOT / "docs" / "reference").iterdir()} == set(reference.pages())


def test_every_event_has_its_words():
    text = (ROOT / "docs" / "reference" / "events.md").read_text()
    for kind in EventKind:
        assert f"| `{kind.value}` | " in text


def test_every_code_is_explained():
    text = (ROOT / "docs" / "reference" / "errors.md").read_text()
    for code in (*REPLIES, *REFUSALS):
        assert f"| `{code}` | " in text
    reasons = (ROOT / "docs" / "reference" / "reasons.md").read_text()
    for one in HoldReason:
        assert f"| `{one.value}` | " in reasons


def test_every_command_is_explained():
    text = (ROOT / "docs" / "reference" / "commands.md").read_text()
    for command in COMMANDS:
        assert f"## `sealgate {command}" in text

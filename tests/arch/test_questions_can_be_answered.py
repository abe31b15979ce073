"""Each answer of docs/questions.md stands in docs/how-it-works.md, so that its reader can find it."""

from __future__ import annotations

import re

from tests.arch.tree import ROOT

PAGE = (ROOT / "docs" / "questions.md").read_text()


def test_there_are_ten_questions_with_ten_answers():
    asked, answered = PAGE.split("<details>")
    assert len(re.findall(r"^\d+\. .+\?$", asked, re.MULTILINE)) == 10
    assert len(re.findall(r"^\d+\. `", answered, re.MULTILINE)) == 10


def test_how_it_works_leads_to_at_least_nine_of_the_files():
    lead = (ROOT / "docs" / "how-it-works.md").read_text()
    answers = re.findall(r"^\d+\. `([^`:]+)", PAGE.split("<details>")[1], re.MULTILINE)
    named = [one for one in answers if one in lead]
    assert len(named) >= 9, f"how-it-works.md does not lead to {set(answers) - set(named)}"

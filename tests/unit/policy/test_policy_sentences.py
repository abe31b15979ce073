"""Every code that the policy room can give has a sentence, every sentence a use, and none a word of the mail."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gateway.domain.decision import HoldReason, Method
from gateway.policy.explain import notice_text, receipt_reason, what_to_do
from gateway.policy.law import load_law, read_law
from gateway.policy.sentences import METHODS, SENTENCES
from gateway.policy.strength import stricter, weaker

ROOM = Path(__file__).parents[3] / "gateway" / "policy"
CODE = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")
NOT_CODES = {"law.toml", "gateway.policy"}
FLOW = ROOM.parent / "flow"
"""Gives codes of its own: a sender's claims, and what staff decided."""
FAMILIES = (
    "threat.",
    "request.unreadable.",
    "phi.",
    "scan.gap.",
    "class.",
    "consent.email.",
    "authorization.",
    "rule.",
)


def literals(room: Path = ROOM) -> set[str]:
    found = set()
    for path in room.glob("*.py"):
        if path.name in {"sentences.py", "law.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return found - NOT_CODES


def test_every_code_in_the_room_has_a_sentence():
    codes = literals()
    assert len(codes) > 35
    assert codes <= set(SENTENCES), codes - set(SENTENCES)


def test_every_sentence_has_a_use():
    spare = {one for one in set(SENTENCES) - literals() - literals(FLOW) if not one.startswith(FAMILIES)}
    assert not spare


def test_sentences_are_sentences():
    for code, text in {**SENTENCES, **{str(k): v for k, v in METHODS.items()}}.items():
        assert text[0].isupper(), code
        assert text.endswith("."), code
        assert "  " not in text


def test_every_hold_says_what_to_do():
    for reason in HoldReason:
        assert what_to_do(reason).endswith(".")
        assert receipt_reason(reason).endswith(".")
    assert what_to_do(None) == ""


def test_notices_have_texts():
    law = load_law()
    assert notice_text(law, "part2_2024") == "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
    assert "treatment" in notice_text(law, "part2_scope.treatment")
    assert "not limited" in notice_text(law, "part2_scope.any")
    with pytest.raises(KeyError):
        notice_text(law, "part2_1987")


def test_law_has_its_numbers_and_refuses_half_a_file():
    law = load_law()
    assert (law.deadlines.hold.days, law.deadlines.consent.days, law.deadlines.stuck.days) == (5, 14, 7)
    assert len(law.authorization_elements) == 10
    with pytest.raises(KeyError):
        read_law({"deadlines": {"hold_days": 5}})
    with pytest.raises(TypeError):
        read_law({"deadlines": {"hold_days": "5", "consent_days": 1, "stuck_days": 1, "reminder_days": []}})


def test_strength_is_an_order():
    for one in Method:
        assert not weaker(one, Method.PASS)
        assert not weaker(one, one)
        assert weaker(one, Method.LINK) != one.protects
    from gateway.domain.decision import Action

    assert stricter(Action.REFUSE, Action.HOLD)
    assert not stricter(Action.DELIVER, Action.HOLD)

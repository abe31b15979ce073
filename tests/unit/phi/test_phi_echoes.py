"""The other spellings of masked names: what is an echo, and which words are nobody's."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Finding, Kind
from gateway.phi.echoes import Echoes
from gateway.phi.lexicon import WORD

LETTER = "Ms. Maria Quintero and Will Tran MD came."
NAMES = (Finding(Kind.NAME, "t", 0, 18, 0.9, "x"), Finding(Kind.NAME, "t", 23, 32, 0.9, "x"))
FLAGS = {"mq": WORD, "will": WORD, "quinteros": 0, "quainter": WORD}


def found(text: str, *besides: Finding) -> list[str]:
    echoes = Echoes({"t": LETTER}, NAMES, FLAGS)
    return [text[one.start : one.end] for one in echoes.find("b", text, besides)]


@pytest.mark.parametrize(
    "text",
    ["quintero", "QUINTERO", "Qintero", "quintaro", "quintreo", "quinteros", "Quint\u00e9ro", "Quin\u200btero", "maria", "tran", "MQ", "M.Q", "QM", "WT"],
)  # fmt: skip
def test_a_name_is_known_again(text: str) -> None:
    assert found(f"and {text} too") == [text]


@pytest.mark.parametrize(
    "text", ["will", "quainter", "quintal", "marie", "trance", "the patient", "mq", "[name]", "MQX", "MSQ", "iMQ", "quint"]
)  # fmt: skip
def test_other_words_are_nobodys(text: str) -> None:
    assert found(f"and {text} too") == []


def test_a_health_term_is_no_echo() -> None:
    assert found("maria MQ", Finding(Kind.HEALTH_TERM, "b", 0, 8, 0.9, "x")) == []


def test_doubtful_names_and_other_kinds_have_none() -> None:
    doubts = (Finding(Kind.NAME, "t", 0, 18, 0.3, "x"), Finding(Kind.LOCATION, "t", 23, 32, 0.9, "x"))
    assert Echoes({"t": LETTER}, doubts, FLAGS).find("b", LETTER) == []

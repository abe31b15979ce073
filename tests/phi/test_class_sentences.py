"""Sensitive classes, sentence by sentence: negation, doubt, relatives, everyday uses, Spanish, and how they are wrapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.finding import Kind, ScanReport, SensitiveClass, TextPart
from gateway.phi.context import Classes
from gateway.phi.document import Document
from gateway.phi.lexicon import Lexicon
from gateway.phi.scan import Scanner

SENTENCES = [
    (
        frozenset(map(SensitiveClass, () if head.strip() == "-" else (one.strip() for one in head.split(",")))),
        text.strip(),
    )
    for head, text in (
        line.split("|", 1)
        for line in Path(__file__).with_name("class_sentences.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
]
_LEXICON = Lexicon.load()
_CLASSES = Classes(_LEXICON)


def found(text: str) -> frozenset[SensitiveClass]:
    return frozenset(one for one, _ in _CLASSES.find(Document(TextPart("body.plain", text), _LEXICON)))


def test_there_are_enough_sentences_of_each_kind() -> None:
    assert len(SENTENCES) >= 300
    assert sum(not classes for classes, _ in SENTENCES) >= 100
    for one in SensitiveClass:
        assert sum(one in classes for classes, _ in SENTENCES) >= 15


@pytest.mark.parametrize(("classes", "text"), SENTENCES, ids=[text[:40] for _, text in SENTENCES])
def test_a_sentence_shows_exactly_its_classes(classes: frozenset[SensitiveClass], text: str) -> None:
    assert found(text) == classes


@pytest.mark.parametrize(("classes", "text"), SENTENCES[::5], ids=[text[:40] for _, text in SENTENCES[::5]])
def test_case_and_line_wrapping_change_nothing(classes: frozenset[SensitiveClass], text: str) -> None:
    assert found(text.upper()) == classes
    assert found("> " + text.replace(" ", "\n> ")) == classes
    assert found(text.replace(" ", "  ")) == classes


def test_evidence_is_kept_as_kind_and_place() -> None:
    text = "She denies alcohol abuse. Her HIV test is negative; she is pregnant."
    report: ScanReport = Scanner.load().scan([TextPart("body.plain", text)])
    shown = {(one.by, text[one.start : one.end]) for one in report.findings if one.by.startswith("class_")}
    assert shown >= {("class_hiv", "HIV test"), ("class_reproductive", "pregnant")}
    assert not any(by == "class_substance_use" for by, _ in shown)
    assert all(one.kind is Kind.HEALTH_TERM for one in report.findings if one.by.startswith("class_"))

"""The gold set itself: its marks are sound, it is large enough, and a third of it is locked."""

from __future__ import annotations

from collections import Counter

from gateway.domain.finding import Kind
from tests.phi.check_gold import wrong
from tests.phi.corpus_gold import Span, cases, read, read_html, sealed
from tests.phi.score_gold import OUTSIDE
from tests.support.wilson import wilson


def test_no_case_has_a_fault() -> None:
    faults = [(case.id, fault) for case in cases() if not case.locked for fault in wrong(case)]
    assert faults == []
    assert sum(bool(list(wrong(case))) for case in cases() if case.locked) == 0


def test_ids_are_unique_and_a_third_is_locked() -> None:
    ids = [case.id for case in cases()]
    assert len(ids) == len(set(ids)) >= 300
    assert 0.28 <= len(sealed()) / len(ids) <= 0.39


def test_each_letter_of_safe_harbor_has_forty_spans() -> None:
    letters: Counter[str | None] = Counter()
    for case in cases():
        for _, spans in case.parts():
            letters.update(span.kind.letter for span in spans if span.asked and span.kind not in OUTSIDE)
    assert {letter for letter in "ABCDEFGHIJKLMNOPQR" if letters[letter] < 40} == set(), letters


def test_mails_come_in_all_forms_and_some_hold_no_phi() -> None:
    forms = Counter(case.head["form"] for case in cases())
    assert min(forms[form] for form in ("html", "both", "attachment")) >= 8, forms
    assert 20 <= sum(not case.phi for case in cases()) <= 80
    kinds = {name.rsplit(".", 1)[-1] for case in cases() for name, _ in case.attached}
    assert kinds >= {"csv", "ics", "vcf", "docx", "txt"}
    assert sum(case.file.split("-")[1] == "espanol" for case in cases()) >= 35


def test_marks_become_spans_of_the_text() -> None:
    one = read("See [[name|Mrs. Ann Lee]], [[age|aged 93]], at [[?location|our office]].")
    assert one.text == "See Mrs. Ann Lee, aged 93, at our office."
    assert [one.text[span.start : span.end] for span in one.spans if span.asked] == ["Ann Lee", "93"]
    assert one.spans == (
        Span(9, 16, Kind.NAME), Span(4, 16, Kind.NAME, asked=False), Span(23, 25, Kind.AGE),
        Span(18, 25, Kind.AGE, asked=False), Span(30, 40, Kind.LOCATION, asked=False),
    )  # fmt: skip


def test_marks_in_html_are_found_in_words_across_tags_and_in_hidden_text() -> None:
    source = (
        '<p>[[name|Ann <b>Lee</b>]] <img alt="[[date|3/4/26]]"></p><div style="display:none">[[mrn|A&#45;77]]</div>'
    )
    one = read_html(source)
    assert sorted(one.text[span.start : span.end] for span in one.spans) == ["3/4/26", "A-77", "Ann Lee"]


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(90, 100)
    assert (round(low, 3), round(high, 3)) == (0.826, 0.945)
    assert wilson(0, 0) == (0.0, 1.0)

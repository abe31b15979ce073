"""Disguised characters are read as what they look like, and offsets lead back to what was sent."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.normalize import normalize
from gateway.phi.scan import Scanner

DISGUISED = [
    ("SSN 900\u201012\u20103456", Kind.SSN, "900\u201012\u20103456"),
    ("SSN 9\u200b00-1\u200b2-34\u200d56", Kind.SSN, "9\u200b00-1\u200b2-34\u200d56"),
    ("MRN \uff14\uff16\uff15\uff10\uff11\uff14\uff16", Kind.MRN, "\uff14\uff16\uff15\uff10\uff11\uff14\uff16"),
    ("MRN \u0664\u0666\u0665\u0660\u0661\u0664\u0666", Kind.MRN, "\u0664\u0666\u0665\u0660\u0661\u0664\u0666"),
    ("write to ann\u00ad.lee@exam\u00adple.org", Kind.EMAIL, "ann\u00ad.lee@exam\u00adple.org"),
    ("Patient: B\u0430rb\u0430r\u0430 Hillm\u0430n", Kind.NAME, "B\u0430rb\u0430r\u0430 Hillm\u0430n"),
    ("Patient: Jose\u0301 Marti\u0301nez", Kind.NAME, "Jose\u0301 Marti\u0301nez"),
    ("call (212)\u00a0555\u20110134", Kind.PHONE, "(212)\u00a0555\u20110134"),
    ("Mrs. O\u2019Malley", Kind.NAME, "O\u2019Malley"),
    ("😀 MRN 4650146 😀", Kind.MRN, "4650146"),
]


@pytest.mark.parametrize(("text", "kind", "span"), DISGUISED)
def test_disguised_identifiers_are_found_in_place(scanner: Scanner, text: str, kind: Kind, span: str) -> None:
    found = [text[one.start : one.end] for one in scanner.scan([TextPart("text", text)]).findings if one.kind is kind]
    assert any(span in one for one in found), found


def test_plain_text_needs_no_map() -> None:
    assert normalize("plain\r\ntext").starts is None
    assert normalize("Müller in Köln").starts is None


def test_offsets_cover_whole_clusters() -> None:
    result = normalize("e\u0301\u200b\ufb01x")
    assert result.text == "éfix"
    assert result.original(0, 1) == (0, 2)
    assert result.original(1, 3) == (3, 4)
    assert result.original(3, 4) == (4, 5)


def test_lone_surrogates_and_controls_do_not_stop_it(scanner: Scanner) -> None:
    assert scanner.scan([TextPart("text", "\ud800 \x00 \udfff MRN 4650146 \ufffe")]).phi

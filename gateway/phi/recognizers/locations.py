"""Geographic subdivisions smaller than a State (B): address blocks, places, ZIP codes, counties, named places of care.

A State alone is none, 45 CFR 164.514(b)(2)(i)(B); of a ZIP code all five digits are masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, gated
from gateway.phi.lexicon import small_zip3
from gateway.phi.recognizers.addresses import find_addresses
from gateway.phi.recognizers.blocks import find_inside
from gateway.phi.recognizers.care_in_short import RULES as CARE_RULES
from gateway.phi.recognizers.facilities import find_facilities
from gateway.phi.recognizers.landmarks import find_landmarks
from gateway.phi.recognizers.place_cues import find_told
from gateway.phi.recognizers.places import find_places
from gateway.phi.recognizers.rule import Family, Hit, has_word
from gateway.phi.recognizers.streets import RULES as STREETS
from gateway.phi.recognizers.streets_abroad import RULES as ABROAD_RULES
from gateway.phi.recognizers.trade_places import RULES as TRADE_RULES
from gateway.phi.recognizers.trade_places import find_trade

_RULES = (*STREETS, *ABROAD_RULES, *TRADE_RULES, *CARE_RULES)


@cache
def _zips() -> tuple[Any, Any, frozenset[str]]:
    return gated(r"\b\d{5}(?:-\d{4})?\b"), gated(r"(?i)\bzip[ a-z:]{0,12}(\d{3})(?:xx|\*\*)"), small_zip3()


def find_zips(document: Document) -> Iterator[Hit]:
    """ZIP codes near the State that they lie in, and three-digit ones of areas too small to stand."""
    full, short, small = _zips()
    for start, end in document.spans(full):
        state = document.lexicon.zip3_state.get(document.text[start : start + 3])
        if state is not None and has_word(document.text, (state,), start - 30, start, end, end + 6):
            yield Hit(Kind.LOCATION, start, end, 0.6, "zip_of_state")
    if "zip" in document.lower:
        for start, end in document.spans(short, 1):
            if document.text[start:end] in small:
                yield Hit(Kind.LOCATION, start, end, 0.8, "small_zip3")


def _find(document: Document) -> Iterator[Hit]:
    yield from find_addresses(document)
    yield from find_places(document)
    yield from find_facilities(document)
    yield from find_told(document)
    yield from find_trade(document)
    yield from find_landmarks(document)
    yield from find_zips(document)
    yield from find_inside(document)


FAMILY = Family("locations", _RULES, _find)

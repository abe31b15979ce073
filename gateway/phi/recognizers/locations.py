"""Geographic subdivisions smaller than a State (B): address blocks, places, ZIP codes, counties, named places of care.

A State alone is none, 45 CFR 164.514(b)(2)(i)(B); of a ZIP code all five digits are masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import NAME, PLACE, STOP, WORD, small_zip3
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.addresses import find_addresses
from gateway.phi.recognizers.blocks import find_inside
from gateway.phi.recognizers.place_words import ABROAD, STATES
from gateway.phi.recognizers.places import find_facilities, find_places
from gateway.phi.recognizers.rule import Family, Hit, Rule, has_word

_LIVES = (
    "address", "lives", "resides", "residing", "home", "located", "location", "mail", "ship", "dirección", "domicilio", "vive", "moved", "live")  # fmt: skip
_SMALL_STREET = r"(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|terrace|circle|cir|way|parkway|pkwy|highway|hwy|square|trail|loop)"
_MEASURES = frozenset((
    "minute", "minutes", "min", "mins", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "mile", "miles", "block", "blocks", "lane", "way", "first", "second", "third", "of", "mg", "ml", "times", "cars", "feet", "foot", "the", "people", "beds", "patients", "and", "in", "on", "from", "to", "for",
    "pm", "am", "percent", "at", "off", "via", "past", "down", "up", "or", "per", "busy", "main", "new", "other", "more", "different"
))  # fmt: skip


def _measures(document: Document, start: int, end: int) -> bool:
    """Whether the number counts something: `a 5 minute lane`."""
    return not _MEASURES.isdisjoint(document.text[start:end].split())


def _things(document: Document, start: int, end: int) -> bool:
    """Whether a word is none of a street's name: `500 E Coli`, `May and 9th`."""
    flags = document.lexicon.flags
    words = [
        fold_name(one.strip(".,")) for one in document.text[start:end].split() if one[:1].isupper() and len(one) > 2
    ]
    return any(flags.get(one, 0) & STOP and one not in _OF_STREETS for one in words) or all(
        flags.get(one, 0) & WORD and not flags.get(one, 0) & (NAME | PLACE) for one in words if one not in _OF_STREETS
    )


_OF_STREETS = frozenset({"st", "ave", "rd", "blvd", "street", "avenue", "road", "north", "south", "east", "west", "dr", "lane", "drive", "court", "circle", "place", "terrace", "boulevard"})  # fmt: skip


def _in_code(document: Document, start: int, end: int) -> bool:
    """Whether the digits are a piece of a longer code, as a drug's NDC or a tax number is."""
    text = document.text
    return (
        text[end : end + 1] in {"-", "/"}
        or text[start - 1 : start] in {"-", "/"}
        or "ndc" in document.lower[max(0, start - 12) : start]
    )


_RULES = (
    Rule("lower_street", Kind.LOCATION, rf"\d{{1,6}} (?:[nsew]\.? )?[a-z]+(?: [a-z]+)? {_SMALL_STREET}\b\.?(?:,? (?:apt|unit|suite|ste|#)\.? ?#?[0-9a-z]{{1,6}})?(?:,? [a-z ]+,? (?i:{STATES})\b(?: \d{{5}}(?:-\d{{4}})?)?)?", 0.3, _LIVES),
    Rule("foreign_street", Kind.LOCATION, rf"(?i)(?:\b{ABROAD} (?:(?:de|la|del|los|las|des|du|le) ){{0,2}}(?:\d{{1,2}} (?:de )?)?\p{{L}}[\pL'\-]+(?: \p{{L}}[\pL'\-]+){{0,2}},? (?:n[úu]m(?:ero)?\.? |no?\.? |n° |# ?)?\d{{1,5}}(?:,? (?:piso|apto\.?|depto\.?|int\.?|col\.?|local) ?[\w#\-]{{1,12}}){{0,2}}(?:,? \d{{5}})?|\d{{1,5}},? (?:rue|via|calle|avenue|chemin|avenida) (?:(?:de|la|del|des|du|le) ){{0,2}}\p{{L}}[\pL'\-]+)", 0.7),
    Rule("germanic_street", Kind.LOCATION, r"(?i)\b\pL+(?:straße|strasse|gasse|weg|platz|straat|gatan|gata|vej|vegen|veien|katu|gade|allee|utca|tie) \d{1,4}[a-z]?\b", 0.6),
    Rule("number_street", Kind.LOCATION, r"\d{1,6} (?:\p{Lu}[\pL'\-]+ ){1,3}\d{1,6}\b", 0.1, ("address",)),
    Rule("zip_plus_four", Kind.LOCATION, r"\d{5}-\d{4}", 0.55, ("zip", "postal", *_LIVES), veto=_in_code),
    Rule("zip_label", Kind.LOCATION, r"(?i)\b(?:zip|zip ?code|postal ?code|postcode|c[oó]digo postal|c\.p\.)[ \"'=:#]{0,4}(?:is |area |of |es )?(\d{4,5}(?:-\d{4})?)\b", 0.9),
    Rule("uk_postcode", Kind.LOCATION, r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b", 0.5, _LIVES),
    Rule("canada_postcode", Kind.LOCATION, r"\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b", 0.4, _LIVES),
    Rule("lone_zip", Kind.LOCATION, r"\d{5}", 0.12, ("zip", "postal", "address", "lives", "resides", "código postal")),
    Rule("directed_street", Kind.LOCATION, r"\d{2,6}(?:-?[A-Z])? (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? (?:\p{Lu}[\pL'\-]{2,}|\d{1,3}(?:st|nd|rd|th))(?: \p{Lu}[\pL'\-]{2,})?", 0.6, veto=_things),
    Rule("small_suffix", Kind.LOCATION, r"\d{1,6}(?:-?[A-Z])? (?:[NSEW]\.? )?(?:\p{Lu}[\pL'\-]+ ){1,3}(?:st|ave|rd|dr|ln|blvd|ct|cir|pl|hwy|street|avenue|road|drive|lane|boulevard|court)\b", 0.6),
    Rule("numbered_road", Kind.LOCATION, r"(?:(?:\d{1,6} )?(?:County|State|Fire|Forest Service) (?:Road|Rd|Route|Rte|Highway|Hwy|Lane)|(?:\d{1,6} )(?:Highway|Hwy|Route|Rte|FM|CR|SR)) #?\d{1,4}[A-Z]?\b", 0.6),
    Rule("crossing", Kind.LOCATION, r"\b\p{Lu}\pL+(?: (?:St|Ave|Rd|Blvd)\b\.?)? (?:and|&) (?:\d{1,3}(?:st|nd|rd|th)|(?:E |W |N |S )?\p{Lu}\pL+ (?:St|Ave|Rd|Blvd)\b)(?: (?:St|Ave)\b\.?)?", 0.55, veto=_things),
    Rule("small_lane", Kind.LOCATION, r"\b\d{1,5} (?:[nsew]\.? )?[a-z]{3,}(?: [a-z]{3,})? (?:street|avenue|ave|lane|blvd|boulevard)\b(?:,? (?:apt|unit|#)\.? ?#?[0-9a-z]{1,5}\b)?", 0.55, veto=_measures),
    Rule("coordinates", Kind.LOCATION, r"-?\d{1,2}\.\d{3,8}°?[ ]?[NS]?,[ ]?-?\d{1,3}\.\d{3,8}°?[ ]?[EW]?", 0.6),
    Rule("unit", Kind.LOCATION, r"(?i)\b(?:apt|apartment|suite|ste)\.? ?#?\d{1,5}[a-z]?", 0.6),
)  # fmt: skip


@cache
def _zips() -> tuple[Any, Any, frozenset[str]]:
    return compiled(r"\b\d{5}(?:-\d{4})?\b"), compiled(r"(?i)\bzip[ a-z:]{0,12}(\d{3})(?:xx|\*\*)"), small_zip3()


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
    yield from find_zips(document)
    yield from find_inside(document)


FAMILY = Family("locations", _RULES, _find)

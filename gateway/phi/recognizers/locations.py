"""Geographic subdivisions smaller than a State (B): streets, places, ZIP codes, counties, named places of care.

A State alone is none, 45 CFR 164.514(b)(2)(i)(B); of a ZIP code all five digits are masked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import NAME, STOP, WORD, small_zip3
from gateway.phi.recognizers.rule import Family, Hit, Rule, has_word

STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|GU|VI|"
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|"
    "Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|"
    "Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Drive|Dr|Lane|Ln|Boulevard|Blvd|Court|Ct|Place|Pl|Terrace|Ter|Circle|Cir|Way|Parkway|Pkwy|Highway|Hwy|Square|Sq|Trail|Trl|Loop|Alley|Plaza|Pike|Turnpike|"
    r"Crescent|Cres|Close|Row|Run|Path|Crossing|Xing|Point|Ridge|Broadway|Expressway|Route)"
)
_WORD = r"(?:\p{Lu}[\pL'\-.]*|\d{1,3}(?:st|nd|rd|th))"
_UNIT = r"(?:,?[ ]{0,2}\n?(?:Apt|Apartment|Suite|Ste|Unit|Room|Rm|Floor|Fl|Bldg|Building|Lot|#|P\.?O\.? Box)\.?[ #]{0,2}[\dA-Za-z\-]{1,8})?"
_ZIP = r"\d{5}(?:-\d{4})?"
_CITY = rf"(?:,?[ ]{{0,2}}\n?[ ]{{0,8}}\p{{Lu}}[\pL'.\-]+(?:[ ]\p{{Lu}}[\pL'.\-]+){{0,3}},?[ ]{{1,2}}(?:{STATES})\b\.?(?:,?\s{{1,3}}{_ZIP})?)?"
_LIVES = (
    "address",
    "lives",
    "resides",
    "residing",
    "home",
    "located",
    "location",
    "mail",
    "ship",
    "dirección",
    "moved",
)
_CARE = (
    r"(?:Hospital|Medical Cent(?:er|re)|Health Cent(?:er|re)|Clinic|Nursing Home|Rehabilitation(?: Cent(?:er|re))?|Hospice|Surgery Cent(?:er|re)|Cancer Cent(?:er|re)|Infirmary|Sanatorium|Healthcare|"
    r"Health System|Medical Group|Assisted Living|Care Cent(?:er|re)|Urgent Care|Family Practice|Family Medicine|Dialysis|Senior Living|Imaging|Memorial|Rehab)"
)

_RULES = (
    Rule("street_address", Kind.LOCATION, rf"\d{{1,6}}[A-Za-z]?[ ](?:[NSEW]{{1,2}}\.?[ ])?(?:{_WORD}[ ]){{1,4}}{_STREET}\b\.?(?:[ ](?:[NSEW]{{1,2}}|North|South|East|West)\b)?{_UNIT}{_CITY}", 0.9),
    Rule("lower_street", Kind.LOCATION, rf"(?i)\d{{1,6}} (?:[nsew]\.? )?[a-z]{{3,}}(?: [a-z]{{3,}})? {_STREET}\b\.?{_UNIT}(?:,? [a-z ]{{3,}}, (?:{STATES}) {_ZIP})?", 0.3, _LIVES),
    Rule("foreign_street", Kind.LOCATION, r"(?i)(?:\b(?:rue|via|calle|avenida|av\.|carrera|plaza|ul\.|ulica|strada|rua|piazza|chemin|paseo|camino|c/) (?:(?:de|la|del|los|las|des|du|le) ){0,2}\p{L}[\pL'\-]+(?: \p{L}[\pL'\-]+){0,2},? \d{1,5}|\d{1,5},? (?:rue|via|calle|avenue|chemin|avenida) (?:(?:de|la|del|des|du|le) ){0,2}\p{L}[\pL'\-]+|\p{Lu}[\pL\-]{3,}(?:straße|strasse|gasse|weg|platz|straat|gatan|vej|gata) \d{1,4})", 0.7),
    Rule("number_street", Kind.LOCATION, r"\d{1,6} (?:\p{Lu}[\pL'\-]{2,} ){1,3}\d{1,6}\b", 0.1, ("address",)),
    Rule("post_box", Kind.LOCATION, rf"(?i)\bP\.? ?O\.? ?Box \d{{1,7}}{_CITY}", 0.9),
    Rule("city_state_zip", Kind.LOCATION, rf"\p{{Lu}}[\pL'.\-]+(?:[ ]\p{{Lu}}[\pL'.\-]+){{0,2}},?[ ]{{1,2}}(?:{STATES})\b\.?,?\s{{1,3}}{_ZIP}", 0.9),
    Rule("city_state", Kind.LOCATION, rf"\p{{Lu}}[\pL'.\-]{{2,}}(?:[ ]\p{{Lu}}[\pL'.\-]{{2,}}){{0,2}},[ ](?:{STATES})\b", 0.65),
    Rule("state_zip", Kind.LOCATION, rf"\b(?:{STATES})\b\.?,?\s{{1,3}}({_ZIP})", 0.75),
    Rule("zip_plus_four", Kind.LOCATION, r"\d{5}-\d{4}", 0.55, ("zip", "postal", *_LIVES)),
    Rule("zip_label", Kind.LOCATION, r"(?i)\b(?:zip|zip ?code|postal ?code|postcode)[ \"'=:#]{0,4}(?:is |area |of )?(\d{5}(?:-\d{4})?)", 0.9),
    Rule("uk_postcode", Kind.LOCATION, r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b", 0.5, _LIVES),
    Rule("canada_postcode", Kind.LOCATION, r"\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b", 0.4, _LIVES),
    Rule("lone_zip", Kind.LOCATION, r"\d{5}", 0.12, ("zip", "postal", "address", "lives", "resides")),
    Rule("county", Kind.LOCATION, rf"{_WORD}(?:[ ]{_WORD}){{0,2}}[ ](?:County|Parish|Township|Borough)\b", 0.65),
    Rule("coordinates", Kind.LOCATION, r"-?\d{1,2}\.\d{3,8}°?[ ]?[NS]?,[ ]?-?\d{1,3}\.\d{3,8}°?[ ]?[EW]?", 0.6),
    Rule("unit", Kind.LOCATION, r"(?i)\b(?:apt|apartment)\.? ?#?\d{1,5}[a-z]?", 0.6),
    Rule("facility", Kind.LOCATION, rf"\p{{Lu}}[\pL'.\-]+(?:[ ](?:of|the|for|and|&|St\.)|[ ]\p{{Lu}}[\pL'.\-]+){{0,5}}[ ]{_CARE}\b", 0.6),
)  # fmt: skip
_BEFORE = frozenset(
    ["in", "from", "at", "near", "to", "of", "outside", "around", "visit", "visiting", "towards", "en", "desde"]
)


def find_places(document: Document) -> Iterator[Hit]:
    """Names of places that the lexicon has; a name that is a word or a person's as well needs `in`, `from` or a State."""
    tokens, places, text = document.tokens, document.lexicon.places, document.text
    at = 0
    while at < len(tokens):
        taken = 1
        for length in (3, 2, 1):
            group = tokens[at : at + length]
            if len(group) < length or any(text[a.end : b.start] != " " for a, b in itertools.pairwise(group)):
                continue
            if " ".join(one.low for one in group) not in places:
                continue
            if length > 1 or _meant(document, at):
                yield Hit(Kind.LOCATION, group[0].start, group[-1].end, 0.6 if length > 1 else 0.5, "place")
            taken = length
            break
        at += taken


def _meant(document: Document, at: int) -> bool:
    token = document.tokens[at]
    if token.flags & STOP or len(token.low) < 4 or (token.shouted and token.flags & WORD):
        return False
    if not token.flags & (NAME | WORD):
        return True
    before = document.lower[max(0, token.start - 12) : token.start].split()
    return bool(before) and before[-1] in _BEFORE and document.text[token.start - 1] == " "


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
    for start, end in document.spans(short, 1):
        if document.text[start:end] in small:
            yield Hit(Kind.LOCATION, start, end, 0.8, "small_zip3")


def _find(document: Document) -> Iterator[Hit]:
    yield from find_places(document)
    yield from find_zips(document)


FAMILY = Family("locations", _RULES, _find)

"""Lone places by what stands around them (B): `lives in X`, `born in X`, `X resident`, `town of X`, `City: X`.

A strong cue makes any capitalised word a place that is no month, land or ordinary noun; in small letters, and behind weak
cues as `from`, only what a list of places has.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.name_cues import word_before
from gateway.phi.recognizers.place_words import LARGE_CITIES, STATES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.words import Token

_MOST = 4
_PARTS = frozenset(
    {
        " ",
        " de ",
        " del ",
        " la ",
        " du ",
        " of the ",
        " of ",
        " or ",
        " le ",
        " les ",
        " an der ",
        " am ",
        " upon ",
        " sur ",
        " y ",
    }
)
_NO_PLACE = frozenset((
    "christ", "god", "jesus", "heaven", "section", "assisted", "skilled", "nursing", "independent", "memory", "unit", "room", "bed", "ward", "building", "apartment", "step", "phase", "epic", "cerner", "outlook", "teams", "zoom", "excel",
    "group", "home", "house", "housing", "senior", "hospice", "rehab", "surgery", "medicine", "clinic", "hospital", "icu", "er", "ed", "or", "snf", "ltc", "alf", "english", "spanish", "poverty", "isolation", "fear", "his", "her", "their", "my", "our", "this",
))  # fmt: skip
"""What people live in, move to or come from and that is no place on a map."""
_LATER = frozenset(
    {
        "new",
        "north",
        "south",
        "east",
        "west",
        "upper",
        "lower",
        "old",
        "great",
        "la",
        "las",
        "los",
        "el",
        "san",
        "santa",
        "st",
        "st.",
        "fort",
        "ft",
        "mt",
        "mount",
        "lake",
        "port",
        "cape",
        "lac",
        "le",
        "grand",
        "big",
        "little",
    }
)
"""Words that open the name of a place."""
_WEAK = ("from ", "in ", "near ", "to ", "outside ", "around ", "through ", "visiting ", "via ", "desde ", "cerca de ")
_LOWER_STATE = "|".join(one.lower() for one in STATES.split("|"))


@cache
def _cues() -> dict[str, Any]:
    return {
        "strong": gated(
            r"(?i)\b(?:(?:lives?|lived|living|resid(?:es?|ed|ing)|born(?: and raised)?|raised|grew up|grow up|growing up|settled|dwells|stays?|staying|detained|imprisoned|incarcerated|arrested|buried|stationed|deployed|hometown (?:is|of)|brought up|viv[eo]|vivimos|vivía|reside|nació|naci[oó]|criad[oa]|wohnt|habite|née?)"
            r"(?: (?:back|over|out|up|down|now|alone|currently|nearby|together))? (?:in|near|outside|outside of|just outside|around|en|cerca de|à)|(?:inmate|prisoner|housed|student|teach(?:es|er)|studies|treated|hospitali[sz]ed|rehab|chemo|dialysis|delivered) at(?: the)?|(?:town|city|village|hamlet|municipality|township|suburb|suburbs|outskirts|neighborhood|ciudad|pueblo|municipio) (?:of|de)|native of|resident of|residents of|originally from|(?:is|was|are|am|i'm|im|he's|she's|es|soy|pt|patient) (?:originally )?from|son de)[ ]"
        ),
        "label": gated(
            r"(?im)(?:^|[|;,>\t(.] ?|  )(?:city|town|county|parish|township|municipality|neighbou?rhood|birth ?place|place of birth|birth city|home ?town|residence|place of residence|lives|location|facility|hospital|clinic|school|site|campus|office|ciudad|municipio|colonia|barrio|lugar de nacimiento|localidad|poblaci[oó]n|city of residence|county of residence|city of birth)[ ]?[:=][ \t]{0,4}"
        ),
        "small": compiled(rf"(?i)^([a-z]{{3,}}(?: [a-z]{{3,}})?),? (?:{_LOWER_STATE})\b"),
    }  # fmt: skip


def find_told(document: Document) -> Iterator[Hit]:
    """Places that the words around them tell."""
    eponyms = Eponyms(document)
    starts = [one.start for one in document.tokens]
    for _, end in document.spans(_cues()["strong"]):
        yield from _capitalised(document, starts, end, eponyms, sure=True)
        yield from _small(document, end, sure=True)
    capitals = frozenset(starts)
    for end, into in _weak(document):
        if end in capitals:
            yield from _capitalised(document, starts, end, eponyms, sure=False)
        elif not into:
            yield from _small(document, end, sure=False)
    for start, end in document.spans(_cues()["label"]):
        yield from _labelled(document, starts, start, end)
    yield from _residents(document, eponyms)


def _weak(document: Document) -> list[tuple[int, bool]]:
    """Where words stand behind weak cues, and whether the cue is `to`; finding each is cheaper than a pattern that stands
    in every text.
    """
    low, found = document.lower, []
    for word in _WEAK:
        at = low.find(word)
        while at >= 0:
            end = at + len(word)
            if not at or not (low[at - 1] == "_" or (low[at - 1].isalnum() and low[at - 1].isascii())):
                found.append((end, word == "to "))
            at = low.find(word, end)
    found.sort()
    return found


def _run(document: Document, starts: list[int], start: int) -> list[Token]:
    """The capitalised words from `start` on, with the particles of places between them."""
    tokens, text = document.tokens, document.text
    at = bisect_left(starts, start)
    run: list[Token] = []
    while at < len(tokens) and len(run) < _MOST:
        one = tokens[at]
        if one.start != start if not run else text[run[-1].end : one.start] not in _PARTS:
            break
        if one.flags & STOP and one.low not in _LATER and not (run and one.low in {"city", "center", "beach"}):
            break
        run.append(one)
        if one.text[-1] == "." and one.low not in _LATER:
            break
        at += 1
    return run


def _capitalised(document: Document, starts: list[int], start: int, eponyms: Eponyms, *, sure: bool) -> Iterator[Hit]:
    run = _run(document, starts, start)
    if not run or run[0].low in _NO_PLACE or run[0].initial:
        return
    words = fold_name(document.text[run[0].start : run[-1].end])
    if words in document.lexicon.lands or words in document.lexicon.drugs or (run[0].shouted and len(words) < 4):
        return
    if sure:
        if document.text[run[-1].end : run[-1].end + 1] == "-" or _no_name(document, run):
            return
        if not eponyms.named_after(run[0].start, run[-1].end):
            yield Hit(Kind.LOCATION, run[0].start, run[-1].end, 0.65, "place_told")
    elif (
        len(run) == 1
        and (_only_place(document, run[0].low, run[0].flags) or _inside(document, run[0]))
        and not run[0].shouted
        and document.text[run[0].end : run[0].end + 1] != "-"
        and not eponyms.history()
        and not eponyms.named_after(run[0].start, run[0].end)
    ):
        yield Hit(Kind.LOCATION, run[0].start, run[0].end, 0.55, "place_told")


def _inside(document: Document, token: Token) -> bool:
    """Whether a listed place that is a word or a surname too stands alone behind `in`: `the burial is in Excelsior.`"""
    if not token.flags & PLACE or token.flags & STOP or len(token.low) < 4 or token.low in ALSO:
        return False
    if word_before(document, token.start) not in {"in", "near", "outside", "en"}:
        return False
    after = document.text[token.end : token.end + 12]
    return not after or after[0] in ".,;)\n\r?!" or after[1:].split(" ")[0].strip(".,;") in _ON


_ON = frozenset({"on", "with", "and", "for", "until", "since", "after", "before", "to", "this", "last", "next", "where", "who", "now", "when", "but", "so", "at", "by", "today", "tomorrow", "y", "con", "from", "because", "while"})  # fmt: skip


def _no_name(document: Document, run: list[Token]) -> bool:
    """Whether the words are ordinary ones that no list of places has: `lives in Fear`."""
    return all(one.flags & WORD and not one.flags & PLACE and one.low not in document.lexicon.towns for one in run)


def _only_place(document: Document, low: str, flags: int) -> bool:
    lexicon = document.lexicon
    return low not in lexicon.lands and not flags & STOP and (
        low in lexicon.towns or low in LARGE_CITIES or (bool(flags & PLACE) and not flags & (NAME | WORD))
    )  # fmt: skip


def _small(document: Document, start: int, *, sure: bool) -> Iterator[Hit]:
    """A place in small letters: listed, or with its State after it."""
    piece = document.text[start : start + 40]
    if not piece[:1].islower():
        return
    words = piece.split("\n")[0].split(" ")
    if not _may_begin(document, words[0]):
        return
    found = _cues()["small"].match(piece)
    if found is not None and _town_before_state(document, found.group(1), piece):
        yield Hit(Kind.LOCATION, start, start + len(found.group().rstrip(" ,.")), 0.6, "place_told")
        return
    for count in (2, 1):
        phrase = " ".join(words[:count]).rstrip(".,;:!?)")
        low, flags = fold_name(phrase), document.lexicon.flags.get(fold_name(phrase), 0)
        if (
            count == 2
            and (low in document.lexicon.places or low in LARGE_CITIES)
            and low not in document.lexicon.lands
            and low not in ALSO
        ):
            yield Hit(Kind.LOCATION, start, start + len(phrase), 0.6, "place_told")
            return
        if count == 1 and len(low) > 3 and low not in ALSO and (
            _only_place(document, low, flags) or (sure and flags & PLACE and flags & NAME and not flags & (WORD | STOP))
        ):  # fmt: skip
            yield Hit(Kind.LOCATION, start, start + len(phrase), 0.5, "place_told")


def _may_begin(document: Document, word: str) -> bool:
    """Whether the name of some place begins with the word, or is the word."""
    lexicon = document.lexicon
    low = fold_name(word.rstrip(".,;:!?)"))
    return (
        low in lexicon.place_firsts
        or low in lexicon.towns
        or low in LARGE_CITIES
        or bool(lexicon.flags.get(low, 0) & PLACE)
        or low in lexicon.places
    )


ALSO = frozenset({"mobile", "normal", "media", "orange", "reading", "sunrise", "central", "nice", "hope", "home", "lone star", "good hope", "big bend", "new town", "old town", "home place", "progress", "plains", "fountain", "the village", "the plains", "union", "pine", "oak", "elm", "cedar", "maple", "mesa", "queens", "rome"} - {"queens", "rome", "mesa"})  # fmt: skip
"""Places whose names in small letters are other words."""


def _town_before_state(document: Document, words: str, piece: str) -> bool:
    """Whether the small words before a State's name or abbreviation are a listed town: `dayton ohio`, not `fever or`."""
    low = fold_name(words)
    state = piece[len(words) :].strip(" ,").split(" ")[0].strip(".,;")
    known = low in document.lexicon.places or low in document.lexicon.towns
    return known and (len(state) > 2 or "," in piece[: len(words) + 2] or state not in {"in", "or", "me", "hi", "ok", "ma", "pa", "de", "la", "id", "al", "co", "oh", "so"}) and low not in ALSO  # fmt: skip


def _labelled(document: Document, starts: list[int], start: int, end: int) -> Iterator[Hit]:
    text = document.text
    name = text[start:end].strip(" \t:=|;,>(.\n").lower()
    run = _run(document, starts, end)
    if run:
        words = fold_name(text[run[0].start : run[-1].end])
        if words in document.lexicon.lands or run[0].initial:
            return
        if (
            run[0].low not in _NO_PLACE
            and not (name in _ANYTHING and _no_name(document, run))
            and not run[0].low.startswith("n/")
        ):
            yield Hit(Kind.LOCATION, run[0].start, run[-1].end, 0.6, "place_label")
    elif name not in _ANYTHING and text[end : end + 1].islower():
        words = text[end : end + 32].split("\n")[0].split(",")[0].split("  ")[0]
        first = fold_name(words.split(" ")[0].rstrip(".;"))
        flags = document.lexicon.flags.get(first, 0)
        if len(first) > 2 and (flags & PLACE or first in document.lexicon.towns) and not flags & STOP:
            yield Hit(Kind.LOCATION, end, end + len(words.split(" ")[0].rstrip(".;")), 0.55, "place_label")


_ANYTHING = frozenset({"location", "facility", "hospital", "clinic", "school", "site", "campus", "office", "lives"})
"""Labels of many things: their value must not be ordinary words alone."""


def _residents(document: Document, eponyms: Eponyms) -> Iterator[Hit]:
    """`a Yakima resident`, `Toledo native`, `Spokane-based`."""
    text, lexicon = document.lower, document.lexicon
    if " resident" not in text and " native" not in text and "-based" not in text:
        return
    for token in document.tokens:
        after = text[token.end : token.end + 10]
        low = token.low
        if after.startswith((" resident", " native")) and not token.shouted:
            known = token.flags & PLACE or low in lexicon.towns
        elif low.endswith("-based") or after.startswith("-based"):
            low = low.removesuffix("-based")
            known = bool(lexicon.flags.get(low, 0) & PLACE) or low in lexicon.towns
        else:
            continue
        if known and low not in lexicon.lands and not lexicon.flags.get(low, 0) & STOP and low not in ALSO:
            end = token.start + len(low)
            if not eponyms.named_after(token.start, end):
                yield Hit(Kind.LOCATION, token.start, end, 0.6, "place_told")

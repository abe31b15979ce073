"""Names in other forms than given name and surname: `Surname, Given M.`, all in small letters, as an address spells them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, NAME, PLACE, STOP, SURNAME, WORD
from gateway.phi.recognizers.name_cues import Cues
from gateway.phi.recognizers.name_words import SUFFIXES, TITLES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.words import Token, strong_given, strong_surname, unknown

_SMALL = r"\p{Ll}{2,20}(?:['\-]\p{Ll}{2,20})?"


@cache
def _patterns() -> tuple[Any, Any, Any]:
    local = compiled(r"[A-Za-z][A-Za-z'._\-]{2,60}[0-9]{0,6}@")
    cue = gated(
        r"\b(?:dear|hi|hello|hey|patient|pt|mr|mrs|ms|miss|dr|doctor|hola|estimado|estimada|paciente|sra|dra|señora?)"
        rf"\.? {_SMALL}(?: {_SMALL})?"
    )
    return local, cue, compiled(r"@[A-Za-z0-9.\-]{2,60}")


_TITLES = ("mr", "mrs", "ms", "miss", "dr")
_HAILS = ("hi", "hey", "hello", "dear", "hola")


def surname_first(document: Document, cues: Cues) -> Iterator[Hit]:
    """`Surname, Given M.`"""
    tokens, text = document.tokens, document.text
    for at in range(len(tokens) - 1):
        one, two = tokens[at], tokens[at + 1]
        if text[one.end : one.end + 1] != "," or two.start - one.end > 4 or one.shape & 1:
            continue
        if text[one.end : two.start].strip(" ") != ",":
            continue
        start = one.start
        if one.low in SUFFIXES and at and text[tokens[at - 1].end : one.start] == " ":
            one, start = tokens[at - 1], tokens[at - 1].start
        on_header = cues.on_header(start)
        if two.initial or (two.shouted and two.text[1:2] == "-" and len(two.text) == 3):
            if one.flags & SURNAME and not one.flags & (WORD | STOP | EPONYM) and (two.text[-1] == "." or one.shouted):
                yield Hit(Kind.NAME, start, _initials_end(document, at + 1), 0.5, "surname_initial")
            continue
        if two.low in TITLES and at + 2 < len(tokens) and text[two.end : tokens[at + 2].start] == " ":
            two, at = tokens[at + 2], at + 1  # noqa: PLW2901 - a title stands between
        if (one.low not in document.lexicon.drugs and _family_first(one, two, document.lexicon.lands)) or (
            on_header and not one.flags & two.flags & STOP and (one.flags | two.flags) & NAME
        ):
            end, last = two.end, at + 2
            while last < len(tokens) and last < at + 4 and text[end : tokens[last].start] == " ":
                third = tokens[last]
                if not (third.initial or third.low in SUFFIXES or (on_header and not third.flags & (STOP | WORD))):
                    break
                end, last = third.end, last + 1
            certain = on_header or strong_given(two)
            yield Hit(Kind.NAME, start, end, 0.85 if certain else 0.6, "surname_given" if certain else "family_first")


def _initials_end(document: Document, at: int) -> int:
    """The end of initials that stand side by side: `J. B.`, `J-B`."""
    tokens, text = document.tokens, document.text
    while (
        at + 1 < len(tokens)
        and tokens[at + 1].initial
        and text[tokens[at].end : tokens[at + 1].start] in {"", " ", "-"}
    ):
        at += 1
    return tokens[at].end


def _family_first(one: Token, two: Token, lands: frozenset[str]) -> bool:
    """Whether the pair reads as surname and given name."""
    if one.low in lands or two.low in lands:
        return False
    if (one.flags | two.flags) & STOP or not (one.flags & SURNAME or unknown(one)):
        return False
    if two.flags & GIVEN:
        return bool(one.flags & SURNAME or not strong_given(one))
    return (strong_surname(one) or unknown(one)) and (
        unknown(two) or bool(two.flags & NAME and not two.flags & (WORD | PLACE | EPONYM))
    )


def lower_case(document: Document) -> Iterator[Hit]:
    """Names written small: pairs of which neither is a word, and what follows `dear`, `mrs` or `patient`."""
    if not document.lexicon.small_given.isdisjoint(document.small_vocabulary):
        yield from _small_pairs(document, document.small_words)
    for start, end in document.spans(_patterns()[1]):
        hit = _after_cue(document, start, end)
        if hit is not None:
            yield hit


def _after_cue(document: Document, start: int, end: int) -> Hit | None:
    """The name in a cue with one or two small words after it."""
    flags = document.lexicon.flags
    cue, first, *more = document.text[start:end].split(" ")
    known = flags.get(first, 0)
    title = cue.rstrip(".") in _TITLES
    if (
        cue in _HAILS
        and known & GIVEN
        and not known & STOP
        and _hailed(document, start, end - sum(len(one) + 1 for one in more))
    ):
        return Hit(Kind.NAME, start + len(cue) + 1, start + len(cue) + 1 + len(first), 0.6, "lower_case_hail")
    if not known & (NAME if title else GIVEN) or known & STOP:
        return None
    if known & (WORD | AMBIGUOUS) and not (title and known & SURNAME and cue[:2] != "dr"):
        return None
    begin = start + len(cue) + 1
    second = flags.get(more[0], 0) if more else 0
    if not second & SURNAME or second & (WORD | STOP):
        end = begin + len(first)
    return Hit(Kind.NAME, begin, end, 0.6, "lower_case_cue")


def _hailed(document: Document, start: int, end: int) -> bool:
    """Whether a line begins there and the greeting ends with the word: `hi mark,`."""
    before, after = document.text[max(0, start - 3) : start], document.text[end : end + 2]
    return (not before.strip(" >") or before.rstrip(" >")[-1:] == "\n") and (not after or after[0] in ",\n\r!")


def _small_pairs(document: Document, words: list[str]) -> Iterator[Hit]:
    flags, text, given = document.lexicon.flags, document.text, document.lexicon.small_given
    cursor = 0
    for at in range(len(words) - 1):
        if words[at] not in given:
            continue
        family = words[at + 1].rstrip(".,;:!?)'\"").removesuffix("'s")
        known = flags.get(family, 0)
        if not family.islower() or not known & SURNAME or known & (WORD | STOP):
            continue
        start = text.find(f"{words[at]} {words[at + 1]}", cursor)
        if start < 0:
            continue
        cursor = start + len(words[at]) + 1
        yield Hit(Kind.NAME, start, cursor + len(family), 0.6, "lower_case_name")


def agreeing(document: Document) -> Iterator[Hit]:
    """Capitalised words that the local part of an e-mail address in the text spells: `jsmith@` and Smith."""
    if "@" not in document.text:
        return
    pieces: set[str] = set()
    for start, end in document.spans(_patterns()[0]):
        first, *more = document.lower[start : end - 1].rstrip("0123456789").replace("_", ".").split(".")
        if more:
            pieces.update(one for one in (first, *more) if len(one) > 2)
        elif len(first) > 4:
            pieces |= {first[1:], first[:-1], first}
    pieces -= {
        one for start, end in document.spans(_patterns()[2]) for one in document.lower[start + 1 : end].split(".")
    }
    if not pieces:
        return
    for token in document.tokens:
        low = token.low
        if low in pieces and not token.flags & STOP and (not token.flags & WORD or token.flags & (GIVEN | SURNAME)):
            after = document.text[token.end : token.end + 1]
            if after not in {"@", "."} and (token.flags & NAME or not token.flags):
                yield Hit(Kind.NAME, token.start, token.end, 0.8, "address_name")

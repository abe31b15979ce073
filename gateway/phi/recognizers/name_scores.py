"""How certain a run of capitalised words is a name: by label or header, as a pair, or alone."""

from __future__ import annotations

from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, PLACE, RARE, STOP, SURNAME, WORD
from gateway.phi.recognizers.name_cues import Cues, among_people, in_place, of_a_family, own_line, spoken_to
from gateway.phi.recognizers.name_words import SENTENCES_BEGIN
from gateway.phi.words import Token, strong_given, strong_surname, unknown


def scored(document: Document, cues: Cues, full: list[Token], words: list[Token], cue: str) -> tuple[float, str]:
    """The score and the recogniser's name; 0 where the words are no name. `full` are the words without initials."""
    given = full[0]
    if cue:
        named = any(one.flags & NAME or unknown(one) for one in full)
        if len(full) == 1 and cue != "label" and (given.shouted or (cue != "greeting" and not given.flags & NAME)):
            named = False
        if len(full) == 1 and cue == "label" and given.shouted and len(given.low) < 4 and not given.flags & GIVEN:
            named = False
        if named and (len(full) > 1 or not given.flags & WORD or given.flags & GIVEN):
            return (0.9 if len(full) > 1 or cue == "label" else 0.8), "labelled_name"
        if cue == "header" and len(words) > 1:
            return 0.6, "header_name"
    if len(full) > 1:
        return _score_pair(document, full)
    if len(words) > 1 and (given.flags & NAME or unknown(given)) and not given.flags & WORD and not given.shouted:
        return 0.6, "name_and_initial"
    return _score_single(document, cues, given)


def _score_single(document: Document, cues: Cues, one: Token) -> tuple[float, str]:
    """One word alone, without label or title."""
    flags = one.flags
    if one.shouted and len(one.low) < 6:
        return 0.0, ""
    if strong_given(one) and not (flags & PLACE and in_place(document, one)):
        return 0.6, "given_name"
    if strong_surname(one) and not one.shouted:
        return (0.6, "family_name") if of_a_family(document, one) else (0.45, "surname")
    if flags & (GIVEN | SURNAME) and not flags & STOP and flags & (GIVEN | WORD) != WORD and cues.signs(one.start):
        return 0.8, "signed_name"
    if flags & GIVEN and (own_line(document, one) or (not flags & STOP and spoken_to(document, one))):
        return 0.6, "signed_given_name"
    if flags & GIVEN and not flags & (PLACE | EPONYM) and not one.shouted and among_people(document, one):
        return 0.5, "name_among_people"
    return 0.0, ""


def _score_pair(document: Document, full: list[Token]) -> tuple[float, str]:
    """Two or more words without label or title."""
    given, last = full[0], full[-1]
    place = document.lexicon.places.__contains__(" ".join([one.low for one in full]))
    if given.flags & STOP and (last.low in document.lexicon.lands or given.text in SENTENCES_BEGIN):
        return 0.0, ""  # `Will Germany`, `In Christ`
    if not place:
        if any(map(strong_given, full)):
            return 0.9, "given_and_surname"
        if given.flags & GIVEN and (last.flags & SURNAME or unknown(last)):
            return (0.7 if not last.flags & WORD else 0.5), "likely_given_and_surname"
    if place or all(one.shouted for one in full):
        return 0.0, ""
    if all(strong_surname(one) or one.flags == RARE or one.flags == RARE | SURNAME for one in full):
        return 0.65, "two_surnames"
    if len(full) <= 3 and all(
        unknown(one) or strong_surname(one) or (one.flags & NAME and not one.flags & (WORD | PLACE)) for one in full
    ):
        return 0.5, "unknown_pair"
    return 0.0, ""

"""Names (A): titles, labels, greetings, given names and surnames of the lexicon, unknown capitalised pairs.

Works on runs of capitalised words. The span takes titles, initials, particles and suffixes along.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from gateway.domain.finding import Kind
from gateway.phi.document import Document, Token
from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, NAME, PLACE, RARE, STOP, SURNAME, WORD
from gateway.phi.recognizers.name_words import GREETINGS, LABELS, PARTICLES, SAYS, SUFFIXES, TITLES
from gateway.phi.recognizers.rule import Family, Hit


def find_names(document: Document) -> Iterator[Hit]:
    """Every name that the rules or the lexicon support."""
    tokens = document.tokens
    index = 0
    while index < len(tokens):
        run = _run(document, tokens, index)
        index += len(run)
        for part in _segments(run):
            hit = _judge(document, part)
            if hit is not None:
                yield hit
    yield from _reversed(document)
    yield from _lower_case(document)


def _run(document: Document, tokens: list[Token], first: int) -> list[Token]:
    """The words from `first` on that nothing but a space, a nickname's quote or name particles separates."""
    run = [tokens[first]]
    for token in tokens[first + 1 : first + 8]:
        gap = document.text[run[-1].end : token.start]
        if len(gap) > 16 or "\n" in gap or not gap or (gap.strip(' "()') and not set(gap.lower().split()) <= PARTICLES):
            break
        if run[-1].text.endswith(".") and len(run[-1].low) > 3 and run[-1].low not in TITLES:
            break
        run.append(token)
    return run


def _segments(run: list[Token]) -> Iterator[list[Token]]:
    """The run cut at words that are in no name."""
    part: list[Token] = []
    for token in run:
        plain = token.flags & WORD and not token.flags & NAME
        if token.low in SUFFIXES and part:
            part.append(token)
        elif (
            (token.flags & STOP or plain)
            and not token.initial
            and token.low not in TITLES
            and not (part and part[-1].low in TITLES and not token.flags & STOP)
        ):
            if part:
                yield part
            part = []
        elif token.low in TITLES and part and part[-1].low not in TITLES:
            yield part
            part = [token]
        else:
            part.append(token)
    if part:
        yield part


def strong_given(token: Token) -> bool:
    """Whether the word is a given name and hardly anything else."""
    return bool(token.flags & GIVEN and not token.flags & (WORD | AMBIGUOUS | STOP))


def strong_surname(token: Token) -> bool:
    """Whether the word is a surname and hardly anything else."""
    return (
        bool(token.flags & SURNAME and not token.flags & (WORD | STOP | EPONYM | PLACE | AMBIGUOUS))
        and len(token.low) > 2
    )


def _unknown(token: Token) -> bool:
    return not token.flags and not token.initial and len(token.low) > 2 and not (token.shouted and len(token.low) < 5)


def _judge(document: Document, part: list[Token]) -> Hit | None:
    titled = part[0].low in TITLES and len(part) > 1
    words = [one for one in part if one.low not in TITLES and one.low not in SUFFIXES]
    full = [one for one in words if not one.initial]
    if not full:
        return None
    label = "" if titled else _label(document, part[0].start)
    score, by = _score(document, full, words, label)
    if titled:
        score, by = 0.9, "titled_name"
    if not score or (not titled and not label and _eponym(document, full)):
        return None
    start = part[0].start if part[0].low not in TITLES or titled else words[0].start
    return Hit(Kind.NAME, start, _suffix_end(document, part[-1].end), score, by)


def _score(document: Document, full: list[Token], words: list[Token], label: str) -> tuple[float, str]:
    given = full[0]
    named = [one for one in full if one.flags & NAME or _unknown(one)]
    if label and named and (len(full) > 1 or not given.flags & WORD or given.flags & GIVEN):
        return (0.9 if len(full) > 1 or label == "label" else 0.8), "labelled_name"
    if len(full) > 1:
        return _score_pair(document, full)
    if len(words) > 1 and (given.flags & NAME or _unknown(given)) and not given.flags & WORD and not given.shouted:
        return 0.6, "name_and_initial"
    if given.shouted and len(given.low) < 6:
        return 0.0, ""
    if strong_given(given) and not (given.flags & PLACE and _in_place(document, given)):
        return 0.6, "given_name"
    if strong_surname(given) and not given.shouted:
        return 0.45, "surname"
    if given.flags & GIVEN and _own_line(document, given):
        return 0.6, "signed_given_name"
    return 0.0, ""


def _score_pair(document: Document, full: list[Token]) -> tuple[float, str]:
    """Two or more words without label or title."""
    given, last = full[0], full[-1]
    place = document.lexicon.places.__contains__(" ".join(one.low for one in full))
    if any(strong_given(one) for one in full) and not place:
        return 0.9, "given_and_surname"
    if given.flags & GIVEN and (last.flags & SURNAME or _unknown(last)) and not place:
        return (0.7 if not last.flags & WORD else 0.5), "likely_given_and_surname"
    if all(one.shouted for one in full):
        return 0.0, ""
    if all(strong_surname(one) or one.flags == RARE or one.flags == RARE | SURNAME for one in full) and not place:
        return 0.65, "two_surnames"
    if (
        len(full) <= 3
        and not place
        and all(
            _unknown(one) or strong_surname(one) or (one.flags & NAME and not one.flags & (WORD | PLACE))
            for one in full
        )
    ):
        return 0.5, "unknown_pair"
    return 0.0, ""


def _label(document: Document, start: int) -> str:
    """What kind of label stands right before: `label`, `greeting` or nothing."""
    before = document.lower[max(0, start - 36) : start]
    stripped = before.rstrip(" \t:=-\"'(>|*#,._/")
    tail = before[len(stripped) :]
    if "\n" in tail:
        return ""
    if any(stripped.endswith(one) for one in SAYS):
        return "greeting"
    word = stripped[max(stripped.rfind(one) for one in " \n\t,;:<({[|\"'/") + 1 :]
    if word in GREETINGS and not tail.strip(" ,"):
        return "greeting"
    return "label" if word in LABELS and ({":", "=", "|", '"'} & set(tail) or word in {"patient", "pt", "by"}) else ""


def _eponym(document: Document, full: list[Token]) -> bool:
    """Whether the words name a disease, sign or instrument."""
    if not full[-1].flags & EPONYM and not any(one.flags & EPONYM for one in full):
        return False
    after = document.lower[full[-1].end : full[-1].end + 24].removeprefix("'s").split()
    noun = after[0].strip(".,;:()") if after else ""
    return len(full) == 1 or noun in document.lexicon.eponym_nouns


def _in_place(document: Document, token: Token) -> bool:
    """Whether a city's name stands where a place is meant: `in X`, `X, ST`."""
    before = document.lower[max(0, token.start - 8) : token.start].split()
    after = document.text[token.end : token.end + 5]
    return bool(before and before[-1] in {"in", "near"}) or (
        after[:2] == ", " and after[2:4].isupper() and not after[4:5].isalpha()
    )


def _own_line(document: Document, token: Token) -> bool:
    before = document.text[max(0, token.start - 12) : token.start]
    after = document.text[token.end : token.end + 12]
    lines = before.rpartition("\n")[2], after.partition("\n")[0]
    return (
        not any(line.strip(" \t\r,.-!>") for line in lines)
        and ("\n" in before or token.start < 12)
        and ("\n" in after or len(after) < 12)
    )


def _suffix_end(document: Document, end: int) -> int:
    """The end after `, Jr.`, `III` and the like."""
    after = document.text[end : end + 8]
    word = after.lstrip(", ").split(" ")[0].split("\n")[0].rstrip(",.;:)")
    if word.lower() in SUFFIXES and word[:1].isupper() and after[:1] in {",", " "}:
        return end + after.index(word) + len(word)
    return end


def _reversed(document: Document) -> Iterator[Hit]:
    """`Surname, Given M.`"""
    tokens, text = document.tokens, document.text
    for at, (one, two) in enumerate(itertools.pairwise(tokens)):
        gap = text[one.end : two.start]
        if gap.strip(" ") != "," or "\n" in gap or one.initial:
            continue
        start = one.start
        if one.low in SUFFIXES and at and text[tokens[at - 1].end : one.start] == " ":
            one, start = tokens[at - 1], tokens[at - 1].start  # noqa: PLW2901 - the surname stands before its suffix
        if _family_first(one, two):
            end = two.end
            third = tokens[at + 2] if at + 2 < len(tokens) else None
            if third is not None and text[end : third.start] == " " and (third.initial or third.low in SUFFIXES):
                end = third.end
            yield Hit(Kind.NAME, start, end, 0.85 if strong_given(two) else 0.6, "surname_given")


def _family_first(one: Token, two: Token) -> bool:
    """Whether the pair reads as surname and given name."""
    if (one.flags | two.flags) & STOP or not (one.flags & SURNAME or _unknown(one)):
        return False
    if two.flags & GIVEN:
        return bool(one.flags & SURNAME or not strong_given(one))
    return (strong_surname(one) or _unknown(one)) and (
        _unknown(two) or bool(two.flags & NAME and not two.flags & (WORD | PLACE | EPONYM))
    )


def _lower_case(document: Document) -> Iterator[Hit]:
    """A given name and a surname written small: only pairs of which neither is a word."""
    flags, text = document.lexicon.flags, document.text
    start, given = -1, ""
    cursor = 0
    for word in text.split():
        at = text.find(word, cursor)
        cursor = at + len(word)
        family = word.rstrip(".,;:!?)'\"").removesuffix("'s")
        if start >= 0 and family.islower() and flags.get(family, 0) & SURNAME and not flags[family] & (WORD | STOP):
            if at - start - len(given) <= 2:
                yield Hit(Kind.NAME, start, at + len(family), 0.6, "lower_case_name")
            start = -1
            continue
        plain = word.islower() and flags.get(word, 0) & GIVEN and not flags[word] & (WORD | AMBIGUOUS | STOP)
        start, given = (at, word) if plain else (-1, "")


FAMILY = Family("names", (), find_names)

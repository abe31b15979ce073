"""Names (A): titles, labels, greetings, mail headers, given names and surnames of the lexicon, unknown capitalised pairs.

Works on runs of capitalised words. The span takes titles, initials, particles and suffixes along.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, STOP, SURNAME, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.court_names import RULES as COURT_RULES
from gateway.phi.recognizers.court_names import find_last
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.name_cues import Cues, label, listed
from gateway.phi.recognizers.name_forms import agreeing, lower_case, surname_first
from gateway.phi.recognizers.name_places import RULES, placed
from gateway.phi.recognizers.name_scores import scored
from gateway.phi.recognizers.name_words import PARTICLES, SUFFIXES, TITLES
from gateway.phi.recognizers.rule import Family, Hit
from gateway.phi.words import Token, unknown

_LONGEST_RUN = 8
_LONGEST_GAP = 16
_ABOUT_NAMES = TITLES | SUFFIXES
_TITLES_OF_JOBS = frozenset({"sr", "father", "sister", "nurse", "officer", "deputy", "gen", "maj", "lic", "justice", "don", "mayor", "grandma", "grandpa", "hon", "fr", "master"})  # fmt: skip
"""Titles that stand before other words than names, too: `Sr. Administrative Assistant`, `FATHER MH`."""


def find_names(document: Document) -> Iterator[Hit]:
    """Every name that the rules or the lexicon support."""
    tokens = document.tokens
    if tokens:
        cues, eponyms = Cues(document), Eponyms(document)
        doubtful: list[Token] = []
        found: list[Hit] = []
        for part in _parts(document, tokens):
            hit = _judge(document, cues, eponyms, part)
            if hit is not None:
                found.append(hit)
            elif len(part) == 1:
                doubtful.append(part[0])
        yield from found
        yield from _listed(document, found, doubtful)
        yield from surname_first(document, cues)
        yield from agreeing(document)
        yield from placed(document, cues)
    else:
        yield from placed(document, Cues(document))
    yield from lower_case(document)
    yield from find_last(document)


def _parts(document: Document, tokens: list[Token]) -> Iterator[list[Token]]:
    """Runs of capitalised words that nothing but a space, a nickname's quote or name particles separates, cut at words
    that are in no name.
    """
    part: list[Token] = []
    for at, token in enumerate(tokens):
        if part and (len(part) == _LONGEST_RUN or not _joined(document, part[-1], token)):
            yield part
            part = []
        standing = _standing(document, part, tokens, at)
        if standing != _GOES_ON and part:
            yield part
            part = []
        if standing != _NO_NAME:
            part.append(token)
    if part:
        yield part


_GOES_ON, _BEGINS, _NO_NAME = "goes on", "begins", "no name"


def _standing(document: Document, part: list[Token], tokens: list[Token], at: int) -> str:
    """Whether a word goes on with the name before it, begins one, or is in none."""
    token = tokens[at]
    flags, low = token.flags, token.low
    if not part and token.text in {"A", "I"}:
        return _NO_NAME
    if low in SUFFIXES and part:
        return _GOES_ON
    if low in TITLES:
        return _GOES_ON if part and part[-1].low in TITLES else _BEGINS
    if part and low in PARTICLES and _particle_of(document, token, tokens, at + 1):
        return _GOES_ON
    if flags & STOP and flags & GIVEN and _first_of_two(document, token, tokens, at + 1):
        return _GOES_ON
    if token.initial or not (flags & STOP or (flags & WORD and not flags & NAME)):
        return _GOES_ON
    after_title = bool(part) and part[-1].low in TITLES and not flags & STOP
    return _GOES_ON if after_title else _NO_NAME


_MOST_PARTICLES = 4
"""More in a row belong to no name, and looking on would go over them again and again."""


def _particle_of(document: Document, token: Token, tokens: list[Token], following: int) -> bool:
    """Whether a surname follows a capitalised particle: `Marc De La Roche`."""
    for after in tokens[following : following + _MOST_PARTICLES]:
        if document.text[token.end : after.start] != " ":
            return False
        token = after
        if token.low not in PARTICLES:
            return bool(token.flags & SURNAME or not token.flags)
    return False


def _first_of_two(document: Document, token: Token, tokens: list[Token], following: int) -> bool:
    """Whether a given name that is a word too (Bill, April) has a surname after it."""
    if following == len(tokens) or token.shape:
        return False
    after = tokens[following]
    if after.initial and following + 1 < len(tokens) and document.text[token.end : after.start] == " ":
        token, after = after, tokens[following + 1]
    return (
        after.flags & (SURNAME | STOP) == SURNAME and not after.shape and document.text[token.end : after.start] == " "
    )


def _joined(document: Document, before: Token, token: Token) -> bool:
    """Whether two words can stand in one name."""
    if token.start - before.end > _LONGEST_GAP:
        return False
    if before.text[-1] == "." and len(before.low) > 3 and before.low not in _ABOUT_NAMES:
        return False
    gap = document.text[before.end : token.start]
    if gap == " ":
        return True
    if not gap:
        return before.initial
    if "\n" in gap or (len(gap) > 1 and gap.isspace() and before.low in TITLES):
        return False
    return not gap.strip(' "()') or _particles(gap)


def _particles(gap: str) -> bool:
    """Whether nothing but particles stands between two words: `van der`, `el-`, `vda. de`."""
    words = gap.lower().replace("-", " ").replace("vda.", "vda").split()
    return bool(words) and set(words) <= PARTICLES


def _placeholder(token: Token) -> bool:
    """Whether it stands for a name that was left out: XYZ, ABCD, XX."""
    if token.low in {"sample", "anyone", "somebody", "nobody"}:
        return True
    return bool(token.shape) and (set(token.low) <= set("xyz") or token.low in {"abc", "abcd", "def"})


def _judge(document: Document, cues: Cues, eponyms: Eponyms, part: list[Token]) -> Hit | None:
    titled = part[0].low in TITLES and len(part) > 1
    words = [one for one in part if one.low not in _ABOUT_NAMES]
    full = [one for one in words if not one.initial]
    if not full:
        return None
    if document.text[part[-1].end : part[-1].end + 1] == "&" and all(
        one.flags & WORD or one.low in document.lexicon.lands for one in full
    ):
        return None  # `Texas A&M`, `Arbitrage Q&A`
    if all(map(_placeholder, full)) or (len(full) == 1 and full[0].low == "my"):
        return None
    if titled:
        if part[0].low in _TITLES_OF_JOBS and not any(
            (one.flags & NAME and not one.flags & WORD) or unknown(one) for one in full
        ):
            return None
        return Hit(Kind.NAME, part[0].start, _suffix_end(document, part[-1].end), 0.9, "titled_name")
    first, last = words[0].start, part[-1].end
    cue = label(document, first)
    if not cue and (cues.on_header(first) or cues.mailed(last)):
        cue = "header"
    score, by = scored(document, cues, full, words, cue)
    if not score or fold_name(document.text[first:last]) in document.lexicon.lands:
        return None
    if not cue and (_thing(full) or eponyms.named_after(first, last)):
        return None
    return Hit(Kind.NAME, first, _suffix_end(document, last), score, by)


def _thing(full: list[Token]) -> bool:
    """Whether it is one eponym that hardly anybody bears."""
    return len(full) == 1 and bool(full[0].flags & EPONYM)


def _listed(document: Document, found: list[Hit], doubtful: list[Token]) -> Iterator[Hit]:
    """Doubtful words right beside a name in a list: `Ann, TK and Mark`."""
    starts = [hit.start for hit in found]
    for one in doubtful:
        short = one.shouted and len(one.low) == 2 and not one.flags & STOP
        if not (short or unknown(one) or (one.flags & GIVEN and not one.flags & STOP)):
            continue
        at = bisect_left(starts, one.start)
        if (at and listed(document, found[at - 1].end, one.start)) or (
            at < len(found) and listed(document, one.end, found[at].start)
        ):
            yield Hit(Kind.NAME, one.start, one.end, 0.5, "listed_name")


def _suffix_end(document: Document, end: int) -> int:
    """The end after `, Jr.`, `III` and the like."""
    if document.text[end : end + 1] not in {",", " "}:
        return end
    after = document.text[end : end + 8]
    word = after.lstrip(", ").split(" ")[0].split("\n")[0].rstrip(",.;:)")
    if word.lower() in SUFFIXES and word[:1].isupper():
        return end + after.index(word) + len(word)
    return end


FAMILY = Family("names", (*RULES, *COURT_RULES), find_names)

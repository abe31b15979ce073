"""Names in the forms of courts, estates and offices: `SMITH v. JONES`, `Estate of X`, `Dr. J`, `Bill W.`, `a/k/a "Chepe"`,
`Tyrell "Peanut" Holliman`, `the Hendersons`, sign-offs that are no name of a list (`-- KM`, `jt`, `... by noon. WT`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.domain.finding import Kind
from gateway.phi.document import Document, gated
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, PLACE, STOP, SURNAME, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_places import NO_INITIALS
from gateway.phi.recognizers.rule import Hit, Rule

_CAP: Final = r"\p{Lu}[\pL\pM]*(?:['’\-]\pL[\pL\pM]*)*"
_NO_PARTY: Final = frozenset((
    "state", "people", "commonwealth", "united", "states", "county", "city", "board", "bank", "inc", "co", "corp", "llc", "ltd", "company", "commissioner", "secretary", "department", "dept",
    "plaintiff", "plaintiffs", "defendant", "defendants", "respondent", "petitioner", "appellant", "appellee", "the", "no", "in", "re", "ex", "usa", "us", "cooperative", "union", "government", "minister", "crown", "queen", "king", "regina", "others", "another", "anor", "ors",
))  # fmt: skip
"""Words of a case's name that are no person's."""
_NICKNAMES: Final = frozenset((
    "bill", "will", "mark", "jack", "rose", "grace", "hope", "faith", "joy", "dawn", "rob", "bob", "pat", "sue", "drew", "gene", "frank", "art", "april", "may", "june", "chase", "grant", "ray", "max", "dale", "guy", "wade", "rich", "chuck", "dick", "buddy", "skip", "rusty", "sandy", "penny", "ginger", "ruby",
))  # fmt: skip
"""Given names that are words too, and that an initial after them makes names of again."""


def _flags(document: Document, word: str) -> int:
    return document.lexicon.flags.get(fold_name(word.strip(".,'’")), 0)


def _words(document: Document, start: int, end: int) -> list[str]:
    return [one for one in document.text[start:end].replace(",", " ").split() if len(one.strip(".")) > 1]


def _no_party(document: Document, start: int, end: int) -> bool:
    """Whether the words beside `v.` are an authority, a company or a land."""
    words = [fold_name(one.strip(".,")) for one in _words(document, start, end)]
    if not words or fold_name(document.text[start:end]) in document.lexicon.lands or not _NO_PARTY.isdisjoint(words):
        return True
    return any(one in document.lexicon.lands for one in words) or all(
        document.lexicon.flags.get(one, 0) & (WORD | NAME) == WORD or document.lexicon.flags.get(one, 0) & STOP
        for one in words
    )


def _no_person(document: Document, start: int, end: int) -> bool:
    """Whether a word is an ordinary one alone, or the words are a land."""
    words = _words(document, start, end)
    flags = [_flags(document, one) for one in words]
    if not words or fold_name(document.text[start:end]) in document.lexicon.lands:
        return True
    return (len(words) == 1 and bool(flags[0] & WORD)) or any(
        bits & STOP or bits & (WORD | NAME) == WORD for bits in flags
    )


def _no_given(document: Document, start: int, end: int) -> bool:
    """Whether the word before the initial is no given name: `Vitamin D.`, `Hepatitis B.`"""
    word, _, letter = document.text[start:end].partition(" ")
    low, flags = fold_name(word), _flags(document, word)
    if letter[0] in "IAVX":
        return True
    return low not in _NICKNAMES and (not flags & GIVEN or bool(flags & (STOP | EPONYM | WORD)))


def _no_family(document: Document, start: int, end: int) -> bool:
    """Whether `the Xs` are no family: a people, a team, a range, an ordinary word."""
    word = document.text[start:end]
    low = fold_name(word)
    stem = low.removesuffix("es") if low.endswith(("ses", "zes", "xes", "ches", "shes")) else low[:-1]
    if low.endswith(("ss", "us", "is")):
        return True
    flags, known = _flags(document, low), document.lexicon.flags.get(stem, 0)
    if (
        flags & (WORD | PLACE | STOP | EPONYM | GIVEN)
        or low in document.lexicon.lands
        or stem in document.lexicon.lands
    ):
        return True
    return not known & SURNAME or bool(known & (WORD | STOP | EPONYM))


def _no_byname(document: Document, start: int, end: int) -> bool:
    """Whether the quoted words are ordinary ones of no name: `known as "Best Practice"`."""
    flags = [_flags(document, one) for one in _words(document, start, end)]
    return len(flags) > 1 and all(bits & (WORD | STOP) and not bits & GIVEN for bits in flags)


def _no_nickname(document: Document, start: int, end: int) -> bool:
    """Whether the words round the quoted one are no name."""
    words = _words(document, start, end)
    first, last = _flags(document, words[0]), _flags(document, words[-1])
    return bool((first | last) & STOP) or not (first & GIVEN or (last & SURNAME and not last & WORD))


def _by_byname(document: Document, start: int, end: int) -> bool:
    """Whether the word after `Big` or `Lil` is no given name."""
    flags = _flags(document, document.text[start:end].rpartition(" ")[2])
    return not flags & GIVEN or bool(flags & (STOP | PLACE | EPONYM))


def _placeholder(document: Document, start: int, end: int) -> bool:
    return document.text[start:end] in {"X", "Y", "Z"}


_PARTY: Final = rf"{_CAP}(?: (?:\p{{Lu}}\.|{_CAP})){{0,3}}"
RULES: Final = (
    Rule("party_before", Kind.NAME, rf"({_PARTY}),? (?:v|vs|V|VS)\. \p{{Lu}}", 0.55, veto=_no_party),
    Rule("party_after", Kind.NAME, rf"\pL,? (?:v|vs|V|VS)\. ({_PARTY})", 0.55, veto=_no_party),
    Rule("estate", Kind.NAME, rf"\b(?i:(?:estate|heirs|succession|guardianship|conservatorship|interdiction|widow|adoption) of|in re|matter of) (?:(?i:the )?(?i:late|minor|estate of) |M[rs]{{1,2}}s?\.? )?({_CAP}(?: (?:\p{{Lu}}\.|{_CAP})){{0,3}})", 0.6, veto=_no_person),
    Rule("titled_initial", Kind.NAME, r"\b(?:Dr|Mr|Mrs|Ms|Miss|Coach|Prof)\.? ([A-Z])(?:[^\pL\d.+&'’\-/]|\.(?:[^\pL\d]|$)|$)", 0.6, veto=_placeholder),
    Rule("given_initial", Kind.NAME, r"(\p{Lu}\p{Ll}{1,11} \p{Lu}\.)(?:[\s,;)\"”’]|$)", 0.6, veto=_no_given, bounded=False),
    Rule("byname", Kind.NAME, rf"(?i:\ba/?k/?a/?|\bf/?k/?a/?|\bn/?k/?a/?|also known as|known as|nicknamed|alias|they called|street name),? [\"“‘']({_CAP}(?: {_CAP}){{0,2}})[\"”’',.]", 0.6, veto=_no_byname),
    Rule("nickname_between", Kind.NAME, rf"({_CAP}(?: \p{{Lu}}\.)? (?:\([\"“]?|[\"“‘'])(?:{_CAP}|the {_CAP})(?: {_CAP})?(?:[\"”]?\)|[\"”’']) {_CAP}(?:-{_CAP})?)", 0.6, veto=_no_nickname),
    Rule("big_name", Kind.NAME, r"\b((?:Big|Lil'?|Li'l|Little|Ol'|Old Man|Mama|Papa|Tiny|Crazy|Wee) \p{Lu}\p{Ll}+)", 0.5, veto=_by_byname),
    Rule("family_plural", Kind.NAME, r"\b(?:the|The) (\p{Lu}\pL+s)(?:[^\pL]|$)", 0.5, veto=_no_family),
    Rule("spelled_respondent", Kind.NAME, r"(?i:matter of|in re) ((?:\p{Lu}-){2,4})", 0.7, bounded=False),
    Rule("dashed_signature", Kind.NAME, r"(?m)^[ \t>]*[\-–—~]{1,2} ?([A-Z]{2,3})[ \t\r]*$", 0.6, veto=lambda document, start, end: document.text[start:end].lower() in NO_INITIALS),
)  # fmt: skip
_LAST: Final = r"(?m)(?:[.?!)…](?: {1,2}| ?-{1,2} ?| ?[–—] ?)|\n[ \t>]*-{0,2} ?)(\p{Lu}{2,3}|\p{Lu}\p{Ll}{1,13}|\p{Ll}{2,3})[ \t\r]*(?:\n[ \t>\r]*)*(?:-{2,} ?(?i:original message|forwarded)[^\n]*|\z)"
"""What stands last in a text, or last before the mail that it answers."""


def find_last(document: Document) -> Iterator[Hit]:
    """The initials, the two small letters or the one name that a text ends with."""
    if len(document.text) < _SHORTEST:
        return
    for start, end in document.spans(gated(_LAST), 1):
        word = document.text[start:end]
        flags, low = _flags(document, word), word.lower()
        alone = document.text[:start].rstrip(" \t>-–—")[-1:] in {"", "\n"}
        if low in NO_INITIALS and low != "ed":
            continue
        if word.isupper():
            signs = (
                not flags & STOP and low not in document.lexicon.drugs and (len(low) == 2 or alone or not flags & WORD)
            )
        elif word.islower():
            signs = (
                alone
                and low not in _SMALL_WORDS
                and (low in {"ed", "al"} or not flags & STOP)
                and (len(low) == 2 or not flags & WORD)
            )
        else:
            signs = (
                not _shortened(document.text[max(0, start - 8) : start])
                and bool(flags & NAME)
                and fold_name(word) not in document.lexicon.lands
                and not flags & (STOP | PLACE | EPONYM)
                and (not flags & WORD or low in _NICKNAMES)
            )
        if signs:
            yield Hit(Kind.NAME, start, end, 0.6, "signed_name")


def _shortened(before: str) -> bool:
    """Whether the dot before the word is one of a short form: `v. Poland`, `Mrs. Oduya`."""
    return before.endswith(". ") and (
        len(before[:-2].rpartition(" ")[2]) < 4 or before[:-2].rpartition(" ")[2].istitle()
    )


_SMALL_WORDS: Final = frozenset(
    {
        "mg",
        "kg",
        "ml",
        "cm",
        "mm",
        "hr",
        "pt",
        "bp",
        "dx",
        "hx",
        "sx",
        "fx",
        "bx",
        "ct",
        "ft",
        "lb",
        "oz",
        "ty",
        "np",
        "nm",
        "oh",
        "ah",
        "yo",
        "ha",
        "qd",
        "bid",
        "tid",
        "prn",
        "jpg",
        "pdf",
        "co",
        "eg",
        "ie",
        "vs",
        "si",
    }
)
"""Two or three small letters that close a text or table and sign nothing."""
_SHORTEST: Final = 12
"""A text of fewer characters has no sign-off."""

"""Numbers for placeholders: `[name-1]` is the same person wherever it stands in a mail, and nobody else.

The number is a count of what was met before, per kind, the oldest words first: what a reply quotes is counted before what
it adds, so a thread that quotes itself keeps its numbers, and nothing has to be remembered between mails. A reply that
quotes nothing counts from one again. The names themselves live in this object alone, as long as one mail is redacted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.domain.finding import Finding, Kind
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_words import SUFFIXES, TITLES
from gateway.phi.redact import whole

_CERTAIN = 0.8
"""What the scanner spreads over a mail (spans.py): a surname alone is that person, if there is one such person alone."""
_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\D+")
_BY_DIGITS = frozenset({Kind.PHONE, Kind.FAX, Kind.SSN, Kind.PAYMENT_CARD})
_WRITTEN = re.compile(r"\[(" + "|".join(kind.value for kind in Kind) + r")-([0-9]{1,4})\]")
_QUOTE = re.compile(r"[ \t]*((?:>[ \t]?)+)")
_DIVIDES = re.compile(
    r"[ \t>]*(?:-{2,}[ ]?(?:original message|forwarded message|mensaje original|mensaje reenviado)|on [^\n]{0,200}wrote:[ \t]*$"
    r"|el [^\n]{0,200}escribi[oó]:[ \t]*$|from: |de: )",
    re.IGNORECASE,
)
_GENITIVE = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]s\\b")
_SEVERAL = re.compile(r"[\n;/&]|[^\W\d_]{3,}\.\s|,.*,|\s(?:and|or|y|e|und)\s", re.IGNORECASE | re.DOTALL)
"""Signs that one finding spans two people: it is a value of its own, and nobody is known by it."""
_LABELS = frozenset(
    {"mrn", "no", "number", "num", "id", "member", "account", "acct", "policy", "group", "license", "serial", "record", "patient",
     "ssn", "npi", "dea", "vin", "plate", "medicare", "medicaid", "insurance", "claim", "passport", "dob", "tel", "phone", "fax"}
)  # fmt: skip
"""What may stand before a value without being of it."""
_MOST_WORDS = 5
_MOST = 9999


class Numbers:
    """The numbers of one mail. `of` gives the same answer for the same value, whoever asks first."""

    def __init__(self, texts: Mapping[str, str], findings: Iterable[Finding]) -> None:
        """`texts` are the parts that are shown, in the order in which they are read; findings elsewhere do not count."""
        self._count: dict[Kind, int] = {}
        self._given: dict[tuple[Kind, str], str] = {}
        for text in texts.values():  # placeholders that stand there already are somebody else's
            for match in _WRITTEN.finditer(text):
                kind = Kind(match.group(1))
                self._count[kind] = max(self._count.get(kind, 0), int(match.group(2)))
        shown = [one for one in findings if one.part in texts]
        self._whole = _whole_names(texts, shown)
        for one in _oldest_first(texts, shown):
            text = texts[one.part]
            self.of(one.kind, text[slice(*whole(text, one.start, one.end))])

    def of(self, kind: Kind, value: str) -> str:
        """The placeholder of a value; one that was not met yet takes the next number, and beyond the last none."""
        key = (kind, self._same(kind, value))
        known = self._given.get(key)
        if known is None:
            number = self._count[kind] = self._count.get(kind, 0) + 1
            known = self._given[key] = f"[{kind.value}-{number}]" if number <= _MOST else f"[{kind.value}]"
        return known

    def _same(self, kind: Kind, value: str) -> str:
        """What two writings of one value have in common. Doubt makes two of one, never one of two."""
        if kind is Kind.NAME:
            name = _name_words(value)
            return " ".join(self._whole.get(name, name)) or value.casefold()
        if kind in _BY_DIGITS:
            digits = _DIGITS.sub("", value)
            return digits.removeprefix("1") if len(digits) == 11 else digits or value
        words = _WORDS.findall(value.casefold())
        while len(words) > 1 and words[0] in _LABELS:
            words = words[1:]
        return " ".join(words) or value


def _name_words(value: str) -> tuple[str, ...]:
    """The words of a name as it is spoken: given name first, without titles; none for what is no one person's name.

    Jr. and Sr. are two people.
    """
    first, _, rest = value.partition(" ")
    if _SEVERAL.search(rest if fold_name(first.rstrip(".")) in TITLES else value):
        return ()
    family, comma, given = value.partition(",")
    spoken = f"{given} {family}" if comma and not _is_suffix(given) else value
    words = [fold_name(one) for one in _WORDS.findall(_GENITIVE.sub(" ", spoken))]
    kept = [one for at, one in enumerate(words) if one not in TITLES or (one in SUFFIXES and at)]
    return tuple(kept or words) if len(words) <= _MOST_WORDS else ()


def _is_suffix(value: str) -> bool:
    words = [fold_name(one) for one in _WORDS.findall(value)]
    return all(one in SUFFIXES for one in words)


def _whole_names(texts: Mapping[str, str], findings: Sequence[Finding]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """For each short form the one certain name that it belongs to; a form that fits two people stays by itself."""
    certain: set[tuple[str, ...]] = set()
    every: dict[tuple[str, ...], frozenset[str]] = {}
    by_word: dict[str, set[tuple[str, ...]]] = {}
    for one in findings:
        if one.kind is Kind.NAME:
            words = _name_words(texts[one.part][slice(*whole(texts[one.part], one.start, one.end))])
            if not words:
                continue
            every[words] = frozenset(words)
            if one.score >= _CERTAIN and len(words) > 1:
                certain.add(words)
            for word in words:
                by_word.setdefault(word, set()).add(words)
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for short, words_of in every.items():
        longer = {one for one in min((by_word[word] for word in short), key=len, default=()) if every[one] > words_of}
        largest = [one for one in longer if not any(every[one] < every[other] for other in longer)]
        if len(largest) == 1 and largest[0] in certain:
            found[short] = largest[0]
    return found


def _oldest_first(texts: Mapping[str, str], findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings by the age of the words that they stand in, as far as quoting tells, then by place."""
    place = {part: at for at, part in enumerate(texts)}
    ages = {part: _ages(text) for part, text in texts.items()}
    by_part: dict[str, list[Finding]] = {}
    for one in findings:
        by_part.setdefault(one.part, []).append(one)
    marked: list[tuple[int, int, int, int, Finding]] = []
    for part, some in by_part.items():
        levels = ages[part]
        at = 0
        for one in sorted(some, key=lambda one: (one.start, one.end)):
            while at + 1 < len(levels) and levels[at + 1][0] <= one.start:
                at += 1
            age = levels[at][1] if levels else 0
            marked.append((-age, place[part], one.start, one.end, one))
    marked.sort(key=lambda each: each[:4])
    yield from (each[4] for each in marked)


def _ages(text: str) -> list[tuple[int, int]]:
    """Where each line begins, and how often what it says was quoted."""
    found: list[tuple[int, int]] = []
    at, divided = 0, 0
    for line in text.splitlines(keepends=True):
        quoted = _QUOTE.match(line)
        depth = quoted.group(1).count(">") if quoted else 0
        found.append((at, depth + divided))
        if _DIVIDES.match(line):
            divided += 1
        at += len(line)
    return found

"""The search behind KnownPatients: collects keys per patient over the whole message, then decides which of them count."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz.distance import OSA

from gateway.domain.finding import Finding
from gateway.phi.canonical import DATE_FORMS, Canonical, Word, canonical, days, pattern
from gateway.phi.known_patients import ALONE, CERTAIN, KINDS, NAMES, SECOND, Key, KnownPatients, KnownReport
from gateway.phi.lexicon import WORD
from gateway.phi.normalize import Normalized
from gateway.phi.recognizers.name_words import PARTICLES

_NEIGHBOUR = 200
_WINDOW, _OVERLAP, _SEARCH = 64 * 1024, 1024, 512
_SPACE = re.compile(r"\s")
_REACH = 3
"""How many words may stand between given name and surname's place: middle names, `MD`, a comma's other order."""
_SCORES = {Key.SURNAME: 0.8, Key.INITIAL_NAME: 0.9, Key.TYPO_NAME: 0.9}


@dataclass(frozen=True, slots=True)
class _Sight:
    key: Key
    part: int
    start: int
    end: int


@dataclass(slots=True)
class _Sights:
    """All that was seen, by patient; surnames and initials apart, because nearly all of them are chance."""

    of: dict[int, set[_Sight]] = field(default_factory=lambda: defaultdict(set))
    surnames: list[tuple[str, _Sight]] = field(default_factory=list)
    initials: dict[tuple[str, str], list[_Sight]] = field(default_factory=lambda: defaultdict(list))


def search(
    known: KnownPatients, parts: Sequence[tuple[str, Normalized]], flags: Mapping[str, int], addressed: frozenset[str]
) -> KnownReport:
    """Everything the register knows of these parts."""
    sights = _Sights()
    for number, (_, normal) in enumerate(parts):
        for base, text in _windows(normal.text):
            place = _Place(number, base)
            words = _words(text)
            _see_names(known, place, text, words, flags, sights)
            _see_literals(known, place, text, words, sights)
            _see_numbers(known, place, text, sights)
    tied = [at for name in addressed if (at := known.positions.get(name)) is not None]
    _add_initials(known, tied, sights)
    _see_typos(known, [normal.text for _, normal in parts], sights)
    return _decide(known, parts, sights, addressed)


@dataclass(frozen=True, slots=True)
class _Place:
    """A window of a part: what is found in it stands `base` further on in the part."""

    part: int
    base: int

    def sight(self, key: Key, start: int, end: int) -> _Sight:
        return _Sight(key, self.part, self.base + start, self.base + end)


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """A text in stretches that overlap, cut between words: a long one costs the memory of a short one."""
    start = 0
    while len(text) - start > _WINDOW:
        end = _gap(text, start + _WINDOW)
        yield start, text[start:end]
        start = _gap(text, end - _OVERLAP)
    yield start, text[start:]


def _gap(text: str, at: int) -> int:
    """The next place between words from `at` on; `at` itself where there is none within reach."""
    found = _SPACE.search(text, at, at + _SEARCH) if at else None
    return found.start() if found else at


def _words(text: str) -> Canonical:
    return canonical([match.span() for match in pattern("word").finditer(text)], text)


def _see_names(
    known: KnownPatients, place: _Place, text: str, words: Canonical, flags: Mapping[str, int], sights: _Sights
) -> None:
    names = known.index.names
    for at, word in enumerate(words.words):
        family = names.get(word.text)
        if family is None:
            continue
        small = text[word.start].islower()
        if small and flags.get(word.text, 0) & WORD:
            continue
        if not small:
            sights.surnames.append((word.text, place.sight(Key.SURNAME, word.start, word.end)))
        for other, start, end in _beside(words, at, text):
            people = family.get(other)
            if people is not None:
                for one in people:
                    sights.of[one].add(place.sight(Key.FULL_NAME, start, end))
            elif len(other) == 1 and not small:
                sights.initials[word.text, other].append(place.sight(Key.INITIAL_NAME, start, end))


def _beside(words: Canonical, at: int, text: str) -> Iterator[tuple[str, int, int]]:
    """The words that could be the given name of the surname at `at`: up to three before it, or right after a comma."""
    surname = words.words[at]
    for back in range(1, _REACH + 1):
        if at < back:
            break
        one = words.words[at - back]
        gap = text[one.end : words.words[at - back + 1].start]
        if _parts(gap, one) or ("," in gap and back == 1):
            break
        between = words.words[at - back + 1]
        if back > 1 and not text[between.start].isupper() and between.text not in PARTICLES:
            break
        yield one.text, one.start, surname.end
    if at + 1 < len(words.words):
        one = words.words[at + 1]
        gap = text[surname.end : one.start]
        if gap.strip() in {",", "", ";", "|"} and len(gap) < 4:
            yield one.text, surname.start, one.end


def _parts(gap: str, before: Word) -> bool:
    """Whether what stands between two words keeps them from being one name."""
    if "\n\n" in gap or any(mark in gap for mark in ":;!?|@/_="):
        return True
    return "." in gap and (len(before.text) > 2 or " " not in gap)


def _see_literals(known: KnownPatients, place: _Place, text: str, words: Canonical, sights: _Sights) -> None:
    for number, start, end in known.literals.find_matches_as_indexes(words.joined, overlapping=True):
        first, after = words.offsets.get(start + 1), words.offsets.get(end)
        if first is None:
            continue
        last = len(words.words) - 1 if after is None else after - 1
        for one, key in known.literal(number):
            sights.of[one].add(place.sight(key, words.words[first].start, words.words[last].end))
    low = text.lower()
    if len(low) != len(text):
        low = "".join(one.lower()[:1] for one in text)
    for number, start, end in known.emails.find_matches_as_indexes(low, overlapping=True):
        before, after_end = low[start - 1 : start], low[end : end + 1]
        if before.isalnum() or after_end.isalnum() or (before in {".", "_", "-", "+"} and before):
            continue
        for one in known.email(number):
            sights.of[one].add(place.sight(Key.EMAIL, start, end))


def _see_numbers(known: KnownPatients, place: _Place, text: str, sights: _Sights) -> None:
    if known.index.births:
        for form in DATE_FORMS:
            for match in pattern(form).finditer(text):
                for day in days(match.group(), form):
                    for one in known.index.births.get(day, ()):
                        sights.of[one].add(place.sight(Key.BIRTH_DATE, match.start(), match.end()))
    if known.index.phones:
        for match in pattern("phone").finditer(text):
            digits = "".join(filter(str.isdecimal, match.group()))
            for one in known.index.phones.get(digits, ()):
                sights.of[one].add(place.sight(Key.PHONE, match.start(), match.end()))


def _add_initials(known: KnownPatients, tied: list[int], sights: _Sights) -> None:
    """Initial and surname count only for patients of whom something else is in the message."""
    for one in {*sights.of, *tied}:
        given, family = known.given[one], known.family[one].split()[-1:]
        seen = sights.initials.get((family[0], given[0])) if given and family else None
        if seen:
            sights.of[one].update(seen)


def _see_typos(known: KnownPatients, texts: Sequence[str], sights: _Sights) -> None:
    """A name with one wrong letter near another key of the same patient."""
    for one, seen in list(sights.of.items()):
        keys = {sight.key for sight in seen}
        if not keys & SECOND or Key.FULL_NAME in keys:
            continue
        given, family = known.given[one].split(), known.family[one].split()
        if not given or not family:
            continue
        for sight in [sight for sight in seen if sight.key in SECOND]:
            place = _Place(sight.part, _gap(texts[sight.part], max(0, sight.start - _NEIGHBOUR)))
            words = _words(texts[sight.part][place.base : _gap(texts[sight.part], sight.end + _NEIGHBOUR)]).words
            for left, right in pairwise(words):
                pair = (left.text, right.text)
                for a, b in (pair, pair[::-1]):
                    if _close(a, given[0]) and _close(b, family[-1]):
                        sights.of[one].add(place.sight(Key.TYPO_NAME, left.start, right.end))


def _close(a: str, b: str) -> bool:
    return a == b or (len(b) > 2 and abs(len(a) - len(b)) < 2 and OSA.distance(a, b, score_cutoff=1) <= 1)


def _decide(
    known: KnownPatients, parts: Sequence[tuple[str, Normalized]], sights: _Sights, addressed: frozenset[str]
) -> KnownReport:
    """Which sights count, patient by patient, then surnames of those who are in the message."""
    near = _surname_places(sights)
    present: list[int] = []
    suffices = False
    settled = {
        one for one, seen in sights.of.items() if known.ids[one] in addressed or {sight.key for sight in seen} & SECOND
    }
    confirmed = {sight for one in settled for sight in sights.of[one]}
    for one, seen in sights.of.items():
        keys = {sight.key for sight in seen}
        named = bool(keys & NAMES) or (Key.BIRTH_DATE in keys and _surname_near(known, one, seen, near))
        second = bool(keys & SECOND)
        if not (keys & CERTAIN or (named and (second or known.ids[one] in addressed))):
            continue
        if one not in settled and seen <= confirmed:
            continue  # a namesake: every name seen is that of a patient whom a second key confirms
        present.append(one)
        suffices = suffices or bool(keys & ALONE) or (named and second)
    findings = {_finding(known, parts, one, sight) for one in present for sight in sights.of[one]}
    by_surname: dict[str, list[int]] = defaultdict(list)
    for one in {*present, *(known.positions[name] for name in addressed if name in known.positions)}:
        for last in known.family[one].split()[-1:]:
            by_surname[last].append(one)
    for word, sight in sights.surnames:
        findings |= {_finding(known, parts, one, sight) for one in by_surname.get(word, ())}
    ordered = sorted(findings, key=lambda one: (one.part, one.start, -one.end, one.patient or ""))
    return KnownReport(tuple(ordered), frozenset(known.ids[one] for one in present), suffices)


def _surname_places(sights: _Sights) -> dict[tuple[str, int], list[int]]:
    """Where each surname stands, by word and part, in order."""
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for word, sight in sights.surnames:
        places[word, sight.part].append(sight.start)
    for starts in places.values():
        starts.sort()  # windows overlap
    return places


def _surname_near(
    known: KnownPatients, one: int, seen: set[_Sight], places: Mapping[tuple[str, int], list[int]]
) -> bool:
    """Whether the patient's surname stands within reach of the birth date."""
    for sight in seen:
        if sight.key is Key.BIRTH_DATE:
            for last in known.family[one].split()[-1:]:
                starts = places.get((last, sight.part), [])
                at = bisect_left(starts, sight.start - _NEIGHBOUR)
                if at < len(starts) and starts[at] <= sight.end + _NEIGHBOUR:
                    return True
    return False


def _finding(known: KnownPatients, parts: Sequence[tuple[str, Normalized]], one: int, sight: _Sight) -> Finding:
    part, normal = parts[sight.part]
    start, end = normal.original(sight.start, sight.end)
    return Finding(
        KINDS[sight.key],
        part,
        start,
        end,
        _SCORES.get(sight.key, 0.99),
        f"known_{sight.key.name.lower()}",
        known.ids[one],
    )

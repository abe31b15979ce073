"""Which sights of registered patients count: patient by patient, then the surnames of those who are in the message."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gateway.domain.finding import Finding
from gateway.phi.known_index import NO_SURNAME, Names
from gateway.phi.known_keys import ALONE, CERTAIN, KINDS, NAMES, SECOND, Key, KnownReport
from gateway.phi.known_register import KnownRegister
from gateway.phi.known_text import NEIGHBOUR, Joined, Sight, Sights
from gateway.phi.lexicon import GIVEN, STOP
from gateway.phi.recognizers.name_words import PARTICLES, TITLES
from gateway.phi.skeleton import plain_bytes

_SCORES = {Key.SURNAME: 0.8, Key.INITIAL_NAME: 0.9, Key.TYPO_NAME: 0.9, Key.STREET: 0.9}
_BESIDE, _LABEL = 120, 24
_BORN = re.compile(r"\b(?:dob|d\.o\.b|b\.?d|born|birth|birthday|birthdate|nacimiento|nacid[oa]|f\.? ?nac|age|aged)\b")
"""What is said before a birth date; over a short stretch only."""

Places = Mapping[bytes, Sequence[int]]
"""Where each surname stands, in order."""


def decide(
    known: KnownRegister, joined: Joined, sights: Sights, flags: Mapping[str, int], addressed: frozenset[str]
) -> KnownReport:
    """The report on everything seen."""
    places = {word: sorted(one.start for one in seen) for word, seen in sights.surnames.items()}  # windows overlap
    present: list[int] = []
    suffices = False
    for one, seen in sights.of.items():
        seen.difference_update(_chance_dates(known, one, seen, joined.text, places, flags))
    settled = {
        one for one, seen in sights.of.items() if known.ids[one] in addressed or {sight.key for sight in seen} & SECOND
    }
    confirmed = {sight for one in settled for sight in sights.of[one]}
    for one, seen in sights.of.items():
        keys = {sight.key for sight in seen}
        named = bool(keys & NAMES) or _surname_near(known, one, seen, joined.text, places, flags)
        second = bool(keys & SECOND)
        if not (keys & CERTAIN or (named and (second or known.ids[one] in addressed))):
            continue
        if one not in settled and seen <= confirmed:
            continue  # a namesake: every name seen is that of a patient whom a second key confirms
        present.append(one)
        suffices = suffices or bool(keys & ALONE) or (named and second)
    findings = {_finding(known, joined, one, sight) for one in present for sight in sights.of[one]}
    by_surname: dict[bytes, list[int]] = defaultdict(list)
    for one in {*present, *(known.positions[name] for name in addressed if name in known.positions)}:
        for word in known.names[one].family:
            by_surname[word].append(one)
    for word, people in by_surname.items():
        findings |= {_finding(known, joined, one, sight) for sight in sights.surnames.get(word, ()) for one in people}
    told = sorted(filter(None, findings), key=lambda one: (one.part, one.start, -one.end, one.patient or ""))
    return KnownReport(tuple(told), frozenset(known.ids[one] for one in present), suffices)


def _chance_dates(
    known: KnownRegister, one: int, seen: set[Sight], text: str, places: Places, flags: Mapping[str, int]
) -> set[Sight]:
    """Dates that are this patient's birthday by chance: no name of theirs beside it, and no word of birth before it."""
    dates = [sight for sight in seen if sight.key is Key.BIRTH_DATE]
    if not dates:
        return set()
    names = sorted(sight.start for sight in seen if sight.key in NAMES)
    return {
        sight
        for sight in dates
        if not _within(names, sight, _BESIDE)
        and not _BORN.search(text[max(0, sight.start - _LABEL) : sight.start].lower())
        and not any(
            _adjoins(text, word, at, sight) for word, at in _surnames(known, one, sight, text, places, flags, _BESIDE)
        )
    }


def _adjoins(text: str, word: bytes, at: int, sight: Sight) -> bool:
    """Whether nothing but marks stands between the surname at that place and the date, or a title before the surname."""
    before = [one.strip("<([.").lower() for one in text[max(0, at - 24) : at].split()]
    while before and before[-1] in PARTICLES - TITLES:
        before.pop()
    if before and before[-1] in TITLES:
        return True
    between = text[at + len(word) : sight.start] if at < sight.start else text[sight.end : at]
    return not any(map(str.isalnum, between))


def _surname_near(
    known: KnownRegister, one: int, seen: set[Sight], text: str, places: Places, flags: Mapping[str, int]
) -> bool:
    """Whether the patient's surname stands within reach of another key."""
    return any(
        True
        for sight in seen
        if sight.key in SECOND
        for _ in _surnames(known, one, sight, text, places, flags, NEIGHBOUR)
    )


def _surnames(
    known: KnownRegister, one: int, sight: Sight, text: str, places: Places, flags: Mapping[str, int], reach: int
) -> Iterator[tuple[bytes, int]]:
    """The patient's surname where it stands within reach of the sight, unless another surname goes on from half of it."""
    names = known.names[one]
    for word in names.family:
        starts = places.get(word, ())
        for at in starts[bisect_left(starts, sight.start - reach) : bisect_right(starts, sight.end + reach)]:
            end = at + len(word)
            if _of_another(text, at, end, names, flags):
                continue
            longer = (
                text[end : end + 1] in {" ", "-"}
                and text[end + 1 : end + 2].isupper()
                and text[end + 2 : end + 3].islower()
            )
            if (
                word not in names.halves
                or not longer
                or plain_bytes(text[end + 1 : end + 40].split(maxsplit=1)[0]) in names.family
            ):
                yield word, at


def _of_another(text: str, start: int, end: int, names: Names, flags: Mapping[str, int]) -> bool:
    """Whether a given name stands at the surname that is not this patient's: `Bruce Lee`, `Lee, Bruce`."""
    before = text[max(0, start - 32) : start].replace("-", " ").split() if text[start - 1 : start] in {" ", "-"} else []
    while before and plain_bytes(before[-1]) in NO_SURNAME:
        before.pop()
    others = before[-1:]
    if text[end : end + 2] == ", ":
        others += text[end + 2 : end + 26].split(maxsplit=1)[:1]
    for one in others:
        word = plain_bytes(one.strip(",;"))
        given = flags.get(word.decode("latin-1"), 0) & (GIVEN | STOP) == GIVEN
        if one[:1].isupper() and given and word not in names.given and word not in names.family:
            return True
    return False


def _within(starts: Sequence[int], sight: Sight, reach: int) -> bool:
    at = bisect_left(starts, sight.start - reach)
    return at < len(starts) and starts[at] <= sight.end + reach


def _finding(known: KnownRegister, joined: Joined, one: int, sight: Sight) -> Finding | None:
    place = joined.place(sight.start, sight.end)
    if place is None:
        return None
    by = "mrn" if sight.key is Key.BARE_NUMBER else sight.key.name.lower()
    return Finding(KINDS[sight.key], *place, _SCORES.get(sight.key, 0.99), f"known_{by}", known.ids[one])

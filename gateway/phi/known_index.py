"""The register as tables and one automaton: what of each patient is looked for, and in which forms.

Every pattern is a run of whole words of a skeleton (skeleton.py), with a space on each side. A surname is found by any
of its words, because two surnames are often shortened to one; a house number with the word beside it announces an
address. The tables are PHI themselves: they live in memory only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from gateway.domain.patient import Patient
from gateway.phi.canonical import Line, postal_line
from gateway.phi.normalize import normalize
from gateway.phi.recognizers.name_words import PARTICLES, SUFFIXES
from gateway.phi.skeleton import FOREIGN, plain_bytes


class Anchor(IntEnum):
    """What a pattern of the automaton announces; where it is found decides the rest."""

    SURNAME = 1
    NUMBER = 2
    EMAIL = 3
    STREET = 4


_RARE = 5e-4
"""A bare number suffices alone where so small a share of all numbers of its length is taken."""
_SPELT = (("æ", "ae"), ("œ", "oe"), ("ß", "ss"), ("ö", "oe"), ("ä", "ae"), ("ü", "ue"), ("å", "aa"), ("ø", "oe"))
_MARKS = frozenset({b"jr", b"sr", b"st", b"ste", b"san", b"santa", b"mc", b"mac", b"o", b"d", b"l"})
"""Words of a surname that are too common to be looked for by themselves."""
NO_SURNAME = {one.encode() for one in PARTICLES | SUFFIXES} | _MARKS


_SUFFIX_WORDS = frozenset(one.encode() for one in SUFFIXES)


@dataclass(frozen=True, slots=True)
class Names:
    """One patient's names as words: `given` and `family` as registered, for what stands near another key."""

    given: tuple[bytes, ...] = field(repr=False)
    family: tuple[bytes, ...] = field(repr=False)
    """Every form by which a surname is found."""
    halves: frozenset[bytes] = field(repr=False)
    """Words of a surname of several, each of which is often used alone."""


@dataclass(slots=True)
class Index:
    """Tables from a key to positions in the list of patients."""

    names: dict[bytes, dict[bytes, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    """Surname as in a text -> first given name -> patients."""
    births: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    phones: dict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    literals: dict[bytes, list[tuple[Anchor, int]]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[int, Line] = field(default_factory=dict)
    foreign: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Whole names in letters that have no Latin form -> patients."""
    bare: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    """How many record numbers of digits alone have so many digits."""

    def add(self, position: int, one: Patient) -> Names:
        """Take one patient in; positions must rise."""
        said: set[bytes] = set()
        for given, family in _name_pairs(one):
            said |= self._add_name(position, given, family)
        if one.birth_date is not None:
            self.births[one.birth_date].append(position)
        digits = "".join(filter(str.isdecimal, one.phone))[-10:]
        if len(digits) == 10:
            self.phones[digits.encode()].append(position)
        for address in one.emails:
            self.literals[plain_bytes(address.key)].append((Anchor.EMAIL, position))
        for literal in _number_forms(one.mrn):
            self.literals[literal].append((Anchor.NUMBER, position))
        if one.mrn.isdecimal():
            self.bare[len(one.mrn)] += 1
        line = postal_line(one.address, one.city, one.zip)
        if line is not None:
            self.lines[position] = line
            for literal in line.anchors:
                self.literals[literal].append((Anchor.STREET, position))
        return Names(words(_clean(one.given)), tuple(sorted(said)), _halves(_clean(one.family)))

    def automaton(self) -> tuple[BytesAhoCorasick, list[tuple[bytes, list[tuple[Anchor, int]]]]]:
        """The automaton over all patterns, and what stands behind each pattern's number."""
        meaning = {one: list(found) for one, found in self.literals.items()}
        for surname in self.names:
            meaning.setdefault(surname, []).append((Anchor.SURNAME, -1))
        rows = sorted(meaning.items())
        patterns = [b" " + one + b" " for one, _ in rows] or [b"\x00"]
        return BytesAhoCorasick(patterns, matchkind=MatchKind.Standard), rows

    def rare(self, digits: int) -> bool:
        """Whether a number of so many digits is hardly a registered one by chance."""
        return self.bare[digits] <= _RARE * 9 * 10.0 ** (digits - 1)

    def _add_name(self, position: int, given: str, family: str) -> set[bytes]:
        firsts, said = set(first_names(given)), surnames(family)
        for surname in said:
            bucket = self.names[surname]
            for first in firsts:
                people = bucket[first]
                if people[-1:] != [position]:  # positions rise, so that many of one name cost no more than few
                    people.append(position)
        if not (given + family).isascii() and FOREIGN in plain_bytes(given + family):
            for whole in (f"{given} {family}", f"{family} {given}", f"{family}{given}", f"{family}, {given}"):
                self.foreign[whole.lower()].append(position)
        return said


def words(name: str) -> tuple[bytes, ...]:
    """The words of a name in lower case, apostrophes closed up; without titles that follow it."""
    found = plain_bytes(name.replace("'", "")).split()
    return tuple(one for one in found if one not in _SUFFIX_WORDS) or tuple(found)


def first_names(given: str) -> Iterator[bytes]:
    """The forms of a given name's first word: as it is, and all words closed up (Mary Jane, Maryjane)."""
    for spelt in _spellings(given):
        found = words(spelt)
        if found:
            yield found[0]
            yield b"".join(found)


def surnames(family: str) -> set[bytes]:
    """The words, or runs of words, by which a surname is found in a text."""
    found: set[bytes] = set()
    for spelt in _spellings(family):
        closed = words(spelt)
        single = [one for one in closed if one not in NO_SURNAME and len(one) > 1]
        found.update(single or closed[-1:])
        found.add(b"".join(closed))
        if "'" in spelt:
            found.add(plain_bytes(spelt))  # O'Brien is two words in a skeleton
        found.update(b"mc " + one[2:] for one in closed if one[:2] == b"mc" and len(one) > 4)
    return {one for one in found if one and FOREIGN not in one}


def _halves(family: str) -> frozenset[bytes]:
    single = [one for one in words(family) if one not in NO_SURNAME]
    return frozenset(single if len(single) > 1 else ())


def _clean(text: str) -> str:
    return text if text.isascii() else normalize(text).text


def _spellings(name: str) -> Iterator[str]:
    low = name.lower()
    yield low
    if not low.isascii():
        spelt = low
        for letter, two in _SPELT:
            spelt = spelt.replace(letter, two)
        if spelt != low:
            yield spelt


def _name_pairs(one: Patient) -> Iterator[tuple[str, str]]:
    """Given name and surname in every combination on record; a lone other name may be either."""
    given, family = _clean(one.given), _clean(one.family)
    pairs = [(given, family)]
    for other in map(_clean, one.other_names):
        parts = other.split()
        if len(parts) > 1:
            pairs.append((parts[0], parts[-1]))
        elif parts:
            pairs += [(other, family), (given, other)]
    yield from ((first, last) for first, last in pairs if first.strip() and last.strip())


def _number_forms(mrn: str) -> set[bytes]:
    """How a record number may stand in a text."""
    form = plain_bytes(_clean(mrn))
    if not any(one in b"0123456789" for one in form):
        return set()
    squeezed = form.replace(b" ", b"")
    number = squeezed.lstrip(b"abcdefghijklmnopqrstuvwxyz")
    return {form, squeezed, number, b"mrn" + number}


def every(people: Sequence[Patient]) -> tuple[Index, list[Names]]:
    """The index over all patients, and each one's names."""
    index = Index()
    return index, [index.add(position, one) for position, one in enumerate(people)]

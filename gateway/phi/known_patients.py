"""Finds the practice's own patients in a message, by names, birth date, record number, telephone and addresses.

How certain each key is (chance hits were counted on unrelated mail): a full name, record number, telephone, e-mail or
postal address names a patient; a birth date, initial or street needs a neighbour; a surname alone, or a name with one
wrong letter, counts only beside another key. The index is PHI itself: it lives in memory only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.domain.finding import Finding, Kind, TextPart
from gateway.domain.patient import Patient
from gateway.phi.canonical import years_between
from gateway.phi.known_index import Anchor, every
from gateway.phi.normalize import Normalized, normalize


class Key(IntEnum):
    """What was found of a patient."""

    FULL_NAME = 1
    INITIAL_NAME = 2
    SURNAME = 3
    TYPO_NAME = 4
    BIRTH_DATE = 5
    MRN = 6
    PHONE = 7
    EMAIL = 8
    ADDRESS = 9
    STREET = 10
    """Number and street, without city, ZIP or unit: there is a Main Street in every town."""
    BARE_NUMBER = 11
    """A record number's figures without a label, where many such numbers are taken."""


KINDS = {
    Key.FULL_NAME: Kind.NAME, Key.INITIAL_NAME: Kind.NAME, Key.SURNAME: Kind.NAME, Key.TYPO_NAME: Kind.NAME, Key.BIRTH_DATE: Kind.DATE,
    Key.MRN: Kind.MRN, Key.PHONE: Kind.PHONE, Key.EMAIL: Kind.EMAIL, Key.ADDRESS: Kind.LOCATION, Key.STREET: Kind.LOCATION, Key.BARE_NUMBER: Kind.MRN,
}  # fmt: skip
CERTAIN = frozenset({Key.FULL_NAME, Key.MRN, Key.PHONE, Key.EMAIL, Key.ADDRESS, Key.BARE_NUMBER})
ALONE = frozenset({Key.MRN, Key.EMAIL, Key.ADDRESS})
"""Keys that make a message PHI without health context."""
NAMES = frozenset({Key.FULL_NAME, Key.INITIAL_NAME, Key.TYPO_NAME})
SECOND = frozenset({Key.BIRTH_DATE, Key.MRN, Key.PHONE, Key.EMAIL, Key.ADDRESS, Key.STREET, Key.BARE_NUMBER})


@dataclass(frozen=True, slots=True)
class KnownReport:
    """What the register knows of a message: findings with patients, who they are, and whether that alone is PHI."""

    findings: tuple[Finding, ...] = ()
    patients: frozenset[str] = frozenset()
    suffices: bool = False


class KnownPatients:
    """The register as an index; built once per worker and register version, read only afterwards."""

    def __init__(self, people: Sequence[Patient]) -> None:
        self.ids = [one.id for one in people]
        self.positions = {one.id: position for position, one in enumerate(people)}
        self.births = [one.birth_date for one in people]
        self.index, self.names = every(people)
        self.automaton, self._rows = self.index.automaton()
        self._foreign = list(self.index.foreign)
        self._emails: dict[str, list[int]] = {}
        for position, one in enumerate(people):
            for address in one.emails:
                self._emails.setdefault(address.key, []).append(position)

    @classmethod
    def build(cls, patients: Iterable[Patient]) -> KnownPatients:
        """Index the patients; 20,000 take about two seconds."""
        return cls(list(patients))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"KnownPatients({len(self)} patients)"

    def find(self, text: str, part: str = "text") -> tuple[Finding, ...]:
        """The findings in one text, each with its patient's id."""
        return self.match([TextPart(part, text)]).findings

    def match(self, parts: Sequence[TextPart], addressed: frozenset[str] = frozenset()) -> KnownReport:
        """What the register knows of a message's parts; `addressed` are patients whose address is a recipient's."""
        return self.search([(one.part, normalize(one.text)) for one in parts], {}, addressed)

    def search(
        self, parts: Sequence[tuple[str, Normalized]], flags: Mapping[str, int], addressed: frozenset[str] = frozenset()
    ) -> KnownReport:
        """The same for texts already normalised; `flags` is the lexicon's table of words."""
        from gateway.phi.known_search import search

        return search(self, parts, flags, addressed)

    def meaning(self, number: int) -> tuple[bytes, list[tuple[Anchor, int]]]:
        """The pattern with that number in the automaton, and the patients it may announce (-1: see the table of names)."""
        return self._rows[number]

    @cached_property
    def foreign(self) -> AhoCorasick:
        """The automaton over whole names in other letters."""
        return AhoCorasick(self._foreign, matchkind=MatchKind.Standard)

    def foreign_people(self, number: int) -> list[int]:
        """The patients behind such a name's number."""
        return self.index.foreign[self._foreign[number]]

    def has_email(self, position: int, address: str) -> bool:
        """Whether the text is an e-mail address of that patient, in lower case."""
        return position in self._emails.get(address, ())

    def with_address(self, key: str) -> frozenset[str]:
        """The ids of the patients whose e-mail address that is."""
        return frozenset(self.ids[one] for one in self._emails.get(key, ()))

    def minors(self, patients: Iterable[str], day: date, below: int) -> frozenset[str]:
        """Those of these patients who are younger than `below` years on that day, by their birth date on record."""
        found = set()
        for name in patients:
            born = self.births[self.positions[name]]
            if born is not None and years_between(born, day) < below:
                found.add(name)
        return frozenset(found)

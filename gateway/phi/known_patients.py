"""Finds the practice's own patients in a message, by names, birth date, record number, telephone and addresses.

How certain each key is (chance hits were counted on unrelated mail): a full name, record number, telephone, e-mail or
postal address names a patient; a birth date or initial needs a neighbour; a surname alone, or a name with one wrong
letter, counts only beside another key. The index is PHI itself: it lives in memory only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.domain.finding import Finding, Kind, TextPart
from gateway.domain.patient import Patient
from gateway.phi.canonical import plain
from gateway.phi.normalize import Normalized


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


KINDS = {
    Key.FULL_NAME: Kind.NAME, Key.INITIAL_NAME: Kind.NAME, Key.SURNAME: Kind.NAME, Key.TYPO_NAME: Kind.NAME, Key.BIRTH_DATE: Kind.DATE,
    Key.MRN: Kind.MRN, Key.PHONE: Kind.PHONE, Key.EMAIL: Kind.EMAIL, Key.ADDRESS: Kind.LOCATION,
}  # fmt: skip
CERTAIN = frozenset({Key.FULL_NAME, Key.MRN, Key.PHONE, Key.EMAIL, Key.ADDRESS})
ALONE = frozenset({Key.MRN, Key.EMAIL, Key.ADDRESS})
"""Keys that make a message PHI without health context."""
NAMES = frozenset({Key.FULL_NAME, Key.INITIAL_NAME, Key.TYPO_NAME})
SECOND = frozenset({Key.BIRTH_DATE, Key.MRN, Key.PHONE, Key.EMAIL, Key.ADDRESS})
_SHORT_MRN = 6
_MRN_LABELS = (
    "mrn",
    "mrn no",
    "mrn number",
    "mrn is",
    "record",
    "record number",
    "record no",
    "chart",
    "chart number",
    "patient id",
    "patient number",
)


@dataclass(frozen=True, slots=True)
class KnownReport:
    """What the register knows of a message: findings with patients, who they are, and whether that alone is PHI."""

    findings: tuple[Finding, ...] = ()
    patients: frozenset[str] = frozenset()
    suffices: bool = False


@dataclass(slots=True)
class _Index:
    """Tables from a key to positions in the list of patients."""

    names: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    """Last word of a surname -> first given name -> patients."""
    births: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    phones: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    literals: dict[str, list[tuple[int, Key]]] = field(default_factory=lambda: defaultdict(list))
    """Canonical text with a space on each side -> patients."""
    emails: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class KnownPatients:
    """The register as an index; built once per worker and register version, read only afterwards."""

    def __init__(self, people: Sequence[Patient]) -> None:
        self.ids = [one.id for one in people]
        self.positions = {one.id: position for position, one in enumerate(people)}
        self.given = [plain(one.given) for one in people]
        self.family = [plain(one.family) for one in people]
        self.index = _Index()
        for position, one in enumerate(people):
            self._add(position, one)
        self._literals = list(self.index.literals)
        self._emails = list(self.index.emails)

    @classmethod
    def build(cls, patients: Iterable[Patient]) -> KnownPatients:
        """Index the patients; 20,000 take about a second."""
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
        from gateway.phi.normalize import normalize

        return self.search([(one.part, normalize(one.text)) for one in parts], {}, addressed)

    def search(
        self, parts: Sequence[tuple[str, Normalized]], flags: Mapping[str, int], addressed: frozenset[str] = frozenset()
    ) -> KnownReport:
        """The same for texts already normalised; `flags` is the lexicon's table of words."""
        from gateway.phi.known_search import search

        return search(self, parts, flags, addressed)

    @cached_property
    def literals(self) -> AhoCorasick:
        """The automaton over record numbers and address lines in canonical form."""
        return AhoCorasick(self._literals or ["\x00"], matchkind=MatchKind.Standard)

    @cached_property
    def emails(self) -> AhoCorasick:
        """The automaton over e-mail addresses in lower case."""
        return AhoCorasick(self._emails or ["\x00"], matchkind=MatchKind.Standard)

    def literal(self, number: int) -> list[tuple[int, Key]]:
        """The patients and keys behind a literal's number."""
        return self.index.literals[self._literals[number]] if self._literals else []

    def email(self, number: int) -> list[int]:
        """The patients behind an e-mail address's number."""
        return self.index.emails[self._emails[number]] if self._emails else []

    def with_address(self, key: str) -> frozenset[str]:
        """The ids of the patients whose e-mail address that is."""
        return frozenset(self.ids[one] for one in self.index.emails.get(key, ()))

    def _add(self, position: int, one: Patient) -> None:
        for given, family in _name_pairs(one):
            bucket = self.index.names[family.split()[-1]][given.split()[0]]
            if bucket[-1:] != [position]:  # positions rise, so that many of one name cost no more than few
                bucket.append(position)
        if one.birth_date is not None:
            self.index.births[one.birth_date].append(position)
        digits = "".join(filter(str.isdecimal, one.phone))[-10:]
        if len(digits) == 10:
            self.index.phones[digits].append(position)
        for address in one.emails:
            self.index.emails[address.key].append(position)
        for literal in _mrn_forms(one.mrn):
            self.index.literals[f" {literal} "].append((position, Key.MRN))
        line = plain(one.address)
        if len(line.split()) > 1 and any(map(str.isdecimal, line)):
            self.index.literals[f" {line} "].append((position, Key.ADDRESS))


def _name_pairs(one: Patient) -> list[tuple[str, str]]:
    """Given name and surname in every combination on record; a lone other name may be either."""
    given, family = plain(one.given), plain(one.family)
    pairs = [(given, family)]
    for other in map(plain, one.other_names):
        words = other.split()
        if len(words) > 1:
            pairs.append((words[0], words[-1]))
        elif words:
            pairs += [(other, family), (given, other)]
    return [(first, last) for first, last in pairs if first and last]


def _mrn_forms(mrn: str) -> set[str]:
    """How a record number may stand in a text; a short one only after a label."""
    form = plain(mrn)
    if not form or not any(map(str.isdecimal, form)):
        return set()
    squeezed = form.replace(" ", "")
    number = squeezed.lstrip("abcdefghijklmnopqrstuvwxyz")
    forms = {one for one in (form, squeezed, number) if len(one) >= _SHORT_MRN}
    if number.isdecimal():
        forms |= {f"mrn{number}"} | {f"{label} {number}" for label in _MRN_LABELS if len(number) < _SHORT_MRN}
    return forms | {f"mrn {form}"}

"""Finds the practice's own patients in a message, by names, birth date, record number, telephone and addresses.

How certain each key is (chance hits were counted on unrelated mail): a full name, record number, telephone, e-mail or
postal address names a patient; a birth date, initial or street needs a neighbour; a surname alone, or a name with one
wrong letter, counts only beside another key. The index is PHI itself: it lives in memory only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from gateway.domain.finding import Finding, TextPart
from gateway.domain.patient import Patient
from gateway.phi.canonical import years_between
from gateway.phi.known_keys import KnownReport
from gateway.phi.known_register import KnownRegister
from gateway.phi.known_search import search
from gateway.phi.normalize import Normalized, normalize


class KnownPatients(KnownRegister):
    """The register as an index; built once per worker and register version, read only afterwards."""

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
        return search(self, parts, flags, addressed)

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

"""The register as the search reads it: an index of words and numbers, and the patients behind each. PHI; in memory only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.domain.patient import Patient
from gateway.phi.known_index import Anchor, every


class KnownRegister:
    """Built once per worker and register version, read only afterwards."""

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

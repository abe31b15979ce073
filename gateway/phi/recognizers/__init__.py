"""The registry of recognisers: one family a file. `RuleEngine` runs them all over one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2
from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.phi.document import Document, compiled, quiet
from gateway.phi.recognizers import (
    account,
    biometric,
    dates_ages,
    device,
    email,
    health_plan,
    health_terms,
    ip,
    license,  # noqa: A004 - the family's name
    locations,
    mrn,
    names,
    organization,
    other_id,
    payment_card,
    phones_fax,
    photo,
    ssn,
    tables,
    url,
    vehicle,
)
from gateway.phi.recognizers.rule import Family, Hit, Rule, score_hit

FAMILIES: tuple[Family, ...] = tuple(
    module.FAMILY
    for module in (
        names, locations, dates_ages, phones_fax, email, ssn, mrn, health_plan, account, license, vehicle, device, url, ip,
        biometric, photo, other_id, payment_card, tables, organization, health_terms,
    )
)  # fmt: skip
_SET_MEGABYTES = 16
_SET_RULES = 16
"""A set remembers which of its rules have hit, so its automaton grows with their product: several small ones stay small."""


class RuleEngine:
    """All rules behind RE2 sets: they say which rules can hit, and only those are run for their spans."""

    def __init__(self, families: tuple[Family, ...] = FAMILIES) -> None:
        self._rules = [rule for family in families for rule in family.rules]
        self._finders = [family.find for family in families if family.find is not None]
        self._patterns: list[Any] = [compiled(rule.pattern) for rule in self._rules]
        self._sets = [_RuleSet(self._rules, numbers) for numbers in _packed(families)]
        self._words = _ContextWords(self._rules)

    def run(self, document: Document) -> Iterator[Hit]:
        """Every hit of every recogniser in one document."""
        hopeless: frozenset[int] | None = None
        for number in self._possible(document):
            rule, pattern = self._rules[number], self._patterns[number]
            if number in self._words.needy:
                if hopeless is None:
                    hopeless = self._words.hopeless(document.lower)
                if number in hopeless:
                    continue
            for start, end in document.spans(pattern, 1 if pattern.groups else 0):
                hit = score_hit(rule, document, start, end)
                if hit is not None:
                    yield hit
        for find in self._finders:
            yield from find(document)

    def _possible(self, document: Document) -> list[int]:
        """Rules that match somewhere."""
        return [number for one in self._sets for number in one.possible(document.data)]


class _RuleSet:
    """Some rules behind one RE2 set."""

    def __init__(self, rules: list[Rule], numbers: range) -> None:
        self._numbers = numbers
        self._set = re2.Set.SearchSet(quiet(_SET_MEGABYTES))
        for number in numbers:
            self._set.Add(rules[number].pattern)
        self._always = self._set.Add("")
        self._set.Compile()

    def possible(self, data: bytes) -> Iterable[int]:
        """Numbers of the rules that match. The empty pattern always does: without it, the set ran out of memory."""
        hits = self._set.Match(data) or []
        if self._always not in hits:
            return self._numbers
        return [self._numbers[at] for at in hits if at != self._always]


class _ContextWords:
    """Which rules can report nothing, because none of their context words stands anywhere in the document."""

    def __init__(self, rules: list[Rule]) -> None:
        self._of: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            for word in rule.context if rule.needs_context else ():
                self._of.setdefault(word, []).append(number)
        self.needy = frozenset(number for numbers in self._of.values() for number in numbers)
        self._rules_of = list(self._of.values())
        self._automaton = AhoCorasick(list(self._of), matchkind=MatchKind.Standard)

    def hopeless(self, lower: str) -> frozenset[int]:
        """The numbers of rules that need a context word and find none in this text."""
        seen = {at for at, _, _ in self._automaton.find_matches_as_indexes(lower, overlapping=True)}
        return self.needy.difference(*(self._rules_of[at] for at in seen)) if seen else self.needy


def _packed(families: tuple[Family, ...]) -> Iterator[range]:
    """The numbers of the rules in order, cut between families into stretches of few rules."""
    start = end = 0
    for family in families:
        if end > start and end + len(family.rules) - start > _SET_RULES:
            yield range(start, end)
            start = end
        end += len(family.rules)
    yield range(start, end)

"""The registry of recognisers: one family a file. `RuleEngine` runs them all over one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import re2
from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.phi.document import Document, quiet
from gateway.phi.gates import for_ascii
from gateway.phi.recognizers import (
    account,
    ages,
    biometric,
    codes,
    dates_ages,
    dates_words,
    device,
    email,
    health_plan,
    health_terms,
    ip,
    license,  # noqa: A004 - the family's name
    listed,
    locations,
    mrn,
    names,
    national,
    numbered,
    organization,
    other_id,
    payment_card,
    phones_fax,
    photo,
    slashed_dates,
    spoken,
    ssn,
    tables,
    url,
    vehicle,
    wards,
)
from gateway.phi.recognizers.rule import Family, Hit, Rule, score_hit

FAMILIES: tuple[Family, ...] = tuple(
    module.FAMILY
    for module in (
        names, locations, dates_ages, dates_words, slashed_dates, ages, phones_fax, email, ssn, mrn, health_plan, account, license, vehicle, device, url, ip,
        biometric, photo, other_id, national, numbered, payment_card, codes, tables, spoken, wards, organization, health_terms,
    )
)  # fmt: skip
_SET_MEGABYTES = 32
_SET_RULES = 64
"""A set remembers which of its rules have hit, so its automaton grows with their product; each costs a pass over the text."""
_FEW = 3


class RuleEngine:
    """All rules behind RE2 sets: they say which rules can hit, and only those are run for their spans."""

    def __init__(self, families: tuple[Family, ...] = FAMILIES) -> None:
        self._rules = [rule for family in families for rule in family.rules]
        self._finders = [family.find for family in families if family.find is not None]
        self._banks = {
            plain: _Bank(self._rules, list(_packed(families, plain)), plain=plain) for plain in (True, False)
        }
        self._signed = [(rule.sign, number) for number, rule in enumerate(self._rules) if rule.sign]
        self._words = _ContextWords(self._rules)

    def run(self, document: Document) -> Iterator[Hit]:
        """Every hit of every recogniser in one document, and what these hits tell of others."""
        hits = list(self._found(document))
        yield from hits
        yield from listed.more(document, hits)

    def _found(self, document: Document) -> Iterator[Hit]:
        bank = self._banks[document.text.isascii()]
        low = document.lower
        signed = [number for sign, number in self._signed if sign in low]
        possible = sorted([*bank.possible(document.data), *signed])  # of equals, the first stands: a set has no order
        hopeless = self._words.hopeless(low, self._words.needy.intersection(possible))
        for number in possible:
            if number in hopeless:
                continue
            rule, pattern = self._rules[number], bank.pattern(number)
            for start, end in document.spans(pattern, 1 if pattern.groups else 0):
                hit = score_hit(rule, document, start, end)
                if hit is not None:
                    yield hit
        for find in self._finders:
            yield from find(document)


class _Bank:
    """All rules compiled for one encoding, as they are needed. `plain`, for texts of ASCII: a letter is one byte there, so
    the automata are a third as large and stay in the processor's cache.
    """

    def __init__(self, rules: list[Rule], stretches: list[list[int]], *, plain: bool) -> None:
        self._rules, self._stretches, self._plain = rules, stretches, plain
        self._compiled: dict[int, Any] = {}

    @cached_property
    def sets(self) -> list[_RuleSet]:
        """The rules behind RE2 sets."""
        return [_RuleSet(self._rules, numbers, self._plain) for numbers in self._stretches]

    def possible(self, data: bytes) -> list[int]:
        """Rules that match somewhere."""
        return [number for one in self.sets for number in one.possible(data)]

    def pattern(self, number: int) -> Any:
        """The compiled pattern of one rule."""
        found = self._compiled.get(number)
        if found is None:
            found = self._compiled[number] = re2.compile(
                _encoded(self._rules[number], self._plain), _options(8, self._plain)
            )
        return found


def _encoded(rule: Rule, plain: bool) -> str | bytes:
    """The pattern; for plain text as gates.py shortens it."""
    if not plain:
        return rule.pattern
    return for_ascii(rule.pattern)


def _options(megabytes: int, plain: bool) -> Any:
    options = quiet(megabytes)
    if plain:
        options.encoding = re2.Options.Encoding.LATIN1
    return options


class _RuleSet:
    """Some rules behind one RE2 set."""

    def __init__(self, rules: list[Rule], numbers: list[int], plain: bool) -> None:
        self._numbers = numbers
        self._set = re2.Set.SearchSet(_options(_SET_MEGABYTES, plain))
        for number in numbers:
            self._set.Add(_encoded(rules[number], plain))
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
        self._rules = rules
        self._of: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            for word in rule.context if rule.needs_context else ():
                self._of.setdefault(word, []).append(number)
        self.needy = frozenset(number for numbers in self._of.values() for number in numbers)
        self._rules_of = list(self._of.values())
        self._automaton = AhoCorasick(list(self._of), matchkind=MatchKind.Standard)

    def hopeless(self, lower: str, numbers: frozenset[int]) -> frozenset[int]:
        """Those of the rules that need a context word and find none in this text."""
        if len(numbers) <= _FEW:
            return frozenset(
                number for number in numbers if not any(word in lower for word in self._rules[number].context)
            )
        seen = {at for at, _, _ in self._automaton.find_matches_as_indexes(lower, overlapping=True)}
        return self.needy.difference(*(self._rules_of[at] for at in seen)) if seen else self.needy


def _packed(families: tuple[Family, ...], plain: bool) -> Iterator[list[int]]:
    """The numbers of the rules in order, cut between families into stretches of few rules; without those that a sign tells
    and, for texts of ASCII, those that need more.
    """
    first, stretch = 0, list[int]()
    for family in families:
        numbers = [
            number for number, rule in enumerate(family.rules, first) if not rule.sign and (rule.ascii or not plain)
        ]
        first += len(family.rules)
        if stretch and len(stretch) + len(numbers) > _SET_RULES:
            yield stretch
            stretch = []
        stretch += numbers
    yield stretch

"""The registry of recognisers: one family a file. `RuleEngine` runs them all over one document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

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
    url,
    vehicle,
)
from gateway.phi.recognizers.rule import Family, Hit, score_hit

FAMILIES: tuple[Family, ...] = tuple(
    module.FAMILY
    for module in (
        names, locations, dates_ages, phones_fax, email, ssn, mrn, health_plan, account, license, vehicle, device, url, ip,
        biometric, photo, other_id, payment_card, organization, health_terms,
    )
)  # fmt: skip
_SET_MEGABYTES = 64


class RuleEngine:
    """All rules behind one RE2 set: the set says which rules can hit, and only those are run for their spans."""

    def __init__(self, families: tuple[Family, ...] = FAMILIES) -> None:
        self._rules = [rule for family in families for rule in family.rules]
        self._finders = [family.find for family in families if family.find is not None]
        self._patterns: list[Any] = [compiled(rule.pattern) for rule in self._rules]
        self._set = re2.Set.SearchSet(quiet(_SET_MEGABYTES))
        for rule in self._rules:
            self._set.Add(rule.pattern)
        self._always = self._set.Add("")
        self._set.Compile()

    def run(self, document: Document) -> Iterator[Hit]:
        """Every hit of every recogniser in one document."""
        for number in self._possible(document):
            rule, pattern = self._rules[number], self._patterns[number]
            for start, end in document.spans(pattern, 1 if pattern.groups else 0):
                hit = score_hit(rule, document, start, end)
                if hit is not None:
                    yield hit
        for find in self._finders:
            yield from find(document)

    def _possible(self, document: Document) -> list[int]:
        """Rules that match somewhere. The empty pattern always does: if it is missing, the set ran out of memory."""
        hits = self._set.Match(document.data) or []
        if self._always not in hits:
            return list(range(len(self._rules)))
        return [number for number in hits if number != self._always]

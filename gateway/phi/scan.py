"""The verdict on one message: findings, gaps, classes, patients, and whether it is PHI.

PHI is an identifier of a person together with health context, or a registered patient's address, or name with a second
key, or an identifier that suffices alone (data/suffices.toml). A recogniser that fails is a gap of its part.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.domain.finding import Finding, Gap, GapReason, Kind, ScanReport, SensitiveClass, TextPart
from gateway.phi.boilerplate import Boilerplate
from gateway.phi.context import Classes, HealthContext, Persons
from gateway.phi.document import Document
from gateway.phi.known_patients import KnownPatients, KnownReport
from gateway.phi.lexicon import Lexicon
from gateway.phi.recognizers import RuleEngine
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK, HealthTerms
from gateway.phi.recognizers.rule import Hit
from gateway.phi.spans import certain_words, merge, spread, to_finding

_COUNTS = 0.45
"""An identifier below this score does not make a message PHI."""
_ABOUT_ANYONE = frozenset({Kind.DATE, Kind.LOCATION, Kind.PHONE, Kind.FAX, Kind.EMAIL, Kind.URL, Kind.PHOTO, Kind.IP})
"""Kinds that ordinary notices carry too: they identify only where the message speaks of a person."""
_SPOKEN = frozenset({Kind.NAME, Kind.AGE, Kind.HEALTH_TERM, Kind.ORGANIZATION})
"""What counts of a phrase that stands where programs write: kinds made of words. Numbers are chance there."""
_SENDER_PARTS = frozenset({"header:from", "header:sender", "header:reply-to", "header:organization"})
"""Top-level headers that say who writes; in an attached or forwarded mail they count."""


@dataclass(frozen=True, slots=True)
class MailContext:
    """What the caller knows of the envelope. `unregistered_consumer`: some recipient is nobody on record, at a consumer
    mail domain. `addressed`: ids of patients whose address is a recipient's; it ties lone surnames, and health matters,
    to them.
    """

    unregistered_consumer: bool = False
    addressed: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Part:
    document: Document
    trace: bool = False
    hits: list[Hit] = field(default_factory=list)
    classes: set[SensitiveClass] = field(default_factory=set)
    boilerplate: list[tuple[int, int]] = field(default_factory=list)

    def counting(self) -> Iterator[Hit]:
        """The hits outside signature and disclaimer."""
        for hit in self.hits:
            at = bisect_right(self.boilerplate, (hit.start, sys.maxsize)) - 1
            if at < 0 or hit.start >= self.boilerplate[at][1]:
                yield hit


class Scanner:
    """All recognisers, built once per worker; `scan` keeps no state."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._rules = RuleEngine()
        self._terms = HealthTerms(lexicon)
        self._classes = Classes(lexicon)
        self._persons = Persons(lexicon)
        self._boilerplate = Boilerplate(lexicon)
        self._health = HealthContext()

    @classmethod
    def load(cls) -> Scanner:
        """Build the scanner from the committed data."""
        return cls(Lexicon.load())

    def scan(
        self,
        parts: Sequence[TextPart],
        gaps: Sequence[Gap] = (),
        *,
        known: KnownPatients | None = None,
        context: MailContext | None = None,
    ) -> ScanReport:
        """Judge the texts of one message; `gaps` are carried into the report. Never raises for what a text holds."""
        context = context or MailContext()
        failed: list[Gap] = []
        read = [one for part in parts if (one := self._read(part, failed)) is not None]
        register = self._known(read, known, context, failed)
        self._spread(read, failed)
        # A recipient's address is an identifier: a health matter in it is about the patient whose address it is.
        somebody = context.unregistered_consumer or bool(register.patients or context.addressed)
        health = self._health.judge(_terms(read), somebody)
        findings: list[Finding] = list(register.findings)
        for one in read:
            shown = [
                hit for hit in one.hits if hit.by not in {WEAK, EVERYDAY} or (health and (hit.by == WEAK or somebody))
            ]
            findings += _without_known([to_finding(one.document, hit) for hit in shown], register.findings)
        all_gaps = (*gaps, *failed)
        phi = bool(all_gaps) or register.suffices or self._suffices_alone(findings)
        phi = phi or (health and (somebody or self._identifies(read)))
        findings.sort(key=lambda one: (one.part, one.start, one.end))
        return ScanReport(
            findings=tuple(dict.fromkeys(findings)), gaps=all_gaps, classes=frozenset().union(*(one.classes for one in read)),
            patients=register.patients, health_context=health, phi=phi,
        )  # fmt: skip

    def _read(self, part: TextPart, failed: list[Gap]) -> _Part | None:
        try:
            document = Document(part, self._lexicon)
            result = _Part(document, part.trace)
            hits = list(self._rules.run(document)) + list(self._terms.find(document))
            result.hits = merge(document, hits)
            if part.trace:
                phrase = document.speaks
                result.hits = [hit for hit in result.hits if self._certain(hit) or (phrase and _spoken(hit))]
                if not phrase:
                    return result
            evidence = dict.fromkeys(self._classes.find(document))
            result.hits += [hit for _, hit in evidence]
            result.classes = {one for one, _ in evidence}
        except Exception:  # noqa: BLE001 - whatever fails here must become a gap, never a miss
            failed.append(Gap(part.part, GapReason.SCANNER_FAILED))
            return None
        return result

    def _certain(self, hit: Hit) -> bool:
        return hit.kind.value in self._lexicon.suffices and hit.score >= self._lexicon.suffices_score

    def _known(
        self, read: list[_Part], known: KnownPatients | None, context: MailContext, failed: list[Gap]
    ) -> KnownReport:
        if known is None:
            return KnownReport()
        try:
            return known.search(
                [(one.document.part, one.document.normal) for one in read], self._lexicon.flags, context.addressed
            )
        except Exception:  # noqa: BLE001 - as above
            failed.append(Gap("register", GapReason.SCANNER_FAILED))
            return KnownReport()

    def _spread(self, read: list[_Part], failed: list[Gap]) -> None:
        """Look for certain names in the whole message, then for what counts for nothing."""
        try:
            words = set().union(*(certain_words(one.document, one.hits) for one in read))
            for one in read:
                if one.trace:
                    continue
                again = list(spread(one.document, words)) if words else []
                if again:  # merging keeps evidence of classes apart: it overlaps health terms on purpose
                    evidence = [hit for hit in one.hits if hit.by.startswith("class_")]
                    others = [hit for hit in one.hits if not hit.by.startswith("class_")]
                    one.hits = merge(one.document, [*others, *again]) + evidence
                one.boilerplate = self._boilerplate.spans(one.document, one.hits)
        except Exception:  # noqa: BLE001 - as above
            failed.append(Gap("message", GapReason.SCANNER_FAILED))

    def _suffices_alone(self, findings: list[Finding]) -> bool:
        return any(
            one.kind.value in self._lexicon.suffices and one.score >= self._lexicon.suffices_score for one in findings
        )

    def _identifies(self, read: list[_Part]) -> bool:
        """Whether some identifier is of a person other than the one who signed the mail."""
        person = any(self._persons.speaks(one.document) for one in read if not one.trace)
        return any(
            hit.kind.identifies and hit.score >= _COUNTS and (person or hit.kind not in _ABOUT_ANYONE)
            for one in read
            if one.document.part.lower() not in _SENDER_PARTS
            for hit in one.counting()
        )


def _spoken(hit: Hit) -> bool:
    return hit.kind in _SPOKEN and hit.by not in {WEAK, EVERYDAY}


def _terms(read: list[_Part]) -> Iterator[tuple[str, str]]:
    for one in read:
        for hit in one.counting():
            if hit.kind is Kind.HEALTH_TERM and hit.by != "class_minor":
                yield hit.by, one.document.lower[hit.start : hit.end]


def _without_known(findings: list[Finding], known: tuple[Finding, ...]) -> list[Finding]:
    """The findings that no finding of a registered patient covers as the same thing."""
    taken = {(one.part, one.start, one.end, one.kind) for one in known}
    return [one for one in findings if (one.part, one.start, one.end, one.kind) not in taken]

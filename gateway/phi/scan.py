"""The verdict on one message: findings, gaps, classes, patients, and whether it is PHI.

PHI is an identifier of a person together with health context, or a registered patient's address, or name with a second
key, or an identifier that suffices alone (data/suffices.toml). A recogniser that fails is a gap of its part.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.domain.finding import Finding, Gap, GapReason, Kind, Mode, ScanReport, SensitiveClass, TextPart
from gateway.phi.arbiter import Tags
from gateway.phi.boilerplate import Boilerplate
from gateway.phi.context import HealthContext
from gateway.phi.document import Document
from gateway.phi.echoes import Echoes
from gateway.phi.impersonal import nobodys
from gateway.phi.known_keys import KnownReport
from gateway.phi.known_patients import KnownPatients
from gateway.phi.lexicon import Lexicon, number
from gateway.phi.practice import NOBODY, OWN, Practice, apart, marked
from gateway.phi.reading import Part, PartReader
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.spans import certain_words, merge, spread, to_finding, without_evidence
from gateway.phi.subject import Subject
from gateway.phi.tagger import TaggerFailed
from gateway.phi.word_lists import NO_LISTS, WordLists

_SENDER_PARTS = frozenset({"header:from", "header:sender", "header:reply-to", "header:organization"})
"""Top-level headers that say who writes; in an attached or forwarded mail they count."""
IN_HASTE = 0.3
"""The score of what is only doubted."""


@dataclass(frozen=True, slots=True)
class MailContext:
    """What the caller knows of the envelope. `unregistered_consumer`: some recipient is nobody on record, at a consumer
    mail domain. `addressed`: ids of patients whose address is a recipient's; it ties lone surnames, and health matters,
    to them.
    """

    unregistered_consumer: bool = False
    addressed: frozenset[str] = frozenset()
    day: date | None = None
    """The day of judging. By it registered patients, and those whose birth date the text tells, are minors, and a year of
    birth tells an age over 89.
    """


class Scanner:
    """All recognisers, built once per worker; `scan` keeps no state."""

    def __init__(
        self, lexicon: Lexicon, tagger: Tags | TaggerFailed | None = None, *, everywhere: bool = False
    ) -> None:
        self._lexicon, self._everywhere = lexicon, everywhere
        self._reader = PartReader(lexicon, tagger)
        self._subject = Subject(lexicon)
        self._boilerplate = Boilerplate(lexicon)
        self._health = HealthContext()
        self._adult = number("minor", "below")

    @classmethod
    def load(cls, *, everywhere: bool = False) -> Scanner:
        """Build the scanner from the committed data; `everywhere`: the tagger looks at every word, in balanced mode too.

        A tagger that does not load makes every text that needs it a gap.
        """
        lexicon = Lexicon.load()
        from gateway.phi.tagger.run import Tagger

        tagger: Tagger | TaggerFailed
        try:
            tagger = Tagger.load(lexicon)
        except TaggerFailed as failure:
            tagger = failure
        scanner = cls(lexicon, tagger, everywhere=everywhere)
        gc.freeze()  # the lists stay as long as the process does: the collector need not walk them during every few scans
        return scanner

    def scan(
        self,
        parts: Sequence[TextPart],
        gaps: Sequence[Gap] = (),
        *,
        known: KnownPatients | None = None,
        context: MailContext | None = None,
        mode: Mode = Mode.BALANCED,
        practice: Practice = NOBODY,
        lists: WordLists = NO_LISTS,
    ) -> ScanReport:
        """Judge the texts of one message; `gaps` are carried into the report. Never raises for what a text holds."""
        context = context or MailContext()
        failed: list[Gap] = []
        read = self._reader.read(parts, mode, failed, self._everywhere, context.day)
        register = self._known(read, known, context, failed)
        self._spread(read, lists, failed)
        own = self._own(read, practice, register, failed)
        # A recipient's address is an identifier: a health matter in it is about the patient whose address it is.
        somebody = context.unregistered_consumer or bool(register.patients or context.addressed)
        health = self._health.judge(_terms(read), somebody)
        identified = health and not somebody and self._identifies(read)
        if not somebody and not identified and mode is Mode.BALANCED:  # what makes a message PHI is somebody's
            _without_loose(read, health=health)
        findings: list[Finding] = list(register.findings)
        for one in read:
            shown = [
                hit for hit in one.hits if hit.by not in {WEAK, EVERYDAY} or (health and (hit.by == WEAK or somebody))
            ]
            told = [marked(to_finding(one.document, hit), own.get(id(one), frozenset()), hit) for hit in shown]
            findings += _without_known(told, register.findings)
        minors = self._minors(known, register, context)
        findings += minors
        all_gaps = (*gaps, *failed)
        phi = bool(all_gaps) or register.suffices or self._suffices_alone(findings)
        phi = phi or (health and somebody) or identified
        findings.sort(key=lambda one: (one.part, one.start, one.end))
        return ScanReport(
            findings=tuple(dict.fromkeys(findings)), gaps=all_gaps, classes=frozenset({SensitiveClass.MINOR} if minors else ()).union(*(one.classes for one in read)),
            patients=register.patients, health_context=health, phi=phi,
        )  # fmt: skip

    def doubts(
        self, parts: Sequence[TextPart], *, context: MailContext | None = None, mode: Mode = Mode.BALANCED,
        practice: Practice = NOBODY, lists: WordLists = NO_LISTS,
    ) -> tuple[Finding, ...]:  # fmt: skip
        """Where somebody may be named in short, so that a health matter beside it makes a mail PHI: words that nothing masks
        but in a mail that is to leave without anybody in it.
        """
        failed: list[Gap] = []
        read = self._reader.read(parts, mode, failed, self._everywhere, (context or MailContext()).day)
        self._spread(read, lists, failed)
        self._own(read, practice, KnownReport(), failed)
        return tuple(
            Finding(Kind.NAME, one.document.part, *one.document.normal.original(*span), IN_HASTE, "in_haste")
            for one in read if one.document.part.lower() not in _SENDER_PARTS
            for span in self._subject.in_haste(one.document, list(one.counting()), one.boilerplate)
        )  # fmt: skip

    def echoes(self, parts: Iterable[TextPart], findings: Iterable[Finding]) -> Echoes:
        """What the names among the findings of these parts look like in small letters, or mistyped."""
        return Echoes({one.part: one.text for one in parts}, findings, self._lexicon.flags)

    def _known(
        self, read: list[Part], known: KnownPatients | None, context: MailContext, failed: list[Gap]
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

    def _spread(self, read: list[Part], lists: WordLists, failed: list[Gap]) -> None:
        """Look for certain names in the whole message, then for what counts for nothing; the practice's lists come first."""
        try:
            for one in read:
                one.hits = lists.drop(one.document, lists.add(one.document, one.hits))
            words = set().union(*(certain_words(one.document, one.hits) for one in read))
            for one in read:
                if one.trace:
                    continue
                again = list(spread(one.document, words)) if words else []
                if again:
                    others, evidence = without_evidence(one.hits)
                    one.hits = lists.drop(one.document, merge(one.document, [*others, *again]) + evidence)
                one.boilerplate = self._boilerplate.spans(one.document, one.hits)
        except Exception:  # noqa: BLE001 - as above
            failed.append(Gap("message", GapReason.SCANNER_FAILED))

    def _minors(self, known: KnownPatients | None, register: KnownReport, context: MailContext) -> list[Finding]:
        """Where registered patients stand who are minors by the birth date on record."""
        if known is None or context.day is None:
            return []
        young = known.minors(register.patients, context.day, self._adult)
        return [
            replace(one, kind=Kind.HEALTH_TERM, by="class_minor") for one in register.findings if one.patient in young
        ]

    def _own(
        self, read: list[Part], practice: Practice, register: KnownReport, failed: list[Gap]
    ) -> dict[int, frozenset[tuple[int, int]]]:
        """What is the practice's own counts for nothing, unless a registered patient is found at the same place."""
        found: dict[int, frozenset[tuple[int, int]]] = {}
        if practice is NOBODY:
            return found
        try:
            for one in read:
                mine = [
                    span
                    for span in practice.spans(one.document, one.hits)
                    if not _touched(one.document, span, register.findings)
                ]
                found[id(one)] = frozenset(mine)
                one.boilerplate = apart([*one.boilerplate, *mine])
        except Exception:  # noqa: BLE001 - as above
            failed.append(Gap("message", GapReason.SCANNER_FAILED))
        return found

    def _suffices_alone(self, findings: list[Finding]) -> bool:
        return any(
            one.kind.value in self._lexicon.suffices and one.score >= self._lexicon.suffices_score and one.by != OWN
            for one in findings
        )

    def _identifies(self, read: list[Part]) -> bool:
        """Whether some identifier is of a person other than the one who signed the mail."""
        return self._subject.identified(
            [
                (one.document, list(one.counting()), one.boilerplate)
                for one in read
                if one.document.part.lower() not in _SENDER_PARTS
            ]
        )


def _without_loose(read: list[Part], *, health: bool) -> None:
    """Drop dates, places and public numbers of a message that speaks of nobody."""
    of_nobody = nobodys(((one.document, one.hits) for one in read), health=health)
    if of_nobody is not None:
        for one in read:
            one.hits = [hit for hit in one.hits if not of_nobody(one.document, hit)]


def _touched(document: Document, span: tuple[int, int], known: tuple[Finding, ...]) -> bool:
    start, end = document.normal.original(*span)
    return any(one.part == document.part and one.start < end and start < one.end for one in known)


def _terms(read: list[Part]) -> Iterator[tuple[str, str]]:
    for one in read:
        for hit in one.counting():
            if hit.kind is Kind.HEALTH_TERM and hit.by != "class_minor":
                yield hit.by, one.document.lower[hit.start : hit.end]


def _without_known(findings: list[Finding], known: tuple[Finding, ...]) -> list[Finding]:
    """The findings that no finding of a registered patient covers as the same thing."""
    taken = {(one.part, one.start, one.end, one.kind) for one in known}
    return [one for one in findings if (one.part, one.start, one.end, one.kind) not in taken]

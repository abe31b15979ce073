"""Reading a mail: split, text, inspect, scan. Whatever fails becomes a gap of the report, and a gap counts as PHI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gateway.domain.finding import Finding, Gap, GapReason, Mode, ScanReport, TextPart
from gateway.domain.threat import Threat
from gateway.flow.claims import Claims, read_claims
from gateway.flow.screening import Screened, Screening
from gateway.mime.limits import Limits
from gateway.mime.parse import parse_stream
from gateway.mime.text import MailText, texts
from gateway.mime.threats.mail import mail_threats
from gateway.mime.tree import PartSink, Tree
from gateway.phi.echoes import Echoes
from gateway.phi.known_patients import KnownPatients
from gateway.phi.practice import NOBODY, Practice
from gateway.phi.scan import MailContext, Scanner
from gateway.phi.word_lists import NO_LISTS, WordLists
from gateway.policy.model import ThreatPolicy
from gateway.ports.inspector import Inspection, Inspector, Specimen
from gateway.ports.threats import VirusScanner

_NOBODY = MailContext()
_NO_SCANNER = ThreatPolicy()


class TakesLong(Exception):
    """A mail whose documents are not to be opened between letters; nothing was judged."""


@dataclass(frozen=True, slots=True)
class Quick:
    """What a mail may cost that is read between letters: bytes that the inspector opens, and its seconds."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """A mail as read: its tree, all its text, what the sender claims, the gaps so far, and threats."""

    tree: Tree
    claims: Claims
    parts: tuple[TextPart, ...] = field(repr=False)
    gaps: tuple[Gap, ...]
    threats: tuple[Threat, ...] = ()
    virus_checked: bool = False

    @property
    def attachment_count(self) -> int:
        """Leaves that a person would call attachments."""
        return sum(one.name.startswith("attachment:") and not one.children for one in self.tree.walk())

    @property
    def attachment_bytes(self) -> int:
        """How many bytes the attachments have together, decoded; one that is a mail counts whole."""
        return sum(
            one.body.length for one in self.tree.walk()
            if one.body is not None and one.name.startswith("attachment:") and "/" not in one.name
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Reader:
    """Reads mails with the worker's inspector and scanner. All rooms of a worker share one, so that `follow` reaches them."""

    inspector: Inspector
    scanner: Scanner
    limits: Limits
    viruses: VirusScanner | None = None
    mode: Mode = Mode.BALANCED
    practice: Practice = NOBODY
    lists: WordLists = NO_LISTS
    research: WordLists = NO_LISTS
    """The lists for research mail: nothing is allowed, and what is the practice's own is denied."""

    def follow(self, other: Reader) -> None:
        """Judge from now on by the settings of another one: the policy was loaded anew."""
        self.mode, self.practice = other.mode, other.practice
        self.lists, self.research = other.lists, other.research

    def for_research(self) -> Reader:
        """A reader that spares nobody: mode `strict`, without allow-lists, the practice's own names as anybody's."""
        return replace(self, mode=Mode.STRICT, practice=NOBODY, lists=self.research)

    def read(
        self, chunks: Iterable[bytes], sink: PartSink, quick: Quick | None = None, asked: ThreatPolicy = _NO_SCANNER
    ) -> Read:
        """Take a mail apart, collect its text, and look for threats. Errors of the source (IntegrityError) go through;
        content never raises. The virus scanner is asked where the policy requires it.

        With `quick`, TakesLong for a mail that would cost more.
        """
        return self._taken(parse_stream(chunks, sink, self.limits), quick, asked)

    def again(self, split: Read) -> Read:
        """What `read` gives, of a mail that was only `split`."""
        return self._taken(split.tree, None, _NO_SCANNER)

    def _taken(self, tree: Tree, quick: Quick | None, asked: ThreatPolicy) -> Read:
        found = texts(tree, self.limits)
        inspected = self._inspect(found, quick)
        parts, beyond = _within((*found.parts, *inspected.texts), self.limits.max_judged_chars)
        threats = [*mail_threats(tree, self.limits, asked.redirectors), *inspected.threats]
        screened = self._screen(tree, (*found.gaps, *inspected.gaps), quick, asked)
        gaps = (*found.gaps, *inspected.gaps, *beyond, *screened.gaps)
        return Read(
            tree, read_claims(tree), parts, tuple(dict.fromkeys(gaps)),
            tuple(dict.fromkeys((*threats, *screened.threats))), screened.complete,
        )  # fmt: skip

    def split(self, chunks: Iterable[bytes], sink: PartSink) -> Read:
        """The tree and its claims without judging it: for composing what was already decided on."""
        tree = parse_stream(chunks, sink, self.limits)
        return Read(tree, read_claims(tree), (), tree.gaps)

    def judge(self, read: Read, known: KnownPatients | None, context: MailContext = _NOBODY) -> ScanReport:
        """The verdict on what was read."""
        report = self.scan(read.parts, read.gaps, known, context)
        return replace(report, threats=read.threats, virus_checked=read.virus_checked)

    def scan(
        self,
        parts: Sequence[TextPart],
        gaps: Sequence[Gap],
        known: KnownPatients | None,
        context: MailContext = _NOBODY,
    ) -> ScanReport:
        """The verdict on texts; a scanner that fails as a whole is a gap."""
        try:
            return self.scanner.scan(
                parts, gaps, known=known, context=context, mode=self.mode, practice=self.practice, lists=self.lists
            )
        except Exception:  # noqa: BLE001 - whatever breaks the scanner must end as PHI, not as an error
            return ScanReport(gaps=(*gaps, Gap("message", GapReason.SCANNER_FAILED)), phi=True)

    def doubts(self, parts: Sequence[TextPart], context: MailContext = _NOBODY) -> tuple[Finding, ...]:
        """What a mail that is to leave masked loses beside what `scan` finds; errors go through, nothing is judged by it."""
        return self.scanner.doubts(parts, context=context, mode=self.mode, practice=self.practice, lists=self.lists)

    def echoes(self, parts: Iterable[TextPart], findings: Iterable[Finding]) -> Echoes:
        """As `Scanner.echoes`."""
        return self.scanner.echoes(parts, findings)

    def _screen(self, tree: Tree, gaps: Sequence[Gap], quick: Quick | None, asked: ThreatPolicy) -> Screened:
        if not asked.clamd:
            return Screened()
        screened = Screening(self.viruses).screen(tree, gaps, quick.seconds if quick else None)
        if quick and screened.late:
            raise TakesLong
        return screened

    def _inspect(self, found: MailText, quick: Quick | None) -> Inspection:
        specimens = [
            Specimen(part.name, part.media_type, part.file_name, part.body.chunks())
            for part in found.specimens
            if part.body is not None
        ]
        if not specimens:
            return Inspection()
        if quick is None:
            return self.inspector.inspect(specimens)
        if sum(part.body.length for part in found.specimens if part.body is not None) > quick.bytes:
            raise TakesLong
        inspected = self.inspector.inspect(specimens, quick.seconds)
        if any(gap.reason is GapReason.TIMED_OUT for gap in inspected.gaps):
            raise TakesLong
        return inspected


def _within(parts: Iterable[TextPart], limit: int) -> tuple[tuple[TextPart, ...], list[Gap]]:
    """The first `limit` characters of all texts together, and a gap for each text that is not whole."""
    kept: list[TextPart] = []
    gaps: list[Gap] = []
    for one in parts:
        kept.append(one if len(one.text) <= limit else replace(one, text=one.text[:limit]))
        if len(one.text) > limit:
            gaps.append(Gap(one.part, GapReason.TOO_LARGE))
        limit -= len(kept[-1].text)
    return tuple(kept), gaps

"""The detector for commands: files and mails judged as a worker would, with or without an installation's register.

Without an installation the text alone counts; untrusted documents still go through the inspector's children.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.address import Address
from gateway.domain.finding import Gap, GapReason, ScanReport, TextPart
from gateway.flow.facts import mail_context
from gateway.flow.reading import Read, Reader
from gateway.flow.redaction import Manner, Redaction
from gateway.mime.limits import Limits
from gateway.mime.tree import MemorySink
from gateway.phi.consumer import is_consumer_domain
from gateway.phi.known_patients import KnownPatients
from gateway.phi.scan import MailContext, Scanner
from gateway.policy.model import RedactionPolicy, ThreatPolicy
from gateway.ports.inspector import Copier, Edit, Inspection, Specimen

if TYPE_CHECKING:  # loading it takes longer than judging a letter, and most scans need none
    from gateway.app.installation import Installation


@dataclass(frozen=True, slots=True)
class Judged:
    """One input: its texts in order, the verdict, and the mail as read (None for plain text)."""

    report: ScanReport
    parts: tuple[TextPart, ...] = field(repr=False)
    read: Read | None = None

    def text(self, part: str) -> str:
        """The text that a finding's offsets count in."""
        return next((one.text for one in self.parts if one.part == part), "")


class _WhenNeeded:
    """An inspector whose launcher starts with the first document."""

    def __init__(self) -> None:
        self._box: BoxedInspector | None = None

    def inspect(self, specimens: Iterable[Specimen], seconds: float | None = None) -> Inspection:
        return self._started().inspect(specimens, seconds)

    def units(self, specimen: Specimen) -> Inspection:
        return self._started().units(specimen)

    def rewrite(self, specimen: Specimen, edits: Sequence[Edit]) -> bytes | None:
        return self._started().rewrite(specimen, edits)

    def _started(self) -> BoxedInspector:
        if self._box is None:
            self._box = BoxedInspector.start(BoxLimits())
        return self._box

    def layers(self) -> tuple[str, ...]:
        return self._box.layers() if self._box is not None else ()

    def close(self) -> None:
        if self._box is not None:
            self._box.close()


class Judge:
    """Judges inputs; close it."""

    def __init__(self, home: Installation | None = None) -> None:
        self._home, self._own = home, _WhenNeeded()
        self._known: KnownPatients | None = None
        self._threats, self.redaction = ThreatPolicy(), RedactionPolicy()
        if home is None:
            self._reader = Reader(self._own, Scanner.load(), Limits())
            self._copier: Copier = self._own
            return
        policy = home.policy()
        self._reader, self._threats, self.redaction = home.reader(), policy.threats, policy.redaction
        self._copier = home.inspector()
        self._known = KnownPatients.build(home.register().patients(home.store())[1])

    def text(self, data: bytes, recipients: Sequence[Address] = ()) -> Judged:
        """Plain UTF-8 text as one part named `text`; what is no UTF-8 is a gap."""
        gaps: tuple[Gap, ...] = ()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text, gaps = data.decode("utf-8", "replace"), (Gap("text", GapReason.UNDECODABLE),)
        parts = (TextPart("text", text),)
        return Judged(self._reader.scan(parts, gaps, self._known, self._context(recipients)), parts)

    def mail(self, data: bytes, recipients: Sequence[Address] = ()) -> Judged:
        """A mail; with an installation and no recipients named, those of its To and Cc count."""
        read = self._reader.read([data], MemorySink(), asked=self._threats)
        to = recipients or ((*read.claims.to, *read.claims.cc) if self._home is not None else ())
        return Judged(self._reader.judge(read, self._known, self._context(to)), read.parts, read)

    def redacted(self, one: Judged, manner: Manner, year: int) -> bytes | None:
        """What was judged, with placeholders (a text as UTF-8, a mail as a mail); `year` stands where a mail has no readable
        Date. None when the detector failed, so that nothing can be shown.
        """
        redaction = Redaction(self._reader, self._copier, self._known, self._context(()), manner)
        if one.read is not None:
            return redaction.mail(one.read, one.report, year)
        text = redaction.text(one.parts[0], one.report)
        return None if text is None else text.encode("utf-8", "replace")

    def close(self) -> None:
        """End what was started here."""
        self._own.close()

    def _context(self, recipients: Sequence[Address]) -> MailContext:
        """What the recipients tell; without an installation nobody is on record."""
        if self._home is None:
            return MailContext(unregistered_consumer=any(is_consumer_domain(one.domain) for one in recipients))
        facts, at = self._home.facts(), self._home.clock.now()
        with self._home.store().begin() as uow:
            found = [facts.standing(uow, one, facts.day(at)) for one in recipients]
        return mail_context(found, facts.day(at))

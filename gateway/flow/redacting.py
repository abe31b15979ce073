"""The masked mail of method `redact`: made when a copy is decided, to see whether it can be, and again when it leaves.

Whom it goes to is told by its addresses, so nothing in it may be about a person at one of them: beside a patient's address,
or a private mailbox, health terms are masked too. The finished mail is judged as any mail is, twice where it is research
mail; what is left in it then, or cannot be read, and there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.domain.address import Address
from gateway.domain.decision import Decision, Method
from gateway.flow.facts import Standing
from gateway.flow.reading import Read, Reader, TakesLong
from gateway.flow.redaction import Manner, Redaction
from gateway.mime.build import OuterHeaders
from gateway.mime.tree import MemorySink
from gateway.phi.consumer import is_consumer_domain
from gateway.phi.known_patients import KnownPatients
from gateway.phi.scan import MailContext
from gateway.policy.practice import RESEARCH
from gateway.ports.inspector import Copier


@dataclass(frozen=True, slots=True)
class Redacting:
    """Makes masked mails with the worker's reader; `numbered` is what policy wants now."""

    reader: Reader
    copier: Copier
    numbered: Callable[[], bool] = lambda: False

    def mail(
        self, read: Read, outer: OuterHeaders, known: KnownPatients, standing: Standing, day: date, *,
        research: bool,
    ) -> bytes | None:  # fmt: skip
        """The finished mail under that header, whose Subject becomes the masked one; None where none can be made."""
        context = _context(read, outer, known, standing, day)
        strict = context.unregistered_consumer or bool(context.addressed)
        reader = self.reader.for_research() if research else self.reader
        manner = Manner(strict=strict, numbered=self.numbered(), copies=True, organizations=research, doubts=True)
        redaction = Redaction(reader, self.copier, known, context, manner)
        letter = redaction.letter(read)
        if letter is None or letter.echoes is None:
            return None
        mail = letter.written(replace(outer, subject=letter.subject))
        again = reader.read([mail], MemorySink())
        for judge in dict.fromkeys((reader, self.reader)):
            report = judge.judge(again, known, context)
            left = [one for one in redaction.masked(report.findings) if not _addressing(one.part)]
            left += [
                hit
                for one in again.parts
                if _written(one.part)
                for hit in letter.echoes.find(one.part, one.text, report.findings)
            ]
            if not report.clean or report.classes or report.threats or left:
                return None
        return mail

    def impossible(
        self, read: Read, author: Address, known: KnownPatients, drafts: Iterable[tuple[Standing, Decision]],
        at: datetime, day: date, *, hurried: bool = False,
    ) -> frozenset[str]:  # fmt: skip
        """The keys of the recipients among those whose draft says `redact` for whom no masked mail can be made.

        With `hurried`, TakesLong for a mail with attachments: a copy of each is read, written and read again.
        """
        wanted = [one for one in drafts if one[1].method is Method.REDACT]
        if wanted and hurried and read.attachment_count:
            raise TakesLong
        found, made = set(), dict[tuple[MailContext, bool], bool]()
        for standing, draft in wanted:
            outer = OuterHeaders(
                from_=author, to=(draft.target,), date=at, message_id="<draft@redacted.invalid>", subject="", sealgate_id="draft",
            )  # fmt: skip
            research = RESEARCH in draft.reasons
            key = (_context(read, outer, known, standing, day), research)
            if key not in made:
                made[key] = self.mail(read, outer, known, standing, day, research=research) is not None
            if not made[key]:
                found.add(standing.address.key)
        return frozenset(found)


def _context(read: Read, outer: OuterHeaders, known: KnownPatients, standing: Standing, day: date) -> MailContext:
    """What addresses tell: of everybody whom the sender wrote to, though none but the one's whom it goes to is shown."""
    seen = {one.key: one for one in (*read.claims.to, *read.claims.cc, *outer.to, standing.address, standing.target)}
    addressed = {each.id for each in (*standing.own, *standing.proxied)}
    stranger = False
    for key, one in seen.items():
        patients = known.with_address(key)
        addressed |= patients
        stranger = stranger or (not patients and is_consumer_domain(one.domain))
    return MailContext(unregistered_consumer=stranger, addressed=frozenset(addressed), day=day)


def _written(part: str) -> bool:
    """Whether the sender wrote a text of a mail of ours: all but its header, the Subject and file names apart."""
    return not part.startswith("header:") or part.lower().startswith("header:content-disposition")


def _addressing(part: str) -> bool:
    """Whether a text of a mail of ours stands in a field that the allow-list of `build` writes, the Subject apart."""
    return part.lower() in {"header:message-id", "header:date", "header:content-type/parameters"}

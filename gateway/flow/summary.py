"""What is kept of a scan: kinds, counts, places without names, gap reasons, classes and ids. Never text.

It is enough to decide again when a consent or restriction changes, without opening the mail.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from gateway.domain.address import Address
from gateway.domain.decision import Action, Decision, HoldReason, Method
from gateway.domain.envelope import Identity
from gateway.domain.finding import Finding, Gap, GapReason, Kind, ScanReport, SensitiveClass
from gateway.domain.patient import Purpose
from gateway.domain.threat import Threat, ThreatKind
from gateway.flow.claims import Claims
from gateway.flow.reading import Read
from gateway.policy.facts import MessageFacts


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender asked for, as far as it is kept. `trouble` names what holds the mail whatever policy says."""

    purpose: Purpose | None = None
    purpose_allowed: bool = True
    requested: Method | None = None
    secure_tag: bool = False
    expires: timedelta | None = None
    attachment_count: int = 0
    attachment_bytes: int = 0
    trouble: tuple[str, ...] = ()
    signs: bool = True
    """As `MessageFacts.signs`, when the mail was at hand."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A report reduced to what may be kept, and what was asked."""

    report: ScanReport
    asked: Asked = field(default_factory=Asked)

    def about(self, patient_ids: Iterable[str]) -> Summary:
        """With patients whom an earlier decision rested on: those of a tag, or of another recipient's address."""
        return replace(self, report=replace(self.report, patients=self.report.patients | frozenset(patient_ids)))

    def as_screened(self) -> Summary:
        """For what has left already: a virus scan that was not required then is not missed now."""
        return replace(self, report=replace(self.report, virus_checked=True))

    def facts(self, sender: Address, day: date) -> MessageFacts:
        """The message's side of a decision."""
        one = self.asked
        return MessageFacts(
            report=self.report, sender=sender, day=day, purpose=one.purpose, purpose_allowed=one.purpose_allowed,
            requested=one.requested, secure_tag=one.secure_tag, attachment_count=one.attachment_count,
            attachment_bytes=one.attachment_bytes, signs=one.signs,
        )  # fmt: skip

    def dump(self) -> str:
        """JSON without names or text."""
        report, asked = self.report, self.asked
        kinds = Counter((one.kind.value, place(one.part)) for one in report.findings)
        gaps = Counter((one.reason.value, place(one.part)) for one in report.gaps)
        threats = Counter((one.kind.value, place(one.part)) for one in report.threats)
        fields = {
            "phi": report.phi, "health": report.health_context, "classes": sorted(report.classes),
            "patients": sorted(report.patients),
            "kinds": [[kind, where, count] for (kind, where), count in sorted(kinds.items())],
            "gaps": [[reason, where, count] for (reason, where), count in sorted(gaps.items())],
            "threats": [[kind, where, count] for (kind, where), count in sorted(threats.items())],
            "virus_checked": report.virus_checked,
            "purpose": asked.purpose.value if asked.purpose else "", "allowed": asked.purpose_allowed,
            "method": asked.requested.value if asked.requested else "", "secure": asked.secure_tag,
            "expires": int(asked.expires.total_seconds()) if asked.expires else 0,
            "attachments": asked.attachment_count, "attachment_bytes": asked.attachment_bytes, "trouble": list(asked.trouble),
            "signs": asked.signs,
        }  # fmt: skip
        return json.dumps(fields, sort_keys=True, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Summary:
        """Read what `dump` wrote. Offsets are gone: findings stand for kind and place only."""
        read = json.loads(text)
        report = ScanReport(
            findings=tuple(Finding(Kind(kind), where, 0, 0, 1.0, "summary") for kind, where, _ in read["kinds"]),
            gaps=tuple(Gap(where, GapReason(reason)) for reason, where, _ in read["gaps"]),
            classes=frozenset(SensitiveClass(one) for one in read["classes"]),
            patients=frozenset(read["patients"]),
            health_context=read["health"],
            phi=read["phi"],
            threats=tuple(Threat(ThreatKind(kind), where) for kind, where, _ in read.get("threats", ())),
            virus_checked=read.get("virus_checked", False),
        )
        asked = Asked(
            purpose=Purpose(read["purpose"]) if read["purpose"] else None,
            purpose_allowed=read["allowed"],
            requested=Method(read["method"]) if read["method"] else None,
            secure_tag=read["secure"],
            expires=timedelta(seconds=read["expires"]) if read["expires"] else None,
            attachment_count=read["attachments"],
            attachment_bytes=read.get("attachment_bytes", 0),
            trouble=tuple(read["trouble"]),
            signs=read.get("signs", True),
        )
        return cls(report, asked)


def asked(read: Read, identity: Identity) -> Asked:
    """What the sender of a mail asks for, as far as this identity may ask for it."""
    claims = read.claims
    allowed = claims.purpose is None or claims.purpose.value in identity.purposes
    return Asked(
        purpose=claims.purpose, purpose_allowed=allowed,
        requested=claims.requested, secure_tag=claims.secure_tag, expires=claims.expires,
        attachment_count=read.attachment_count, attachment_bytes=read.attachment_bytes, trouble=_trouble(claims, identity),
    )  # fmt: skip


def _trouble(claims: Claims, identity: Identity) -> tuple[str, ...]:
    """What holds a mail whatever policy says: an author who is not the sender's to use, a request that makes no sense."""
    found = [f"request.unreadable.{one}" for one in claims.unreadable]
    if not claims.authorised(identity):
        found.append("sender.not_authorised")
    return tuple(found)


def held_by_trouble(decision: Decision, trouble: Sequence[str]) -> Decision:
    """The decision, held for what `Asked.trouble` names."""
    forged = "sender.not_authorised" in trouble
    if not trouble or decision.action is Action.REFUSE or (decision.action is Action.HOLD and not forged):
        return decision
    why = HoldReason.INTEGRITY if forged else HoldReason.RULE
    return replace(
        decision, action=Action.HOLD, method=None, held_for=why, rule="built-in: sender's request",
        reasons=(*decision.reasons, *trouble), notices=(),
    )  # fmt: skip


def place(part: str) -> str:
    """A part's name without what the sender chose: `attachment`, `header`, `subject`, `body.plain`, `body.html`, …"""
    head = part.split("/", 1)[0].split(":", 1)[0].split("#", 1)[0]
    return head if head in {"subject", "header", "attachment", "body.plain", "body.html", "message", "text"} else "part"

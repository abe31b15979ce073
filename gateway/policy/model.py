"""The policy as frozen values: the practice's rules, its settings, and the numbers of law that it rests on.

The file `policy.toml` is read by `gateway.config`; this room only knows the values. Practice rules come before the
built-in ones and can ask more, never less. The one exception is spelled out in `Outcome.i_understand`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum

from gateway.domain.decision import Action, Method, OpenText
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Kind, Mode, ScanReport, SensitiveClass
from gateway.domain.patient import ConsentKind, Purpose, RecipientKind
from gateway.domain.threat import ThreatKind
from gateway.policy.law import Law


@dataclass(frozen=True, slots=True)
class Condition:
    """When a practice rule applies: every field that is set must hold; an empty field asks nothing."""

    recipient_kind: frozenset[RecipientKind] = frozenset()
    recipient_domain: frozenset[str] = frozenset()
    """Domains, or whole addresses in their normal form."""
    sender: frozenset[str] = frozenset()
    """Addresses in their normal form, or `@domain`."""
    purpose: frozenset[Purpose] = frozenset()
    classes: frozenset[SensitiveClass] = frozenset()
    """Any of these classes was found."""
    phi: bool | None = None
    complete: bool | None = None
    consent: frozenset[ConsentKind] = frozenset()
    """Every patient of the message has at least one of these in force for the recipient's address."""
    attachments_over: int | None = None
    """More attachments than this (a whole chart, 45 CFR 164.502(b))."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a practice rule asks for. `method` None lets the built-in rules choose.

    `i_understand` is the practice's written acknowledgement that mail with PHI leaves in clear by this rule. Only then
    may `method` be `pass`, only for the domains that the rule names, and never for a sensitive class, an incomplete scan
    or a patient with a restriction. Such a rule changes the method of a copy that may go; it never lifts a hold.

    `redact` sends a masked copy, which is no PHI (45 CFR 164.502(d)). Where the rule names its recipients it may stand in the
    place of a protected copy, and of a hold for want of an authorization; the same exceptions as above apply. `research`
    masks what is the practice's own as well.
    """

    action: Action
    method: Method | None = None
    open_text: OpenText | None = None
    i_understand: str = ""
    research: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One named practice rule; refuses to exist where it would weaken the built-in rules unsaid."""

    name: str
    when: Condition
    then: Outcome

    def __post_init__(self) -> None:
        then = self.then
        if not self.name:
            raise ConfigError("a rule needs a name")
        if then.action is not Action.DELIVER and then.method is not None:
            raise ConfigError(f'rule "{self.name}": only action "deliver" takes a method; remove `method`')
        if then.research and then.method is not Method.REDACT:
            raise ConfigError(f'rule "{self.name}": research goes with method "redact" only; remove it')
        if then.method is not Method.PASS:
            if then.i_understand:
                raise ConfigError(f'rule "{self.name}": i_understand goes with method "pass" only; remove it')
            return
        if self.when.phi is False:
            return
        if not then.i_understand.strip():
            raise ConfigError(
                f'rule "{self.name}" would send PHI in clear; use method "link", add `phi = false`, '
                f'or acknowledge it with i_understand = "…"'
            )
        if not self.when.recipient_domain:
            raise ConfigError(f'rule "{self.name}": a rule that sends PHI in clear must name recipient_domain')


@dataclass(frozen=True, slots=True)
class SensitivePolicy:
    """What the practice asks for sensitive classes beyond the built-in rules.

    `need_consent`: classes that need the patient's `state` consent for anyone but the patient (State profiles are off
    until counsel dates them). `hold`: classes that wait for staff whoever receives them, the patient excepted.
    """

    need_consent: frozenset[SensitiveClass] = frozenset()
    hold: frozenset[SensitiveClass] = frozenset()


@dataclass(frozen=True, slots=True)
class ThreatPolicy:
    """Which threats hold a mail: all but `allowed`; what the virus scanner found always does."""

    clamd: bool = False
    """The virus scanner must have looked at all of a mail before any copy leaves."""
    allowed: frozenset[ThreatKind] = frozenset()
    staff_may_release: bool = True
    redirectors: frozenset[str] = frozenset()
    """Hosts, with those below them, through which the practice's own tools lead links."""

    def held(self, report: ScanReport) -> tuple[ThreatKind, ...]:
        """The kinds in this report for which a mail waits."""
        allowed = self.allowed - {ThreatKind.MALWARE}
        return tuple(sorted({one.kind for one in report.threats} - allowed))

    def unscanned(self, report: ScanReport) -> bool:
        """Whether the scan that is required was not made, or not of everything."""
        return self.clamd and not report.virus_checked


@dataclass(frozen=True, slots=True)
class RedactionPolicy:
    """How redacted text shows what it masked."""

    numbered: bool = False
    """`[name-1]`, `[name-2]` instead of `[name]`."""
    copies: bool = False
    """Redacted copies of attachments where `sealgate redact` would write a note. Method `redact` takes copies or nothing."""


@dataclass(frozen=True, slots=True)
class PdfPolicy:
    """How encrypted PDF travel, and by which of the three ways their passwords."""

    text_messages: bool = True
    """A patient without an agreed phrase gets a password by text message, where there is a phone on record."""
    archive: bool = False
    """A WinZip AES-256 archive instead of a PDF with attachments, for everybody."""
    archive_for: frozenset[str] = frozenset()
    """The same for these addresses and domains: those who asked for it."""
    portal: bool = False
    """Where neither phrase nor text message serves: the password on a link's page, proved by another channel than the mailbox."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that `decide` goes by. `version` is a hash of all of it, so any change makes decisions stale."""

    law: Law
    rules: tuple[Rule, ...] = ()
    open_text: OpenText = OpenText.LETTER
    method_order: tuple[Method, ...] = (Method.SMIME, Method.OPENPGP, Method.LINK)
    available: frozenset[Method] = frozenset(
        {Method.PASS, Method.REDACT, Method.TLS, Method.SMIME, Method.OPENPGP, Method.LINK, Method.PDF}
    )
    """What this build can do; whatever is asked beyond it is impossible."""
    hold_on_key_trouble: bool = False
    """Hold instead of a link when the recipient's certificate or OpenPGP key is expired, untrusted or out of reach, and no other serves."""
    purposes: Mapping[RecipientKind, frozenset[Purpose]] = field(default_factory=dict)
    """Purposes that may be claimed per recipient kind; a kind that is missing takes the law file's default."""
    sensitive: SensitivePolicy = SensitivePolicy()
    threats: ThreatPolicy = ThreatPolicy()
    detector: Mode = Mode.BALANCED
    """How the detector weighs doubt."""
    clinicians: tuple[str, ...] = ()
    """Full names of the practice's own people."""
    own: tuple[str, ...] = ()
    """Names, addresses, telephone and licence numbers, and domains that are the practice's own."""
    allowed: frozenset[tuple[Kind, str]] = frozenset()
    """Words that are never a finding of their kind, but for what the register knows of its patients."""
    denied: frozenset[tuple[Kind, str]] = frozenset()
    """Words that always are one."""
    redaction: RedactionPolicy = RedactionPolicy()
    pdf: PdfPolicy = PdfPolicy()
    link_over: int = 20 * 1024**2
    """Bytes of attachments beyond which a protected copy always goes by link."""
    version: str = field(init=False, default="")

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f'two rules are named "{name}"; give each its own name')
        for method in self.method_order:
            if not method.protects:
                raise ConfigError(f'method_order: "{method.value}" does not protect; leave it out')
        object.__setattr__(self, "version", _fingerprint(self))

    def purposes_for(self, kind: RecipientKind) -> frozenset[Purpose]:
        """The purposes that may be claimed for mail to this kind of recipient."""
        return self.purposes.get(kind, self.law.purposes[kind])

    def may_redact(self, requested: Method | None) -> bool:
        """Whether some copy of a mail with that request may come to leave masked."""
        return Method.REDACT in {requested, *(rule.then.method for rule in self.rules)}


def _fingerprint(policy: Policy) -> str:
    return hashlib.sha256(_canonical(policy).encode()).hexdigest()[:32]


def _canonical(value: object) -> str:
    """One text per value, whatever the order of sets and mappings."""
    if isinstance(value, Enum):
        return repr(value.value)
    if is_dataclass(value):
        inner = (f"{one.name}={_canonical(getattr(value, one.name))}" for one in fields(value) if one.init)
        return f"{type(value).__name__}({','.join(inner)})"
    if isinstance(value, (frozenset, set)):
        return "{" + ",".join(sorted(_canonical(one) for one in value)) + "}"
    if isinstance(value, tuple):
        return "(" + ",".join(_canonical(one) for one in value) + ")"
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{_canonical(k)}:{_canonical(v)}" for k, v in value.items())) + "}"
    return repr(value)

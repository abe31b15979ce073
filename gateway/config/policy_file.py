"""Reads `policy.toml` into the policy's own values. The file's shape lives here, its meaning in `gateway.policy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from gateway.config.load import read_toml
from gateway.config.problems import one_line
from gateway.config.section import Section
from gateway.config.values import Size
from gateway.config.words_file import entries, listed_phrase, refuse_both
from gateway.domain.address import normal_domain
from gateway.domain.decision import Action, Method, OpenText
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.domain.finding import Kind, Mode, SensitiveClass
from gateway.domain.patient import ConsentKind, Purpose, RecipientKind, normal_scope
from gateway.domain.threat import ThreatKind
from gateway.policy.law import load_law
from gateway.policy.model import (
    Condition,
    Outcome,
    PdfPolicy,
    Policy,
    RedactionPolicy,
    Rule,
    SensitivePolicy,
    ThreatPolicy,
)


def _scope(value: str) -> str:
    try:
        return normal_scope(value)
    except InvalidAddress as error:
        raise ValueError(f"{error}; a domain or an address is needed") from None


def _sender(value: str) -> str:
    try:
        return f"@{normal_domain(value[1:])}" if value.startswith("@") else normal_scope(value)
    except InvalidAddress as error:
        raise ValueError(f"{error}; an address or @domain is needed") from None


class WhenTable(Section):
    """`when` of a rule: every key that is set must hold; a list is met by any of its entries."""

    recipient_kind: frozenset[RecipientKind] = Field(
        default=frozenset(), description="patient, proxy, partner, payer, internal, other."
    )
    recipient_domain: frozenset[Annotated[str, AfterValidator(_scope)]] = Field(
        default=frozenset(), description="Domains or whole addresses; a domain does not cover those below it."
    )
    sender: frozenset[Annotated[str, AfterValidator(_sender)]] = Field(
        default=frozenset(), description="Addresses or `@domain`."
    )
    purpose: frozenset[Purpose] = Field(
        default=frozenset(),
        description="The claimed purpose, or what mail to this kind of recipient is taken to be for.",
    )
    classes: frozenset[SensitiveClass] = Field(default=frozenset(), description="A sensitive class that was found.")
    phi: bool | None = Field(default=None, description="Whether the mail counts as PHI; what was not read does.")
    complete: bool | None = Field(default=None, description="Whether the scan could read everything.")
    consent: frozenset[ConsentKind] = Field(
        default=frozenset(), description="Every patient concerned has such a consent for this address."
    )
    attachments_over: int | None = Field(default=None, ge=0, description="More attachments than this.")


class ThenTable(Section):
    """`then` of a rule."""

    action: Action = Field(description="`deliver`, `hold` or `refuse`; a built-in hold stays a hold.")
    method: Method | None = Field(
        default=None, description="The method for `deliver`; without it the best one. `redact` sends a masked copy."
    )
    open_text: OpenText | None = Field(default=None, description="`notice` for the neutral notice in a link mail.")
    i_understand: str = Field(
        default="",
        description='Why PHI may leave in clear by this rule; only with method = "pass" and recipient_domain.',
    )
    research: bool = Field(
        default=False,
        description='With method = "redact": mask the practice\'s own names, addresses and numbers too, in mode `strict`, allow-lists aside.',
    )


class RuleTable(Section):
    """`[[rule]]`: one rule of the practice; the first that matches counts."""

    name: str = Field(min_length=1, max_length=60, description="Its name in decisions and log.")
    when: WhenTable = Field(default=WhenTable(), description="When it applies; without it, always.")
    then: ThenTable = Field(description="What it asks for.")


class SensitiveTable(Section):
    """`[sensitive]`: classes of information that law treats more strictly."""

    need_consent: frozenset[SensitiveClass] = Field(
        default=frozenset(), description="Classes that need the patient's `state` consent for anyone but the patient."
    )
    hold: frozenset[SensitiveClass] = Field(
        default=frozenset(), description="Classes that wait for staff, whoever but the patient receives them."
    )


def _host(value: str) -> str:
    try:
        return normal_domain(value)
    except InvalidAddress as error:
        raise ValueError(f"{error}; the name of a host is needed") from None


_Held = Literal["hold", "allow"]


class ThreatsTable(Section):
    """`[threats]`: what may harm whoever opens it. `hold` keeps a mail for staff and tells its sender."""

    clamd: Literal["require", "off"] = Field(
        default="off",
        description="`require`: nothing leaves before clamd has looked at it; no answer means held. Its address is `[clamd] url`.",
    )
    executables: _Held = Field(
        default="hold", description="Programs, scripts, shortcuts, disk images; in archives too."
    )
    macros: _Held = Field(default="hold", description="Documents with program code, or that load some.")
    pdf_actions: _Held = Field(default="hold", description="PDF with scripts, or that start something.")
    embedded: _Held = Field(default="hold", description="Files packed as objects into documents.")
    disguised_names: _Held = Field(default="hold", description="Names such as `invoice.pdf.exe`.")
    type_mismatch: _Held = Field(default="hold", description="Files of another type than name or label say.")
    links: _Held = Field(default="hold", description="Links whose text names another site than they lead to.")
    redirectors: frozenset[Annotated[str, AfterValidator(_host)]] = Field(
        default=frozenset(),
        description="Hosts, with all below them, through which the practice's own tools lead links; never held for that.",
    )
    release: Literal["staff", "never"] = Field(
        default="staff", description="Whether a person at the practice may release what is held for a threat."
    )


_THREATS: dict[str, ThreatKind] = {
    "executables": ThreatKind.EXECUTABLE, "macros": ThreatKind.MACRO, "pdf_actions": ThreatKind.PDF_ACTION,
    "embedded": ThreatKind.EMBEDDED, "disguised_names": ThreatKind.DISGUISED_NAME,
    "type_mismatch": ThreatKind.TYPE_MISMATCH, "links": ThreatKind.DECEPTIVE_LINK,
}  # fmt: skip


Listed = tuple[Annotated[str, AfterValidator(listed_phrase)], ...]


class DetectorTable(Section):
    """`[detector]`: how PHI is looked for."""

    mode: Mode = Field(
        default=Mode.BALANCED,
        description="`strict` masks what is doubtful too and asks the tagger about every word: more found, more in vain.",
    )
    clinicians: tuple[str, ...] = Field(
        default=(),
        description="Full names of the practice's people: no patients', unless the register knows such a patient.",
    )
    practice: tuple[str, ...] = Field(
        default=(),
        description="The practice's own names, addresses, telephones, licence numbers and domains; `[practice]` adds its own.",
    )

    placeholders: Literal["typed", "numbered"] = Field(
        default="typed",
        description="`numbered`: redacted text tells people and values apart, `[name-1]`, `[name-2]`, the same through a quoted thread.",
    )
    attachments: Literal["note", "redacted"] = Field(
        default="note",
        description="For `sealgate redact`: a note for each attachment, or a redacted copy of what is text, CSV, HTML, DOCX, XLSX or PDF; method `redact` sends copies or nothing.",
    )
    allow: dict[Kind, Listed] = Field(
        default={},
        description="Words by kind that are never a finding, but for what the register knows of its patients.",
    )
    deny: dict[Kind, Listed] = Field(default={}, description="Words by kind that always are a finding.")
    allow_files: tuple[str, ...] = Field(
        default=(),
        description="Files beside this one with more, a line each: `name: Graves Mill`. Suggestions are accepted into the first.",
    )
    deny_files: tuple[str, ...] = Field(default=(), description="The same for words that always are a finding.")


class PdfTable(Section):
    """`[pdf]`: encrypted PDF, where `pdf` is in `method_order`, asked for by a rule or by a sender."""

    text_messages: bool = Field(
        default=True,
        description="Without an agreed phrase, a password for each message goes to the patient's phone on record (`[notifier]`).",
    )
    portal: bool = Field(
        default=False,
        description="Where neither serves: the password on a link's page, opened by a code to the phone or from staff, never by e-mail.",
    )
    form: Literal["pdf", "archive"] = Field(
        default="pdf", description="`archive`: a WinZip AES-256 archive, which Windows cannot open by itself."
    )
    archive_for: frozenset[Annotated[str, AfterValidator(_scope)]] = Field(
        default=frozenset(), description="Addresses and domains that asked for the archive."
    )


class PolicyFile(Section):
    """The whole file."""

    open_text: OpenText = Field(
        default=OpenText.LETTER, description="Open part of link mail: the redacted `letter`, or always the `notice`."
    )
    method_order: tuple[Method, ...] = Field(
        default=(Method.SMIME, Method.OPENPGP, Method.LINK),
        min_length=1,
        description="Protected methods, the best first.",
    )
    on_key_trouble: Literal["link", "hold"] = Field(
        default="link",
        description="When a certificate or OpenPGP key is expired, untrusted or out of reach, and no other serves. Never a plain send.",
    )
    link_over: Size = Field(
        default=20 * 1024**2,
        description="Attachments of a protected mail that are larger together always go by link, whatever the method.",
    )
    pdf: PdfTable = Field(default=PdfTable(), description="Encrypted PDF.")
    sensitive: SensitiveTable = Field(default=SensitiveTable(), description="Sensitive classes.")
    threats: ThreatsTable = Field(default=ThreatsTable(), description="Threats.")
    detector: DetectorTable = Field(default=DetectorTable(), description="The detector.")
    purposes: dict[RecipientKind, frozenset[Purpose]] = Field(
        default={}, description="Purposes that may be claimed, by kind of recipient."
    )
    rule: tuple[RuleTable, ...] = Field(default=(), description="The practice's rules, in order.")


def load_policy(path: Path) -> Policy:
    """Read and check the policy file; ConfigError in one line names the key or rule, and the mend."""
    data = read_toml(path)
    try:
        file = PolicyFile.model_validate(data)
    except ValidationError as error:
        raise one_line(error, PolicyFile, path) from None
    try:
        return _policy(file, path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None


def _policy(file: PolicyFile, folder: Path) -> Policy:
    detector = file.detector
    allowed = entries(detector.allow, detector.allow_files, folder)
    denied = entries(detector.deny, detector.deny_files, folder)
    refuse_both(allowed, denied)
    policy = Policy(
        law=load_law(),
        rules=tuple(_rule(one) for one in file.rule),
        open_text=file.open_text,
        method_order=file.method_order,
        hold_on_key_trouble=file.on_key_trouble == "hold",
        purposes=file.purposes,
        sensitive=SensitivePolicy(file.sensitive.need_consent, file.sensitive.hold),
        threats=_threats(file.threats),
        detector=file.detector.mode,
        clinicians=file.detector.clinicians,
        own=file.detector.practice,
        allowed=allowed,
        denied=denied,
        pdf=PdfPolicy(file.pdf.text_messages, file.pdf.form == "archive", file.pdf.archive_for, file.pdf.portal),
        link_over=file.link_over,
        redaction=RedactionPolicy(detector.placeholders == "numbered", detector.attachments == "redacted"),
    )
    wanted = {*file.method_order, *(one.then.method for one in file.rule if one.then.method)}
    for method in sorted(wanted - policy.available):
        known = ", ".join(sorted(policy.available))
        raise ConfigError(f'method "{method}" is not built in; use one of {known}')
    return policy


def _threats(table: ThreatsTable) -> ThreatPolicy:
    return ThreatPolicy(
        clamd=table.clamd == "require",
        allowed=frozenset(kind for key, kind in _THREATS.items() if getattr(table, key) == "allow"),
        staff_may_release=table.release == "staff",
        redirectors=table.redirectors,
    )


def _rule(table: RuleTable) -> Rule:
    when, then = table.when, table.then
    condition = Condition(
        recipient_kind=when.recipient_kind,
        recipient_domain=when.recipient_domain,
        sender=when.sender,
        purpose=when.purpose,
        classes=when.classes,
        phi=when.phi,
        complete=when.complete,
        consent=when.consent,
        attachments_over=when.attachments_over,
    )
    return Rule(
        table.name, condition, Outcome(then.action, then.method, then.open_text, then.i_understand, then.research)
    )

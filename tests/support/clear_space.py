"""The space of states that a mail may be in: who, what, which keys, consents, scans, faults and races; and what is true of one."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.domain.errors import (
    IntegrityError,
    KeyMissing,
    StoreUnavailable,
)
from gateway.ports.relay import Outcome, Reply

FAMILIES = ["Abernethy", "Blackwood", "Castellan", "Drummond", "Eastlake", "Fairbrother", "Goldsmith", "Hathaway"]
GIVEN = ["Agatha", "Bernard", "Clarice", "Desmond", "Edith", "Frederick", "Gwendolyn", "Horace"]
ROLES = ("patient", "other", "colleague", "partner", "payer", "stranger")
SCANS = (
    "whole",
    "whole",
    "whole",
    "crash",
    "time-out",
    "inspector raises",
    "scanner raises",
    "model missing",
    "matcher raises",
)
CONTENTS = ("clean", "phi", "phi", "sensitive", "nobody's", "subject", "file", "file name", "threat")
WISHES = ("", "", "", "[secure]", "pass", "link", "smime", "openpgp", "pdf", "tls", "redact", "nonsense")
PROTECTS = frozenset({"[secure]", "smime", "openpgp", "pdf", "link"})
"""Wishes after which nothing may leave readable."""
KEYS = ("none", "none", "valid", "valid", "expired", "untrusted", "unreachable", "raises", "times out")
FORMS = ("", "", "gcm", "oaep", "triple")
"""What `[seal]` says."""
PHRASES = ("", "", "agreed", "weak")
STRONG, WEAK = "record skull design length provide kind clerk latin", "summer rain"
ENGINES = ("", "", "", "dies", "gives nothing", "gives the text", "gives text behind a head", "raises")
CONSENTS = (
    "encrypted", "encrypted", "encrypted everywhere", "clear", "clear", "clear elsewhere", "clear unwarned", "clear expired",
    "clear future", "clear revoked", "encrypted revoked", "everything revoked", "clear refused", "clear by link only",
)  # fmt: skip
RESTRICTIONS = ("", "", "", "", "no email", "no email elsewhere", "no partner", "no payer", "confidential")
AGREEMENTS = ("good", "good", "lapsed", "not registered")
POLICIES = ("starter", "starter", "acknowledged", "hold partners", "notice", "masked", "masked")
RACES = (
    "revoke", "revoke everything", "restrict", "policy reload", "policy weakened", "key removed", "key expired",
    "agreement ended", "moved away", "restricted newcomer", "nothing",
)  # fmt: skip
MOMENTS = ("decided", "attempted", "held", "delivered")
SEALERS = (
    "gateway.flow.compose.seal", "gateway.flow.compose.protected_payload", "gateway.flow.compose.under",
    "gateway.flow.compose.text_mail", "gateway.flow.compose.redact_text", "gateway.flow.compose.bodies",
    "gateway.flow.compose.passthrough", "gateway.flow.compose.check_recipient_certificate", "gateway.flow.parcels.Parcels.make",
    "gateway.flow.parcels.Parcels.token", "gateway.flow.signers.Signers.signer", "gateway.render.mail.Renderer.mail",
    "gateway.flow.parcels.link.kek", "gateway.flow.custody.Custody.content", "gateway.flow.custody.Custody.record",
    "gateway.flow.decisions.Decisions.verified", "gateway.flow.facts.Facts.standing", "gateway.policy.explain.notice_text",
    "gateway.flow.reading.Reader.split", "gateway.flow.compose.without_quotes", "gateway.flow.redaction.Redaction.letter",
    "gateway.flow.redacting.Redacting.mail",
)  # fmt: skip
ERRORS: tuple[type[Exception], ...] = (
    ValueError,
    OSError,
    RuntimeError,
    MemoryError,
    KeyMissing,
    IntegrityError,
    StoreUnavailable,
)
LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0", "Abernethy has diabetes")
REFUSED = Reply(Outcome.PERMANENT, 550, "5.1.1", "Abernethy has diabetes")
ACKNOWLEDGED = (
    '\n[[rule]]\nname = "acknowledged"\nwhen = {{ recipient_domain = ["{0}"] }}\n'
    'then = {{ action = "deliver", method = "pass", i_understand = "we sealed the line" }}\n'
)
HOLD_PARTNERS = (
    '\n[[rule]]\nname = "stop"\nwhen = { recipient_kind = ["partner", "payer"] }\nthen = { action = "hold" }\n'
)
MASKED = (
    '\n[[rule]]\nname = "masked"\nwhen = { recipient_kind = ["other", "partner"] }\n'
    'then = { action = "deliver", method = "redact" }\n'
)
NOTICE = '\n[[rule]]\nname = "quiet"\nwhen = {{ phi = true }}\nthen = {{ action = "deliver", open_text = "notice" }}\n'.replace("{{", "{").replace("}}", "}")  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One thing that breaks: what, at which step, and which time."""

    what: str = ""
    step: str = "dispatch"
    number: int = 1
    detail: int = 0


@dataclass(frozen=True)
class Keys:
    """What there is to seal with, beside S/MIME: states as of KEYS, the phrase of a PDF, the form, and how the engine fares."""

    openpgp: str = "none"
    direct: str = "none"
    phrase: str = ""
    form: str = ""
    engine: str = ""
    lies: bool = False
    """The directory calls somebody else's OpenPGP key valid."""


@dataclass(frozen=True)
class State:
    """One state of the world around one mail."""

    to: tuple[str, ...] = ("patient",)
    hidden: bool = False
    consents: tuple[str, ...] = ()
    other_consents: tuple[str, ...] = ()
    restriction: str = ""
    agreement: str = "good"
    authorized: bool = False
    key: str = "none"
    keys: Keys = Keys()
    scan: str = "whole"
    content: str = "phi"
    wish: str = ""
    purpose: str = ""
    policy: str = "starter"
    fault: Fault = Fault()
    relay: tuple[str, ...] = ()
    races: tuple[tuple[str, str], ...] = ()


@dataclass
class Truth:
    """What the model knows; races change it."""

    clear_at: set[str] = field(default_factory=set)
    """Where the patient's choice of clear mail is in force: at the address `patient` or `elsewhere`."""
    other_clear_at: set[str] = field(default_factory=set)
    """The same of the other patient, for what is about nobody else."""
    agreement: str = "good"
    restriction: str = ""
    acknowledged: bool = False
    hold_partners: bool = False
    masked: bool = False


def believe(what: str, here: set[str], role: str) -> None:
    """What a row of a consent log changes in where clear mail is wanted."""
    if what == "clear":
        here.add(role)
    elif what == "clear elsewhere":
        here.add("elsewhere")
    elif what == "everything revoked":
        here.clear()
    elif what in {"clear revoked", "clear refused", "clear unwarned", "clear expired", "clear future"}:
        here.discard(role)  # taken back, or the same subject said anew

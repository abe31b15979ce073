"""What policy is told: frozen facts about one message and one recipient, gathered by others.

Nothing here looks anything up. `day` is the practice's calendar day; consents are those of the patient's log
(`decide` counts only what is in force on that day, so a whole log may be given as well).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.finding import ScanReport
from gateway.domain.patient import ConsentEvent, Partner, Purpose, RecipientKind, Restriction
from gateway.ports.keys import KeyState


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """One patient that the message is about: found by the matcher, or the one whose address it is."""

    id: str
    version: int
    restrictions: tuple[Restriction, ...] = ()
    consents: tuple[ConsentEvent, ...] = ()
    consent_version: int = 0
    """The highest `seq` of the patient's consent log; what a decision records."""
    is_recipient: bool = False
    """The recipient's address is on this patient's record."""
    is_proxied: bool = False
    """The recipient is a dated proxy of this patient, in force today."""
    target: Address | None = field(default=None, repr=False)
    """The confidential-communication address that beats the To: header, 45 CFR 164.522(b)."""
    minor: bool = False


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the key directory answered for the address that the copy goes to (the target, where there is one)."""

    smime: KeyState = KeyState.NONE
    fingerprint: str = ""
    reason: str = ""
    openpgp: KeyState = KeyState.NONE
    openpgp_fingerprint: str = ""
    openpgp_reason: str = ""
    direct: KeyState = KeyState.NONE
    direct_fingerprint: str = ""
    direct_reason: str = ""

    def smime_for(self, *, signs: bool) -> KeyState:
        """The S/MIME certificate's state for an author who has one to sign with, or not: to them a valid one is as good as none."""
        return self.smime if signs or self.smime is not KeyState.VALID else KeyState.NONE

    @property
    def rested_on(self) -> str:
        """The fingerprints of the valid keys, which a decision records: a comma between the certificate's, the OpenPGP key's and the
        Direct certificate's.
        """
        valid = (
            (self.smime, self.fingerprint), (self.openpgp, self.openpgp_fingerprint), (self.direct, self.direct_fingerprint),
        )  # fmt: skip
        return ",".join(fingerprint for state, fingerprint in valid if state is KeyState.VALID)


class PasswordWay(StrEnum):
    """How the recipient of an encrypted PDF comes by its password: never with the PDF itself."""

    NONE = "none"
    PHRASE = "phrase"
    """The phrase that was agreed on, strong and without anything of the patient's."""
    SMS = "sms"
    """Made for one message and sent to the phone on record; where it may not be sent, that phone can prove who asks for it."""
    PORTAL = "portal"
    """Made for one message and shown on a link's page to whom another channel than the mailbox has proved."""


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """One recipient as written in the envelope, with every patient of the message as seen from there."""

    recipient: Address
    kind: RecipientKind
    patients: tuple[PatientFacts, ...] = ()
    partner: Partner | None = None
    keys: KeyFacts = KeyFacts()
    tls_trusted: bool = False
    """Sealgate itself can verify this domain's own host (docs/security-model.md, Not yet)."""
    unredactable: bool = False
    """A masked copy was tried, and something in the mail could not be masked or copied."""
    password: PasswordWay = PasswordWay.NONE


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One message: the scan, and what its sender claimed and asked for."""

    report: ScanReport
    sender: Address | None
    """None for the null reverse-path; then no rule that names senders applies."""
    day: date
    purpose: Purpose | None = None
    purpose_allowed: bool = True
    """The claimed purpose is one that this sender may claim; True where none was claimed."""
    requested: Method | None = None
    """`X-Sealgate-Method`; can only strengthen."""
    secure_tag: bool = False
    """`[secure]` in the Subject; can only strengthen."""
    attachment_count: int = 0
    attachment_bytes: int = 0
    """Of all attachments together, decoded."""
    signs: bool = True
    """The author has a certificate here to sign S/MIME with, or would be issued one."""

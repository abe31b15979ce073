"""One case before the rules: policy, message and recipient together, with the questions that every rule asks."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.address import Address
from gateway.domain.finding import SensitiveClass
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind, Purpose, RecipientKind, in_force
from gateway.policy.facts import MessageFacts, PatientFacts, RecipientFacts
from gateway.policy.model import Policy

DEFAULT_PURPOSE: dict[RecipientKind, Purpose] = {
    RecipientKind.PATIENT: Purpose.INDIVIDUAL,
    RecipientKind.PROXY: Purpose.INDIVIDUAL,
    RecipientKind.PARTNER: Purpose.TREATMENT,
    RecipientKind.PAYER: Purpose.PAYMENT,
    RecipientKind.INTERNAL: Purpose.OPERATIONS,
    RecipientKind.OTHER: Purpose.OTHER,
}
"""What mail is taken to be for where the sender claims nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """Facts and policy for one decision."""

    policy: Policy
    message: MessageFacts
    recipient: RecipientFacts

    @property
    def kind(self) -> RecipientKind:
        """Who the recipient is."""
        return self.recipient.kind

    @property
    def patients(self) -> tuple[PatientFacts, ...]:
        """Every patient of the message."""
        return self.recipient.patients

    @property
    def classes(self) -> frozenset[SensitiveClass]:
        """The sensitive classes found."""
        return self.message.report.classes

    @property
    def purpose(self) -> Purpose:
        """The claimed purpose, or what mail to this kind of recipient is taken to be for."""
        return self.message.purpose or DEFAULT_PURPOSE[self.kind]

    @property
    def protected(self) -> bool:
        """Whether this copy must be treated as PHI: PHI, an incomplete scan, or a sensitive class to a patient.

        The last because the recipient's address alone says whom a sensitive letter is about.
        """
        report = self.message.report
        to_patient = any(one.is_recipient or one.is_proxied for one in self.patients)
        return not report.clean or (bool(report.classes) and to_patient)

    @property
    def targets(self) -> frozenset[str | None]:
        """Where the patients whose address this is want their mail: a normal address, or None for as written."""
        return frozenset(one.target.key if one.target else None for one in self.patients if one.is_recipient)

    @property
    def target(self) -> Address:
        """Where the copy goes, 45 CFR 164.522(b)."""
        for one in self.patients:
            if one.is_recipient and one.target is not None:
                return one.target
        return self.recipient.recipient

    def only_the_patient(self) -> bool:
        """Whether every patient of the message is the recipient in person."""
        return bool(self.patients) and all(one.is_recipient for one in self.patients)

    def consents(
        self, patient: PatientFacts, kind: ConsentKind, *, any_address: bool = True
    ) -> tuple[ConsentEvent, ...]:
        """The patient's consents of this kind in force for the address the copy goes to, and for its purpose.

        With `any_address` a consent for '*' counts too; without it only one that names the address.
        """
        wanted = {self.target.key, "*"} if any_address else {self.target.key}
        return tuple(
            one for one in in_force(patient.consents, self.message.day)
            if one.kind is kind and one.address in wanted and one.purpose in ("*", self.purpose.value)
        )  # fmt: skip

    def last_word(self, patient: PatientFacts, kind: ConsentKind, *, any_address: bool = True) -> str:
        """Why there is no such consent for this address: `refused`, `ended` (revoked or expired) or `missing`."""
        wanted = {self.target.key, "*"} if any_address else {self.target.key}
        said = [
            one for one in sorted(patient.consents, key=lambda event: event.seq)
            if one.kind is kind and one.address in wanted and one.type is not ConsentEventType.REQUESTED
        ]  # fmt: skip
        if not said:
            return "missing"
        return "refused" if said[-1].type is ConsentEventType.REFUSED else "ended"

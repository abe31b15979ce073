"""Facts for policy: who a recipient is, which patients a message is about, what they agreed to, which keys there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.domain.address import Address
from gateway.domain.patient import Partner, Patient, RecipientKind
from gateway.domain.protected import Protected
from gateway.domain.register_rows import RECIPIENT_KEY, RECIPIENT_OPENPGP
from gateway.flow.register import Register
from gateway.phi.consumer import is_consumer_domain
from gateway.phi.scan import MailContext
from gateway.policy.facts import KeyFacts, PasswordWay, PatientFacts, RecipientFacts
from gateway.ports.keys import KeyDirectory, KeyKind
from gateway.ports.store import UnitOfWork
from gateway.seal.passphrase import weakness

_ADULT = 18


@dataclass(frozen=True, slots=True)
class Standing:
    """Who the person at one address is."""

    address: Address
    kind: RecipientKind
    own: tuple[Patient, ...] = field(default=(), repr=False)
    """Patients whose address it is."""
    proxied: tuple[Patient, ...] = field(default=(), repr=False)
    """Patients for whom this person acts today."""
    partner: Partner | None = None

    @property
    def target(self) -> Address:
        """Where mail for this person goes: a confidential-communication address beats what was written."""
        chosen = [one.confidential_address for one in self.own if one.confidential_address is not None]
        return chosen[0] if chosen else self.address

    @property
    def registered(self) -> bool:
        """Whether the practice knows this address."""
        return self.kind is not RecipientKind.OTHER


def mail_context(standings: Sequence[Standing], day: date | None = None) -> MailContext:
    """What the recipients' addresses tell the detector: whose they are, and whether one is a stranger's private one.

    With `day`, registered patients who are minors then make their class.
    """
    consumer = any(not one.registered and is_consumer_domain(one.address.domain) for one in standings)
    addressed = frozenset(each.id for one in standings for each in (*one.own, *one.proxied))
    return MailContext(unregistered_consumer=consumer, addressed=addressed, day=day)


@dataclass(frozen=True, slots=True)
class Facts:
    """Finds facts with a worker's register and key directory."""

    register: Register
    directory: KeyDirectory
    own_domains: frozenset[str]
    zone: ZoneInfo
    tls_trusted: Callable[[Address], bool]
    openpgp: bool = False
    """Whether OpenPGP keys are looked up: only where the policy can use them."""
    text_messages: bool = False
    """Whether text messages can be sent."""
    direct: bool = False
    """Whether Direct certificates are looked up: only where the practice sends as Direct."""

    def day(self, at: datetime) -> date:
        """The practice's calendar day."""
        return at.astimezone(self.zone).date()

    def standing(self, uow: UnitOfWork, address: Address, day: date) -> Standing:
        """Who the person at that address is; a patient's own address counts before anything else."""
        own, on_record = self.register.at_address(uow, address)
        proxied = [
            one for one in on_record
            if any(each.address.key == address.key and each.acts_on(day) for each in one.proxies)
        ]  # fmt: skip
        partner = self.register.partner_for(uow, address)
        if own:
            kind = RecipientKind.PATIENT
        elif proxied:
            kind = RecipientKind.PROXY
        elif address.domain in self.own_domains:
            kind = RecipientKind.INTERNAL
        else:
            kind = partner.kind if partner else RecipientKind.OTHER
        return Standing(address, kind, tuple(own), tuple(proxied), partner)

    def key(self, address: Address, at: datetime) -> KeyFacts:
        """What the key directory answers. Not inside a transaction: a directory may ask the database itself."""
        answer = self.directory.find(address, at)
        facts = KeyFacts(answer.state, answer.fingerprint, answer.reason)
        if self.direct:
            one = self.directory.find(address, at, KeyKind.DIRECT)
            facts = replace(facts, direct=one.state, direct_fingerprint=one.fingerprint, direct_reason=one.reason)
        if not self.openpgp:
            return facts
        other = self.directory.find(address, at, KeyKind.OPENPGP)
        return replace(facts, openpgp=other.state, openpgp_fingerprint=other.fingerprint, openpgp_reason=other.reason)

    def imported(self, uow: UnitOfWork, address: Address) -> frozenset[tuple[str, int]]:
        """Fingerprint and version of each certificate and key that staff imported for the address, as of this transaction."""
        tags = [self.register.index.address(one, address) for one in (RECIPIENT_KEY, RECIPIENT_OPENPGP)]
        rows = [row for tag in tags for row in uow.register.recipient_keys(tag)]
        return frozenset((row.fingerprint, row.version) for row in rows)

    def patients(
        self, uow: UnitOfWork, found: Iterable[str], tags: Iterable[str], standings: Iterable[Standing]
    ) -> dict[str, Patient]:
        """The patients of a message: found by the matcher, named by a tag, or a recipient by their own address.

        Where there are none, those for whom a recipient acts as proxy.
        """
        people: dict[str, Patient] = {}
        standings = list(standings)
        for patient_id in found:
            patient = self.register.patient(uow, patient_id)
            if patient is not None:
                people[patient.id] = patient
        for tag in tags:
            people.update({one.id: one for one in self.register.by_mrn(uow, tag)})
        for standing in standings:
            people.update({one.id: one for one in standing.own})
        if not people:
            for standing in standings:
                people.update({one.id: one for one in standing.proxied})
        return people

    def recipient(
        self, uow: UnitOfWork, standing: Standing, people: Mapping[str, Patient], keys: KeyFacts, day: date
    ) -> RecipientFacts:
        """One recipient's side of a decision, as of this transaction."""
        own, proxied = {one.id for one in standing.own}, {one.id for one in standing.proxied}
        patients = []
        for one in sorted(people.values(), key=lambda each: each.id):
            log = self.register.consents(uow, one.id)
            patients.append(
                PatientFacts(
                    id=one.id, version=one.version, restrictions=one.restrictions, consents=log,
                    consent_version=max((each.seq for each in log), default=0), is_recipient=one.id in own,
                    is_proxied=one.id in proxied, minor=_minor(one.birth_date, day),
                    target=one.confidential_address if one.id in own else None,
                )
            )  # fmt: skip
        return RecipientFacts(
            standing.address, standing.kind, tuple(patients), standing.partner, keys, self.tls_trusted(standing.target),
            password=self.password_way(standing),
        )  # fmt: skip

    def password_way(self, standing: Standing) -> PasswordWay:
        """How the person at this address would come by the password of an encrypted PDF."""
        if agreed_phrase(standing) is not None:
            return PasswordWay.PHRASE
        if self.text_messages and phone_on_record(standing):
            return PasswordWay.SMS
        return PasswordWay.PORTAL if proved_elsewhere(standing, text_messages=self.text_messages) else PasswordWay.NONE


def agreed_phrase(standing: Standing) -> Protected[str] | None:
    """The phrase that all patients at this address agreed on, if it is strong for each of them as on record now."""
    phrases = {one.phrase for one in standing.own}
    phrase = phrases.pop() if len(phrases) == 1 else None
    if phrase is None or any(weakness(phrase, one) for one in standing.own):
        return None
    return phrase.text


def phone_on_record(standing: Standing) -> str:
    """The one telephone of all patients at this address; empty where there is none or more than one."""
    phones = {one.phone for one in standing.own}
    return phones.pop() if len(phones) == 1 else ""


def proof(standing: Standing, target: Address) -> str:
    """What may prove the recipient: a mailbox code alone only at an address that the practice verified for the person."""
    if standing.kind in {RecipientKind.PARTNER, RecipientKind.PAYER, RecipientKind.INTERNAL}:
        return "mailbox"
    people: tuple[Patient, ...] = standing.own or standing.proxied
    ways = []
    if people and all(target.key in one.verified_addresses for one in people):
        ways.append("mailbox")
    if standing.own and all(one.phone for one in standing.own):
        ways.append("phone")
    return ",".join(ways) if ways else "staff"


def proved_elsewhere(standing: Standing, *, text_messages: bool) -> str:
    """What may prove the patient by another channel than the mailbox: `phone`, or `staff` as for any link where there is neither a
    phone nor a verified address; empty where only the mailbox could, which is where the PDF lies as well.
    """
    if standing.kind is not RecipientKind.PATIENT:
        return ""
    if phone_on_record(standing):
        return "phone" if text_messages else ""
    return "staff" if proof(standing, standing.target) == "staff" else ""


def _minor(born: date | None, day: date) -> bool:
    if born is None:
        return False
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < _ADULT

"""The invented people of the demonstration, and the register files that tell the gateway about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

PRACTICE = "Willow Creek Clinic"
DOMAIN = "willow.example.org"
PHONE = "(555) 555-0100"

USER = "lee"
SENDER = "h.lee@willow.example.org"
SENDER_NAME = "Dr. Hannah Lee"
PURPOSES = ("treatment", "payment", "individual")

COLLEAGUE = "s.okafor@harbor-cardiology.example.net"
COLLEAGUE_NAME = "Dr. Samuel Okafor"
SUPPLIER = "orders@paper-supply.example.com"


@dataclass(frozen=True, slots=True)
class Person:
    """A registered patient."""

    given: str
    family: str
    born: str
    mrn: str
    email: str
    phone: str

    @property
    def name(self) -> str:
        """As one writes it."""
        return f"{self.given} {self.family}"


MARIA = Person("Maria", "Quintero", "1971-03-04", "MRN-4471203", "mq71@example.net", "(555) 555-0142")
DANIEL = Person("Daniel", "Brandthorst", "1988-09-17", "MRN-5590214", "dbh@example.com", "(555) 555-0163")
TOBIAS = Person("Tobias", "Hartwell", "1980-05-06", "MRN-5589001", "th80@example.com", "(555) 555-0187")

VERIFIED = (MARIA, DANIEL)
"""The practice knows that these mailboxes are theirs; a code may go there."""
UNVERIFIED = (TOBIAS,)
"""Codes go to the phone on file."""
CONSENTED = (MARIA, TOBIAS)


def patients_csv(people: tuple[Person, ...]) -> str:
    """A register file as `sealgate patient import` reads it."""
    rows = ["given,family,birth_date,mrn,email,phone"]
    rows += [f'{one.given},{one.family},{one.born},{one.mrn},{one.email},"{one.phone}"' for one in people]
    return "\n".join(rows) + "\n"


def consents_csv(given_on: date) -> str:
    """Consents to protected e-mail, given on paper."""
    rows = ["mrn,kind,address,purpose,method,warning_version,given_how,recorded_by,given_on,expires_on"]
    rows += [f"{one.mrn},email_encrypted,{one.email},*,*,1,paper form,front desk,{given_on}," for one in CONSENTED]
    return "\n".join(rows) + "\n"


def partners_csv(agreed_on: date) -> str:
    """The colleague's practice, which treats the same patients."""
    domain = COLLEAGUE.partition("@")[2]
    return (
        "name,kind,domain_or_address,baa_date,baa_expires,trust\n"
        f"Harbor Cardiology,partner,{domain},{agreed_on},,none\n"
    )

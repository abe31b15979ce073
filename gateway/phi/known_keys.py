"""What may be found of a patient in a message, what each such key is worth, and what is reported of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from gateway.domain.finding import Finding, Kind


class Key(IntEnum):
    """What was found of a patient."""

    FULL_NAME = 1
    INITIAL_NAME = 2
    SURNAME = 3
    TYPO_NAME = 4
    BIRTH_DATE = 5
    MRN = 6
    PHONE = 7
    EMAIL = 8
    ADDRESS = 9
    STREET = 10
    """Number and street, without city, ZIP or unit: there is a Main Street in every town."""
    BARE_NUMBER = 11
    """A record number's figures without a label, where many such numbers are taken."""


KINDS = {
    Key.FULL_NAME: Kind.NAME, Key.INITIAL_NAME: Kind.NAME, Key.SURNAME: Kind.NAME, Key.TYPO_NAME: Kind.NAME, Key.BIRTH_DATE: Kind.DATE,
    Key.MRN: Kind.MRN, Key.PHONE: Kind.PHONE, Key.EMAIL: Kind.EMAIL, Key.ADDRESS: Kind.LOCATION, Key.STREET: Kind.LOCATION, Key.BARE_NUMBER: Kind.MRN,
}  # fmt: skip
CERTAIN = frozenset({Key.FULL_NAME, Key.MRN, Key.PHONE, Key.EMAIL, Key.ADDRESS, Key.BARE_NUMBER})
ALONE = frozenset({Key.MRN, Key.EMAIL, Key.ADDRESS})
"""Keys that make a message PHI without health context."""
NAMES = frozenset({Key.FULL_NAME, Key.INITIAL_NAME, Key.TYPO_NAME})
SECOND = frozenset({Key.BIRTH_DATE, Key.MRN, Key.PHONE, Key.EMAIL, Key.ADDRESS, Key.STREET, Key.BARE_NUMBER})


@dataclass(frozen=True, slots=True)
class KnownReport:
    """What the register knows of a message: findings with patients, who they are, and whether that alone is PHI."""

    findings: tuple[Finding, ...] = ()
    patients: frozenset[str] = frozenset()
    suffices: bool = False

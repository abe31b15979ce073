"""Thirteen identifiers of one invented person, as lines that every document format of the tests is made to hold."""

from __future__ import annotations

import re

THIRTEEN = (
    "Patient: Patricia Roe",
    "DOB: 03/14/1961",
    "SSN: 900-12-3467",
    "MRN: 4471203",
    "Phone: (555) 555-0142",
    "Fax: (555) 555-0139",
    "Email: pat.roe@example.org",
    "Address: 12 Willow Lane, Springfield, IL 62704",
    "Member ID: XKF904417823",
    "Account: 88120347",
    "License: D4402917",
    "Plate: 7KZR442",
    "Visit: https://portal.example.org/p/90817",
)


def missing_from(text: str) -> list[str]:
    """The lines whose value the text does not hold; spaces and line ends do not count."""
    squeezed = re.sub(r"\s+", "", text)
    return [line for line in THIRTEEN if re.sub(r"\s+", "", line.partition(": ")[2]) not in squeezed]

"""What counts in the fields that programs write: the register, numbers that suffice alone, and phrases."""

from __future__ import annotations

import random
import uuid

import pytest

from gateway.domain.finding import TextPart
from gateway.domain.patient import Patient
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.text import texts
from gateway.phi.known_patients import KnownPatients
from gateway.phi.scan import MailContext, Scanner

KNOWN = KnownPatients.build([Patient(id="p1", given="Zelda", family="Quibbet", mrn="4650146")])


def verdict(scanner: Scanner, mail: str, known: KnownPatients | None = None) -> bool:
    found = texts(parse(mail.encode(), Limits()), Limits())
    return scanner.scan(found.parts, found.gaps, known=known, context=MailContext()).phi


@pytest.mark.parametrize(
    "field",
    ["Message-ID: <Barbara.Hillman.biopsy.carcinoma@example.org>", "References: <Barbara_Hillman_carcinoma@example.org>",
     "Date: Tue, 3 Mar 2026 10:00:00 +0100 (Barbara Hillman, carcinoma)", "MIME-Version: 1.0 (Barbara Hillman carcinoma)",
     'Content-Type: text/plain; boundary="Barbara Hillman carcinoma"', "X-Mailer: ssn-900-12-3456", "X-Spam-Note: MRN:4650146",
     "Content-ID: <900-12-3456@example.org>", "X-MS-Note: Barbara Hillman has carcinoma"],
)  # fmt: skip
def test_phi_in_a_field_of_programs_is_phi(scanner: Scanner, field: str) -> None:
    assert verdict(scanner, f"{field}\nSubject: Lunch\n\nLunch?\n")
    inner = "Subject: Lunch\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n"
    assert verdict(scanner, f"{inner}{field}\n\nLunch?\n--a--\n")


@pytest.mark.parametrize("field", ["Message-ID: <zelda.quibbet.7@example.org>", "X-Received: 4650146"])
def test_a_registered_patient_is_seen_there(scanner: Scanner, field: str) -> None:
    mail = f"{field}\nSubject: Results\n\nThe biopsy was benign.\n"
    assert verdict(scanner, mail, KNOWN)
    assert not verdict(scanner, mail)


def test_random_ids_beside_health_words_are_no_phi(scanner: Scanner) -> None:
    chance = random.Random(5)
    for _ in range(40):
        one = uuid.UUID(int=chance.getrandbits(128))
        digits = f"{chance.randrange(10**14):014d}.{chance.randrange(10**6)}-{chance.randrange(10**9)}"
        letters = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=300))
        assert not verdict(
            scanner,
            f"Message-ID: <{digits}@mail.example.org>\nReferences: <{one}@example.org>\nX-MS-Key: {letters}\nX-Mailer: Mail 16.0 (21.5)\n"
            f'Content-Type: text/plain; boundary="----=_Part_{digits}"\nX-Spam-Status: No, score=-2.1\n\n'
            "Our flu vaccine clinic opens soon. The dose of metformin is on your sheet.\n",
        )


def test_a_word_of_the_text_does_not_spread_there(scanner: Scanner) -> None:
    parts = [TextPart("body.plain", "Dear Ms. Abernathy,"), TextPart("header:X-Mailer", "Abernathy Suite", trace=True)]
    assert [one.part for one in scanner.scan(parts).findings if one.by == "name_again"] == []

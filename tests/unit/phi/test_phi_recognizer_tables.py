"""One table per recogniser: texts with the span that must be masked as that kind, and texts that must stay untouched."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner

HITS: list[tuple[Kind, str, str]] = [
    (Kind.NAME, "Patient: Barbara Hillman was seen.", "Barbara Hillman"),
    (Kind.NAME, "I spoke with Mrs. Abernathy about it.", "Mrs. Abernathy"),
    (Kind.NAME, "Dear Prof. Young,", "Prof. Young"),
    (Kind.NAME, "Re: O'Malley, Shauna K.", "O'Malley, Shauna K."),
    (Kind.NAME, "Seen with Robert Smithers Jr. today", "Robert Smithers Jr."),
    (Kind.NAME, "her son Liam de la Cruz called", "Liam de la Cruz"),
    (Kind.NAME, "we met Zuzanna Kowalczyk again", "Zuzanna Kowalczyk"),
    (Kind.NAME, "patient JENNIFER HARGROVE", "JENNIFER HARGROVE"),
    (Kind.NAME, "please tell barbara jenkins", "barbara jenkins"),
    (Kind.NAME, "José Martínez fue visto", "José Martínez"),
    (Kind.LOCATION, "lives at 4757 Maple Ln, Riverside, CA 92501", "4757 Maple Ln, Riverside, CA 92501"),
    (Kind.LOCATION, "mail to P.O. Box 1234, Dayton, OH 45402-1234", "P.O. Box 1234, Dayton, OH 45402-1234"),
    (Kind.LOCATION, "ZIP code 10234 only", "10234"),
    (Kind.LOCATION, "Dayton, State of OH, number 45402", "45402"),
    (Kind.LOCATION, "ZIP area 036xx", "036"),
    (Kind.LOCATION, "admitted to St. Agnes Medical Center", "St. Agnes Medical Center"),
    (Kind.LOCATION, "she moved to Albuquerque", "Albuquerque"),
    (Kind.LOCATION, "resident of Wake County", "Wake County"),
    (Kind.LOCATION, "vive en calle de Alcalá 45", "calle de Alcalá 45"),
    (Kind.DATE, "DOB: 1987-03-21", "1987-03-21"),
    (Kind.DATE, "seen 03/21/2024 in clinic", "03/21/2024"),
    (Kind.DATE, "on March 4, 2026 we", "March 4, 2026"),
    (Kind.DATE, "on 4 March 2026 we", "4 March 2026"),
    (Kind.DATE, "nació el 4 de marzo de 1980", "4 de marzo de 1980"),
    (Kind.DATE, "discharged Mar 4th", "Mar 4th"),
    (Kind.DATE, "come to see us on March 19.", "March 19"),
    (Kind.DATE, "seen Oct 31st again", "Oct 31st"),
    (Kind.DATE, "el 30 de marzo", "30 de marzo"),
    (Kind.DATE, "your visit of 3/19 went well", "3/19"),
    (Kind.AGE, "a 92-year-old woman", "92"),
    (Kind.AGE, "aged 101", "101"),
    (Kind.PHONE, "call (212) 555-0134 today", "(212) 555-0134"),
    (Kind.PHONE, "call +1 212 555 0134 x22", "+1 212 555 0134 x22"),
    (Kind.PHONE, "cell: 555-0134", "555-0134"),
    (Kind.PHONE, "tel +44 20 7946 0018", "+44 20 7946 0018"),
    (Kind.FAX, "Fax: 212-555-0199", "212-555-0199"),
    (Kind.FAX, "212-555-0199 (fax)", "212-555-0199"),
    (Kind.EMAIL, "write to ann.o'neil@example.org.", "ann.o'neil@example.org"),
    (Kind.SSN, "SSN: 900-12-3456", "900-12-3456"),
    (Kind.SSN, "social security 900 12 3456", "900 12 3456"),
    (Kind.SSN, "her ssn is 900123456", "900123456"),
    (Kind.MRN, "(MRN: 4650146)", "4650146"),
    (Kind.MRN, "MRN-4650146", "MRN-4650146"),
    (Kind.MRN, "Medical record number A-778812", "A-778812"),
    (Kind.MRN, "chart no. 77-8812", "77-8812"),
    (Kind.HEALTH_PLAN, "Insurance: INS-425744151", "INS-425744151"),
    (Kind.HEALTH_PLAN, "Medicare number 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
    (Kind.HEALTH_PLAN, "Member ID: XYZ123456789", "XYZ123456789"),
    (Kind.ACCOUNT, "account number 10153062", "10153062"),
    (Kind.ACCOUNT, "IBAN GB29 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 19"),
    (Kind.ACCOUNT, "routing 021000021", "021000021"),
    (Kind.LICENSE, "NPI: 1282845791", "1282845791"),
    (Kind.LICENSE, "DEA ME2320642", "ME2320642"),
    (Kind.LICENSE, "driver's license D123-4567-8901", "D123-4567-8901"),
    (Kind.VEHICLE, "VIN 1HGBH41JXMN109186", "1HGBH41JXMN109186"),
    (Kind.VEHICLE, "License plate: JBL-2595", "JBL-2595"),
    (Kind.DEVICE, "MAC 44:e6:2a:6e:f6:3a", "44:e6:2a:6e:f6:3a"),
    (Kind.DEVICE, "pacemaker serial number PCM-8812345", "PCM-8812345"),
    (Kind.URL, "see https://portal.example.org/u/771?x=1.", "https://portal.example.org/u/771?x=1"),
    (Kind.URL, "at www.example.org/ann", "www.example.org/ann"),
    (Kind.IP, "login from 192.0.2.17", "192.0.2.17"),
    (Kind.IP, "host 2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334"),
    (Kind.BIOMETRIC, "template BIO-FP-a3f8c2e1d5", "BIO-FP-a3f8c2e1d5"),
    (Kind.BIOMETRIC, "fingerprint id: fp99812", "fp99812"),
    (Kind.PHOTO, "a full-face photograph is attached", "full-face photograph"),
    (Kind.OTHER_ID, "passport number P5F124705", "P5F124705"),
    (Kind.OTHER_ID, "Employee ID: EMP-18410", "EMP-18410"),
    (Kind.OTHER_ID, "username: jsmith42", "jsmith42"),
    (Kind.PAYMENT_CARD, "card 4111-1111-1111-1111", "4111-1111-1111-1111"),
    (Kind.PAYMENT_CARD, "card 4111-1111-1111-1112 fails its check digit", "4111-1111-1111-1112"),
    (Kind.ORGANIZATION, "paid by Northwind Traders Inc.", "Northwind Traders Inc"),
    (Kind.HEALTH_TERM, "he takes metformin daily", "metformin"),
    (Kind.HEALTH_TERM, "status post cholecystectomy", "cholecystectomy"),
    (Kind.HEALTH_TERM, "Dx E11.9 today", "E11.9"),
]

MISSES: list[tuple[Kind, str]] = [
    (Kind.NAME, "Graves' disease and a positive Murphy's sign"),
    (Kind.NAME, "A Foley catheter was placed"),
    (Kind.NAME, "Continue Lasix and Coumadin on Monday"),
    (Kind.NAME, "The Best Practice Guide for Spring"),
    (Kind.NAME, "Temp 37.5 SpO2 96 IV fluids PRN"),
    (Kind.NAME, "mark the bill and hope for grace"),
    (Kind.LOCATION, "the state of Ohio"),
    (Kind.LOCATION, "California law applies"),
    (Kind.LOCATION, "ZIP area 454xx"),
    (Kind.LOCATION, "invoice over 45402 units"),
    (Kind.LOCATION, "reading the mobile report"),
    (Kind.DATE, "in 2019 and 2020"),
    (Kind.DATE, "back in 1987"),
    (Kind.DATE, "two weeks ago, daily"),
    (Kind.AGE, "a 72-year-old man aged 89"),
    (Kind.AGE, "page 95 of 100"),
    (Kind.PHONE, "an order of 1,234,567 units"),
    (Kind.PHONE, "BP 120/80, pulse 72, 98.6"),
    (Kind.SSN, "order 12-3456-78"),
    (Kind.MRN, "the MRN field is blank"),
    (Kind.HEALTH_PLAN, "an insurance plan for everyone"),
    (Kind.ACCOUNT, "on account of rain"),
    (Kind.LICENSE, "a license to drive"),
    (Kind.VEHICLE, "plates with an incision over the knee"),
    (Kind.IP, "version 1.2.3 at 12:30:45"),
    (Kind.BIOMETRIC, "fingerprints of the culprit"),
    (Kind.PAYMENT_CARD, "card games in 1234"),
    (Kind.URL, "the end.Then more"),
    (Kind.EMAIL, "meet @ noon"),
    (Kind.HEALTH_TERM, "a diploma from Oklahoma, with academia in April"),
]


def masked(scanner: Scanner, text: str) -> list[tuple[Kind, str]]:
    report = scanner.scan([TextPart("text", text)])
    assert report.complete
    return [(one.kind, text[one.start : one.end]) for one in report.findings]


@pytest.mark.parametrize(("kind", "text", "span"), HITS)
def test_is_found_whole_and_as_its_kind(scanner: Scanner, kind: Kind, text: str, span: str) -> None:
    found = masked(scanner, text)
    assert any(one is kind and span in piece for one, piece in found), found


@pytest.mark.parametrize(("kind", "text"), MISSES)
def test_is_left_alone(scanner: Scanner, kind: Kind, text: str) -> None:
    found = [piece for one, piece in masked(scanner, text) if one is kind]
    assert found == []


def test_every_safe_harbor_letter_has_a_row() -> None:
    letters = {kind.letter for kind, _, _ in HITS} - {None}
    assert letters == set("ABCDEFGHIJKLMNOPQR")

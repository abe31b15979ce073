"""The register's matcher: every key, how certain each is, neighbours, typos, namesakes, and a register of 20,000."""

from __future__ import annotations

import random
import time
from datetime import date

import pytest

from gateway.domain.address import Address
from gateway.domain.finding import Kind, SensitiveClass, TextPart
from gateway.domain.patient import Patient
from gateway.phi import known_text
from gateway.phi.known_patients import KnownPatients
from gateway.phi.scan import MailContext, Scanner

ANN = Patient(
    id="p1", given="Ann", family="Lee", birth_date=date(1956, 3, 4), mrn="MRN-4650146", emails=(Address.parse("ann.lee@example.net"),),
    phone="+1 (212) 555-0134", address="12 Elm Street, Apt 4", city="Dayton", state="OH", zip="45402", other_names=("Annie", "Kowalski"),
)  # fmt: skip
OSCAR = Patient(id="p2", given="Óscar", family="O'Brien-Núñez", birth_date=date(1980, 12, 31), mrn="00123")
BERG = Patient(id="p3", given="Mary Jane", family="van der Berg", birth_date=date(2001, 1, 2))
NAMESAKE = Patient(id="p4", given="Ann", family="Lee", birth_date=date(1999, 9, 9), mrn="7770001")
REGISTER = KnownPatients.build([ANN, OSCAR, BERG])

FOUND: list[tuple[str, str, Kind, str]] = [
    ("Ann Lee called", "p1", Kind.NAME, "Ann Lee"),
    ("Lee, Ann", "p1", Kind.NAME, "Lee, Ann"),
    ("LEE ANN", "p1", Kind.NAME, "LEE ANN"),
    ("Ann M. Lee called", "p1", Kind.NAME, "Ann M. Lee"),
    ("ann  lee called", "p1", Kind.NAME, "ann  lee"),
    ("Annie Lee", "p1", Kind.NAME, "Annie Lee"),
    ("Ann Kowalski", "p1", Kind.NAME, "Ann Kowalski"),
    ("A. Lee, born 3/4/1956", "p1", Kind.NAME, "A. Lee"),
    ("A. Lee, born 3/4/1956", "p1", Kind.DATE, "3/4/1956"),
    ("Lee (03-04-56)", "p1", Kind.DATE, "03-04-56"),
    ("Ann Lee 1956-03-04", "p1", Kind.DATE, "1956-03-04"),
    ("Ann Lee, March 4, 1956", "p1", Kind.DATE, "March 4, 1956"),
    ("Ann Lee, 4 Mar 1956", "p1", Kind.DATE, "4 Mar 1956"),
    ("Ann Lee 19560304", "p1", Kind.DATE, "19560304"),
    ("see MRN-4650146", "p1", Kind.MRN, "MRN-4650146"),
    ("see 4650146 please", "p1", Kind.MRN, "4650146"),
    ("see MRN4650146 please", "p1", Kind.MRN, "MRN4650146"),
    ("MRN 123, no. MRN: 00123", "p2", Kind.MRN, "00123"),
    ("call 212.555.0134", "p1", Kind.PHONE, "212.555.0134"),
    ("call (212) 555-0134", "p1", Kind.PHONE, "(212) 555-0134"),
    ("mail Ann.Lee@Example.NET now", "p1", Kind.EMAIL, "Ann.Lee@Example.NET"),
    ("12 Elm St. Apt. 4, Dayton", "p1", Kind.LOCATION, "12 Elm St. Apt. 4"),
    ("Oscar O\u2019Brien Nunez", "p2", Kind.NAME, "Oscar O\u2019Brien Nunez"),
    ("Mary van der Berg", "p3", Kind.NAME, "Mary van der Berg"),
    ("A\u200bnn Lee", "p1", Kind.NAME, "A\u200bnn Lee"),
    ("Anm Lee, DOB 03/04/1956", "p1", Kind.NAME, "Anm Lee"),
]
NOT_FOUND = [
    "Lee called",
    "born 3/4/1956",
    "Bruce Lee",
    "A. Lee",
    "the elm street",
    "Leeann",
    "bann.lee@example.net",
    "ann.lee@example.nets",
    "order 14650146",
    "MRN 123",
    "Ann. Then a Lee side: Ann",
]


@pytest.mark.parametrize(("text", "patient", "kind", "span"), FOUND)
def test_each_key_in_each_form(text: str, patient: str, kind: Kind, span: str) -> None:
    found = {(one.patient, one.kind, text[one.start : one.end]) for one in REGISTER.find(text)}
    assert (patient, kind, span) in found


@pytest.mark.parametrize("text", NOT_FOUND)
def test_chance_hits_do_not_count(text: str) -> None:
    assert REGISTER.find(text) == ()


def test_surname_alone_counts_in_a_message_tied_to_the_patient() -> None:
    text = "Ann Lee was here. Mrs. Lee is better."
    assert [text[one.start : one.end] for one in REGISTER.find(text)] == ["Ann Lee", "Lee", "Lee"]
    tied = REGISTER.match([TextPart("body.plain", "Mrs. Lee is better.")], addressed=frozenset({"p1"}))
    assert [one.patient for one in tied.findings] == ["p1"]


def test_a_second_key_tells_namesakes_apart() -> None:
    both = KnownPatients.build([ANN, NAMESAKE])
    assert both.match([TextPart("a", "Ann Lee")]).patients == {"p1", "p4"}
    assert both.match([TextPart("a", "Ann Lee"), TextPart("b", "DOB 9/9/1999")]).patients == {"p4"}


@pytest.mark.parametrize(
    ("text", "phi"),
    [("Ann Lee", False), ("Ann Lee, 3/4/1956", True), ("Ann Lee, 212-555-0134", True), ("ann.lee@example.net", True),
     ("12 Elm Street Apt 4", True), ("4650146", True), ("212-555-0134", False), ("Lunch with Ann Lee on Friday", False),
     ("Ann Lee's appointment was moved", True), ("The visit of A. Lee", False), ("Lunch on Friday", False)],
)  # fmt: skip
def test_what_of_a_registered_patient_is_phi_by_itself(scanner: Scanner, text: str, phi: bool) -> None:
    assert scanner.scan([TextPart("body.plain", text)], known=REGISTER).phi is phi


def test_report_names_patients_and_prefers_their_findings(scanner: Scanner) -> None:
    report = scanner.scan([TextPart("subject", "Ann Lee"), TextPart("body.plain", "MRN 4650146")], known=REGISTER)
    assert report.patients == {"p1"}
    assert {one.patient for one in report.findings if one.kind is Kind.NAME} == {"p1"}
    empty = scanner.scan([TextPart("subject", "Ann Lee")], known=KnownPatients.build([]))
    assert empty.patients == frozenset()


def test_a_failing_register_is_a_gap(scanner: Scanner) -> None:
    class Broken(KnownPatients):
        def search(self, *_: object) -> object:  # type: ignore[override]
            raise RuntimeError

    report = scanner.scan([TextPart("body.plain", "Lunch?")], known=Broken([]))
    assert report.phi
    assert not report.complete


def test_addressed_patient_ties_a_surname(scanner: Scanner) -> None:
    part = [TextPart("body.plain", "Dear Mrs. Lee, your biopsy was benign.")]
    report = scanner.scan(part, known=REGISTER, context=MailContext(addressed=frozenset({"p1"})))
    assert [(one.kind, one.by) for one in report.findings if one.patient == "p1"] == [(Kind.NAME, "known_surname")]
    assert scanner.scan(part, known=REGISTER).patients == frozenset()


def register(size: int, seed: int) -> list[Patient]:
    chance = random.Random(seed)
    syllables = ["ba", "ko", "ri", "man", "del", "tor", "vin", "sa", "lu", "pe", "gar", "no", "wil", "fer", "zo"]

    def word(parts: int) -> str:
        return "".join(chance.choice(syllables) for _ in range(parts)).capitalize()

    return [
        Patient(
            id=f"p{number}", given=word(2), family=word(3), birth_date=date(1930 + chance.randrange(90), 1 + chance.randrange(12), 1 + chance.randrange(28)),
            mrn=f"{6_000_000 + number}", emails=(Address.parse(f"person{number}@example.net"),),
            phone=f"{200 + number % 700}555{chance.randrange(10_000):04d}", address=f"{1 + number % 9000} {word(2)} Street",
        )
        for number in range(size)
    ]  # fmt: skip


def test_twenty_thousand_patients_build_quickly_and_are_found() -> None:
    people = register(20_000, 7)
    began = time.process_time()
    known = KnownPatients.build(people)
    assert time.process_time() - began < 10
    for one in people[::500]:
        assert one.birth_date is not None
        text = f"About {one.family}, {one.given} (born {one.birth_date:%m/%d/%Y}), MRN {one.mrn}."
        report = known.match([TextPart("body.plain", text)])
        assert report.patients == {one.id}
        assert report.suffices
        typo = f"About {one.given} {one.family[:-1]}x, born {one.birth_date:%B %d, %Y}."
        assert one.id in known.match([TextPart("body.plain", typo)]).patients


def test_personal_data_is_not_in_the_repr() -> None:
    assert repr(REGISTER) == "KnownPatients(3 patients)"


def test_a_long_text_is_searched_in_windows_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    people = register(40, 3)
    chance = random.Random(5)
    known = KnownPatients.build(people)
    told: list[str] = []
    for _ in range(400):
        one = chance.choice(people)
        assert one.birth_date is not None
        told.append(chance.choice([
            f"{one.given} {one.family}", f"{one.family}, {one.given}", one.family, f"{one.given[0]}. {one.family}", one.phone, one.mrn,
            f"{one.given} {one.family[:-1]}x, born {one.birth_date:%B %d, %Y}", str(one.emails[0]), one.address, "and so on and on",
        ]))  # fmt: skip
    parts = [TextPart("body.plain", ". ".join(told)), TextPart("attachment:a", "; ".join(reversed(told)))]
    whole = known.match(parts)
    for name, value in (("_WINDOW", 900), ("_OVERLAP", 300), ("_SEARCH", 60)):
        monkeypatch.setattr(known_text, name, value)
    assert known.match(parts) == whole
    assert len(whole.findings) > 300


def test_a_registered_minor_makes_the_class_with_its_places(scanner: Scanner) -> None:
    child = Patient(id="p9", given="Tomas", family="Quill", birth_date=date(2015, 5, 6))
    known = KnownPatients.build([child, ANN])
    part = [TextPart("body.plain", "Tomas Quill has asthma.")]
    young = scanner.scan(part, known=known, context=MailContext(day=date(2026, 5, 5)))
    assert young.classes == {SensitiveClass.MINOR}
    assert {(one.start, one.end) for one in young.findings if one.by == "class_minor"} >= {(0, 11)}
    assert scanner.scan(part, known=known, context=MailContext(day=date(2033, 5, 6))).classes == frozenset()
    assert scanner.scan(part, known=known).classes == frozenset()
    assert known.minors(["p1", "p9"], date(2033, 5, 5), 18) == {"p9"}

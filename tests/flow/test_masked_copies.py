"""Method `redact`: what leaves is a letter in which nobody can be found any more, or the letter protected, or nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest

from gateway.config.policy_file import load_policy
from gateway.config.starter import starter_policy
from gateway.domain.decision import Action, HoldReason, Method
from gateway.domain.finding import Gap, GapReason, ScanReport
from gateway.domain.patient import ConsentEventType, ConsentKind, RestrictionKind
from gateway.domain.states import DeliveryState
from gateway.flow.reading import Reader
from gateway.flow.redacting import Redacting
from gateway.flow.story import story
from gateway.mime.build import text_mail
from tests.support.documents import docx_of, paragraph, pdf_of
from tests.support.home import DOCTOR, GRACE, LUNCH, MARIA, OFFICE, RESULTS, Home, Sent, mail
from tests.support.readable import marks_in

pytestmark = pytest.mark.proves("clear.masked-copy")
LAB = "lab@research.example.com"
TO_LAB = 'recipient_domain = ["research.example.com"]'
LETTER = (
    "Dear colleagues,\r\n\r\nMs. Maria Quintero, born March 4, 1971 (MRN-4471203, SSN 900-45-6789, phone (555) 555-0142), has diabetes and"
    " takes metformin 500 mg. Her son Jonas Fenwick brings her.\r\n\r\nKind regards\r\nDr Lee\r\n\r\n"
    "On Mon, 2 Mar 2026, Oliver Tarn wrote:\r\n> How is Ms. Quintero?\r\n"
)  # fmt: skip
HIDDEN = ["Maria", "Quintero", "4471203", "900-45-6789", "555-0142", "March 4", "1971", "Fenwick", "Tarn", "maria.q"]


def policy(when: str = TO_LAB, *, research: bool = False, more: str = "") -> str:
    then = f'action = "deliver", method = "redact"{", research = true" if research else ""}'
    base = starter_policy().replace("[detector]", f"[detector]\n{more}")
    return f'{base}\n[[rule]]\nname = "for research"\nwhen = {{ {when} }}\nthen = {{ {then} }}\n'


def follow(home: Home, text: str) -> None:
    """Work by another policy.toml."""
    (home.root / "policy.toml").write_text(text)
    home.rooms.assess.policy = load_policy(home.root / "policy.toml")
    home.rooms.reader.follow(home.inst.reader())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("masked"), sandbox=True, policy=policy()) as one:
        yield one.people()


@pytest.fixture
def home(house: Home) -> Home:
    for old in house.hop_folder.iterdir():
        old.unlink()
    follow(house, policy())
    return house


def sent(home: Home, raw: bytes, to: str = LAB) -> tuple[str, list[Sent]]:
    message = home.submit(raw, to)
    home.settle()
    return message, home.sent(to)


def test_a_letter_leaves_masked_and_its_sender_and_the_log_say_so(home: Home) -> None:
    message, [one] = sent(home, mail(LAB, "About Maria Quintero", LETTER, headers=["Thread-Topic: Maria Quintero"]))
    row = home.delivery(message)
    assert (row.method, row.rule, row.state) == (Method.REDACT, "for research", DeliveryState.DELIVERED)
    assert not marks_in(one.raw, HIDDEN)
    assert one.parsed["Subject"] == "About [name]"
    assert "[name], born [date] ([mrn], SSN [ssn], phone [phone]" in " ".join(one.text.split()), one.text
    assert {name.lower() for name in one.parsed} == {
        "x-sealgate-id", "from", "to", "date", "message-id", "subject", "mime-version", "content-type",
        "content-transfer-encoding",
    }  # fmt: skip
    [told] = [each for each in home.sent(DOCTOR) if "masked" in str(each.parsed["Subject"])]
    assert "Recipients concerned: 1 of 1" in told.text
    assert not marks_in(told.raw, [*HIDDEN, "diabetes", LAB])
    said = " ".join(line.text for line in story(home.store, message))
    assert "deliver by redact" in said
    assert "everything personal that was found is masked" in said


def test_people_are_told_apart_where_policy_wants_it(home: Home) -> None:
    follow(home, policy(more='placeholders = "numbered"'))
    _, [one] = sent(home, mail(LAB, "Maria Quintero", LETTER))
    assert not marks_in(one.raw, HIDDEN)
    assert "has diabetes" in one.text
    name = str(one.parsed["Subject"])
    assert name.startswith("[name-")
    assert f"is {name}?" in one.text, one.text
    assert len({name for name in one.text.split() if name.startswith("[name-")}) >= 3


def workbook() -> bytes:
    made = openpyxl.Workbook()
    made.active.append(["name", "mrn"])
    made.active.append(["Maria Quintero", "MRN-4471203"])
    made.properties.creator = "Quintero"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_attachments_travel_as_copies(home: Home) -> None:
    files = [
        ("quintero_maria.docx", "application/octet-stream", docx_of(paragraph("Maria Quin", "tero, MRN-4471203") + paragraph("cough"))),
        ("list.csv", "text/csv", b"name,mrn\r\nMaria Quintero,MRN-4471203\r\n"),
        ("letter.pdf", "application/pdf", pdf_of([
            "Dear colleagues,", "Ms. Maria Quintero, born 03/04/1971, MRN-4471203, was seen in our clinic.",
            "She complains of chest pain on exertion. The stress test was negative and the", "blood pressure is well controlled."])),
        ("list.xlsx", "application/octet-stream", workbook()),
    ]  # fmt: skip
    message, found = sent(home, mail(LAB, "News", LETTER, files=files))
    if not found and "eng" not in " ".join(home.inst.inspector().instruments()):
        pytest.skip("tesseract is not installed here, so that pictures of pages cannot be judged")
    [one] = found
    assert home.delivery(message).method is Method.REDACT
    names = [part.get_filename() for part in one.parsed.iter_attachments()]
    *three, sheet = (part.get_payload(decode=True) for part in one.parsed.iter_attachments())
    values = openpyxl.load_workbook(io.BytesIO(sheet)).active
    assert [[cell.value for cell in row] for row in values.iter_rows()] == [["name", "mrn"], ["[name]", "[mrn]"]]
    assert names == ["attachment-1.docx", "attachment-2.csv", "attachment-3.pdf", "attachment-4.xlsx"]
    word, cells, pages = three
    with zipfile.ZipFile(io.BytesIO(word)) as archive:
        inside = b"".join(archive.read(each) for each in archive.namelist()).decode()
    assert "[name]" in inside
    assert "cough" in inside
    assert cells == b"name,mrn\r\n[name],[mrn]\r\n"
    assert pypdfium2.PdfDocument(pages)[0].get_textpage().get_text_range().strip() == ""
    assert not marks_in(one.raw + inside.encode() + cells, HIDDEN)


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("a.bin", "application/octet-stream", bytes(range(256)) * 4),
        ("scan.tiff", "image/tiff", b"II*\x00" + bytes(64)),
        ("old.eml", "message/rfc822", mail(OFFICE, "Lunch", LUNCH)),
        ("a.zip", "application/zip", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_what_cannot_be_copied_goes_by_what_protects_it_or_waits(home: Home, name: str, kind: str, data: bytes) -> None:
    file = [(name, kind, data)] if kind != "message/rfc822" else []
    raw = mail(LAB, "News", LETTER, files=file)
    if not file:
        raw = raw.replace(b"Content-Type: text/plain", b"Content-Type: message/rfc822", 1)
        raw = raw.replace(b"\r\n\r\nDear", b"\r\n\r\nSubject: x\r\n\r\nDear", 1)
    message, found = sent(home, raw)
    assert found == []
    assert home.delivery(message).state is DeliveryState.HELD
    follow(home, policy('recipient_domain = ["clinic.example.net"]'))
    message, found = sent(home, raw.replace(LAB.encode(), GRACE.encode()), GRACE)
    row = home.delivery(message)
    assert row.method in {Method.LINK, None}
    assert not any(marks_in(each.raw, HIDDEN) for each in found)
    if not home.events(message)[0] and row.method:
        assert "redact.impossible" in row.reasons


def test_clean_mail_that_cannot_be_copied_is_protected(home: Home) -> None:
    raw = mail(LAB, "Lunch", LUNCH, files=[("notes.rtf", "application/rtf", rb"{\rtf1 Lunch on Friday}")])
    message, [one] = sent(home, raw)
    row = home.delivery(message)
    assert (row.method, "redact.impossible" in row.reasons) == (Method.LINK, True)
    assert "/m/" in one.text


def test_clean_mail_leaves_masked_too(home: Home) -> None:
    message, [one] = sent(home, mail(LAB, "Lunch", "Lunch on Friday? Yours, Oliver Tarn"))
    assert home.delivery(message).method is Method.REDACT
    assert "Tarn" not in one.text
    assert "Lunch on " in one.text


@pytest.mark.parametrize(
    "when", ['recipient_kind = ["other", "partner"]', TO_LAB, 'sender = ["@willow.example.org"]'], ids=["kind", "domain", "nobody"]
)  # fmt: skip
def test_only_a_rule_that_names_its_recipients_spares_an_authorization(home: Home, when: str) -> None:
    follow(home, policy(when))
    message, found = sent(home, mail(LAB, "News", LETTER))
    if "sender" in when:
        assert (home.delivery(message).held_for, found) == (HoldReason.AUTHORIZATION, [])
    else:
        assert (home.delivery(message).method, len(found)) == (Method.REDACT, 1)


@pytest.mark.parametrize("wish", ["[secure] ", "link", "tls", "smime"])
def test_whoever_asks_for_the_letter_itself_meets_the_hold_that_it_has(home: Home, wish: str) -> None:
    """A masked copy needs no authorization; the letter does, however well it is protected."""
    headers = [f"X-Sealgate-Method: {wish}"] if "[" not in wish else []
    message, found = sent(home, mail(LAB, f"{wish if '[' in wish else ''}News", LETTER, headers=headers))
    assert (home.delivery(message).held_for, found) == (HoldReason.AUTHORIZATION, [])


def test_a_patients_no_stays_a_no(home: Home, tmp_path: Path) -> None:
    with Home(tmp_path, policy=policy()) as other:
        other.people()
        other.restrict(other.maria, RestrictionKind.NO_PARTNER)
        message, found = sent(other, mail(LAB, "News", LETTER))
        assert (other.delivery(message).held_for, found) == (HoldReason.RESTRICTION, [])
        other.change(other.maria, restrictions=())
        other.consent(other.maria, LAB, ConsentKind.AUTHORIZATION, ConsentEventType.REFUSED)
        message, found = sent(other, mail(LAB, "News", LETTER, number=2))
        assert (other.delivery(message).held_for, found) == (HoldReason.AUTHORIZATION, [])


def test_a_specially_protected_subject_does_not_go_masked(home: Home) -> None:
    message, found = sent(home, mail(LAB, "News", LETTER.replace("diabetes", "HIV")))
    assert home.delivery(message).action is Action.HOLD
    assert found == []


def test_beside_a_patients_address_health_is_masked_too(home: Home) -> None:
    """Her address tells whom it is about: in a copy on which it stands, nothing tells what she has."""
    raw = mail([LAB, MARIA], "News", RESULTS)
    message = home.submit(raw, [LAB])
    home.settle()
    found = home.sent(LAB)
    row = home.delivery(message)
    if row.method is Method.REDACT:
        assert not marks_in(found[0].raw.replace(MARIA.encode(), b""), [*HIDDEN, "diabetes", "metformin", "blood test"])
    else:
        assert found == []


@pytest.mark.parametrize("what", ["phi", "gap", "finding"])
def test_a_finished_mail_in_which_something_is_left_does_not_leave(
    home: Home, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    real, asked = Reader.judge, 0

    def judge(self: Reader, read: Any, known: Any, *context: Any) -> ScanReport:
        nonlocal asked
        asked += 1
        report = real(self, read, known, *context)
        if any(one.part.startswith("header:x-") for one in read.parts) or asked == 1:
            return report
        if what == "gap":
            return ScanReport(phi=False, gaps=(Gap("text", GapReason.TIMED_OUT),))
        return ScanReport(phi=True) if what == "phi" else report

    monkeypatch.setattr(Reader, "judge", judge)
    if what == "finding":
        monkeypatch.setattr(
            "gateway.flow.redaction.text_mail", lambda outer, text, html: text_mail(outer, f"{text}\nMr. Oliver Tarn", html)
        )  # fmt: skip
    message, found = sent(home, mail(LAB, "News", LETTER))
    assert asked > 1
    assert (home.delivery(message).state, found) == (DeliveryState.HELD, [])


@pytest.mark.parametrize("error", [None, ValueError, MemoryError])
def test_a_copy_that_cannot_be_made_any_more_is_withheld(
    home: Home, monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    message = home.submit(mail(LAB, "News", LETTER), LAB)
    home.assess()
    assert home.delivery(message).method is Method.REDACT

    def fails(*_: object, **__: object) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(Redacting, "mail", fails)
    for _ in range(3):
        home.later(3600)
    assert home.sent(LAB) == []
    assert home.delivery(message).state is not DeliveryState.DELIVERED


OWN = 'clinicians = ["Ann Lindqvist"]\npractice = ["St. Brennan House", "12 Larkspur Lane", "(212) 555-0177"]\nallow = { name = ["Oliver Tarn"] }\n'
RESEARCH = (
    "Dear colleagues,\r\n\r\nMs. Maria Quintero has diabetes. Dr. Ann Lindqvist of St. Brennan House asks for Mr. Oliver Tarn.\r\n\r\nKind regards\r\n"
    "Ann Lindqvist, MD\r\nSt. Brennan House, 12 Larkspur Lane\r\nTel. (212) 555-0177\r\nwillow.example.org\r\n"
)  # fmt: skip


@pytest.mark.parametrize("research", [False, True])
def test_research_mail_loses_the_practice_too(home: Home, research: bool) -> None:
    follow(home, policy(research=research, more=OWN))
    message, [one] = sent(home, mail(LAB, "News", RESEARCH))
    practice = ["Lindqvist", "Brennan", "Larkspur", "555-0177", "Tarn"]
    assert "Quintero" not in one.text
    assert "diabetes" in one.text, "what research is about stays"
    assert marks_in(one.raw, practice) == (set() if research else {"Lindqvist", "Brennan", "555-0177"})
    assert ("rule.research" in home.delivery(message).reasons) is research
    if research:
        assert "willow.example.org" not in one.text


def test_the_sender_may_ask_for_masking_where_the_mail_might_go_in_clear(home: Home) -> None:
    follow(home, starter_policy())
    raw = mail(OFFICE, "Lunch", "Lunch on Friday? Yours, Oliver Tarn", headers=["X-Sealgate-Method: redact"])
    message, [one] = sent(home, raw, OFFICE)
    assert home.delivery(message).method is Method.REDACT
    assert "Tarn" not in one.text
    raw = mail(MARIA, "Results", RESULTS, headers=["X-Sealgate-Method: redact"])
    message, _ = sent(home, raw, MARIA)
    assert home.delivery(message).method is Method.LINK


def test_tags_of_ours_do_not_travel(home: Home) -> None:
    _, [one] = sent(home, mail(LAB, "[patient:MRN-4471203] News", LETTER))
    assert one.parsed["Subject"] == "News"

"""Who tries to get somebody out in the clear by a rule that wants masked copies: by headers, names, spellings, files,
changes between deciding and sending, rows that were altered, and a maker of copies that dies or runs out of room.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.inspector import BoxedInspector
from gateway.domain.decision import HoldReason, Method
from gateway.domain.finding import Gap, GapReason
from gateway.domain.patient import RestrictionKind
from gateway.flow.reading import Reader
from gateway.ports.inspector import Inspection
from tests.flow.test_masked_copies import HIDDEN, LAB, LETTER, follow, policy
from tests.support.documents import docx_of, paragraph
from tests.support.home import DOCTOR, GRACE, MARIA, OFFICE, RESULTS, TOBIAS, Home, Sent, mail
from tests.support.readable import marks_in

pytestmark = pytest.mark.proves("clear.masked-copy")
CSV = ("list.csv", "text/csv", b"name,mrn\r\nMaria Quintero,MRN-4471203\r\n")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("attacked"), sandbox=True, policy=policy()) as one:
        yield one.people()


@pytest.fixture
def home(house: Home) -> Home:
    for old in house.hop_folder.iterdir():
        old.unlink()
    follow(house, policy())
    return house


def masked(home: Home, raw: bytes, to: str = LAB) -> Sent:
    message = home.submit(raw, to)
    home.settle()
    [one] = home.sent(to)
    assert home.delivery(message).method is Method.REDACT
    return one


def opened(one: Sent) -> bytes:
    """Its bytes, and everything in its files, unpacked."""
    found = [one.raw]
    for part in one.parsed.walk():
        data = b"" if part.is_multipart() else part.get_payload(decode=True)
        if isinstance(data, bytes):
            found.append(data)
            if data.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    found += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(found)


@pytest.mark.parametrize(
    ("to", "headers", "envelope"),
    [
        ([LAB, MARIA], [], LAB), (LAB, [f"Cc: Maria Quintero <{MARIA}>"], LAB), (MARIA, [], LAB), ([LAB, "jonas.fenwick71@gmail.com"], [], LAB),
        ([LAB, "maria.quintero.4471203@research.example.com"], [], LAB), (f'"Maria Quintero, MRN-4471203" <{LAB}>', [], LAB),
    ],
    ids=["to a patient", "cc", "bcc", "to a stranger", "to a name", "display name"],
)  # fmt: skip
def test_nobody_else_is_named_in_its_header(home: Home, to: str | list[str], headers: list[str], envelope: str) -> None:
    """An address is an identifier: of whom a letter went to besides, a masked copy tells nothing."""
    one = masked(home, mail(to, "News", LETTER, headers=headers), envelope)
    assert str(one.parsed["To"]) == LAB
    assert one.parsed["Cc"] is None
    assert not marks_in(one.raw, [*HIDDEN, "jonas"])


def test_health_is_masked_where_a_patient_was_written_to(home: Home) -> None:
    one = masked(home, mail(MARIA, "News", RESULTS))
    assert not marks_in(one.raw, [*HIDDEN, "diabetes", "metformin"])


def test_no_field_of_the_senders_comes_along(home: Home) -> None:
    fields = [
        "Keywords: Quintero", "Comments: MRN-4471203", "Thread-Index: Maria", "References: <maria.quintero@x.example>", "X-Patient: Quintero",
        "Reply-To: Maria Quintero <maria.q@example.net>", "In-Reply-To: <4471203@x.example>", "List-Id: Quintero <q.example.net>",
        "Content-Description: Maria Quintero",
    ]  # fmt: skip
    subject = f"=?utf-8?b?{base64.b64encode(b'Maria Quintero MRN-4471203').decode()}?="
    one = masked(
        home, mail(LAB, "News", LETTER, headers=fields).replace(b"Subject: News", b"Subject: " + subject.encode())
    )
    assert one.parsed["Subject"] == "[name] [mrn]"
    assert not marks_in(one.raw, HIDDEN)


@pytest.mark.parametrize(
    "word", ["quintero", "QUINTERO", "Qintero", "quintaro", "quinetro", "quinteros", "Quint\u0435ro", "Quin\u200btero", "Q u i n t e r o", "fenwick", "jonas", "fenwik", "MQ", "M.Q."]
)  # fmt: skip
def test_a_masked_name_stands_nowhere_in_another_spelling(home: Home, word: str) -> None:
    text = f"{LETTER}\r\nPlease call {word} tomorrow about the insulin.\r\n"
    one = masked(
        home, mail(LAB, f"About {word}", text, files=[("a.txt", "text/plain", f"It was {word} who came.\n".encode())])
    )
    copies = [part.get_payload(decode=True) for part in one.parsed.iter_attachments()]
    assert word.casefold() not in f"{one.parsed['Subject']} {one.text} {copies}".casefold()
    assert "insulin" in one.text


@pytest.mark.parametrize(
    "name", ["MQuint.txt", "mq_1203.txt", "qintero.txt", "notes.quintero", "fenwik_visit.txt", "1971-03-04 maria.txt", "results_19710304.txt", "a/quintero.txt"]
)  # fmt: skip
def test_a_files_name_tells_its_number_alone(home: Home, name: str) -> None:
    message = home.submit(mail(LAB, "News", LETTER, files=[(name, "text/plain", b"cough since two days\n")]), LAB)
    home.settle()
    for one in home.sent(LAB):
        assert [part.get_filename() for part in one.parsed.iter_attachments()] == [
            "attachment-1" if name.endswith("quintero") and name[0] == "n" else "attachment-1.txt"
        ]
    assert home.delivery(message).method is Method.REDACT or not home.sent(LAB)


def test_a_file_names_nobody_in_any_corner(home: Home) -> None:
    removed = "<w:p><w:del><w:r><w:delText>Quintero</w:delText></w:r></w:del><w:r><w:rPr><w:vanish/></w:rPr><w:t>Quintero</w:t></w:r></w:p>"
    files = [
        ("a.docx", "application/octet-stream", docx_of(removed + paragraph("quintero was here, Quintro too"))),
        ("l.csv", "text/csv", b'last,first,id\r\n"Quin""tero",Maria,4471203\r\nquintero,x,1\r\n"=HYPERLINK(""http://x/?n=Quintero"")",y,2\r\n'),
        ("p.html", "text/html", b'<title>Quintero</title><p>quintero has cough</p><!--Quintero--><a href="mailto:maria.q@example.net">x</a>'),
    ]  # fmt: skip
    one = masked(home, mail(LAB, "News", LETTER, files=files))
    assert not [
        each for each in (*HIDDEN[:4], "quintero", "Quintro", "maria.q") if each.lower().encode() in opened(one).lower()
    ]


def folded_calendar() -> tuple[str, str, bytes]:
    lines = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Visit of Maria Quin\r\n tero\r\nATTENDEE:mailto:maria.q@exam\r\n ple.net\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    return "visit.ics", "text/calendar", lines


@pytest.mark.parametrize(
    "file",
    [folded_calendar(), ("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22Maria Quintero"),
     ("x.txt", "text/plain", base64.encodebytes(b"Patient Maria Quintero MRN-4471203 has diabetes, seen in clinic. Maria Quintero needs metformin."))],
    ids=["calendar", "winmail", "base64"],
)  # fmt: skip
def test_what_cannot_be_copied_whole_waits(home: Home, file: tuple[str, str, bytes]) -> None:
    message = home.submit(mail(LAB, "News", LETTER, files=[file]), LAB)
    home.settle()
    assert (home.delivery(message).held_for, home.sent(LAB)) == (HoldReason.AUTHORIZATION, [])


def test_each_recipient_has_a_method_of_their_own(home: Home) -> None:
    message = home.submit(mail([LAB, GRACE, TOBIAS, OFFICE], "News", LETTER), [LAB, GRACE, TOBIAS, OFFICE])
    home.settle()
    rows = {str(home.address(row)): row for row in home.deliveries(message)}
    assert {to: row.method for to, row in rows.items()} == {
        LAB: Method.REDACT,
        GRACE: Method.LINK,
        TOBIAS: None,
        OFFICE: None,
    }
    for to in (LAB, GRACE):
        assert not marks_in(home.sent(to)[0].raw, HIDDEN)


def restricted(home: Home) -> None:
    home.restrict(home.maria, RestrictionKind.NO_PARTNER)


def became_a_patient(home: Home) -> None:
    home.patient("Olga", "Zander", "MRN-9900112", LAB)


def other_policy(home: Home) -> None:
    follow(home, policy('recipient_domain = ["elsewhere.example.com"]'))


@pytest.mark.parametrize("change", [restricted, became_a_patient, other_policy])
@pytest.mark.parametrize("late", [False, True], ids=["before", "while it is made"])
def test_what_changes_before_it_is_sent_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Home], None], late: bool
) -> None:
    with Home(tmp_path, policy=policy()) as home:
        home.people()
        message = home.submit(mail(LAB, "News", LETTER), LAB)
        home.assess()
        assert home.delivery(message).method is Method.REDACT
        if late:
            real, done = Reader.again, set[int]()

            def again(self: Reader, split: object) -> object:
                if not done:
                    done.add(1)
                    change(home)
                return real(self, split)  # type: ignore[arg-type]

            monkeypatch.setattr(Reader, "again", again)
        else:
            change(home)
        home.settle()
        home.later(10)
        assert home.sent(LAB) == []
        assert home.delivery(message).method is None


@pytest.mark.parametrize("column", ["method", "reasons"])
def test_a_row_that_was_altered_sends_nothing(tmp_path: Path, column: str) -> None:
    """Nobody who writes the database makes a masked copy of a link, or an ordinary one of a research copy."""
    with Home(tmp_path, policy=policy(research=True)) as home:
        home.people()
        to = LAB if column == "reasons" else GRACE
        message = home.submit(mail(to, "News", LETTER), to)
        home.assess()
        row = home.delivery(message)
        home.sql(
            f"UPDATE deliveries SET {column} = ? WHERE id = ?",
            "redact" if column == "method" else '["rule.redact"]',
            row.id,
        )
        home.settle()
        assert home.sent(to) == []
        assert "integrity" in home.kinds(message)


@pytest.mark.parametrize("when", ["units", "rewrite", "inspect", "raises"])
def test_a_maker_of_copies_that_dies_makes_none(home: Home, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    message = home.submit(mail(LAB, "News", LETTER, files=[CSV]), LAB)
    home.run_job("assess")
    if home.pending().get("assess_long"):
        home.run_job("assess_long")
    assert home.delivery(message).method is Method.REDACT

    def dead(*_: object, **__: object) -> Inspection | None:
        if when == "raises":
            raise OSError(28, "No space left on device")
        return None if when == "rewrite" else Inspection(gaps=(Gap("attachment:list.csv", GapReason.CRASHED),))

    monkeypatch.setattr(BoxedInspector, "rewrite" if when == "raises" else when, dead)
    for _ in range(2):
        home.later(600)
    assert home.sent(LAB) == []
    monkeypatch.undo()
    home.later(7200)
    for one in home.sent(LAB):
        assert not marks_in(opened(one), HIDDEN)


def test_a_maker_that_gives_the_file_back_as_it_was_is_found_out(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoxedInspector, "rewrite", lambda _, specimen, edits: b"".join(specimen.chunks))
    message = home.submit(mail(LAB, "News", LETTER, files=[CSV]), LAB)
    home.settle()
    assert (home.delivery(message).held_for, home.sent(LAB)) == (HoldReason.AUTHORIZATION, [])


def test_a_scanner_that_breaks_at_sending_lets_nothing_go(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    message = home.submit(mail(LAB, "News", LETTER), LAB)
    home.assess()
    assert home.delivery(message).method is Method.REDACT
    monkeypatch.setattr(type(home.rooms.reader.scanner), "scan", lambda *_, **__: 1 / 0)
    home.settle()
    home.later(600)
    assert home.sent(LAB) == []
    assert home.delivery(message).method in {None, Method.REDACT}


def test_the_receipt_names_nobody(home: Home) -> None:
    masked(home, mail(LAB, "About Maria Quintero", LETTER, files=[("quintero.csv", *CSV[1:])]))
    for one in home.sent(DOCTOR):
        assert not marks_in(one.raw, [*HIDDEN, "quintero", "diabetes", LAB])

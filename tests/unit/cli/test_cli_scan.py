"""`scan`: the JSON object of the contract, field by field; what makes it say PHI; and what never comes out of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.command import installation, sealgate

TEXT = "Dear Ada Quill,\nyour MRN 12345678 and biopsy of 03/04/2026. SSN 900-12-3456.\n"
MAIL = (
    b"From: Dr Lee <lee@practice.example.org>\r\nTo: Ada <ada@example.net>\r\nSubject: Biopsy of Ada Quill\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nSSN 900-12-3456\r\n"
    b"--x\r\nContent-Type: text/html\r\n\r\n<p>diabetes of <b>Ada</b> Quill</p>\r\n"
    b"--x\r\nContent-Type: text/csv; name=list.csv\r\nContent-Disposition: attachment\r\n\r\nname,ssn\r\nx,900-12-3457\r\n"
    b"--x--\r\n"
)
LUNCH = b"From: a@practice.example.org\r\nTo: b@practice.example.org\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    return path


def test_the_object_has_exactly_the_contract_s_fields(text):
    answer = sealgate("scan", "--json", "--text", text)
    assert answer.status == 1
    row = answer.row
    assert list(row) == ["file", "phi", "complete", "gaps", "classes", "findings", "threats"]
    assert (row["file"], row["phi"], row["complete"], row["gaps"], row["classes"]) == (str(text), True, True, [], [])
    for found in row["findings"]:
        assert list(found) == ["kind", "letter", "part", "start", "end", "score", "by"]
        assert found["part"] == "text"
        assert 0 <= found["start"] < found["end"] <= len(TEXT)
        assert 0 < found["score"] <= 1
    by_kind = {found["kind"]: found for found in row["findings"]}
    assert by_kind["ssn"]["letter"] == "G"
    assert TEXT[by_kind["ssn"]["start"] : by_kind["ssn"]["end"]] == "900-12-3456"
    assert by_kind["health_term"]["letter"] is None
    assert {"ssn", "mrn", "name", "date", "health_term"} <= set(by_kind)


def test_the_text_itself_is_shown_only_to_a_person_who_asks(text):
    hidden = sealgate("scan", "--json", "--text", text)
    assert "Quill" not in hidden.out
    assert "900-12" not in hidden.out
    assert "Quill" not in sealgate("scan", "--text", text).out
    shown = sealgate("scan", "--json", "--text", "--show", text)
    assert {"900-12-3456"} <= {found["text"] for found in shown.row["findings"]}
    assert "Quill" in sealgate("scan", "--text", "--show", text).out


def test_offsets_are_code_points_whatever_the_line_ends(tmp_path):
    body = "Grüße 🩺\r\nŁukasz, SSN 900-12-3456, diabetes\r\n"
    path = tmp_path / "u.txt"
    path.write_bytes(body.encode())
    found = next(one for one in sealgate("scan", "--json", "--text", path).row["findings"] if one["kind"] == "ssn")
    assert body[found["start"] : found["end"]] == "900-12-3456"


def test_what_is_not_utf_8_is_a_gap_and_a_gap_is_phi(tmp_path):
    path = tmp_path / "l.txt"
    path.write_bytes(b"Lunch at the caf\xe9?\n")
    answer = sealgate("scan", "--json", "--text", path)
    assert (answer.status, answer.row["phi"], answer.row["complete"]) == (1, True, False)
    assert answer.row["gaps"] == [{"part": "text", "reason": "undecodable"}]


def test_a_mail_names_its_parts(tmp_path):
    path = tmp_path / "m.eml"
    path.write_bytes(MAIL)
    row = sealgate("scan", "--json", path).row
    assert {"subject", "body.plain", "body.html", "attachment:list.csv"} <= {one["part"] for one in row["findings"]}


def test_a_document_goes_through_the_inspector_and_what_it_cannot_read_is_a_gap(tmp_path):
    bad = LUNCH.replace(
        b"Subject: Lunch\r\n", b"Subject: Lunch\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name=x.pdf\r\n"
    )
    (tmp_path / "bad.eml").write_bytes(bad.replace(b"At noon?", b"%PDF-1.7 torn"))
    row = sealgate("scan", "--json", tmp_path / "bad.eml").row
    assert (row["phi"], row["complete"]) == (True, False)
    assert [one["part"] for one in row["gaps"]] == ["attachment:x.pdf"]


def test_ordinary_mail_is_no_phi_and_exit_0(tmp_path):
    answer = sealgate("scan", "--json", "-", stdin=LUNCH)
    assert (answer.status, answer.row["file"], answer.row["phi"]) == (0, "-", False)


def test_many_files_one_object_each_and_the_worst_status(tmp_path, text):
    (tmp_path / "lunch.txt").write_text("Lunch at noon?")
    answer = sealgate("scan", "--json", "--text", tmp_path / "lunch.txt", text)
    assert [row["phi"] for row in answer.rows] == [False, True]
    assert answer.status == 1
    answer = sealgate("scan", "--json", "--text", text, tmp_path / "none", tmp_path / "lunch.txt")
    assert [row["phi"] for row in answer.rows] == [True, False]
    assert answer.status == 2
    assert "none: cannot be read" in answer.err


def test_the_register_is_asked_with_config(tmp_path):
    config = installation(tmp_path / "one")
    patients = tmp_path / "p.csv"
    patients.write_text("given,family,birth_date,mrn,email\nAda,Quill,1980-01-31,ZX-4711,ada@example.net\n")
    assert sealgate("patient", "import", patients, "--config", config).status == 0
    plain = b"Item ZX-4711 is on your desk."
    assert sealgate("scan", "--text", "-", stdin=plain).status == 0
    known = sealgate("scan", "--json", "--text", "--config", config, "-", stdin=plain)
    assert known.status == 1
    assert ("mrn", "known_mrn") in [(one["kind"], one["by"]) for one in known.row["findings"]]


def test_an_unknown_person_at_a_consumer_domain_makes_everyday_words_health(tmp_path):
    note = b"Hi Ada Quill, see you at your appointment tomorrow."
    assert sealgate("scan", "--text", "-", stdin=note).status == 0
    assert sealgate("scan", "--text", "--from", "lee@example.org", "--to", "ada@gmail.com", "-", stdin=note).status == 1
    assert sealgate("scan", "--text", "--to", "not an address", "-", stdin=note).status == 2


def test_json_is_one_line_each(text):
    for line in sealgate("scan", "--json", "--text", text, text).out.splitlines():
        json.loads(line)


def test_odd_names_and_characters_neither_break_nor_steer_the_output(tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff\x1b[31m.txt"
    name = os.fsdecode(odd)
    Path(name).write_bytes(b"SSN 900-12-3456 \x1b[2J diabetes")
    for options in (["--json"], [], ["--show"], ["--json", "--show"], ["--report", str(tmp_path / "out")]):
        answer = sealgate("scan", "--text", *options, name)
        assert answer.status == 1, options
        assert b"\x1b" not in answer.raw
    missing = sealgate("scan", "--text", name + "no")
    assert (missing.status, "\x1b" in missing.err) == (2, False)

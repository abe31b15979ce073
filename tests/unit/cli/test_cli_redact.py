"""`redact`: placeholders for text and whole mails; nothing that could not be judged comes out."""

from __future__ import annotations

import email
from email import policy

from tests.support.command import installation, sealgate
from tests.unit.cli.test_cli_scan import MAIL, TEXT

LETTER = (
    b"From: Dr Lee <lee@practice.example.org>\r\nTo: Ada Quill <ada@example.net>\r\nX-Note: about Ada Quill\r\n"
    b"Subject: Biopsy of Ada Quill\r\nDate: Mon, 02 Mar 2026 10:00:00 -0500\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear Ada Quill, SSN 900-12-3456. The d\xc3\xa9j\xc3\xa0 vu is gone.\r\n"
    b"--x\r\nContent-Type: text/html\r\n\r\n<p title='Ada Quill'>Dear <b>Ada Quill</b>, call (555) 555-0142 <!-- SSN 900-12-3456 --></p>\r\n"
    b"--x\r\nContent-Type: application/pdf; name=ada-quill.pdf\r\nContent-Disposition: attachment; filename=ada-quill.pdf\r\n\r\n"
    b"%PDF-1.4 torn\r\n--x--\r\n"
)


def test_text_keeps_everything_else():
    answer = sealgate("redact", "--text", "-", stdin=TEXT.encode())
    assert answer.status == 0
    assert answer.out == "Dear [name],\nyour [mrn] and biopsy of [date]. SSN [ssn].\n"


def test_strict_masks_health_too():
    assert "biopsy" not in sealgate("redact", "--text", "--strict", "-", stdin=TEXT.encode()).out


def test_a_mail_comes_out_whole_without_identifiers():
    answer = sealgate("redact", "-", stdin=LETTER)
    mail = email.message_from_bytes(answer.raw, policy=policy.default)
    bodies = {one.get_content_type(): one.get_content() for one in mail.walk() if not one.is_multipart()}
    assert mail["Subject"] == "Biopsy of [name]"
    assert "Dear [name], SSN [ssn]. The déjà vu is gone." in bodies["text/plain"]
    assert "<b>[name]</b>, call [phone]" in bodies["text/html"]
    assert "[attachment 1 removed: application/pdf, 13 bytes]" in bodies["text/plain"]
    everything = answer.out + "".join(bodies.values())
    for word in ("Quill", "quill", "ada@", "900-12", "0142", "X-Note", "lee@"):
        assert word not in everything, word
    assert "2026" in mail["Date"]
    assert "Mar" not in mail["Date"]


def test_what_could_not_be_read_is_said_by_exit_status():
    answer = sealgate("redact", "-", stdin=LETTER)  # the torn PDF
    assert answer.status == 1
    assert "ada-quill.pdf" in answer.err
    assert sealgate("redact", "-", stdin=MAIL).status == 0


def test_a_body_that_cannot_be_decoded_is_left_out():
    mail = b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\nSecret \xff\xfe\xff word\r\n"
    answer = sealgate("redact", "-", stdin=mail)
    assert answer.status == 1
    assert "Secret" not in answer.out
    assert "could not be read" in answer.out


def test_a_failing_detector_shows_nothing(monkeypatch):
    from gateway.phi.scan import Scanner

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Scanner, "scan", broken)
    answer = sealgate("redact", "--text", "-", stdin=TEXT.encode())
    assert (answer.status, answer.raw) == (1, b"")


def test_the_register_s_patients_are_masked_with_config(tmp_path):
    config = installation(tmp_path / "one")
    (tmp_path / "p.csv").write_text("given,family,mrn\nAda,Quill,ZX-4711\n")
    sealgate("patient", "import", tmp_path / "p.csv", "--config", config)
    note = b"item ZX-4711 is here"
    assert "[mrn]" not in sealgate("redact", "--text", "-", stdin=note).out
    assert sealgate("redact", "--text", "--config", config, "-", stdin=note).out == "item [mrn] is here"


def test_a_missing_file_is_2(tmp_path):
    assert sealgate("redact", tmp_path / "none").status == 2

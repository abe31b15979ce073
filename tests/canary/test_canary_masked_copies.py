"""The canary by method `redact`: no mark of a person in what leaves, in any form, and none anywhere while a copy is made or after."""

from __future__ import annotations

import email
import email.policy
import io
import zipfile
from pathlib import Path

import pytest

from gateway.config.starter import starter_policy
from gateway.domain.decision import Method
from gateway.domain.states import MessageState
from tests.canary.test_canary_probe import ADDRESS, BODY, FAMILY, GIVEN, MRN
from tests.support.documents import docx_of, paragraph
from tests.support.home import Home, mail
from tests.support.probe import in_bytes, in_tree

LAB = "lab@research.example.com"
RULE = '\n[[rule]]\nname = "masked"\nwhen = {{ recipient_domain = ["research.example.com"] }}\nthen = {{ action = "deliver", method = "redact"{0} }}\n'
PERSON = [GIVEN, FAMILY, "90417731", "zyphora.quandlebrook", "555-0177"]
HTML = f"<p>Ms. {GIVEN} {FAMILY} ({MRN})<!-- {FAMILY} --><img alt='{GIVEN} {FAMILY}' src='cid:x'></p>"


def letter() -> bytes:
    note = docx_of(
        paragraph("Patient: Zyphora Quandle", f"brook, {MRN}") + paragraph("cough"), {"docProps/core.xml": f"<a>{FAMILY}</a>"}
    )  # fmt: skip
    files = [
        (f"{FAMILY} {GIVEN}.csv", "text/csv", f"name,mrn,phone\r\n{GIVEN} {FAMILY},{MRN},(212) 555-0177\r\n".encode()),
        (f"{FAMILY}.docx", "application/octet-stream", note), ("page.html", "text/html", HTML.encode()),
        ("note.txt", "text/plain", f"{GIVEN} {FAMILY}, {ADDRESS}, tel. (212) 555-0177".encode()),
    ]  # fmt: skip
    headers = [
        f"Thread-Topic: {GIVEN} {FAMILY}",
        f"X-Note: {MRN}",
        f"Keywords: {FAMILY}",
        f"Reply-To: {GIVEN} <{ADDRESS}>",
    ]
    return mail(LAB, f"About {GIVEN} {FAMILY}", BODY, files=files, headers=headers)


def opened(raw: bytes) -> bytes:
    """Everything that travelled, with what is packed in it unpacked."""
    found = [raw]
    for part in email.message_from_bytes(raw, policy=email.policy.default).walk():
        data = part.get_payload(decode=True) or b""
        found.append(data)
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                found += [one.encode() + archive.read(one) for one in archive.namelist()]
    return b"\n".join(found)


@pytest.mark.proves("rest.canary", "clear.masked-copy")
@pytest.mark.parametrize("research", ["", ", research = true"])
def test_no_mark_leaves_and_none_lies_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, research: str) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with Home(tmp_path / "home", sandbox=True, policy=starter_policy() + RULE.format(research)) as home:
        home.patient(GIVEN, FAMILY, MRN, ADDRESS, phone="(212) 555-0177")
        looked: list[int] = []

        def look(_: object) -> None:
            looked.append(len(in_tree([home.root, tmp_path / "tmp"], PERSON)))

        home.hop.before = look
        message = home.submit(letter(), LAB)
        home.settle()
        assert home.delivery(message).method is Method.REDACT
        [sent] = home.sent(LAB)
        assert len(list(sent.parsed.iter_attachments())) == 4
        assert list(in_bytes(opened(sent.raw), PERSON, "what left", inflate=True)) == []
        assert b"cough" in opened(sent.raw)
        assert looked
        assert set(looked) == {0}
        assert home.message(message).state is MessageState.SETTLED
        assert in_tree([home.root, tmp_path / "tmp"], PERSON) == []
        for own in home.sent():
            assert list(in_bytes(own.raw, PERSON, "a mail of ours", inflate=True)) == []

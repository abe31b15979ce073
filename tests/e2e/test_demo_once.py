"""The demonstration proves the main job without a person, says so in one JSON line, and leaves nothing running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.demo.ber import to_der
from tools.demo.letters import letters
from tools.demo.outbox import Relayed
from tools.demo.portalpage import read_page
from tools.demo.proof import hidden

ROOT = Path(__file__).parents[2]
CHECKS = {
    "redacted_letter_in_the_open", "link_opened_with_mailbox_code", "attachments_identical", "smime_decrypted",
    "real_subject_inside_only", "neutral_notice", "link_opened_with_phone_code", "held_until_asked", "left_after_consent",
    "picture_identical", "ordinary_mail_untouched", "nothing_personal_in_the_open", "nothing_readable_at_rest",
    "log_verified", "stopped_without_leftovers",
}  # fmt: skip


def processes_of(folder: Path) -> list[str]:
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words and int(one.parent.name) != os.getpid():
            found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_demo_once_proves_the_main_job(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo", "--once", "--folder", str(folder)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["ok"] is True
    assert set(summary["checks"]) >= CHECKS
    assert all(summary["checks"].values())
    assert set(summary["messages"]) == {one.key for one in letters()}
    assert processes_of(folder) == []


def test_demo_refuses_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo", "--once", "--folder", str(tmp_path)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_the_demo_finds_what_it_looks_for_in_every_form(offset: int) -> None:
    """A check that could not fail would prove nothing."""
    import base64

    word = "Quintero"
    forms = [
        b"dear quintero,", word.encode("utf-16-le"), b"x" + word.encode().hex().upper().encode(),
        base64.b64encode(b"a" * offset + b"to Quintero in person"),
    ]  # fmt: skip
    assert [list(hidden(b"\x00\x01" + form + b"\xff", [word])) for form in forms] == [[word]] * len(forms)
    assert list(hidden(b"Quinter 0", [word])) == []


def test_what_was_sent_is_full_of_what_must_not_travel() -> None:
    for letter in letters():
        mail = Relayed(1, letter.to, letter.mail(datetime(2026, 3, 4, tzinfo=UTC)))
        decoded = b"".join(
            part.get_payload(decode=True) or b"" for part in mail.message.walk() if not part.is_multipart()
        )
        names = " ".join(part.get_filename() or "" for part in mail.message.walk()).encode()
        assert set(hidden(mail.raw + decoded + names, letter.secrets)) == set(letter.secrets)


def test_a_page_of_the_portal_is_read_as_a_person_sees_it() -> None:
    page = read_page(
        '<h1>Your\n results</h1><dl><div><dt>From</dt><dd>Dr &lt;Lee&gt;</dd></div></dl><article class="letter">'
        '<p>Dear\n Pat,</p><p>fine<br>Jo</p></article><ul><li><a href="/letter/file/1"><span>Download</span> <bdi>a&amp;b.pdf</bdi></a></li></ul>'
        '<form action="/letter/close"><input type="hidden" name="form" value="t"></form>'
    )
    assert (page.heading, page.facts, page.letter) == ("Your results", {"From": "Dr <Lee>"}, "Dear Pat,\n\nfine\nJo")
    assert page.files == [("/letter/file/1", "a&b.pdf")]
    assert page.form("/letter/close").fields == {"form": "t"}


def test_streamed_ber_becomes_der() -> None:
    streamed = bytes.fromhex("3080a0800402dead0402beef00000201050000")
    assert to_der(streamed) == bytes.fromhex("30098004deadbeef020105")
    long = b"\x30\x80\x04\x82\x01\x00" + b"x" * 256 + b"\0\0"
    assert to_der(long) == b"\x30\x82\x01\x04\x04\x82\x01\x00" + b"x" * 256
    for broken in (b"", b"\x30", b"\x30\x80\x02\x01\x05", b"\x04\x80\0\0", b"\x30\x05\x02\x01"):
        with pytest.raises(ValueError):
            to_der(broken)

"""Every open for writing of every role is watched while mail of all kinds goes through: nothing but the sealed stores, the
log's heads and what a test stands in for is opened, whatever the size, and the folder for temporary files stays empty.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.live import COLLEAGUE, MARIA, OFFICE, ROOT, SENDER, TOBIAS, Live, letter, until
from tests.support.reader import read_letter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.peer,
    pytest.mark.proves("box.watched-opens", "box.no-plaintext-file"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="NO STRACE: opens cannot be watched"),
]
_CALL = re.compile(
    r'\b(?:open|openat|openat2|creat)\((?:AT_FDCWD|[^,"]*)?(?:, )?"((?:[^"\\]|\\.)*)"([^)]*)\)? *= (\d+)'
)
_FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_TMPFILE|\bwrite\b")
_WITHOUT_NAME = re.compile(r"\b(memfd_create)\(.*= \d+")


class Watched(Live):
    """A gateway whose roles, and the children of them, are traced from their first instruction."""

    def run(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        temporary = self.folder / "temporary"
        temporary.mkdir(exist_ok=True)
        calls = "trace=open,openat,openat2,creat,memfd_create"
        # -D: the role is our child, and the tracer a grandchild that ends with it.
        watched = [
            "strace",
            "-D",
            "-f",
            "-qq",
            "-s",
            "4096",
            "-e",
            calls,
            "-o",
            str(self.folder / f"{name}.trace"),
            *command,
        ]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                watched, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, "TMPDIR": str(temporary), "TMP": str(temporary), "TEMP": str(temporary)},
            )  # fmt: skip
        self.processes[name] = process
        return process

    def written(self) -> Iterator[tuple[str, Path]]:
        """Role and path of every file that was opened for writing."""
        for trace in self.folder.glob("*.trace"):
            for line in trace.read_text(errors="replace").splitlines():
                if _WITHOUT_NAME.search(line):
                    yield trace.stem, Path("memfd")
                called = _CALL.search(line)
                if called and (_FOR_WRITING.search(called[2]) or "creat(" in line):
                    yield trace.stem, ROOT / called[1]


def test_nothing_but_sealed_stores_is_opened_for_writing(tmp_path):
    live = Watched(tmp_path / "gate")
    live.certify()
    try:
        live.start("worker", "web", "smtp", "inbound")
        large = "Maria Quintero, MRN-4471203: diabetes, metformin.\r\n" * 60_000
        document = zipped_letter()
        enclosed = "".join(
            f'--b\r\nContent-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n{body}\r\n'
            for name, body in (("letter.docx", document), ("scan.pdf", "JVBERi0xLjcK"), ("all.zip", document))
        )
        mixed = (
            f"--b\r\nContent-Type: text/plain\r\n\r\nSee Maria Quintero's letter, MRN-4471203.\r\n{enclosed}--b--\r\n"
        )
        mails = [
            live.submit(letter(MARIA), MARIA),
            live.submit(letter(COLLEAGUE), COLLEAGUE),
            live.submit(letter(TOBIAS, "Dear Tobias Hartwell, your blood test shows diabetes. MRN-5589001."), TOBIAS),
            live.submit(letter(OFFICE, "Lunch on Friday?", subject="Lunch"), OFFICE),
            live.submit(letter(MARIA, large), MARIA),
            live.submit(of_parts(mixed), MARIA),
        ]
        for one in mails:
            live.settled(one)
        [link] = [one for one in live.relayed(mails[0]) if one.recipient == MARIA]
        token = re.search(rb"/m/([\w-]{43})", link.raw)
        assert token is not None
        assert "metformin" in read_letter(live, token[1].decode())
    finally:
        live.stop()
    assert not list((live.folder / "temporary").iterdir())
    seen = {(role, path) for role, path in live.written() if not _may_be_written(live.folder, path)}
    assert not seen
    assert {role for role, _ in live.written()} == {"worker", "web", "smtp", "inbound"}


def test_the_watch_sees_what_a_careless_role_would_do(tmp_path):
    """The same watch over a program that spools to a temporary file."""
    live = Watched(tmp_path / "gate")
    process = live.run(
        "careless", ["python3", "-c", "import tempfile, os; tempfile.TemporaryFile().write(b'x'); os.memfd_create('x')"]
    )
    assert process.wait(120) == 0
    until(lambda: "memfd_create" in (live.folder / "careless.trace").read_text())
    live.stop()
    found = [path for _, path in live.written() if not _may_be_written(live.folder, path)]
    assert [path.name for path in found if path.name == "memfd"] == ["memfd"]
    assert any(live.folder / "temporary" in (path, *path.parents) for path in found)


def zipped_letter() -> str:
    out = io.BytesIO()
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f"<w:document {space}><w:p><w:t>Maria Quintero: diabetes</w:t></w:p></w:document>"
        )
    return base64.encodebytes(out.getvalue()).decode().replace("\n", "\r\n")


def of_parts(body: str) -> bytes:
    return (
        f"From: Dr Lee <{SENDER}>\r\nTo: {MARIA}\r\nSubject: Documents\r\nDate: Mon, 23 Nov 2026 10:00:00 -0500\r\n"
        f"Message-ID: <documents@willow.example.org>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}"
    ).encode()


def _may_be_written(folder: Path, path: Path) -> bool:
    """The stores, which seal; heads and journal, which hold no content; the folders that stand for the next hop and the
    text messages; the kernel's own files.
    """
    if path.is_relative_to("/dev") or path.is_relative_to("/proc"):
        return path.name in {"null", "tty", "uid_map", "gid_map", "setgroups", "oom_score_adj", "comm"}
    if not path.is_relative_to(folder):
        return False
    inside = path.relative_to(folder).as_posix()
    return bool(
        re.fullmatch(
            r"data/sealgate\.db(-wal|-shm|-journal)?|data/blobs/.*|shelf/(epochs|peppers)/.*|audit-heads\.jsonl|journal\.jsonl"
            r"|data/(outbox|texts)/.*|data/(outbox|texts)",
            inside,
        )
    )

"""The canary in real processes, one a role: marked mail comes by SMTP, leaves by link, is opened at the portal, bounces back
with the whole mail in the bounce. Meanwhile and afterwards the probe looks through data, WAL, temporary files, shared memory,
what the roles say and write, cores and the gateway's own mails. With the sealing wrapper off it finds the marks.
"""

from __future__ import annotations

import os
import re
import signal
import smtplib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.domain.address import Address
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind, Patient
from gateway.domain.states import DeliveryState, MessageState
from tests.canary.test_canary_probe import (
    ADDRESS,
    BODY_MARK,
    FAMILY,
    FILE_MARK,
    GIVEN,
    MARKS,
    NAME_MARK,
    SUBJECT_MARK,
    WITHOUT,
    letter,
)
from tests.support.in_memory import PREFIX
from tests.support.live import ROOT, SENDER, Captured, Live, until
from tests.support.portal_house import Browser
from tests.support.probe import Hit, contents, in_bytes, in_tree

pytestmark = [pytest.mark.e2e, pytest.mark.proves("rest.canary")]
ROLES = ("worker", "smtp", "inbound", "web")
SHM = Path("/dev/shm")
_OPEN_SMTP = """
import sys
from pathlib import Path
from unittest import mock
from gateway.app.roles import run_role
from gateway.seal.objects import ObjectSealer
class Off(ObjectSealer):
    def update(self, data):
        super().update(data)
        return data
    def finalize(self):
        return b""
with mock.patch("gateway.adapters.blobs.sealing.ObjectSealer", Off):
    run_role("smtp", Path(sys.argv[1]))
"""


def files_in(folder: Path) -> list[Path]:
    """Every file below it. A folder that goes while this looks has none: `Path.rglob` would be at an end there."""
    found = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return sorted(one for one in found if one.is_file())


def in_memory() -> set[Path]:
    """Every file of this machine's memory but those that other tests make there meanwhile."""
    found = set()
    for folder, inner, names in os.walk(SHM):
        inner[:] = [one for one in inner if not one.startswith(PREFIX)]
        found |= {Path(folder, one) for one in names}
    return found


class Scene:
    """A running gateway and everything around it where a trace could lie."""

    def __init__(self, root: Path) -> None:
        self.root, self.temp = root, root / "tmp"
        self.before = in_memory()
        self.live = Live(root / "gate")
        self.said: dict[str, bytes] = {}
        self.codes: list[int] = []

    def register(self) -> None:
        home = self.live.home
        register, now = home.register(), home.clock.now()
        with home.store().begin() as uow:
            for given, family, mrn, address in (
                (GIVEN, FAMILY, "MRN-90417731", ADDRESS), ("Bartolph", "Venningsly", "MRN-90417732", WITHOUT),
            ):  # fmt: skip
                one = Patient(
                    id=home.tokens.id(), given=given, family=family, mrn=mrn, emails=(Address.parse(address),),
                    verified_addresses=frozenset({address}),
                )  # fmt: skip
                register.put_patient(uow, one, now, "test")
                if address == ADDRESS:
                    given_consent = ConsentEvent(
                        one.id, 0, ConsentEventType.GIVEN, ConsentKind.EMAIL_ENCRYPTED, ADDRESS, warning_version="1",
                        given_how="paper", recorded_by="front desk",
                    )  # fmt: skip
                    register.append_consent(uow, given_consent, now, "test")

    def hits(self, *, inflate: bool = False) -> list[Hit]:
        """Traces anywhere but in what has left: the next hop's folder, and the texts of the provider."""
        found: list[Hit] = []
        gone = {self.live.folder / "data" / "outbox", self.live.folder / "data" / "texts"}
        for folder in (self.live.folder, self.temp):
            for path in files_in(folder):
                if not gone & set(path.parents):
                    with suppress(FileNotFoundError):  # a WAL or a temporary file that has just gone
                        found += in_bytes(contents(path), MARKS, str(path), inflate=inflate)
        for path in in_memory() - self.before:
            with suppress(OSError):
                if path.is_file():
                    found += in_bytes(path.read_bytes(), MARKS, str(path))
        return found

    def end(self) -> None:
        for name in list(self.live.processes):
            process = self.live.processes[name]
            process.send_signal(signal.SIGTERM)
            self.codes.append(process.wait(120))
            assert process.stdout is not None
            self.said[name] = process.stdout.read()
            process.stdout.close()
            del self.live.processes[name]


@contextmanager
def looking(scene: Scene) -> Iterator[list[Hit]]:
    """The probe goes round and round beside everything."""
    found: list[Hit] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.25):
            found.extend(scene.hits())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    root = tmp_path_factory.mktemp("canary")
    (root / "tmp").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(root / "tmp"))
        one = Scene(root)
        one.register()
        try:
            yield one
        finally:
            one.live.stop()


def open_at_portal(live: Live, token: str) -> None:
    browser, seen = Browser(live.portal), {one.raw for one in live.captured()}
    browser.get(f"/m/{token}")
    browser.post("/letter/code", channel="mailbox")
    browser.get("/letter/enter?by=mailbox")
    coded = until(
        lambda: [one for one in live.captured() if one.recipient == ADDRESS and one.raw not in seen], why="a code"
    )
    code = re.search(rb"\b(\d{4} \d{4}|\d{8})\b", coded[0].raw)
    assert code is not None
    answer = browser.post("/letter/open", code=code[1].decode())
    page = browser.get(answer.headers["location"]).text
    assert BODY_MARK in page
    first = re.search(r"/letter/file/\d+", page)
    assert first is not None, page
    assert FILE_MARK.encode() in browser.get(first[0]).body


def own_mails(live: Live) -> list[Captured]:
    """What the gateway itself wrote."""
    return [one for one in live.captured() if one.recipient == SENDER or b"Auto-Submitted" in one.raw]


def bounce(live: Live, to: str, returned: bytes) -> None:
    """A report that brings the whole mail back, as many servers do (RFC 3462)."""
    report = (
        f"From: MAILER-DAEMON@hop.example.net\r\nTo: <{to}>\r\nSubject: Undelivered: {SUBJECT_MARK}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n'
        f"--r\r\nContent-Type: text/plain\r\n\r\n{GIVEN} {FAMILY} is unknown.\r\n"
        "--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; hop.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {ADDRESS}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 {BODY_MARK}\r\n\r\n"
        "--r\r\nContent-Type: message/rfc822\r\n\r\n"
    ).encode() + returned + b"\r\n--r--\r\n"  # fmt: skip
    with smtplib.SMTP("127.0.0.1", live.ports["inbound"], timeout=60) as session:
        session.ehlo()
        session.mail("")
        assert session.rcpt(to)[0] == 250
        assert session.data(report)[0] == 250


def test_nothing_lies_anywhere_while_all_roles_work_and_afterwards(scene: Scene) -> None:
    live = scene.live
    live.start(*ROLES)
    limits = [Path(f"/proc/{one.pid}/limits").read_text() for one in live.processes.values()]
    assert all(re.search(r"Max core file size +0 +0 ", one) for one in limits), "no role leaves a core"
    with looking(scene) as found:
        sent = live.submit(letter(ADDRESS), ADDRESS)
        held = live.submit(letter(WITHOUT, 2), WITHOUT)
        back = live.submit(letter(ADDRESS, 3), ADDRESS)
        assert live.settled(sent)[0].state is DeliveryState.DELIVERED
        assert live.settled(back)[0].state is DeliveryState.DELIVERED
        until(lambda: live.message(held).state is MessageState.HELD)
        token = re.search(rb"/m/([A-Za-z0-9_-]{43})", live.relayed(sent)[0].raw.replace(b"=\r\n", b""))
        assert token is not None
        open_at_portal(live, token[1].decode())
        bounce(live, live.relayed(back)[0].sender, letter(ADDRESS, 3))
        until(lambda: live.deliveries(back)[0].state is DeliveryState.FAILED)
        until(lambda: [one for one in live.captured() if b"delivery-status" in one.raw], why="a report to the sender")
        until(lambda: len(own_mails(live)) >= 3, why="receipts, a code and a report")
        time.sleep(0.3)
    assert found == [], "while it worked"
    own = own_mails(live)
    names = {"zyphora.quandlebrook", "bartolph.venningsly"}
    marks = [one for one in MARKS if one not in names]
    for one in own:
        # A report names its recipient (RFC 3464 2.3.2); nothing else of the mail is in any mail of ours.
        bare = one.raw.replace(ADDRESS.encode(), b"").replace(WITHOUT.encode(), b"")
        assert list(in_bytes(bare, [each for each in marks if each not in {GIVEN, FAMILY}], "own mail")) == []
    scene.end()
    assert set(scene.codes) == {0}
    for name, said in scene.said.items():
        assert list(in_bytes(said, MARKS, f"what {name} says")) == []
    assert in_tree([scene.temp], MARKS) == scene.hits(inflate=True) == []
    logs = [live.folder / f"{one}.log" for one in ROLES]
    assert all(one.is_file() for one in logs), "what each role wrote to standard error was looked through"


def test_a_role_that_crashes_leaves_no_core_and_no_trace(scene: Scene) -> None:
    live, before = scene.live, set(ROOT.glob("core*"))
    live.start("worker", "smtp")
    message = live.submit(letter(WITHOUT, 4), WITHOUT)
    until(lambda: live.message(message).state is MessageState.HELD)
    for name in ("worker", "smtp"):
        process = live.processes.pop(name)
        os.kill(process.pid, signal.SIGABRT)
        assert process.wait(120) == -signal.SIGABRT
        assert process.stdout is not None
        assert list(in_bytes(process.stdout.read(), MARKS, name)) == []
        process.stdout.close()
    assert set(ROOT.glob("core*")) == before
    assert not [one for one in scene.root.rglob("core*") if one.is_file()]
    assert scene.hits() == []


def test_with_the_sealing_off_the_same_probe_finds_it(scene: Scene) -> None:
    live = scene.live
    live.start("worker")
    live.run("smtp", [sys.executable, "-c", _OPEN_SMTP, str(live.config)])
    live.ready("smtp")
    live.end("worker")
    message = live.submit(letter(ADDRESS, 5), ADDRESS)
    found = scene.hits()
    live.end("smtp")
    assert {hit.mark for hit in found} >= {GIVEN, FAMILY, SUBJECT_MARK, BODY_MARK, NAME_MARK}
    assert all(message in hit.place for hit in found)
    (live.folder / "data" / "blobs").rename(scene.root / "read in the open")

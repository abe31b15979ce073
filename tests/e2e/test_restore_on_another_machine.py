"""A machine is lost, and yesterday's backup comes up on another one: real processes, the commands as an administrator types them."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.app.created import OFFLINE
from gateway.app.installation import Installation
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from tests.support.live import MARIA, OFFICE, ROOT, SENDER, TOBIAS, Live, free_port, letter, until

pytestmark = pytest.mark.e2e
TO_TOBIAS = "Dear Tobias Hartwell,\r\n\r\nyour blood test shows diabetes. MRN-5589001.\r\n"


class Elsewhere(Live):
    """A restored directory, with another port for its portal."""

    def __init__(self, folder: Path, old_portal: int) -> None:
        self.folder, self.config, self.portal = folder, folder / "sealgate.toml", free_port()
        text = self.config.read_text()
        assert f":{old_portal}" in text
        self.config.write_text(text.replace(f":{old_portal}", f":{self.portal}"))
        self.home = Installation.load(self.config)
        self.ports, self.processes = {}, {}

    def lockers(self) -> set[int]:
        """Which processes hold a lock on the database's file."""
        number = str((self.folder / "data" / "sealgate.db").stat().st_ino)
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        return {int(one[-4]) for one in lines if one[-3].rpartition(":")[2] == number}


def start(live: Live, *roles: str) -> None:
    """All at once, as after a power cut."""
    for role in roles:
        live.launch(role)
    for role in roles:
        live.ready(role)


def sealgate(*arguments: str | Path, status: int = 0) -> str:
    command = [sys.executable, "-m", "gateway", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def answer(url: str) -> tuple[int, str]:
    """What a browser shows at last: redirects are followed, cookies sent back."""
    parts, cookie = urlsplit(url), ""
    path = parts.path
    for _ in range(3):
        asked = http.client.HTTPConnection("localhost", parts.port or 80, timeout=120)
        try:
            asked.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            got = asked.getresponse()
            text = got.read().decode()
        finally:
            asked.close()
        if got.status != 303:
            break
        cookie = (got.headers["Set-Cookie"] or "").partition(";")[0]
        path = urlsplit(got.headers["Location"]).path
    return got.status, text


def parcel(live: Live, message: str) -> Any:
    delivery = live.deliveries(message)[0].id
    with live.home.store().begin() as uow:
        return uow.parcels.of_delivery(delivery)


def link(live: Live, message: str) -> str:
    [mail] = live.relayed(message)
    raw = mail.raw.replace(b"=\r\n", b"").decode()
    return raw.partition("/m/")[2][:43]


class Loss:
    """The first machine's days, its end, and what was kept outside."""

    def __init__(self, root: Path) -> None:
        self.root, self.outside = root, root / "outside"
        self.outside.mkdir()
        self.live = Live(
            root / "first",
            edit=lambda text: text.replace("[audit]\n", '[backup]\npublic_key = "keys/backup.pub"\n[audit]\n'),
        )
        shutil.move(self.live.folder / OFFLINE / "backup.key", self.outside / "backup.key")
        try:
            start(self.live, "worker", "smtp")
            self._before()
            said = json.loads(sealgate("backup", self.outside, "--config", self.live.config, "--json"))
            self.backup = Path(said["backup"])
            self._after()
            self._journalled()
        finally:
            for name in list(self.live.processes):
                self.live.end(name, signal.SIGKILL)  # the machine is gone
            self.live.stop()
        for name in ("journal.jsonl", "audit-heads.jsonl"):
            shutil.copy(self.live.folder / name, self.outside / name)
        self.token, self.revoked_token = link(self.live, self.linked), link(self.live, self.revoked)
        shutil.move(self.live.folder, root / "gone")

    def _before(self) -> None:
        live = self.live
        self.linked, self.revoked = live.submit(letter(MARIA), MARIA), live.submit(letter(MARIA), MARIA)
        self.held = live.submit(letter(TOBIAS, TO_TOBIAS), TOBIAS)
        self.waits = live.submit(letter(TOBIAS, TO_TOBIAS), TOBIAS)
        for message in (self.linked, self.revoked, self.held, self.waits):
            live.settled(message)

    def _after(self) -> None:
        live, config = self.live, ("--config", self.live.config)
        self.delivered = live.submit(letter(OFFICE, "Lunch on Friday?", subject="Lunch"), OFFICE)
        live.settled(self.delivered)
        self.revoked_parcel = parcel(live, self.revoked).id
        release = ("queue", "release", live.deliveries(self.held)[0].id, "--reason", "he asked for it")
        with ThreadPoolExecutor() as both:
            list(both.map(lambda one: sealgate(*one, *config), [("parcel", "revoke", self.revoked_parcel), release]))
        assert [one.state for one in live.settled(self.held)] == [DeliveryState.DELIVERED]
        register, now = live.home.register(), live.home.clock.now()
        with live.home.store().begin() as uow:
            [tobias] = register.by_mrn(uow, "MRN-5589001")
            given = ConsentEvent(tobias.id, 0, ConsentEventType.REVOKED, ConsentKind.EMAIL_ENCRYPTED, TOBIAS,
                                 warning_version="1", given_how="paper", recorded_by="front desk",
                                 given_on=date(2026, 1, 2))  # fmt: skip
            register.append_consent(uow, given, now, "test")
        self.tobias = tobias.id
        self.new = live.submit(letter(TOBIAS, TO_TOBIAS), TOBIAS)
        live.settled(self.new)

    def _journalled(self) -> None:
        """Within seconds every row is outside; and none comes after it, for nothing is left to do."""
        journal = self.live.folder / "journal.jsonl"

        def outside() -> bool:
            with self.live.home.store().begin() as uow:
                last, pending = uow.audit.rows()[-1], uow.jobs.pending()
            return set(pending) <= {"expire", "remind"} and last.hash.hex() in journal.read_text()

        until(outside, why="the last row is not in the journal")


@pytest.fixture(scope="module")
def loss(tmp_path_factory: pytest.TempPathFactory) -> Loss:
    return Loss(tmp_path_factory.mktemp("loss"))


@pytest.fixture(scope="module")
def restored(loss: Loss) -> Iterator[tuple[Elsewhere, dict[str, Any]]]:
    keep = [loss.backup, "--key", loss.outside / "backup.key", "--journal", loss.outside / "journal.jsonl"]
    heads = ["--heads", loss.outside / "audit-heads.jsonl"]
    found = json.loads(sealgate("restore", *keep, *heads, "--to", loss.root / "second", "--json"))
    other = Elsewhere(loss.root / "second", loss.live.portal)
    try:
        start(other, "worker", "web", "smtp")
        yield other, found
    finally:
        other.stop()


@pytest.mark.proves(
    "restore.elsewhere", "restore.quarantine", "restore.not-twice", "restore.revoked-stays", "restore.journal"
)
def test_yesterdays_backup_comes_up_on_another_machine(loss: Loss, restored: tuple[Elsewhere, dict[str, Any]]) -> None:
    other, found = restored
    base = f"http://localhost:{other.portal}"
    assert (found["held"], found["lost"], found["missing_rows"], found["unreplayed"]) == (
        [loss.waits],
        [loss.new],
        0,
        [],
    )
    assert loss.revoked_parcel in found["closed"]

    # Quarantined: doors closed, links shut, nothing leaves.
    with pytest.raises(smtplib.SMTPConnectError) as closed:
        smtplib.SMTP("localhost", other.ports["submission"], timeout=120)
    assert closed.value.smtp_code == 421
    assert answer(f"{base}/readyz")[0] == 503
    status, page = answer(f"{base}/m/{loss.token}")
    assert (status, "system was restored" in page) == (503, True), page
    sealgate("quarantine", "show", "--config", other.config, status=1)
    assert "is in quarantine" in sealgate("check", "--config", other.config)
    assert list(other.captured()) == []
    # Commands came and went beside the roles: these still use the one database, and nobody takes it for an older one.
    # (A list of all locks is read piece by piece while others come and go: one that stays may be missing from it.)
    until(lambda: {one.pid for one in other.processes.values()} <= other.lockers(), why="a role has lost its lock")

    # Confirmed: what was closed stays closed, what left stays sent, who lost mail is told.
    sealgate("quarantine", "confirm", "--reason", "the old machine is off", "--config", other.config)
    until(
        lambda: [one for one in other.captured() if one.recipient == SENDER],
        why=f"the sender is not told of lost mail: {other.events(loss.new)} {other.log('worker')[-2000:]}",
    )
    status, page = answer(f"{base}/m/{loss.token}")
    assert (status, "code" in page) == (200, True), page
    assert answer(f"{base}/m/{loss.revoked_token}")[0] == 410
    assert parcel(other, loss.revoked).state is ParcelState.REVOKED
    with other.home.store().begin() as uow:
        assert other.home.register().consents(uow, loss.tobias)[-1].type is ConsentEventType.REVOKED
    again = until(lambda: _accepted(other), why="the door does not open")
    assert [one.state for one in other.settled(again)] == [DeliveryState.DELIVERED]
    sent = [one.recipient for one in other.captured() if one.recipient != SENDER]
    assert sent == [OFFICE]  # the new one, and nothing of before
    assert {other.message(one).state for one in (loss.linked, loss.held, loss.delivered)} == {MessageState.SETTLED}
    assert other.message(loss.waits).held_for == "restored"


def _accepted(other: Elsewhere) -> str | None:
    try:
        return other.submit(letter(OFFICE, "Lunch on Monday?", subject="Lunch"), OFFICE)
    except smtplib.SMTPException:
        return None

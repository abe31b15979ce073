"""Other people's mail, odd and broken: through `sealgate scan`, and through the whole gateway to a capture folder.

No crash, and nothing lost: every accepted message ends delivered, held or refused. What could not be read is counted by reason.
"""

from __future__ import annotations

import json
import random
import smtplib
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from gateway.domain.address import Address
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, MessageState
from gateway.flow.intake import Intake
from gateway.flow.room import IntakeLimits
from tests.support.corpora import author_domains, mails, wire
from tests.support.live import COLLEAGUE, MARIA, OFFICE, ROOT, SENDER, Live

pytestmark = pytest.mark.e2e

SAMPLE = 120
SEED = 20261123


def sample() -> list[Path]:
    everything = mails()
    return sorted(random.Random(SEED).sample(everything, min(SAMPLE, len(everything))))


def test_a_sample_through_scan(capsys: pytest.CaptureFixture[str]) -> None:
    scanned(sample(), capsys)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_everything_through_scan(capsys: pytest.CaptureFixture[str]) -> None:
    scanned(mails(), capsys)


@pytest.mark.timeout(900)
def test_a_sample_through_the_gateway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relayed(sample(), tmp_path, capsys)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_everything_through_the_gateway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relayed(mails(), tmp_path, capsys)


def scanned(paths: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "gateway", "scan", "--json", *(str(one) for one in paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=1500)
    assert done.returncode in {0, 1}, done.stderr.decode()[-4000:]
    assert done.stderr == b""
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["file"] for one in rows] == [str(one) for one in paths]
    gaps = Counter(gap["reason"] for one in rows for gap in one["gaps"])
    assert not gaps["scanner_failed"]
    for one in rows:
        assert one["complete"] == (not one["gaps"])
        assert all(0 <= each["start"] < each["end"] for each in one["findings"])
    with capsys.disabled():
        whole = sum(one["complete"] for one in rows)
        print(f"\nscan: {len(rows)} files, {whole} read completely; gaps: {dict(gaps.most_common())}")


def relayed(paths: list[Path], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    domains = "".join(f', "@{one}"' for one in sorted(author_domains(paths)))
    live = Live(folder / "gate", may_send_as=domains, threads=4)
    live.certify()
    try:
        live.start("worker", "smtp")
        told: Counter[str] = Counter()
        ids = {handed_over(live, one, told): one for one in paths}
        assert len(ids) == len(paths)
        end = time.monotonic() + 240 + 1.5 * len(paths)
        waiting = set(ids)
        while waiting and time.monotonic() < end:
            waiting = {one for one in waiting if not live.rested(one)}
            time.sleep(0.5)
        log = live.log("worker")
        assert not waiting, [(str(ids[one]), live.events(one)[-2:]) for one in waiting]
        assert live.processes["worker"].poll() is None
        report(live, ids, told, capsys)
        assert "step failed" not in log, log[-4000:]
    finally:
        live.stop()


def handed_over(live: Live, path: Path, told: Counter[str]) -> str:
    """By SMTP where the door takes it; what the door refuses for good reason is taken by the step behind it."""
    mail = wire(path.read_bytes())
    with smtplib.SMTP("127.0.0.1", live.ports["smarthost"], timeout=120) as session:
        session.ehlo()
        session.mail(SENDER, ["BODY=8BITMIME"])
        for one in (MARIA, COLLEAGUE, OFFICE):
            session.rcpt(one)
        code, text = session.data(mail)
    if code == 250:
        told["taken by SMTP"] += 1
        return text.decode().split()[1]
    assert code // 100 == 5, (path, code, text)
    told[f"refused at the door with {code} {text.decode()}"] += 1
    return taken_behind_the_door(live, path.read_bytes())


def taken_behind_the_door(live: Live, mail: bytes) -> str:
    home = live.home
    many = 1 << 40
    intake = Intake(
        home.store(), home.vault(), home.door_keys(), home.clock, home.tokens, IntakeLimits(many, many, many, many)
    )
    who = Identity("peer", "test", frozenset({SENDER}))
    people = tuple(Address.parse(one) for one in (MARIA, COLLEAGUE, OFFICE))
    acceptance = intake.begin(Envelope(Direction.OUTBOUND, who, Address.parse(SENDER), people))
    acceptance.write(mail)
    return acceptance.finish()


def report(live: Live, ids: dict[str, Path], told: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    states: Counter[str] = Counter()
    gaps: Counter[str] = Counter()
    held = 0
    for message, path in ids.items():
        row = live.message(message)
        copies = live.deliveries(message)
        assert row.state in {MessageState.SETTLED, MessageState.HELD}, (path, row.state, row.held_for)
        assert len(copies) == 3, path
        for one in copies:
            assert one.state in FINAL_DELIVERY | {DeliveryState.HELD}, path
            states[f"{one.state.value} {one.method or one.held_for or ''}".strip()] += 1
        held += row.state is MessageState.HELD
        (assessed,) = [one for one in live.events(message) if one["kind"] == "assessed"]
        gaps.update(one for one in assessed["gaps"].split(",") if one)
        delivered = sorted(one.method for one in copies if one.state is DeliveryState.DELIVERED and one.method)
        assert len(live.relayed(message)) == len(delivered), (path, delivered)
    assert not gaps["scanner_failed"]
    with capsys.disabled():
        print(f"\ngateway: {len(ids)} mails, {held} with a held copy; {dict(told.most_common())}")
        print(f"copies: {dict(states.most_common())}; mails with gaps of a kind: {dict(gaps.most_common())}")

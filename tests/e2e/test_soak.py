"""The roles at work for as long as SEALGATE_SOAK says (seconds): mixed mail, bounded; then everything must have ended as decided
and nothing may have grown: memory, descriptors, children, the spool, the WAL, the shelf.
"""

from __future__ import annotations

import os
import re
import time
import urllib.request
from collections import Counter
from pathlib import Path

import psutil
import pytest

from gateway.domain.decision import Action, Method
from gateway.domain.states import DeliveryState, MessageState
from tests.support.live import COLLEAGUE, LETTER, MARIA, OFFICE, TOBIAS, Live, free_port, letter, living

pytestmark = [pytest.mark.e2e, pytest.mark.proves("rest.sqlite")]

ROLES = ("smtp", "worker", "web")
PAUSE = 0.4
"""Seconds between two mails: a load that two cores carry for hours."""
GROWTH = 64 * 1024 * 1024
NOTES = "The list is enclosed.\r\n"
KINDS = (
    (MARIA, LETTER, Action.DELIVER, Method.LINK),
    (COLLEAGUE, LETTER, Action.DELIVER, Method.SMIME),
    (OFFICE, "Lunch on Friday? Best, Ann\r\n", Action.DELIVER, Method.PASS),
    (TOBIAS, LETTER, Action.HOLD, None),
)


def seen(live: Live, role: str) -> tuple[int, int, int]:
    """Resident bytes, descriptors and children of a role."""
    process = psutil.Process(live.processes[role].pid)
    return process.memory_info().rss, process.num_fds(), len(process.children(recursive=True))


def figure(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", answer.read().decode(), re.MULTILINE)
    return sum(map(float, found))


def soak(folder: Path, seconds: float) -> str:
    ports = {role: free_port() for role in ("smtp", "worker")}
    shown = "".join(f'{role} = "127.0.0.1:{port}"\n' for role, port in ports.items())
    with living(folder, *ROLES, edit=lambda text: f"{text}\n[metrics]\n{shown}") as live:
        live.certify()
        sent: dict[str, int] = {}

        def one(number: int) -> None:
            kind = number % len(KINDS)
            to, body, _, _ = KINDS[kind]
            sent[live.submit(letter(to, body, subject=f"Mail {number}"), to)] = kind

        for number in range(2 * len(KINDS)):
            one(number)
        settle(live, sent)
        before = {role: seen(live, role) for role in ROLES}
        end, number = time.monotonic() + seconds, 2 * len(KINDS)
        while time.monotonic() < end:
            one(number)
            number += 1
            time.sleep(PAUSE)
        settle(live, sent)
        told = check(live, sent, ports)
        after = {role: seen(live, role) for role in ROLES}
        for role in ROLES:
            assert after[role][0] - before[role][0] < GROWTH, (role, before, after)
            assert after[role][1] - before[role][1] <= 8, (role, before, after)
            assert after[role][2] <= before[role][2] + 1, (role, before, after)
        grown = {role: (after[role][0] - before[role][0]) // 1024 for role in ROLES}
        open_now = {role: (before[role][1:], after[role][1:]) for role in ROLES}
        return f"{len(sent)} mails in {seconds:.0f} s, {told}; resident KiB grown {grown}, descriptors and children {open_now}"


def settle(live: Live, sent: dict[str, int]) -> None:
    for message, kind in sent.items():
        if KINDS[kind][2] is Action.DELIVER:
            live.settled(message, 120)


def check(live: Live, sent: dict[str, int], ports: dict[str, int]) -> str:
    """Each mail ended as decided, and nothing is left of what ended."""
    ends: Counter[str] = Counter()
    for message, kind in sent.items():
        to, _, action, method = KINDS[kind]
        row, (copy,) = live.message(message), live.deliveries(message)
        assert (copy.action, copy.method) == (action, method), (message, to)
        left = live.relayed(message)
        if action is Action.HOLD:
            assert (row.state, copy.state, left) == (MessageState.HELD, DeliveryState.HELD, [])
        else:
            assert (row.state, copy.state, len(left)) == (MessageState.SETTLED, DeliveryState.DELIVERED, 1)
        ends[copy.method.value if copy.method else "held"] += 1
    held, links = ends["held"], ends["link"]
    data = live.folder / "data"
    blobs = [one for one in (data / "blobs").rglob("*") if one.is_file() and one.stat().st_size]
    assert held <= len(blobs) <= held + 2 * links + sum(ends.values()), len(blobs)  # held mail, parcels, the archive
    assert not [one for one in (data / "blobs").rglob("*") if one.is_file() and "unfinished" in one.parts]
    peppers = [
        one for one in (live.folder / "shelf" / "peppers").rglob("*") if one.is_file() and not one.name.startswith(".")
    ]
    assert len(peppers) <= links
    wal = data / "sealgate.db-wal"
    assert not wal.exists() or wal.stat().st_size < 8 * 1024 * 1024
    assert figure(ports["smtp"], "sealgate_smtp_messages_total") == len(sent)
    long = sum(figure(port, "sealgate_long_transactions_total") for port in ports.values())
    assert long <= len(sent) / 20
    return f"{dict(ends)}, {len(blobs)} blobs, {len(peppers)} peppers, {long:.0f} transactions over a second"


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_soak(tmp_path: Path) -> None:
    print(soak(tmp_path / "gate", float(os.environ.get("SEALGATE_SOAK", "600"))))

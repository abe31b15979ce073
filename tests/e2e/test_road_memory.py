"""A 150 MiB mail (100 MiB of attachment in base64) in bounded memory: VmHWM of listener and worker after one warm-up mail.

By link and by S/MIME at full size, with bytes, a PDF head and text in the attachment. What is so large is a gap, so it can
never pass in clear; `pass` is shown with a table that is read whole.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.config.starter import starter_policy
from gateway.domain.decision import Method
from gateway.domain.states import DeliveryState
from tests.support.live import COLLEAGUE, LETTER, MARIA, OFFICE, Live, letter, living

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="VmHWM NEEDS LINUX: nothing was measured"),
]

MIB = 1024 * 1024
LISTENER, WORKER = 16 * 1024, 64 * 1024  # KiB
ROSTER = b"4471203,Quintero,Maria,1971-03-04,diabetes,metformin,(555) 555-0142,maria.q@example.net\r\n"


def peak(live: Live, role: str) -> int:
    """VmHWM in KiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{live.processes[role].pid}/status").read_text())
    assert found
    return int(found.group(1))


def mail(to: str, body: str, media_type: str, content: bytes) -> bytes:
    head = letter(to, "", subject="Your results").replace(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
        b"Content-Type: multipart/mixed; boundary=edge",
    )
    part = (
        f"--edge\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n--edge\r\nContent-Type: {media_type}\r\n"
        "Content-Disposition: attachment; filename=enclosed\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    return head + part + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--edge--\r\n"


def noise(size: int) -> bytes:
    return os.urandom(size)


def scan(size: int) -> bytes:
    return b"%PDF-1.7\n" + os.urandom(size - 9)


def roster(size: int) -> bytes:
    return ROSTER * (size // len(ROSTER))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    policy = 'link_over = "200MiB"\n' + starter_policy()  # else a mail of this size always goes by link
    with living(tmp_path / "gate", "worker", "smtp", policy=policy) as running:
        running.certify()
        yield running


def sent(live: Live, data: bytes, to: str) -> tuple[str, Method | None]:
    message = live.submit(data, to)
    (copy,) = live.settled(message, 400)
    assert copy.state is DeliveryState.DELIVERED, copy
    return message, copy.method


@pytest.mark.parametrize(
    ("media_type", "make"),
    [
        ("application/octet-stream", noise),
        pytest.param("application/pdf", scan, marks=pytest.mark.long),
        pytest.param("text/csv", roster, marks=pytest.mark.long),
    ],
)
def test_peak_memory_of_the_whole_road(live: Live, media_type: str, make: Callable[[int], bytes]) -> None:
    for to in (MARIA, COLLEAGUE):
        sent(live, mail(to, LETTER, "application/octet-stream", noise(2 * MIB)), to)
    before = {role: peak(live, role) for role in ("smtp", "worker")}
    large = mail(MARIA, LETTER, media_type, make(100 * MIB))
    assert 130 * MIB < len(large) <= 150 * MIB
    link, method = sent(live, large, MARIA)
    assert method is Method.LINK
    assert len(live.relayed(link)[0].raw) < 10_000
    sealed = next(one for one in live.events(link) if one["kind"] == "parcel_sealed")
    assert sealed["enclosed"] == 1
    smime, method = sent(live, large.replace(MARIA.encode(), COLLEAGUE.encode(), 1), COLLEAGUE)
    assert method is Method.SMIME
    assert len(live.relayed(smime)[0].raw) > len(large)
    grown = {role: peak(live, role) - before[role] for role in before}
    assert grown["smtp"] <= LISTENER, grown
    assert grown["worker"] <= WORKER, grown


def test_peak_memory_of_a_mail_that_passes(live: Live) -> None:
    line = b"chairs,12,oak,in stock,ask for the blue ones\r\n"
    sent(live, mail(OFFICE, "The list is enclosed.\r\n", "text/csv", line * 200), OFFICE)
    before = {role: peak(live, role) for role in ("smtp", "worker")}
    whole = mail(OFFICE, "The list is enclosed.\r\n", "text/csv", line * (600_000 // len(line)))
    message, method = sent(live, whole, OFFICE)
    assert method is Method.PASS
    assert live.relayed(message)[0].raw.endswith(whole[-600_000:])
    assert peak(live, "smtp") - before["smtp"] <= LISTENER
    assert peak(live, "worker") - before["worker"] <= WORKER

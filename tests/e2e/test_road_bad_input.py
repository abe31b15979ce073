"""Bad input, end to end: each ends in a clear answer or a recorded reason, nothing leaves in clear and nothing is lost."""

from __future__ import annotations

import base64
import io
import os
import shutil
import smtplib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.domain.decision import HoldReason, Method
from gateway.domain.records import DeliveryRow
from gateway.domain.states import DeliveryState, MessageState
from tests.support.live import (
    COLLEAGUE,
    LETTER,
    MARIA,
    NEW_COLLEAGUE,
    OFFICE,
    ROOT,
    SENDER,
    Live,
    letter,
    living,
    until,
)
from tests.unit.seal.certificates import AT

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with living(tmp_path_factory.mktemp("bad") / "gate", "worker", "smtp") as running:
        running.certify()
        yield running


def outer(to: str, fields: str, body: bytes) -> bytes:
    return letter(to, "", subject="Papers").replace(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", fields.encode()
    ) + body  # fmt: skip


def parts(to: str) -> bytes:
    one = b"--b\r\nContent-Type: text/plain\r\n\r\nlunch\r\n"
    return outer(to, "Content-Type: multipart/mixed; boundary=b\r\n", one * 10_000 + b"--b--\r\n")


def nested(to: str) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one) for one in range(1000)
    )
    inner = b"Content-Type: text/plain\r\n\r\nlunch\r\n" + b"".join(
        b"--b%d--\r\n" % one for one in reversed(range(1000))
    )
    return letter(to, "").partition(b"Content-Type:")[0] + opening + inner


def messages(to: str) -> bytes:
    return (
        letter(to, "").partition(b"Content-Type:")[0]
        + b"Content-Type: message/rfc822\r\n\r\n" * 1000
        + b"Subject: x\r\n\r\nlunch\r\n"
    )


def bomb(to: str) -> bytes:
    """About 42 KB that unpack to gigabytes: sixteen archives of one archive of zeros."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros.txt", bytes(64 << 20))
    packed = inner.getvalue()
    for _ in range(2):
        layer = io.BytesIO()
        with zipfile.ZipFile(layer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}.zip", packed)
        packed = layer.getvalue()
    assert len(packed) < 100_000
    text = base64.encodebytes(packed).replace(b"\n", b"\r\n")
    return outer(to, "Content-Type: application/zip; name=papers.zip\r\nContent-Transfer-Encoding: base64\r\n", text)


def charset(to: str) -> bytes:
    return outer(
        to,
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n",
        b"lunch " + bytes(range(0x80, 0xC0)) + b" at noon\r\n",
    )


def no_such_charset(to: str) -> bytes:
    return outer(
        to,
        "Content-Type: text/plain; charset=x-klingon\r\nContent-Transfer-Encoding: 8bit\r\n",
        b"lunch " + bytes(range(0xC0, 0xFF)) + b" at noon\r\n",
    )


@pytest.mark.parametrize(
    ("make", "gap"),
    [(parts, "too_many_parts"), (nested, "too_deep"), (messages, "too_deep"), (bomb, "bomb"), (charset, "undecodable"), (no_such_charset, "undecodable")],
)  # fmt: skip
def test_what_cannot_be_read_is_a_recorded_gap_and_never_a_plain_send(live: Live, make: object, gap: str) -> None:
    assert callable(make)
    held = live.submit(make(OFFICE), OFFICE)
    sealed = live.submit(make(COLLEAGUE), COLLEAGUE)
    linked = live.submit(make(MARIA), MARIA)
    (copy,) = live.settled(held)
    assert (copy.state, copy.held_for) == (DeliveryState.HELD, HoldReason.INCOMPLETE)
    assert live.relayed(held) == []
    for message, method in ((sealed, Method.SMIME), (linked, Method.LINK)):
        (copy,) = live.settled(message)
        assert (copy.state, copy.method) == (DeliveryState.DELIVERED, method)
        assert b"lunch" not in live.relayed(message)[0].raw
    for message in (held, sealed, linked):
        (assessed,) = [one for one in live.events(message) if one["kind"] == "assessed"]
        assert gap in assessed["gaps"].split(",")
    assert "step failed" not in live.log("worker")


def refused_or_withheld(live: Live, data: bytes) -> None:
    """Either the door says why it does not take it, or what was taken ends in a named state without a plain send."""
    with smtplib.SMTP("127.0.0.1", live.ports["smarthost"], timeout=120) as session:
        session.ehlo()
        session.mail(SENDER, ["BODY=8BITMIME"])
        for one in (MARIA, COLLEAGUE, OFFICE):
            session.rcpt(one)
        code, text = session.data(data)
    if code != 250:
        assert code // 100 == 5
        assert text.split()[0].startswith(b"5.")
        assert len(text.split()) > 2
        return
    message = text.decode().split()[1]
    copies = live.settled(message)
    assert all(one.state in {DeliveryState.HELD, DeliveryState.DELIVERED} for one in copies), copies
    assert all(one.method not in {Method.PASS, Method.TLS} for one in copies if one.state is DeliveryState.DELIVERED)
    (assessed,) = [one for one in live.events(message) if one["kind"] == "assessed"]
    assert assessed["gaps"] or all(one.state is DeliveryState.HELD for one in copies)
    assert "step failed" not in live.log("worker")


def test_a_header_line_of_one_megabyte(live: Live) -> None:
    refused_or_withheld(live, letter(OFFICE, "lunch\r\n", extra=f"X-Long: {'x' * 1_000_000}\r\n"))


def test_a_folded_header_field_of_one_megabyte(live: Live) -> None:
    long = "\r\n ".join(["y" * 900] * 1100)
    refused_or_withheld(live, letter(OFFICE, "lunch\r\n", extra=f"X-Long: {long}\r\n"))


@pytest.mark.parametrize("where", ["header", "body", "text-and-html"])
def test_nul_bytes(live: Live, where: str) -> None:
    if where == "header":
        data = letter(OFFICE, "lunch\r\n", subject="Lunch", extra="X-Odd: a\0b\r\n")
    elif where == "body":
        data = letter(OFFICE, "lunch\0at\0noon" * 50 + "\r\n")
    else:
        data = letter(OFFICE, "lunch\r\n").replace(b"text/plain; charset=utf-8", b"text/html") + b"<p>a\0\0b</p>" * 50
    refused_or_withheld(live, data)


def test_a_binary_mail_without_any_header(live: Live) -> None:
    refused_or_withheld(live, bytes(range(128, 256)) * 40 + b"\r\n")


# -- certificates


KEY_REASONS = {
    "expired": "key.smime.expired", "no-san": "key.smime.untrusted", "other-san": "key.smime.untrusted",
    "no-certificate": "partner.treatment",
}  # fmt: skip


def reasons(live: Live, message: str) -> str:
    return str(next(one for one in live.events(message) if one["kind"] == "decided")["reasons"])


def link_instead(live: Live, to: str) -> tuple[DeliveryRow, str]:
    message = live.submit(letter(to), to)
    (copy,) = live.settled(message)
    assert b"Quintero" not in b"".join(one.raw for one in live.relayed(message))
    return copy, reasons(live, message)


@pytest.mark.parametrize("fault", ["expired", "no-san", "other-san", "no-certificate"])
def test_a_certificate_that_does_not_serve_makes_it_a_link_and_says_why(live: Live, fault: str) -> None:
    to = NEW_COLLEAGUE.replace("sam", f"sam.{fault}")
    if fault == "expired":
        live.certify(to, start=AT - timedelta(days=90), end=AT - timedelta(days=1))
    elif fault == "no-san":
        live.certify(to, san=[])
    elif fault == "other-san":
        live.certify(to, san=[x509.RFC822Name("somebody@elsewhere.example.com")])
    copy, why = link_instead(live, to)
    assert (copy.state, copy.method) == (DeliveryState.DELIVERED, Method.LINK)
    assert KEY_REASONS[fault] in why.split(",")


def test_a_key_folder_that_cannot_be_read_is_no_plain_send(live: Live) -> None:
    folder = live.folder / "certificates"
    away = folder.rename(live.folder / "away")
    try:
        copy, why = link_instead(live, COLLEAGUE)
        assert copy.method in {Method.LINK, None}
        assert "key.smime.unreachable" in why
    finally:
        away.rename(folder)


# -- configuration


def serve(live: Live, *roles: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "serve", "--config", str(live.config), "--roles", ",".join(roles)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_misspelt_policy_key_stops_serve_with_its_name(tmp_path: Path) -> None:
    gate = Live(tmp_path / "gate")
    try:
        policy = gate.folder / "policy.toml"
        policy.write_text(policy.read_text().replace("open_text", "open_txt"))
        done = serve(gate, "worker")
        assert done.returncode == 2
        assert "open_txt" in done.stderr
        assert "open_text" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        gate.stop()


def test_a_misspelt_configuration_key_stops_serve_with_its_name(tmp_path: Path) -> None:
    gate = Live(tmp_path / "gate")
    try:
        gate.config.write_text(gate.config.read_text().replace("[worker]", "[worker]\nthreds = 2"))
        done = serve(gate, "worker")
        assert done.returncode == 2
        assert "threds" in done.stderr
        assert "threads" in done.stderr
    finally:
        gate.stop()


# -- media


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if os.getuid() != 0 or mount is None:
        pytest.skip("A FULL DISK WAS NOT TRIED: that needs root to mount a small tmpfs")
    if subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", str(place)], check=False, capture_output=True
    ).returncode:
        pytest.skip("A FULL DISK WAS NOT TRIED: this machine lets nobody mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_promises_nothing_and_loses_nothing(small_disk: Path) -> None:
    with living(small_disk / "gate", "worker", "smtp") as gate:
        first = gate.submit(letter(MARIA), MARIA)
        gate.settled(first)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(65536))
        with gate.client() as session:
            session.mail(SENDER)
            session.rcpt(MARIA)
            try:
                code, text = session.data(letter(MARIA, LETTER + "x" * 300_000 + "\r\n"))
            except smtplib.SMTPDataError as refused:
                code, text = refused.smtp_code, refused.smtp_error
            assert code // 100 == 4, text
        filler.unlink()
        if "smtp" in gate.processes:
            gate.end("smtp")  # a medium that failed a sync is not trusted again by the same process
        gate.start("smtp")
        second = gate.submit(letter(MARIA), MARIA)
        (copy,) = gate.settled(second)
        assert copy.state is DeliveryState.DELIVERED
        assert gate.message(first).state is MessageState.SETTLED
        assert len(gate.relayed(first)) == len(gate.relayed(second)) == 1


@pytest.mark.parametrize("what", ["keys", "shelf"])
def test_a_read_only_key_folder(tmp_path: Path, what: str) -> None:
    """Mounted read-only, for root writes everywhere else."""
    gate = Live(tmp_path / "gate")
    place = gate.folder / what
    gate.start("worker", "smtp")
    first = gate.submit(letter(MARIA), MARIA)
    gate.settled(first)
    gate.end("worker")
    commands = (["mount", "--bind", str(place), str(place)], ["mount", "-o", "remount,bind,ro", str(place)])
    try:
        if os.getuid() != 0 or any(
            subprocess.run(one, check=False, capture_output=True).returncode for one in commands
        ):
            pytest.skip("A READ-ONLY KEY FOLDER WAS NOT TRIED: that needs root and mount")
        second = gate.submit(letter(MARIA), MARIA)
        gate.start("worker")
        if what == "keys":  # nothing writes there: all goes on
            (copy,) = gate.settled(second)
            assert copy.state is DeliveryState.DELIVERED
        else:  # no pepper can be laid down, so no link may leave; the mail waits
            until(lambda: "step failed" in gate.log("worker") or "store.unavailable" in gate.log("worker"))
            assert gate.relayed(second) == []
            assert gate.message(second).state in {MessageState.RECEIVED, MessageState.ASSESSED}
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
    if what == "shelf":
        (copy,) = gate.settled(second)
        assert copy.state is DeliveryState.DELIVERED
    assert len(gate.relayed(second)) == 1
    gate.stop()

"""Marked patient data goes through the whole system, in real processes, and may lie nowhere it should not.

During (received, held, ready, waiting for a retry, sealed in a parcel) and after (settled, opened, refused). With the
sealing wrapper switched off the same probe finds the marks, so it is not blind.
"""

from __future__ import annotations

import base64
import io
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from gateway.adapters.clock import SystemClock
from gateway.domain.decision import HoldReason
from gateway.domain.protected import Protected
from gateway.domain.states import DeliveryState, MessageState
from gateway.ports.relay import Outcome, Reply
from gateway.ports.vault import Seal
from gateway.seal.columns import Columns
from gateway.seal.objects import ObjectSealer
from tests.support.home import DOCTOR, Home, mail
from tests.support.killed_role import Nursery
from tests.support.probe import Hit, forms, in_bytes, in_tree

GIVEN, FAMILY, MRN = "Zyphora", "Quandlebrook", "MRN-90417731"
ADDRESS, WITHOUT = "zyphora.quandlebrook@example.net", "bartolph.venningsly@example.com"
SUBJECT_MARK, BODY_MARK, FILE_MARK, NAME_MARK = "Kestrelwhim", "glimmerfenosis", "vortexbramble", "Marlinquote"
MARKS = [GIVEN, FAMILY, "90417731", "zyphora.quandlebrook", "bartolph.venningsly", "Bartolph", "Venningsly",
         SUBJECT_MARK, BODY_MARK, FILE_MARK, NAME_MARK]  # fmt: skip
BODY = f"Dear {GIVEN} {FAMILY},\n\nyour {BODY_MARK} and diabetes: take metformin. {MRN}.\n"


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("results.txt", f"{FAMILY} has {FILE_MARK}. " * 50)
    return out.getvalue()


def letter(to: str, number: int = 1) -> bytes:
    files = [(f"{NAME_MARK}.csv", "text/csv", f"name,value\r\n{FAMILY},{FILE_MARK}\r\n".encode()),
             (f"{NAME_MARK}.zip", "application/zip", archive())]  # fmt: skip
    return mail(to, f"{SUBJECT_MARK} for {GIVEN}", BODY, files=files, number=number)


def live(root: Path, clock: SystemClock | None = None) -> Home:
    home = Home(root, sandbox=True, clock=clock)
    home.zyphora = home.patient(GIVEN, FAMILY, MRN, ADDRESS, phone="555-0177")
    home.consent(home.zyphora, ADDRESS)
    home.patient("Bartolph", "Venningsly", "MRN-90417732", WITHOUT)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with live(tmp_path) as one:
        yield one


def places(home: Home) -> list[Path]:
    """All that the gateway keeps, but the next hop's own folder: what went there has left."""
    return [home.root]


def nothing_in(home: Home, when: str) -> None:
    assert (home.root / "data" / "sealgate.db").exists()
    assert in_tree(places(home), MARKS) == [], when


@pytest.mark.proves("rest.canary")
def test_the_probe_finds_every_form() -> None:
    for form, found in forms(FAMILY).items():
        for one in found:
            assert [hit.form for hit in in_bytes(b"xx" + one + b"yy", [FAMILY], "here")] == [form]
    for shift in range(3):
        coded = base64.b64encode(b"q" * shift + FAMILY.encode() + b"rest")
        assert [hit.form for hit in in_bytes(coded, [FAMILY], "here")] == ["base64"]
    packed = b"head" + zlib.compress(f"a long text about {FAMILY}".encode())
    assert {hit.form for hit in in_bytes(packed, [FAMILY], "here")} == {"deflate/raw"}
    assert {hit.form for hit in in_bytes(archive(), [FILE_MARK], "here")} == {"deflate/raw"}
    assert list(in_bytes(b"nothing of it", [FAMILY], "here")) == []


@pytest.mark.proves("rest.canary", "rest.message-content")
def test_nothing_lies_open_at_any_step(home: Home) -> None:
    home.hop.answers[ADDRESS] = [Reply(Outcome.TEMPORARY, 451, "4.3.0", text=f"greylisted {ADDRESS}")]
    message = home.submit(letter(ADDRESS), ADDRESS)
    nothing_in(home, "received")
    home.assess()
    assert home.delivery(message).state is DeliveryState.READY
    nothing_in(home, "ready")
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    nothing_in(home, "waiting for the next hop")
    held = home.submit(letter(WITHOUT, 2), WITHOUT)
    home.settle()
    assert home.delivery(held).held_for in {HoldReason.CONSENT, HoldReason.PATIENT_NOT_RECIPIENT}
    nothing_in(home, "held")
    home.hop.answers.clear()
    home.later(120)
    nothing_in(home, "delivered, settled and archived")
    assert home.message(message).state is MessageState.SETTLED
    [sent] = [one for one in home.sent(ADDRESS) if "/m/" in one.text]
    cookie = home.prove(sent.token())
    assert BODY_MARK in home.pickup.view(cookie).text
    nothing_in(home, "while a browser reads it")
    assert FILE_MARK.encode() in b"".join(home.pickup.stream(cookie, 0).chunks)
    home.pickup.log_off(cookie)
    home.settle()
    nothing_in(home, "opened")
    home.later(15 * 24 * 3600)
    assert home.message(held).state is MessageState.SETTLED
    nothing_in(home, "refused after its time")


def test_what_left_in_the_open_has_only_the_address(home: Home) -> None:
    home.submit(letter(ADDRESS), ADDRESS)
    held = home.submit(letter(WITHOUT, 2), WITHOUT)
    home.settle()
    home.rooms.review.refuse(held, "ann", "wrong person")
    home.settle()
    # The invented disease is in no lexicon; the real words beside it are.
    addresses = {"zyphora.quandlebrook", "bartolph.venningsly"}
    words = [*(one for one in MARKS if one not in {BODY_MARK, *addresses}), "diabetes", "metformin"]
    for sent in home.sent():
        # An address is written as it must be; the names in it are not counted against the body.
        raw = sent.raw.lower().replace(ADDRESS.encode(), b"").replace(WITHOUT.encode(), b"")
        assert list(in_bytes(raw, [one.lower() for one in words], sent.name)) == []
        assert list(in_bytes(raw, words, sent.name)) == []
    assert {DOCTOR, ADDRESS} <= {one.recipient for one in home.sent()}


@pytest.mark.proves("rest.canary")
def test_logs_temp_and_data_of_real_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temp, log = tmp_path / "tmp", tmp_path / "stderr"
    temp.mkdir()
    monkeypatch.setenv("TMPDIR", str(temp))
    with live(tmp_path / "home", SystemClock()) as home:  # type: ignore[arg-type]
        (home.root / "data" / "outbox").mkdir(exist_ok=True)
        message = home.submit(letter(ADDRESS), ADDRESS)
        held = home.submit(letter(WITHOUT, 2), WITHOUT)
        broken = home.submit(letter(ADDRESS, 3), ADDRESS)
        home.sql("UPDATE objects SET commitment = zeroblob(32) WHERE id = ?", broken)
        nursery = Nursery(log)
        try:
            nursery.start("worker", home.root / "sealgate.toml")
            nursery.ready()
            seen: list[Hit] = []
            until = time.monotonic() + 120
            while time.monotonic() < until:
                with suppress(FileNotFoundError):
                    seen += in_tree([temp], MARKS)
                states = {home.message(one).state for one in (message, held, broken)}
                if states == {MessageState.SETTLED, MessageState.HELD, MessageState.STUCK}:
                    break
                time.sleep(0.02)
            nursery.stop()
        finally:
            nursery.close()
        assert states == {MessageState.SETTLED, MessageState.HELD, MessageState.STUCK}
        assert seen == []
        assert in_tree([temp, *places(home)], MARKS) == []
        assert list(in_bytes(log.read_bytes(), MARKS, "stderr")) == []
        assert not [one for one in home.root.iterdir() if one.name.startswith("core")]


class OpenSealer(ObjectSealer):
    """The sealing wrapper switched off: what is written is what was given."""

    def update(self, data: bytes) -> bytes:
        super().update(data)
        return data

    def finalize(self) -> bytes:
        return b""


@pytest.mark.proves("rest.canary")
def test_without_the_sealing_wrapper_the_probe_finds_the_marks(tmp_path: Path) -> None:
    with mock.patch("gateway.adapters.blobs.sealing.ObjectSealer", OpenSealer), live(tmp_path) as home:
        message = home.submit(letter(ADDRESS), ADDRESS)
        found = in_tree(places(home), MARKS)
    assert {hit.mark for hit in found} >= {GIVEN, FAMILY, "90417731", SUBJECT_MARK, BODY_MARK, NAME_MARK}
    assert all(message in hit.place for hit in found)
    # The attachments travel in base64 at whatever offset.
    assert {hit.form for hit in found if hit.mark == FILE_MARK} & {"base64"}


@pytest.mark.proves("rest.sealed-columns")
def test_without_sealed_columns_the_probe_finds_the_register(tmp_path: Path) -> None:
    with mock.patch.object(Columns, "seal", lambda self, column, row_id, value: value):
        one = Home(tmp_path)
        with mock.patch.object(Columns, "open", lambda self, column, row_id, value: value):
            one.patient(GIVEN, FAMILY, MRN, ADDRESS)
        found = in_tree([one.root], MARKS)
        one.close()
    assert {hit.mark for hit in found} >= {GIVEN, FAMILY, "90417731", "zyphora.quandlebrook"}


def test_a_key_is_never_written_beside_what_it_opens(home: Home) -> None:
    keys: list[bytes] = []
    create = home.vault.create

    def watched(object_id: str, purpose: Seal, part: str = ""):
        writer = create(object_id, purpose, part)
        finish = writer.finish

        def finished():
            sealed = finish()
            keys.append(sealed.key.reveal())
            return sealed

        writer.finish = finished
        return writer

    with mock.patch.object(home.vault, "create", watched):
        home.submit(letter(ADDRESS), ADDRESS)
        home.settle()
    token = home.sent(ADDRESS)[0].token()
    assert len(keys) >= 4
    secrets = [one[:32] for one in keys] + [one[32:] for one in keys] + [base64.urlsafe_b64decode(token + "=")]
    for path in home.root.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for one in secrets:
            assert one not in data
            assert one.hex().encode() not in data
            assert base64.b64encode(one)[:40] not in data
    assert token.encode() not in (home.root / "data" / "sealgate.db").read_bytes()
    assert "[secret" in repr(Protected(b"x")) or "x" not in repr(Protected(b"x")).replace("Protected", "")
    assert replace(home.zyphora).given not in repr(home.zyphora)

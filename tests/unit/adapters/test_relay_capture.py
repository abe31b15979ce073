"""The capture folder: whole mails or none, private files, numbers that go on after a restart."""

from __future__ import annotations

import json
import os
import stat

import pytest

from gateway.adapters.relay import RelayOptions, choose_relay
from gateway.domain.errors import ConfigError, LeaseLost
from gateway.ports.relay import Outcome
from tests.unit.adapters.relay_peer import consignment


def nothing() -> None:
    return None


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "caught"


def relay_in(folder):
    return choose_relay(f"capture://{folder}", RelayOptions(new_id=lambda: "abc"))


def test_mail_and_envelope_are_private_files(folder):
    relay = relay_in(folder)
    reply = relay.deliver(consignment([b"Subject: x\r\nX-Seal", b"gate-Id: 01m-x\r\n\r\n.dot\r\n"]), nothing)
    assert (reply.outcome, reply.stored) == (Outcome.ACCEPTED, "250 2.0.0")
    assert sorted(path.name for path in folder.iterdir()) == ["1-01m-x.eml", "1-01m-x.json"]
    assert (folder / "1-01m-x.eml").read_bytes() == b"Subject: x\r\nX-Sealgate-Id: 01m-x\r\n\r\n.dot\r\n"
    assert json.loads((folder / "1-01m-x.json").read_text()) == {
        "sender": "lee@practice.example", "recipient": "b@example.net", "smtputf8": False, "size": 42,
    }  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_id_in_the_body_or_an_odd_one_names_no_file(folder):
    relay = relay_in(folder)
    relay.deliver(consignment(b"Subject: x\r\n\r\nX-Sealgate-Id: body\r\n"), nothing)
    relay.deliver(consignment(b"X-Sealgate-Id: ../../etc/passwd\r\n\r\n", sender=None), nothing)
    assert sorted(path.name for path in folder.glob("*.eml")) == ["1-abc.eml", "2-abc.eml"]
    assert json.loads((folder / "2-abc.json").read_text())["sender"] == ""


def test_numbers_go_on_after_a_restart(folder):
    relay_in(folder).deliver(consignment(), nothing)
    relay_in(folder).deliver(consignment(), nothing)
    assert sorted(path.name for path in folder.glob("*.eml")) == ["1-abc.eml", "2-abc.eml"]


def test_withheld_consent_and_failed_bodies_leave_nothing(folder):
    relay = relay_in(folder)

    def lost() -> None:
        assert [path.suffix for path in folder.iterdir()] == [".part"]
        raise LeaseLost("x")

    def broken():
        yield b"half"
        raise LeaseLost("y")

    with pytest.raises(LeaseLost):
        relay.deliver(consignment(), lost)
    with pytest.raises(LeaseLost):
        relay.deliver(consignment(broken()), nothing)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone_is_temporary(folder):
    relay = relay_in(folder)
    folder.rmdir()
    assert relay.deliver(consignment(), nothing).stored == "452 4.3.1"
    folder.mkdir()
    assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED


def test_a_disk_that_fails_at_the_end_is_temporary(folder, monkeypatch):
    relay = relay_in(folder)

    def fail(*_: object) -> None:
        raise OSError(28, "full")

    asked = []

    def consent() -> None:
        asked.append(1)
        monkeypatch.setattr(os, "fsync", fail)

    assert relay.deliver(consignment(), consent).outcome is Outcome.TEMPORARY
    assert asked == [1]
    assert list(folder.iterdir()) == []


def test_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError):
        choose_relay(f"capture://{tmp_path}/file")


def test_two_workers_in_one_folder_never_replace_each_others_mail(folder):
    first, second = relay_in(folder), relay_in(folder)
    body = b"X-Sealgate-Id: 01m\r\n\r\n"
    for relay, text in ((first, b"one\r\n"), (second, b"two\r\n")):
        assert relay.deliver(consignment(body + text), nothing).outcome is Outcome.ACCEPTED
    assert {path.read_bytes()[-5:] for path in folder.glob("*.eml")} == {b"one\r\n", b"two\r\n"}
    assert sorted(path.name for path in folder.iterdir()) == ["1-01m.eml", "1-01m.json", "2-01m.eml", "2-01m.json"]

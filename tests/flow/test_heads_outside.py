"""Signed heads in every place outside: a file, a log server, a mail. `audit verify --head` reads each of those forms."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.heads import append, last_kept, read_heads, read_kept
from gateway.adapters.heads_syslog import send
from gateway.app.outside import signed_by
from gateway.config.model import Settings
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, IntegrityError, StoreUnavailable
from gateway.flow.audit_verify import verify
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept, found_in, in_force, text
from tests.support.fakes import START
from tests.support.home import LUNCH, OFFICE, Home, mail

pytestmark = pytest.mark.proves("log.heads", "log.verify")
OUTSIDE = "auditor@elsewhere.example"


def with_audit(**changes: object) -> Callable[[Settings], Settings]:
    def change(one: Settings) -> Settings:
        return one.model_copy(update={"audit": one.audit.model_copy(update=changes)})

    return change


def proves(home: Home, outside: Path) -> None:
    """What was kept there proves the log, and finds a row that was changed with everything the database itself has."""
    holds = signed_by(home.keys.calendar)
    kept = read_kept(outside)
    assert kept
    report = verify(home.store, holds, kept)
    assert report.ok, report.problems
    assert "Without a head" not in " ".join(report.cannot_prove)
    home.sql("DELETE FROM audit WHERE leaf >= ?", kept[-1].head.size - 1)
    home.sql("DELETE FROM audit_heads WHERE size >= ?", kept[-1].head.size)
    assert any("rows were cut" in one for one in verify(home.store, holds, kept).problems)


def test_a_log_server_gets_each_head_as_a_line_of_rfc_5424(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        url = f"udp://127.0.0.1:{server.getsockname()[1]}"
        with Home(tmp_path, settings=with_audit(head_syslog=url)) as home:
            home.people()
            home.later(60)
            home.later(60)
            lines = [server.recv(4096)]
            server.settimeout(0.2)
            try:
                while True:
                    lines.append(server.recv(4096))
            except TimeoutError:
                pass
            assert lines[-1].startswith(b"<109>1 20")
            assert b" sealgate " in lines[-1]
            file = tmp_path / "syslog"
            other = b"<13>1 2026-03-02T09:00:00Z host cron 1 - - {not a head}"
            file.write_bytes(b"\n".join([other, *lines, other]) + b"\n")
            assert read_kept(file) == read_kept(home.root / "audit-heads.jsonl")
            proves(home, file)


@pytest.mark.parametrize("scheme", ["unix", "tcp"])
def test_heads_go_to_a_local_socket_and_by_tcp(tmp_path: Path, scheme: str) -> None:
    kept = Kept(HeadRow(3, bytes(32), START, b"s" * 64))
    got: list[bytes] = []
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(tmp_path / "log"))
            send(f"unix://{tmp_path}/log", kept, START)
            got.append(server.recv(4096))
    else:
        with socket.create_server(("127.0.0.1", 0)) as server:
            taker = threading.Thread(target=lambda: got.append(server.accept()[0].recv(4096)))
            taker.start()
            send(f"tcp://127.0.0.1:{server.getsockname()[1]}", kept, START)
            taker.join(60)
        size, _, rest = got[0].partition(b" ")
        assert int(size) == len(rest)
    assert found_in(got[0].partition(b"<")[2]) == [kept]
    with pytest.raises(StoreUnavailable):
        send(f"unix://{tmp_path}/nobody", kept, START)
    with pytest.raises(ConfigError):
        send("http://loghost", kept, START)


def test_a_head_that_the_log_server_does_not_take_is_tried_again(tmp_path: Path) -> None:
    with Home(tmp_path, settings=with_audit(head_syslog=f"unix://{tmp_path}/log")) as home:
        home.later(60)
        assert not (home.root / "audit-heads.jsonl").exists()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(tmp_path / "log"))
            home.later(60)
        assert read_heads(home.root / "audit-heads.jsonl")


def test_the_newest_head_is_mailed_now_and_then_and_the_saved_mail_proves(tmp_path: Path) -> None:
    audit = with_audit(head_mail=Address.parse(OUTSIDE), head_mail_every=timedelta(hours=6))
    with Home(tmp_path, settings=audit) as home:
        home.people()
        home.later(60)
        home.later(60)
        assert len(home.sent(OUTSIDE)) == 1
        home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.later(60)
        home.later(60)
        assert len(home.sent(OUTSIDE)) == 1, "not more often than it should"
        home.later(timedelta(hours=7))
        home.later(60)
        sent = home.sent(OUTSIDE)
        assert len(sent) == 2
        assert str(sent[1].parsed["Subject"]).startswith("Signed head of the gateway's log")
        for one in sent:
            assert "Lunch" not in one.text
            assert OFFICE not in one.text
        saved = tmp_path / "saved.eml"
        saved.write_bytes(sent[1].raw)
        proves(home, saved)


def test_a_quiet_log_is_not_mailed_again_for_its_own_mail(tmp_path: Path) -> None:
    audit = with_audit(head_mail=Address.parse(OUTSIDE), head_mail_every=timedelta(hours=6))
    with Home(tmp_path, settings=audit) as home:
        for _ in range(3):
            home.later(60)
        count = len(home.sent(OUTSIDE))
        home.sql("UPDATE settings SET value = replace(value, '2026', '2126') WHERE name = 'head_mailed'")
        home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.later(60)
        home.later(60)
        assert len(home.sent(OUTSIDE)) == count + 1, "a time in the future does not keep a mail from going"


def test_forms(tmp_path: Path) -> None:
    kept = [Kept(HeadRow(size, bytes([size]) * 32, START, b"s" * 64)) for size in (1, 5, 9)]
    file = tmp_path / "heads"
    for one in kept:
        append(file, Kept(one.head))
        append(file, Kept(one.head))
    assert read_kept(file) == kept, "the same head twice in a row is one line"
    assert last_kept(file) == kept[-1]
    assert last_kept(tmp_path / "none") is None
    accepted = Kept(HeadRow(5, bytes([5]) * 32, START, b"a" * 64), accepted=True)
    append(file, accepted)
    assert last_kept(file) == accepted
    assert [one.size for one in in_force(read_kept(file))] == [1, 5, 5]
    wrapped = f"From: a@example.org\r\nSubject: x\r\n\r\n{text(kept[0])}\r\n".encode()
    assert found_in(wrapped) == [kept[0]]
    assert found_in(b"nothing of the kind") == []
    with pytest.raises(IntegrityError, match="line 2"):
        found_in(text(kept[0]).encode() + b"\n{}\n")

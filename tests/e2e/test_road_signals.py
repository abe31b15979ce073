"""`sealgate serve` as an administrator knows it: signals, a policy that changes, a worker that dies; and bounces coming in."""

from __future__ import annotations

import re
import signal
import smtplib
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateway.domain.decision import Method
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from tests.support.live import MARIA, OFFICE, Live, letter, until
from tests.support.portal_house import Browser

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    gate = Live(tmp_path_factory.mktemp("serve") / "gate")
    gate.run("serve", [sys.executable, "-m", "gateway", "serve", "--config", str(gate.config)])
    try:
        roles: dict[str, int] = {}
        while len(roles) < 4:
            roles |= hear(gate)
        yield gate
    finally:
        gate.stop()


def hear(gate: Live) -> dict[str, int]:
    """One role says that it is ready: its name and process."""
    said = gate.event("serve")
    assert said["event"] == "ready"
    gate.ports |= {profile: ports[0] for profile, ports in said["ports"].items()}
    return {said["role"]: said["pid"]}


def child(gate: Live, role: str) -> psutil.Process:
    parent = psutil.Process(gate.processes["serve"].pid)
    return next(one for one in parent.children() if role in one.cmdline())


def runs(pid: int) -> bool:
    """Whether that process has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def rules(gate: Live) -> list[tuple[str, str]]:
    with gate.home.store().begin() as uow:
        events = [row.event for row in uow.audit.of_message("")]
    return [(one.kind.value, str(one.data.get("version", ""))) for one in events if one.kind.value.startswith("policy")]


def test_a_bounce_closes_the_delivery_and_other_addresses_get_550(live: Live) -> None:
    message = live.submit(letter(MARIA), MARIA)
    (copy,) = live.settled(message)
    (mail,) = live.relayed(message)
    assert re.fullmatch(r"bounce\+[a-z0-9]{26}\.[0-9a-f]{24,32}@secure\.willow\.example\.org", mail.sender)
    report = (
        "From: MAILER-DAEMON@hop.example.net\r\nTo: <{to}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n'
        "--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; hop.example.net\r\n\r\nFinal-Recipient: rfc822; {who}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--r--\r\n"
    )  # fmt: skip
    with smtplib.SMTP("127.0.0.1", live.ports["inbound"], timeout=60) as session:
        session.ehlo()
        assert session.mail("")[0] == 250
        front, _, tag = mail.sender.partition(".")
        wrong = f"{front}.{'1' if tag[0] == '0' else '0'}{tag[1:]}"
        for other in (
            "postmaster@elsewhere.example.org",
            "lee@secure.willow.example.org",
            wrong,
            "dr.lee@willow.example.org",
        ):
            code, text = session.rcpt(other)
            assert code == 550, (other, text)
        assert session.rcpt(mail.sender)[0] == 250
        code, text = session.data(report.format(to=mail.sender, who=MARIA).encode())
        assert code == 250, text
    until(lambda: live.deliveries(message)[0].state is DeliveryState.FAILED)
    bounced = next(one for one in live.events(message) if one["kind"] == "bounced")
    assert (bounced["action"], bounced["status"]) == ("failed", "5.1.1")
    with live.home.store().begin() as uow:
        parcel = uow.parcels.of_delivery(copy.id)
    assert parcel is not None
    assert parcel.state is ParcelState.CLOSED
    token = re.search(rb"/m/([A-Za-z0-9_-]+)", mail.raw)
    assert token
    browser = Browser(live.portal)
    assert "secure message" not in browser.get(f"/m/{token.group(1).decode()}").text.lower().split("<main", 1)[-1][:200]
    dsn = until(
        lambda: [one for one in live.captured() if b"delivery-status" in one.raw and message.encode() in one.raw]
    )
    assert dsn[0].recipient == "dr.lee@willow.example.org"


def test_sighup_loads_a_policy_and_a_bad_one_keeps_the_old(live: Live) -> None:
    place = live.folder / "policy.toml"
    good = place.read_text()
    place.write_text(good.replace("[sensitive]", "[sensitiv]", 1))
    live.processes["serve"].send_signal(signal.SIGHUP)
    until(lambda: [one for one in rules(live) if one[0] == "policy_rejected"], why=live.log("serve"))
    until(lambda: "sensitiv" in live.log("serve"), why="the log's line comes after the row")
    message = live.submit(letter(OFFICE, "Lunch?\r\n", subject="Lunch"), OFFICE)
    assert live.settled(message)[0].method is Method.PASS
    rule = '\n[[rule]]\nname = "no-lunch"\nwhen = { recipient_domain = ["supplies.example.com"] }\nthen = { action = "hold" }\n'
    place.write_text(good + rule)
    live.processes["serve"].send_signal(signal.SIGHUP)
    until(lambda: [one for one in rules(live) if one[0] == "policy_loaded"], why=live.log("serve"))
    message = live.submit(letter(OFFICE, "Lunch?\r\n", subject="Lunch"), OFFICE)
    assert live.settled(message)[0].state is DeliveryState.HELD
    place.write_text(good)
    live.processes["serve"].send_signal(signal.SIGHUP)
    until(lambda: len([one for one in rules(live) if one[0] == "policy_loaded"]) > 1)


def test_a_worker_that_dies_while_the_policy_is_wrong_takes_no_door_with_it(live: Live) -> None:
    place = live.folder / "policy.toml"
    good = place.read_text()
    place.write_text(good.replace("[sensitive]", "[sensitiv]", 1))
    child(live, "worker").send_signal(signal.SIGKILL)
    until(lambda: '"status": 2' in live.log("serve"), why="the worker was started again and could not")
    message = live.submit(letter(MARIA), MARIA)
    assert live.message(message).state is MessageState.RECEIVED
    place.write_text(good)
    role = hear(live)
    assert set(role) == {"worker"}
    assert all(one.state is DeliveryState.DELIVERED for one in live.settled(message))


def test_a_killed_worker_is_started_again_and_nothing_is_lost(live: Live) -> None:
    before = child(live, "worker")
    messages = [live.submit(letter(MARIA), MARIA) for _ in range(3)]
    before.send_signal(signal.SIGKILL)
    messages += [live.submit(letter(MARIA), MARIA) for _ in range(2)]
    role = hear(live)
    assert role["worker"] != before.pid
    waiting = [one for one in messages if live.message(one).state is not MessageState.SETTLED]
    for one in messages[3:]:
        assert live.settled(one)[0].state is DeliveryState.DELIVERED
    # A step that was in the dead worker's hands comes back when its lease ends: nothing is lost, nothing left in clear.
    for one in waiting[: len(messages)]:
        assert live.message(one).record or live.message(one).state is MessageState.SETTLED
    assert all(b"Quintero" not in mail.raw for one in messages for mail in live.relayed(one))


def test_sigterm_drains_and_ends_every_role(tmp_path: Path) -> None:
    gate = Live(tmp_path / "gate")
    gate.run(
        "serve", [sys.executable, "-m", "gateway", "serve", "--config", str(gate.config), "--roles", "worker,smtp"]
    )
    try:
        roles: dict[str, int] = {}
        while len(roles) < 2:
            roles |= hear(gate)
        pids = [one.pid for one in psutil.Process(gate.processes["serve"].pid).children(recursive=True)]
        messages = [gate.submit(letter(MARIA), MARIA) for _ in range(5)]
        assert gate.end("serve") == 0, "it ended by itself, before anybody lost patience"
        until(lambda: not any(map(runs, pids)), why="what the roles started ends with them")
        assert all(
            gate.message(one).state in {MessageState.RECEIVED, MessageState.ASSESSED, MessageState.SETTLED}
            for one in messages
        )
        gate.start("worker")
        for one in messages:
            (copy,) = gate.settled(one)
            assert copy.state is DeliveryState.DELIVERED
            assert len(gate.relayed(one)) == 1
    finally:
        gate.stop()

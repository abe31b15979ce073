"""kill -9 at each numbered step of intake, assess, dispatch and settle, in real processes, one death at a time.

All roles, all steps, under load: test_kill_matrix.py.

What got its 250 ends exactly as it was decided; nothing leaves in clear that must not; a duplicate appears only where SMTP
cannot avoid it (after the relay's last reply, before it was recorded), and carries the same Message-ID.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.adapters.clock import SystemClock
from gateway.domain.decision import Method
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from tests.support.home import DOCTOR, GRACE, LUNCH, MARIA, OFFICE, RESULTS, Home, Sent, mail
from tests.support.killed_role import Nursery
from tests.support.patience import until

PASSWORD = "correct horse battery"
WORKER_POINTS = [
    *(f"assess.{n}" for n in (1, 2, 3)), *(f"dispatch.{n}" for n in (1, 2, 3, 4, 5)), *(f"settle.{n}" for n in (1, 2)),
]  # fmt: skip
pytestmark = pytest.mark.proves("lost.kill-matrix", "once.in-doubt")
DOUBTFUL = "dispatch.4"
"""The next hop has taken it and nobody has written it down: the one place where a second copy is unavoidable."""


@dataclass
class Kind:
    """One sort of mail, how it must leave, and what may not be read on the way."""

    to: str
    method: Method
    body: str
    secrets: tuple[bytes, ...] = field(default=())


KINDS = {
    "link": Kind(MARIA, Method.LINK, RESULTS, (b"diabetes", b"Quintero", b"4471203")),
    "smime": Kind(GRACE, Method.SMIME, RESULTS, (b"diabetes", b"Quintero", b"4471203")),
    "pass": Kind(OFFICE, Method.PASS, LUNCH),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("killed"), clock=SystemClock()) as one:
        one.people()
        one.add_certificate(GRACE)
        one.inst.users().add("lee", PASSWORD, [DOCTOR], ["treatment"])
        yield one


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    one = Nursery(tmp_path_factory.mktemp("nursery") / "stderr")
    yield one
    one.close()


def config(home: Home) -> Path:
    return home.root / "sealgate.toml"


def leases_run_out(home: Home) -> None:
    """As if the dead worker's lease had ended; a real one lasts half an hour."""
    home.sql("UPDATE jobs SET lease_until = 1 WHERE lease_until IS NOT NULL")


def finished(home: Home, message: str, kind: Kind) -> list[Sent]:
    """Let a healthy worker take over; the message must end as decided. Returns what left."""
    leases_run_out(home)
    home.settle()
    row = home.message(message)
    assert row.state is MessageState.SETTLED
    delivery = home.delivery(message)
    assert (delivery.method, delivery.state) == (kind.method, DeliveryState.DELIVERED)
    left = [one for one in home.sent(kind.to) if message.encode() in one.raw]
    assert left, "an accepted message was lost"
    assert len({one.message_id for one in left}) == 1, "a duplicate has another Message-ID"
    for one in left:
        for secret in kind.secrets:
            assert secret not in one.raw
        if kind.method is Method.PASS:
            assert kind.body.encode() in one.raw
    return left


def strangers(home: Home) -> None:
    """Nobody but those addressed, and the sender, ever got a mail."""
    assert {one.recipient for one in home.sent()} <= {MARIA, GRACE, OFFICE, DOCTOR}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("point", WORKER_POINTS)
def test_a_worker_dies(home: Home, nursery: Nursery, point: str, name: str) -> None:
    kind = KINDS[name]
    message = home.submit(mail(kind.to, "Results", kind.body), kind.to)
    nursery.start("worker", config(home), point)
    assert nursery.ended() == -9, f"{point} was not reached"
    left = finished(home, message, kind)
    assert len(left) == (2 if point == DOUBTFUL else 1)
    states = [one.state for one in home.attempts(home.delivery(message).id)]
    told = [data["duplicate_possible"] for what, data in home.events(message) if data.get("state") == "abandoned"]
    if point in {"dispatch.1", "dispatch.2", "dispatch.3", "dispatch.4"}:
        assert states == [AttemptState.ABANDONED, AttemptState.DELIVERED]
        assert told == [point in {"dispatch.3", "dispatch.4"}]
    else:
        assert states == [AttemptState.DELIVERED]
        assert told == []
    if name == "link":
        assert home.open_link(left[-1]).text.startswith("Dear Maria Quintero")
    strangers(home)


def send(port: int, kind: Kind) -> bool:
    """Submit by SMTP; True if the door said 250."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError, smtplib.SMTPException):
        client = smtplib.SMTP("127.0.0.1", port, timeout=60)
        try:
            client.starttls(context=context)
            client.login("lee", PASSWORD)
            client.sendmail(DOCTOR, [kind.to], mail(kind.to, "Results", kind.body))
        finally:
            client.close()
        return True
    return False


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("point", ["intake.1", "intake.2", "intake.3"])
def test_the_door_dies(home: Home, nursery: Nursery, point: str, name: str) -> None:
    kind = KINDS[name]
    before = {row for (row,) in home.sql("SELECT id FROM messages")}
    nursery.start("smtp", config(home), point)
    assert not send(nursery.ready()["submission"][0], kind)
    assert nursery.ended() == -9, f"{point} was not reached"
    new = {row for (row,) in home.sql("SELECT id FROM messages")} - before
    # Nothing was promised. What was committed all the same is whole, and travels like any other.
    assert len(new) == (1 if point == "intake.3" else 0)
    for message in new:
        assert len(finished(home, message, kind)) == 1
    strangers(home)


def test_the_door_says_250_and_the_mail_arrives(home: Home, nursery: Nursery) -> None:
    kind, before = KINDS["link"], {row for (row,) in home.sql("SELECT id FROM messages")}
    nursery.start("smtp", config(home))
    assert send(nursery.ready()["submission"][0], kind)
    assert nursery.stop() == 0
    [message] = {row for (row,) in home.sql("SELECT id FROM messages")} - before
    assert len(finished(home, message, kind)) == 1


def test_a_lease_ends_by_itself_and_another_process_takes_over(home: Home, nursery: Nursery) -> None:
    kind = KINDS["link"]
    message = home.submit(mail(kind.to, "Results", kind.body), kind.to)
    short = {"worker": {"poll": 0.02, "lease": 2.0}, "relay": {"final": 0.5}}
    nursery.start("worker", config(home), "dispatch.2", sections=short)
    assert nursery.ended() == -9
    nursery.start("worker", config(home), sections=short)
    nursery.ready()
    until(lambda: home.message(message).state is MessageState.SETTLED)
    assert nursery.stop() == 0
    assert len(finished(home, message, kind)) == 1

"""A next hop may return a mail before the worker that sent it has noted the answer: the sender hears of it all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.envelope import Direction, Identity
from gateway.domain.errors import PickupRefused
from gateway.domain.states import DeliveryState, MessageState
from tests.support.home import DOCTOR, MARIA, RESULTS, Home, mail

REPORT = (
    "From: MAILER-DAEMON@next.example.net\r\nTo: {to}\r\nSubject: failure\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; next.example.net\r\n\r\n"
    "Final-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
)


def test_a_bounce_that_comes_before_the_answer_is_noted_counts(tmp_path: Path) -> None:
    reports: list[str] = []

    def returned(point: str) -> None:
        """The relay has taken the mail, and nothing of it is committed yet."""
        if point == "dispatch.4" and not reports:
            to, [state] = home.sent(MARIA)[0].envelope_sender, [one.state for one in home.deliveries(message)]
            assert state is DeliveryState.SENDING
            raw = REPORT.format(to=to).encode()
            peer = Identity("", "peer")
            reports.append(home.submit(raw, to, sender=None, direction=Direction.INBOUND, identity=peer))
            assert home.rooms.worker.work_once()

    with Home(tmp_path) as home:
        home.people()
        home.reached = returned
        home.start()
        message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
        for _ in range(3):
            home.later(120)
        assert (home.delivery(message).state, home.delivery(message).reply) == (DeliveryState.FAILED, "550 5.1.1")
        assert home.message(reports[0]).state is MessageState.SETTLED
        [sent] = home.sent(MARIA)
        with pytest.raises(PickupRefused, match="closed"):
            home.pickup.find(sent.token())
        assert "delivery-status" in home.sent(DOCTOR)[-1].raw.decode()

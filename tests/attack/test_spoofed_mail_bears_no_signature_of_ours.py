"""Mail from outside that claims to be the practice's own never gets the practice's DKIM signature on its way inside."""

from __future__ import annotations

from pathlib import Path

from gateway.domain.envelope import Direction, Identity
from tests.flow import test_dkim_of_each_method as dkim_keys
from tests.flow import test_mail_from_outside as outside
from tests.support.home import DOCTOR, LUNCH, OFFICE, Home, mail
from tests.support.sealed_mail import crlf

SPOOFED = crlf(
    f"From: Dr Lee <{DOCTOR}>\nTo: {outside.FRONT}\nSubject: Pay this\nMessage-ID: <7@evil.example.net>\n\nToday.\n"
)


def test_a_spoofed_author_from_outside_is_not_signed(tmp_path: Path) -> None:
    keys = dkim_keys.with_keys(tmp_path)
    inbound = '[inbound]\nrelayed = ["@willow.example.org"]\n'
    inner = '[relay]\ninternal = "capture:///tmp/unused"\n'

    def config(text: str) -> str:
        return keys(text.replace("[inbound]\n", inbound).replace("[relay]\n", inner))

    with Home(tmp_path, config=config) as home:
        home.submit(
            SPOOFED, outside.FRONT, sender="mallory@evil.example.net", direction=Direction.INBOUND,
            identity=Identity("", "peer"),
        )  # fmt: skip
        home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert b"DKIM-Signature" in home.sent(OFFICE)[0].raw  # ours are signed
        [inside] = home.sent(outside.FRONT)
    assert b"From: Dr Lee" in inside.raw
    assert b"dkim-signature" not in inside.raw.lower()

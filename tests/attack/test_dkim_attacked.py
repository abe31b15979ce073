"""DKIM: what is signed cannot be added to, a sender's words cannot reach the signature's tags, and strangers get none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.relay import RelayOptions
from gateway.adapters.relay.capture import CaptureRelay
from gateway.adapters.tokens import SystemTokens
from gateway.domain.address import Address
from gateway.flow.signed_relay import Seals, SignedRelay
from gateway.ports.relay import Consignment
from tests.support.dkim import both, sign, verify
from tests.support.fakes import FakeClock
from tests.support.home import Home

DOMAIN = "willow.example.org"
KEYS = both(DOMAIN)
FROM = b"From: Dr Lee <dr.lee@willow.example.org>\r\n"
REST = b"To: office@example.com\r\nSubject: Lunch\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\n"


@pytest.fixture(scope="module")
def relayed(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("dkim")
    with Home(folder) as home:
        clock = FakeClock()
        relay = SignedRelay(
            CaptureRelay(f"capture://{folder}/out", RelayOptions(hostname=DOMAIN)), Seals(KEYS), home.vault, clock,
            SystemTokens(clock),
        )  # fmt: skip

        def hand(mail: bytes) -> bytes:
            for path in Path(folder / "out").glob("*"):
                path.unlink()
            to = Address.parse("office@example.com")
            relay.deliver(Consignment(None, None, to, [mail]), lambda: None)
            [path] = (folder / "out").glob("*.eml")
            return path.read_bytes()

        yield hand


def test_a_second_field_put_in_on_the_way_breaks_the_signature(relayed) -> None:  # type: ignore[no-untyped-def]
    sent = relayed(FROM + REST + b"body\r\n")
    assert verify(sent, KEYS) == [True, True]
    for field in (b"From: mallory@example.net\r\n", b"Subject: Pay here\r\n", b"Reply-To: mallory@example.net\r\n",
                  b"Cc: x@example.net\r\n", b"Content-Type: text/html\r\n", b"To: y@example.net\r\n"):  # fmt: skip
        assert verify(field + sent, KEYS) == [False, False], field
        head, blank, body = sent.partition(b"\r\n\r\n")
        assert verify(head + b"\r\n" + field.rstrip() + blank + body, KEYS) == [False, False], field


def test_text_put_after_the_body_breaks_the_signature(relayed) -> None:  # type: ignore[no-untyped-def]
    assert verify(relayed(FROM + REST + b"body\r\n") + b"more\r\n", KEYS) == [False, False]


@pytest.mark.parametrize(
    "head",
    [
        b"From: mallory@example.net\r\n",
        b"From: a@willow.example.org.example.net\r\n",
        b"From: a@evilwillow.example.org\r\n",
        FROM + b"From: mallory@example.net\r\n",
        b"From: dr.lee@willow.example.org, mallory@example.net\r\n",
        b'From: "x" <mallory@example.net> (dr.lee@willow.example.org)\r\n',
        b"From : dr.lee@willow.example.org <mallory@example.net>\r\n",
        b"Subject: no author\r\n",
        FROM + b"a line that is no field\r\n",
    ],
)
def test_what_is_not_plainly_ours_is_not_signed(relayed, head: bytes) -> None:  # type: ignore[no-untyped-def]
    mail = head + REST + b"body\r\n"
    assert relayed(mail) == mail


def test_tags_in_fields_stay_text(relayed) -> None:  # type: ignore[no-untyped-def]
    sent = relayed(
        FROM
        + b"X-A: ; l=0; d=example.net; b=\r\n"
        + REST.replace(b"Lunch", b"; l=0;\r\n\tbh=x; d=example.net")
        + b"b\r\n"
    )
    assert verify(sent, KEYS) == [True, True]
    field = sent.partition(b"From: ")[0]
    assert b"l=0" not in field
    assert b"d=example.net" not in field


def test_a_mail_that_is_signed_already_keeps_every_byte(relayed) -> None:  # type: ignore[no-untyped-def]
    mail = sign(FROM + REST + b"body  \r\n\r\n", KEYS[0], canonicalize=b"simple")
    assert relayed(mail) == mail
    assert verify(mail, KEYS) == [True]


def test_a_large_body_is_signed_without_holding_it(relayed) -> None:  # type: ignore[no-untyped-def]
    sent = relayed(FROM + REST + b"0123456789abcdef \r\n" * 150_000)
    assert verify(sent, KEYS) == [True, True]

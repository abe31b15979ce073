"""Nothing is released before it is whole: a broken blob ends no DATA, no download and no "complete" scan.

A blob is cut, lengthened, changed at its first or last byte, emptied or taken away, at each stage of a mail's life; the mail
is longer than many pieces, so that most of it is gone already when the end proves to be wrong. What follows is HELD or
STUCK, with an integrity event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.relay.options import RelayOptions
from gateway.adapters.relay.smtp import SmtpRelay
from gateway.domain.decision import Method
from gateway.domain.errors import SealgateError
from gateway.domain.states import DeliveryState, MessageState
from tests.support.home import GRACE, LUNCH, MARIA, OFFICE, RESULTS, Home, mail
from tests.unit.adapters.relay_peer import Peer

pytestmark = pytest.mark.proves("rest.whole-first")
PADDING = "and so on about lunch, which was good\r\n" * 8_000
"""Longer than one piece of the vault."""
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "its last byte": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "its first byte": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "a byte in the middle": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    "cut by a byte": lambda data: data[:-1],
    "cut in half": lambda data: data[: len(data) // 2],
    "a byte longer": lambda data: data + b"x",
    "empty": lambda data: b"",
}  # fmt: skip
COPIES = {Method.PASS: (OFFICE, LUNCH), Method.LINK: (MARIA, RESULTS), Method.SMIME: (GRACE, RESULTS)}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        one.people().add_certificate(GRACE)
        yield one


def blob(home: Home, object_id: str) -> Path:
    [found] = [*(home.root / "data" / "blobs").rglob(object_id)]
    return found


def submitted(home: Home, method: Method, number: int = 1) -> str:
    to, body = COPIES[method]
    return home.submit(mail(to, "News", f"{body}\r\n{PADDING}", number=number), to)


def test_a_broken_mail_has_no_complete_scan(home: Home) -> None:
    for how, damage in DAMAGE.items():
        message = submitted(home, Method.PASS)
        path = blob(home, message)
        path.write_bytes(damage(path.read_bytes()))
        home.work()
        row = home.message(message)
        assert (row.state, row.scan) == (MessageState.STUCK, ""), how
        assert home.deliveries(message) == [], how
        assert {"integrity", "assessed"} & set(home.kinds(message)) == {"integrity"}, how
    assert home.sent(OFFICE) == []


@pytest.mark.parametrize("method", COPIES)
def test_a_mail_that_breaks_after_its_decision_gets_no_final_dot(home: Home, method: Method) -> None:
    """The next hop is a real SMTP server: it hears DATA for `pass`, most of the mail, and no dot."""
    with Peer() as peer:
        relay = SmtpRelay(
            f"smtp://127.0.0.1:{peer.port}", RelayOptions(hostname="gate.example.org", connections=1, wait_seconds=60)
        )
        inner, home.hop.inner = home.hop.inner, relay  # type: ignore[assignment]
        try:
            for how in ["its last byte", "cut by a byte", "a byte in the middle"][: 3 if method is Method.PASS else 1]:
                message = submitted(home, method)
                home.assess()
                assert home.delivery(message).method is method
                path = blob(home, message)
                path.write_bytes(DAMAGE[how](path.read_bytes()))
                home.run_job("dispatch")
                assert home.delivery(message).state is DeliveryState.HELD, how
                assert home.message(message).state is MessageState.HELD, how
                assert "integrity" in home.kinds(message), how
            assert peer.bodies == []
            home.sql("DELETE FROM jobs")
            message = submitted(home, method)
            home.assess()
            home.run_job("dispatch")
            assert home.delivery(message).state is DeliveryState.DELIVERED
            assert len(peer.bodies) == 1, "a whole one goes, or this test could not fail"
        finally:
            relay.close()
            home.hop.inner = inner


def test_a_mail_that_is_gone_is_not_sent_and_does_not_wait_for_ever(home: Home) -> None:
    message = submitted(home, Method.PASS)
    home.assess()
    blob(home, message).unlink()
    for _ in range(20):
        home.later(3600)
        if home.message(message).state is not MessageState.ASSESSED:
            break
    assert home.sent(OFFICE) == []
    assert home.message(message).state in {MessageState.HELD, MessageState.STUCK}


def test_a_download_that_breaks_ends_with_an_error(home: Home) -> None:
    content = PADDING.encode()
    message = home.submit(mail(MARIA, "Results", RESULTS, files=[("long.txt", "text/plain", content)]), MARIA)
    home.settle()
    cookie = home.prove(home.sent(MARIA)[0].token())
    [one] = home.pickup.view(cookie).enclosed
    path = blob(home, one.object_id)
    whole = path.read_bytes()
    for how, damage in DAMAGE.items():
        path.write_bytes(damage(whole))
        got = b""
        with pytest.raises(SealgateError):
            for chunk in home.pickup.stream(cookie, 0).chunks:
                got += chunk
        assert len(got) < len(content), how
    assert home.kinds(message).count("integrity") >= len(DAMAGE) - 1  # an empty blob may count as gone
    path.write_bytes(whole)
    assert b"".join(home.pickup.stream(cookie, 0).chunks) == content


def test_a_broken_letter_is_not_shown(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    cookie = home.prove(home.sent(MARIA)[0].token())
    [(manifest,)] = home.sql("SELECT manifest_id FROM parcels")
    path = blob(home, manifest)
    whole = path.read_bytes()
    for damage in DAMAGE.values():
        path.write_bytes(damage(whole))
        with pytest.raises(SealgateError):
            home.pickup.view(cookie)
    assert "integrity" in home.kinds(message)
    path.write_bytes(whole)
    assert "diabetes" in home.pickup.view(cookie).text

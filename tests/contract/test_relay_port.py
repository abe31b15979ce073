"""What every relay promises, run over each of them."""

from __future__ import annotations

import pytest

from gateway.adapters.relay import RelayOptions, choose_relay
from gateway.domain.address import Address
from gateway.domain.errors import LeaseLost
from gateway.ports.relay import Outcome
from tests.unit.adapters.relay_peer import Peer, consignment

BODY = b"Subject: x\r\n\r\n.line\r\n..\r\ncaf\xc3\xa9\r\n"


class OverSmtp:
    def __init__(self, _folder) -> None:
        self.peer = Peer()
        self.relay = choose_relay(f"smtp://127.0.0.1:{self.peer.port}", RelayOptions(command_seconds=60))

    def bodies(self) -> list[bytes]:
        return [body.replace(b"\r\n.", b"\r\n") for body in self.peer.bodies]

    def close(self) -> None:
        self.relay.close()
        self.peer.close()


class IntoFolder:
    def __init__(self, folder) -> None:
        self.folder = folder
        self.relay = choose_relay(f"capture://{folder}")

    def bodies(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.folder.glob("*.eml"))]

    def close(self) -> None:
        self.relay.close()


@pytest.fixture(params=[OverSmtp, IntoFolder])
def hop(request, tmp_path):
    one = request.param(tmp_path / "hop")
    yield one
    one.close()


class TestRelay:
    def test_the_body_arrives_byte_for_byte_whatever_the_chunks(self, hop):
        for size in (1, 2, 3, 7, 1000):
            chunks = [BODY[start : start + size] for start in range(0, len(BODY), size)]
            reply = hop.relay.deliver(consignment(chunks), lambda: None)
            assert (reply.outcome, reply.code, reply.stored) == (Outcome.ACCEPTED, 250, "250 2.0.0")
        assert hop.bodies() == [BODY] * 5

    def test_consent_is_asked_once_after_the_last_byte(self, hop):
        order = []

        def body():
            yield BODY
            order.append("body")

        hop.relay.deliver(consignment(body()), lambda: order.append("consent"))
        assert order == ["body", "consent"]

    def test_withheld_consent_goes_on_and_nothing_is_delivered(self, hop):
        def lost() -> None:
            raise LeaseLost("x")

        with pytest.raises(LeaseLost):
            hop.relay.deliver(consignment(BODY), lost)
        assert hop.bodies() == []
        assert hop.relay.deliver(consignment(BODY), lambda: None).outcome is Outcome.ACCEPTED

    @pytest.mark.proves("rest.whole-first")
    def test_an_error_of_the_body_goes_on_and_nothing_is_delivered(self, hop):
        def broken():
            yield BODY
            raise ValueError("from the body")

        asked = []
        with pytest.raises(ValueError, match="from the body"):
            hop.relay.deliver(consignment(broken()), lambda: asked.append(1))
        assert (hop.bodies(), asked) == ([], [])

    def test_international_addresses_and_null_reverse_path(self, hop):
        for fields in ({"sender": None}, {"recipient": Address.parse("jos\u00e9@example.net")}, {"smtputf8": True}):
            assert hop.relay.deliver(consignment(BODY, **fields), lambda: None).outcome is Outcome.ACCEPTED

    def test_an_empty_body_is_a_message(self, hop):
        assert hop.relay.deliver(consignment([]), lambda: None).outcome is Outcome.ACCEPTED

    def test_closing_twice_is_no_error(self, hop):
        hop.relay.close()
        hop.relay.close()

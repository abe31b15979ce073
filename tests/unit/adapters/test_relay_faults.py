"""What a next hop can do to a mail in mid-air: each fault has a name, and only a whole 250 after the dot counts as taken."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from gateway.adapters.relay import RelayOptions, choose_relay
from gateway.ports.relay import Outcome
from tests.unit.adapters.relay_peer import Peer, Script, consignment
from tests.unit.adapters.test_relay_smtp import nothing, relay_to, send, server_context

HOST = "relay.example.org"


@pytest.mark.proves("lost.relay-drops")
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_hop_that_takes_the_envelope_and_drops_was_given_nothing(step):
    reply, peer, asked = send(Script(replies={step: "DROP"}))
    assert (reply.outcome, reply.stored, reply.in_doubt) == (Outcome.TEMPORARY, "0 4.4.2", False)
    assert (asked, peer.bodies) == (False, [])


@pytest.mark.proves("lost.relay-drops", "lost.relay-dies-after-250")
@pytest.mark.parametrize("said", ["DROP", "STALL", "CUT 25", "CUT 250 2.0.0 queu", "CUT 250-2.0.0 queued\r\n"])
def test_without_a_whole_answer_to_the_dot_it_is_in_doubt(said):
    reply, peer, asked = send(Script(replies={"dot": said}))
    assert (reply.outcome, reply.in_doubt, asked) == (Outcome.TEMPORARY, True, True)
    assert reply.code == 0
    assert len(peer.bodies) == 1, "the hop may have kept it"


@pytest.mark.proves("lost.relay-dies-after-250")
def test_a_hop_that_dies_after_its_whole_250_has_taken_it():
    with Peer(Script(die_after_dot_reply=True)) as peer:
        relay = relay_to(peer)
        replies = [relay.deliver(consignment(), nothing) for _ in range(3)]
        relay.close()
    assert [(one.stored, one.in_doubt) for one in replies] == [("250 2.0.0", False)] * 3
    assert len(peer.bodies) == 3


@pytest.mark.proves("lost.relay-stalls")
def test_a_hop_that_stalls_in_the_body_is_left_in_time_without_the_dot():
    begun = time.monotonic()
    reply, peer, asked = send(Script(slow=30, offer=("8BITMIME",)), body=[b"y" * 998 + b"\r\n"] * 40_000)
    assert (reply.outcome, reply.stored, reply.in_doubt, asked) == (Outcome.TEMPORARY, "0 4.4.2", False, False)
    assert peer.bodies == []
    assert time.monotonic() - begun < 15  # half of what the hop stalls


@pytest.mark.proves("lost.certificate-expires")
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_hop_whose_certificate_expires_meanwhile_gets_nothing_on_new_connections(scheme, tmp_path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    script = Script(context=server_context(ca, "127.0.0.1"), implicit=scheme == "smtps")
    with Peer(script) as peer:
        relay = relay_to(peer, RelayOptions(messages_per_connection=2), scheme, f"?ca={tmp_path / 'ca.pem'}")
        assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        # The hop's certificate is now one that has run out: the kept connection was verified and serves its time.
        assert script.context is not None
        past = datetime.now(UTC) - timedelta(minutes=1)
        ca.issue_cert("127.0.0.1", not_after=past).configure_cert(script.context)
        assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        said = [relay.deliver(consignment(), nothing) for _ in range(2)]
        relay.close()
        lines = [line for line in peer.lines if line.startswith("MAIL")]
    assert [(one.outcome, one.stored, one.in_doubt) for one in said] == [(Outcome.TEMPORARY, "0 4.7.5", False)] * 2
    assert len(peer.bodies) == len(lines) == 2, "nothing was offered without verified TLS"


class Names:
    """A resolver that hangs until it is let go."""

    def __init__(self) -> None:
        self.let_go, self.asked, self.asking = threading.Event(), 0, 0

    def __call__(self, host, port, *rest):
        if host != HOST:
            return socket.getaddrinfo(host, port, *rest)
        self.asked += 1
        self.asking += 1
        self.let_go.wait(120)
        self.asking -= 1
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")


@pytest.mark.proves("lost.dns-times-out")
def test_names_that_do_not_resolve_in_time_are_temporary_and_cost_one_thread():
    names, replies = Names(), []
    relay = choose_relay(f"smtps://{HOST}:465", RelayOptions(resolve=names, resolve_seconds=1.0, connections=50))
    begun = time.monotonic()
    threads = [
        threading.Thread(target=lambda: replies.append(relay.deliver(consignment(), nothing))) for _ in range(40)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert time.monotonic() - begun < 20, "deliveries wait behind each other's names"
    assert [(one.outcome, one.stored, one.in_doubt) for one in replies] == [(Outcome.TEMPORARY, "0 4.4.3", False)] * 40
    assert names.asking == names.asked == 1
    names.let_go.set()
    assert relay.deliver(consignment(), nothing).stored == "0 4.4.3"
    relay.close()


@pytest.mark.proves("lost.dns-times-out")
def test_a_hanging_name_does_not_hold_up_another_relay():
    names = Names()
    with Peer() as peer:
        hanging = choose_relay(f"smtps://{HOST}:465", RelayOptions(resolve=names, resolve_seconds=60))
        other = choose_relay(f"smtp://localhost:{peer.port}", RelayOptions(resolve=names, connect_seconds=30))
        waiting = threading.Thread(target=lambda: hanging.deliver(consignment(), nothing))
        waiting.start()
        begun = time.monotonic()
        assert other.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        assert time.monotonic() - begun < 30  # half of what the other one waits
        names.let_go.set()
        waiting.join(60)
        hanging.close()
        other.close()

"""The SMTP relay against a scripted peer: TLS, kept connections, every step refused, stalled or cut."""

from __future__ import annotations

import ssl
import threading
import time
import tracemalloc

import pytest
import trustme

from gateway.adapters.relay import RelayOptions, choose_relay
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, InvalidAddress, LeaseLost, StoreUnavailable
from gateway.ports.relay import Outcome
from tests.support.patience import until
from tests.unit.adapters.relay_peer import OFFER, Peer, Script, consignment

QUICK = RelayOptions(connect_seconds=1.5, command_seconds=1.5, chunk_seconds=1.5, final_seconds=1.5, wait_seconds=1.5)
"""For peers that do not go on; what comes before it must be done within the same time."""
PATIENT = RelayOptions(connect_seconds=60, command_seconds=60, chunk_seconds=60, final_seconds=60, wait_seconds=60)


def nothing() -> None:
    return None


def relay_to(
    peer: Peer, options: RelayOptions = PATIENT, scheme: str = "smtp", query: str = "", host: str = "127.0.0.1"
):
    return choose_relay(f"{scheme}://{host}:{peer.port}{query}", options)


def send(script: Script, **kwargs):
    """One delivery; the reply, the peer, and whether the consent to the dot was asked."""
    asked = []
    stalls = script.slow or "STALL" in script.replies.values()
    with Peer(script) as peer:
        relay = relay_to(peer, QUICK if stalls else PATIENT)
        try:
            reply = relay.deliver(consignment(**kwargs), lambda: asked.append(1))
        finally:
            relay.close()
    return reply, peer, bool(asked)


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def ca_file(ca, tmp_path):
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return path


def server_context(ca: trustme.CA, *names: str, **kwargs) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **kwargs).configure_cert(context)
    return context


def test_a_mail_arrives_with_its_envelope_and_stuffed_dots():
    reply, peer, asked = send(
        Script(), body=[b"Subject: x\r\n\r\n.a\r", b"\n", b".", b"\r\nend"], sender_text="bounce+1.ab@gate.example"
    )
    assert (reply.outcome, reply.stored, reply.tls, asked) == (Outcome.ACCEPTED, "250 2.0.0", "", True)
    assert peer.bodies == [b"Subject: x\r\n\r\n..a\r\n..\r\nend\r\n"]
    assert peer.lines[1:4] == ["MAIL FROM:<bounce+1.ab@gate.example> BODY=8BITMIME", "RCPT TO:<b@example.net>", "DATA"]


def test_null_reverse_path():
    _, peer, _ = send(Script(), sender=None)
    assert peer.lines[1].startswith("MAIL FROM:<> ")


def test_connections_are_kept_and_threads_share_them():
    with Peer() as peer:
        relay = relay_to(peer, RelayOptions(connections=3))
        replies = []
        threads = [
            threading.Thread(target=lambda: replies.append(relay.deliver(consignment(), nothing))) for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for _ in range(5):
            replies.append(relay.deliver(consignment(), nothing))
        relay.close()
        relay.close()
    assert {reply.outcome for reply in replies} == {Outcome.ACCEPTED}
    assert len(peer.bodies) == 17
    assert peer.connections <= 3
    assert "QUIT" in peer.lines


def test_a_kept_connection_that_died_is_replaced_without_notice():
    with Peer(Script(die_after_dot_reply=True)) as peer:
        relay = relay_to(peer)
        for _ in range(3):
            assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
            time.sleep(0.02)
        relay.close()
    assert (peer.connections, len(peer.bodies)) == (3, 3)


def test_idle_connections_are_asked_then_closed():
    with Peer() as peer:
        relay = relay_to(peer, RelayOptions(trusted_idle_seconds=0, idle_seconds=3.0))
        relay.deliver(consignment(), nothing)
        relay.deliver(consignment(), nothing)
        assert "RSET" in peer.lines
        assert peer.open == 1
        until(lambda: peer.open == 0)
        relay.close()


def test_busy_pool_is_temporary():
    with Peer(Script(replies={"dot": "STALL"})) as peer:
        relay = relay_to(peer, RelayOptions(connections=1, wait_seconds=0.1, final_seconds=60))
        first = threading.Thread(target=relay.deliver, args=(consignment(), nothing))
        first.start()
        until(lambda: peer.bodies)
        assert relay.deliver(consignment(), nothing).stored == "0 4.4.5"
        relay.close()
        first.join(60)


@pytest.mark.parametrize("step", ["greet", "ehlo", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize(("said", "outcome", "stored"), [
    ("451 4.3.2 later", Outcome.TEMPORARY, "451 4.3.2"),
    ("550 5.7.1 no", Outcome.PERMANENT, "550 5.7.1"),
    ("554 no words", Outcome.PERMANENT, "554 5.0.0"),
    ("550 4.1.1 confused", Outcome.PERMANENT, "550 5.0.0"),
    ("421 4.3.2 going down", Outcome.TEMPORARY, "421 4.3.2"),
])  # fmt: skip
def test_refusals_at_every_step(step, said, outcome, stored):
    reply, peer, asked = send(Script(replies={step: said}))
    if step in {"greet", "ehlo"}:
        # A hop that is unwell says nothing about this message.
        assert reply.outcome is Outcome.TEMPORARY
        assert reply.status.startswith("4.")
    else:
        assert (reply.outcome, reply.stored) == (outcome, stored)
    assert asked is (step == "dot")
    assert len(peer.bodies) == (1 if step == "dot" else 0)


def test_a_refused_message_does_not_cost_the_connection():
    with Peer(Script(replies={"rcpt": "550 5.1.1 no such user"})) as peer:
        relay = relay_to(peer)
        assert relay.deliver(consignment(), nothing).stored == "550 5.1.1"
        peer.script.replies.clear()
        assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        relay.close()
    assert peer.connections == 1


@pytest.mark.parametrize("what", ["DROP", "STALL"])
@pytest.mark.parametrize("step", ["greet", "ehlo", "mail", "rcpt", "data", "dot"])
def test_trouble_at_every_step_is_temporary(step, what):
    reply, _, asked = send(Script(replies={step: what}))
    assert reply.outcome is Outcome.TEMPORARY
    assert (reply.code, reply.status in {"4.4.1", "4.4.2"}) == (0, True)
    assert asked is (step == "dot")


def test_nobody_listens():
    with Peer() as peer:
        port = peer.port
    relay = choose_relay(f"smtp://127.0.0.1:{port}", QUICK)
    assert relay.deliver(consignment(), nothing).stored == "0 4.4.1"
    relay.close()


def test_connection_cut_within_the_body():
    body = [b"Subject: x\r\n\r\n"] + [b"y" * 998 + b"\r\n"] * 20_000
    reply, peer, asked = send(Script(drop_after=300_000, offer=("8BITMIME",)), body=body)
    assert (reply.outcome, reply.stored, asked) == (Outcome.TEMPORARY, "0 4.4.2", False)
    assert peer.bodies == []


def test_peer_that_stops_reading_is_left():
    body = [b"y" * 998 + b"\r\n"] * 40_000
    started = time.monotonic()
    reply, _, asked = send(Script(slow=30, offer=("8BITMIME",)), body=body)
    assert (reply.outcome, reply.stored, asked) == (Outcome.TEMPORARY, "0 4.4.2", False)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(("said", "stored", "outcome"), [
    ("552 5.3.4 too big", "552 5.3.4", Outcome.PERMANENT),
    ("452 4.3.1 full", "452 4.3.1", Outcome.TEMPORARY),
    ("250 2.0.0 thanks", "0 4.5.0", Outcome.TEMPORARY),
])  # fmt: skip
def test_an_answer_before_the_end_is_no_acceptance(said, stored, outcome):
    script = Script(early=said, offer=("8BITMIME",))

    def slowly():
        yield b"Subject: x\r\n\r\n" + b"y\r\n" * 100_000
        until(lambda: not script.early)
        yield b"z\r\n" * 100_000

    reply, peer, asked = send(script, body=slowly())
    assert (reply.outcome, reply.stored, asked) == (outcome, stored, False)
    assert peer.bodies == []


def test_no_dot_when_consent_is_withheld():
    with Peer() as peer:
        relay = relay_to(peer)

        def lost() -> None:
            # Everything but the dot has reached the peer by now.
            until(lambda: peer.partial.endswith(b"hello\r\n"))
            assert peer.partial == b"Subject: x\r\n\r\nhello\r\n"
            raise LeaseLost("somebody else has it")

        with pytest.raises(LeaseLost):
            relay.deliver(consignment(), lost)
        until(lambda: peer.open == 0)
        assert peer.bodies == []
        assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        relay.close()
    assert len(peer.bodies) == 1


@pytest.mark.proves("rest.whole-first")
def test_a_body_that_fails_is_never_ended():
    def broken():
        yield b"Subject: x\r\n\r\nhalf"
        raise StoreUnavailable("blob gone")

    with Peer() as peer:
        relay = relay_to(peer, RelayOptions(connections=1, wait_seconds=60))
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                relay.deliver(consignment(broken()), nothing)
        assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        relay.close()
    assert len(peer.bodies) == 1


@pytest.mark.parametrize("body", [[b"a\nb\r\n"], [b"a\rb\r\n"], [b"a\r", b"b\r\n"], [b"a\r\n\r"], [b"x\r\n", b"\n.\n"]])
def test_bare_line_ends_never_leave(body):
    reply, peer, asked = send(Script(), body=body)
    assert (reply.outcome, reply.stored, asked) == (Outcome.PERMANENT, "550 5.6.0", False)
    assert peer.bodies == []


def test_what_the_hop_cannot_carry_is_permanent():
    plain = ("SIZE 100",)
    assert send(Script(offer=plain), body="caf\u00e9\r\n".encode())[0].stored == "550 5.6.3"
    assert send(Script(offer=plain), body=b"y" * 200 + b"\r\n")[0].stored == "552 5.3.4"
    reply, peer, _ = send(Script(offer=plain), recipient=Address.parse("jos\u00e9@example.net"))
    assert reply.stored == "550 5.6.7"
    assert not any(line.startswith("MAIL") for line in peer.lines)
    assert send(Script(offer=plain), smtputf8=True)[0].stored == "550 5.6.7"
    _, peer, _ = send(Script(), recipient=Address.parse("jos\u00e9@example.net"))
    assert peer.lines[1].endswith(" BODY=8BITMIME SMTPUTF8")
    _, peer, _ = send(Script(offer=()))
    assert peer.lines[1] == "MAIL FROM:<lee@practice.example>"


def test_reverse_path_cannot_smuggle_commands():
    with Peer() as peer:
        relay = relay_to(peer)
        for text in ("a@b> SIZE=1", "a@b\r\nRCPT TO:<x@y>", "no-at", "<a@b"):
            with pytest.raises(InvalidAddress):
                relay.deliver(consignment(sender_text=text), nothing)
        relay.close()
    assert peer.connections == 0


def test_starttls_verified(ca, ca_file):
    with Peer(Script(context=server_context(ca, "127.0.0.1"))) as peer:
        relay = relay_to(peer, scheme="smtp+starttls", query=f"?ca={ca_file}")
        reply = relay.deliver(consignment(require_tls=True), nothing)
        relay.close()
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.tls.startswith("TLSv1.3 TLS_")
    assert peer.lines[:3] == ["EHLO localhost", "STARTTLS", "EHLO localhost"]


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_kept_tls_connection_carries_one_mail_after_another(ca, ca_file, scheme):
    script = Script(context=server_context(ca, "127.0.0.1"), implicit=scheme == "smtps")
    with Peer(script) as peer:
        relay = relay_to(peer, scheme=scheme, query=f"?ca={ca_file}")
        replies = [relay.deliver(consignment(), nothing) for _ in range(5)]
        relay.close()
    assert [one.outcome for one in replies] == [Outcome.ACCEPTED] * 5
    assert (len(peer.bodies), peer.connections) == (5, 1)


def test_implicit_tls_verified_and_login(ca, ca_file, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    script = Script(context=server_context(ca, "localhost"), implicit=True, offer=(*OFFER, "AUTH PLAIN"))
    with Peer(script) as peer:
        query = f"?ca={ca_file}&user=gate&password_file={secret}"
        relay = relay_to(peer, scheme="smtps", query=query, host="localhost")
        assert relay.deliver(consignment(), nothing).outcome is Outcome.ACCEPTED
        relay.close()
        script.replies["auth"] = "535 5.7.8 wrong"
        relay = relay_to(peer, scheme="smtps", query=query, host="localhost")
        reply = relay.deliver(consignment(), nothing)
        relay.close()
    assert "AUTH PLAIN AGdhdGUAb3BlbiBzZXNhbWU=" in peer.lines
    assert (reply.outcome, reply.stored) == (Outcome.TEMPORARY, "535 4.7.8")
    assert len(peer.bodies) == 1


@pytest.mark.parametrize("fault", ["name", "ca", "expired"])
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_unverified_tls_sends_nothing(ca, ca_file, fault, scheme):
    import datetime

    context = server_context(ca, "127.0.0.1")
    if fault == "name":
        context = server_context(ca, "elsewhere.example")
    elif fault == "ca":
        context = server_context(trustme.CA(), "127.0.0.1")
    elif fault == "expired":
        context = server_context(ca, "127.0.0.1", not_after=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC))
    with Peer(Script(context=context, implicit=scheme == "smtps")) as peer:
        relay = relay_to(peer, scheme=scheme, query=f"?ca={ca_file}")
        reply = relay.deliver(consignment(), nothing)
        relay.close()
    assert (reply.outcome, reply.stored) == (Outcome.TEMPORARY, "0 4.7.5")
    assert not any(line.startswith(("MAIL", "RCPT")) for line in peer.lines)


def test_starttls_not_offered_or_refused_never_goes_on_in_clear(ca, ca_file):
    for script in (
        Script(context=server_context(ca, "127.0.0.1"), offer_tls=False),
        Script(context=server_context(ca, "127.0.0.1"), replies={"starttls": "454 4.7.0 not now"}),
    ):
        with Peer(script) as peer:
            relay = relay_to(peer, scheme="smtp+starttls", query=f"?ca={ca_file}")
            reply = relay.deliver(consignment(), nothing)
            relay.close()
        assert reply.outcome is Outcome.TEMPORARY
        assert not any(line.startswith("MAIL") for line in peer.lines)


def test_closing_ends_a_delivery_under_way():
    with Peer(Script(replies={"dot": "STALL"})) as peer:
        relay = relay_to(peer, RelayOptions())
        replies = []
        thread = threading.Thread(target=lambda: replies.append(relay.deliver(consignment(), nothing)))
        thread.start()
        until(lambda: peer.bodies)
        relay.close()
        thread.join(60)
        assert [reply.stored for reply in replies] == ["0 4.4.2"]
        assert relay.deliver(consignment(), nothing).stored == "0 4.4.2"


def test_require_tls_refuses_a_clear_hop():
    reply, peer, _ = send(Script(), require_tls=True)
    assert (reply.outcome, reply.stored, peer.connections) == (Outcome.TEMPORARY, "0 4.7.10", 0)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://mail.example.net:25", "clear text"),
        ("smtp://10.0.0.1", "clear text"),
        ("gopher://x", "known: smtp\\+starttls, smtps, smtp, capture"),
        ("nonsense", "unknown scheme"),
        ("smtp+starttls://", "form"),
        ("smtp+starttls://h:99999", "not a URL"),
        ("smtp+starttls://user:pw@h", "password_file"),
        ("smtp+starttls://h?user=x", "belong together"),
        ("smtp+starttls://h?user=x&password_file=/nonexistent/file", "cannot read"),
        ("smtp+starttls://h?ca=/nonexistent/ca.pem", "cannot read ca"),
        ("smtp+starttls://h?verify=no", "unknown parameter 'verify'"),
        ("smtp+starttls://h?ca=", "one value"),
        ("capture://dir", "form"),
        ("capture:///proc/nowhere", "cannot"),
    ],
)
def test_wrong_urls_are_configuration_errors(url, words):
    with pytest.raises(ConfigError, match=words):
        choose_relay(url)


def test_memory_stays_small_for_a_large_body():
    piece = (b"y" * 76 + b"\r\n") * 3000

    def body():
        for _ in range(90):
            yield piece

    with Peer(Script(offer=("8BITMIME",))) as peer:
        peer._body = None
        relay = relay_to(peer, RelayOptions())

        async def swallow(reader, writer):
            tail = b""
            total = 0
            while not tail.endswith(b"\r\n.\r\n"):
                data = await reader.read(65536)
                total += len(data)
                tail = (tail + data)[-5:]
            return total

        peer._body = swallow
        relay.deliver(consignment(), nothing)
        tracemalloc.start()
        assert relay.deliver(consignment(body()), nothing).outcome is Outcome.ACCEPTED
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        relay.close()
    assert peer.bodies[1] == 90 * len(piece) + 3
    assert peak < 6_000_000

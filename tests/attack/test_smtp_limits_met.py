"""The limits of the spool at the door: at them everything goes, above them mail is refused as early as it can be told, in
words that say what to do, with a count; and there is room again when mail has left.
"""

from __future__ import annotations

import pytest

from gateway.adapters.metrics import PrometheusMetrics
from gateway.domain.errors import LimitExceeded
from gateway.domain.states import MessageState
from gateway.flow.measure import Measure
from gateway.ports.metrics import Limit
from gateway.smtp.limits import DoorLimits
from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import Stand
from tests.support.home import DOCTOR, LUNCH, OFFICE, Home, mail

RAW = mail(OFFICE, "Lunch", LUNCH)
SIZE = len(RAW)
CLIENTS = tuple(
    SmarthostClient(f"client{n}", networks=(f"127.0.0.{n}",), may_send_as=frozenset({DOCTOR})) for n in (1, 2)
)


class House:
    """A door with the real intake."""

    def __init__(self, home: Home, stand: Stand) -> None:
        self.home, self.stand = home, stand

    async def limits(self, **limits: int) -> None:
        self.stand.intake = self.home.intake(**limits)
        await self.stand.open(Profile.SMARTHOST, clients=CLIENTS)

    async def said(self, *, size: str = "", to: int = 1, source: int = 1, raw: bytes = RAW) -> list[str]:
        """The replies to one try: to MAIL, each RCPT, DATA and its end; up to the first that is a refusal."""
        client = await self.stand.raw(local_addr=(f"127.0.0.{source}", 0))
        await client.reply()
        await client.ask("EHLO c")
        lines = [f"MAIL FROM:<{DOCTOR}>{size}", *(f"RCPT TO:<r{n}@example.com>" for n in range(to)), "DATA"]
        said = []
        for line in lines:
            said.append(await client.ask(line))
            if said[-1][0] in "45":
                break
        else:
            await client.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            said.append(await client.reply())
        client.close()
        return said


@pytest.fixture
async def house(tmp_path):
    (tmp_path / "door").mkdir()
    with Home(tmp_path / "home") as home:
        stand = Stand(tmp_path / "door")
        yield House(home, stand)
        await stand.door.drain(0.2)


def measured(home: Home, limit: Limit) -> float | None:
    metrics = PrometheusMetrics()
    Measure(home.store, metrics).look()
    return metrics.registry.get_sample_value("sealgate_limit_use", {"limit": limit.value})


@pytest.mark.proves("limits.spool", "limits.default-metric-test")
async def test_the_spool(house):
    await house.limits(spool_bytes=2 * SIZE)
    assert (await house.said(size=f" SIZE={SIZE}"))[-1].startswith("250")
    assert (await house.said(source=2))[-1].startswith("250"), "exactly full"
    assert measured(house.home, Limit.SPOOL_BYTES) == 2 * SIZE
    assert house.stand.refused("spool_bytes") == 0
    (early,) = await house.said(size=" SIZE=1")
    assert early == "452 4.3.1 No room for more mail at the moment, try again later"
    assert await house.said() == [early], "what is announced or not"
    assert house.stand.refused("spool_bytes") == 2
    house.home.settle()
    assert measured(house.home, Limit.SPOOL_BYTES) == 0
    assert (await house.said(size=f" SIZE={SIZE}"))[-1].startswith("250"), "there is room again"


@pytest.mark.proves("limits.spool")
async def test_what_was_not_announced_is_refused_within_data_and_leaves_no_room_taken(house):
    await house.limits(spool_bytes=2 * SIZE)
    assert (await house.said(size=" SIZE=10", raw=RAW * 3))[-1].startswith("452 4.3.1")
    assert (await house.said(size=f" SIZE={2 * SIZE + 1}"))[-1].startswith("452 4.3.1"), "told before a byte is sent"
    assert house.home.intake(spool_bytes=1).room._total == 0
    assert house.stand.intake.room._total == 0
    assert (await house.said())[-1].startswith("250")
    assert (await house.said())[-1].startswith("250")


@pytest.mark.proves("limits.spool", "limits.spool-sender")
async def test_many_at_once_cannot_pass_together_what_one_may_not(house):
    """What is on its way counts, and the last look is taken in the accepting transaction."""
    await house.limits(spool_bytes=10 * SIZE, spool_bytes_per_sender=2 * SIZE)
    intake, envelope = house.stand.intake, house.home.envelope([OFFICE])
    begun = [intake.begin(envelope) for _ in range(5)]
    for one in begun[:2]:
        one.write(RAW)
    for one in begun[2:]:
        with pytest.raises(LimitExceeded) as refused:
            one.write(RAW)
        assert refused.value.which == "spool_bytes_per_sender"
        one.abort()
    other = house.home.intake(spool_bytes_per_sender=2 * SIZE)  # another process knows nothing of these
    late = [other.begin(envelope) for _ in range(2)]
    for one in late:
        one.write(RAW)
    assert [bool(one.finish()) for one in begun[:2]] == [True, True]
    for one in late:
        with pytest.raises(LimitExceeded):
            one.finish()
        one.abort()
    assert measured(house.home, Limit.SPOOL_BYTES_PER_SENDER) == 2 * SIZE
    assert intake.room._total == other.room._total == 0
    assert not intake.room._coming


@pytest.mark.proves("limits.spool-sender", "limits.default-metric-test")
async def test_one_senders_share_of_the_spool(house):
    await house.limits(spool_bytes_per_sender=SIZE)
    assert (await house.said(size=f" SIZE={SIZE}"))[-1].startswith("250")
    (early,) = await house.said(size=" SIZE=1")
    assert early == "452 4.3.1 Too much of your mail is in hand, try again when some of it has left"
    assert (await house.said(source=2))[-1].startswith("250"), "others are not concerned"
    assert house.stand.refused("spool_bytes_per_sender") == 1
    house.home.settle()
    assert (await house.said())[-1].startswith("250")


@pytest.mark.proves("limits.held-sender", "limits.default-metric-test")
async def test_held_mail_of_one_sender(house):
    await house.limits(held_per_sender=2)
    for _ in range(2):
        assert (await house.said())[-1].startswith("250")
    for (one,) in house.home.sql("SELECT id FROM messages"):
        with house.home.store.begin() as uow:
            uow.messages.move(one, MessageState.HELD, house.home.clock.now(), held_for="test")
    assert measured(house.home, Limit.HELD_PER_SENDER) == 2
    (early,) = await house.said()
    assert early.startswith("452 4.3.1 Too many of your messages are held, have them released or refused")
    assert house.stand.refused("held_per_sender") == 1
    assert (await house.said(source=2))[-1].startswith("250")
    with house.home.store.begin() as uow:
        uow.messages.move(one, MessageState.REFUSED, house.home.clock.now())
    assert (await house.said())[-1].startswith("250")


@pytest.mark.proves("limits.recipient-bytes", "limits.default-metric-test")
async def test_recipients_times_size_before_the_split(house):
    """Told at RCPT, with the reply that makes clients send the rest apart, where the size was announced; else within DATA."""
    await house.limits(recipient_bytes=3 * SIZE)
    assert (await house.said(size=f" SIZE={SIZE}", to=3))[-1].startswith("250")
    said = await house.said(size=f" SIZE={SIZE}", to=4)
    assert [one[:3] for one in said] == ["250", "250", "250", "250", "452"]
    assert said[-1].startswith("452 4.5.3 Too many recipients for a message of this size")
    assert house.stand.refused("recipient_bytes") == 1
    assert (await house.said(to=3))[-1].startswith("250")
    late = await house.said(to=4)
    assert late[-1] == "552 5.3.4 Message is too large for so many recipients, send to fewer at a time"
    (_, alone) = await house.said(size=f" SIZE={3 * SIZE + 1}")
    assert alone.startswith("552 5.3.4"), "for good: no splitting helps"
    assert house.stand.refused("recipient_bytes") == 3
    assert (await house.said(to=3))[-1].startswith("250"), "nothing is left behind"


@pytest.mark.proves("limits.spool", "limits.recipient-bytes")
def test_the_defaults_are_what_the_reference_says():
    from gateway.config.reference import default_of

    assert [default_of(f"limits.{name}") for name in ("spool_bytes", "spool_bytes_per_sender", "held_per_sender", "recipient_bytes")] == [
        "`20GiB`", "`2GiB`", "`200`", "`5GiB`",
    ]  # fmt: skip


@pytest.mark.proves("limits.unauthenticated")
async def test_what_strangers_do_in_vain_is_counted_and_writes_nothing(house):
    """Wrong commands, guessed addresses and passwords by the hundred: not one row of the log, and the counts say how many."""
    home, stand = house.home, house.stand
    stand.intake = home.intake()
    await stand.open(
        Profile.INBOUND,
        Profile.SUBMISSIONS,
        limits=DoorLimits(errors_per_connection=1000, auth_tries_per_connection=200),
    )
    before = home.sql("SELECT count(*) FROM audit")
    stranger = await stand.greeted()
    await stranger.ask("MAIL FROM:<x@evil.example>")
    for n in range(200):
        assert (await stranger.ask(f"RCPT TO:<user{n}@gate.example>")).startswith("550 5.1.1")
        assert (await stranger.ask(f"BOGUS{n}")).startswith("500")
    guesser = await stand.raw(1, ssl=stand.client_context, server_hostname="localhost")
    await guesser.reply()
    await guesser.ask("EHLO c")
    for _ in range(20):
        await guesser.ask("AUTH PLAIN AGxlZQB3cm9uZw==")
    assert home.sql("SELECT count(*) FROM audit") == before
    assert stand.in_vain("smtp.recipient") == 200
    assert stand.in_vain("smtp.command") == 200
    assert stand.in_vain("smtp.password") == 20

"""Passwords: only under TLS, few tries, bounded work, no hint, no way round."""

from __future__ import annotations

import base64

import pytest

from gateway.smtp.limits import DoorLimits
from gateway.smtp.settings import Profile
from tests.dialogs.door_kit import stand
from tests.support.patience import until_so

pytestmark = pytest.mark.proves("door.auth")


def plain(name: str, password: str, acting_for: str = "") -> str:
    return "AUTH PLAIN " + base64.b64encode(f"{acting_for}\0{name}\0{password}".encode()).decode()


RIGHT = plain("lee", "open sesame")


async def test_a_password_in_clear_is_not_even_looked_at(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.greeted()
        for line in (RIGHT, "AUTH LOGIN", "AUTH PLAIN", "AUTH CRAM-MD5"):
            assert (await client.ask(line)).startswith("538 5.7.11")
        assert one.users.calls == 0


async def test_no_mail_without_auth_under_any_order(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION, Profile.SUBMISSIONS) as one:
        for client in (await one.secure(), await one.raw(1, ssl=one.client_context, server_hostname="localhost")):
            await client.ask("EHLO c.example")
            for line in (
                "MAIL FROM:<lee@practice.example>",
                "MAIL FROM:<lee@practice.example> AUTH=lee",
                "MAIL FROM:<>",
            ):
                answer = await client.ask(line)
                assert not answer.startswith("250 2.1")
            await client.ask(plain("lee", "wrong"))
            assert not (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("250 2.1")


async def test_tries_per_connection(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.secure()
        answers = [await client.ask(plain("lee", f"guess{n}")) for n in range(3)]
        assert [answer[:3] for answer in answers] == ["535", "535", "421"]
        assert await client.reply() == ""


async def test_tries_per_address_with_time(tmp_path):
    limits = DoorLimits(auth_failures_per_address=4, auth_window_seconds=60)
    async with stand(tmp_path, Profile.SUBMISSION, limits=limits) as one:
        for _ in range(2):
            client = await one.secure()
            for n in range(2):
                assert (await client.ask(plain("lee", f"guess{n}"))).startswith("535")
        checked = one.users.calls
        client = await one.secure()
        assert (await client.ask(RIGHT)).startswith("454 4.7.0")
        assert one.users.calls == checked
        one.clock.moved = 61
        assert (await client.ask(RIGHT)).startswith("235")


async def test_one_account_guessed_from_many_places(tmp_path):
    """The owner, at an address that has logged in before, gets in all the while; an account that is none looks the same."""
    limits = DoorLimits(auth_failures_per_account=6, auth_tries_per_connection=3)
    async with stand(tmp_path, Profile.SUBMISSIONS, limits=limits) as one:

        async def said(source: str, line: str) -> str:
            client = await one.raw(local_addr=(source, 0), ssl=one.client_context, server_hostname="localhost")
            await client.reply()
            await client.ask("EHLO c")
            answer = await client.ask(line)
            client.close()
            return answer

        assert (await said("127.0.0.1", RIGHT)).startswith("235")
        for name in ("lee", "nobody"):
            for n in range(6):
                assert (await said(f"127.5.0.{n + 1}", plain(name, "guess"))).startswith("535")
        checked = one.users.calls
        answers = {await said("127.5.0.9", plain(name, "guess")) for name in ("lee", "nobody")}
        assert answers == {"454 4.7.0 Too many wrong passwords, try again later"}
        assert (await said("127.5.0.9", RIGHT)) in answers
        assert one.users.calls == checked, "not even looked at"
        assert (await said("127.0.0.1", RIGHT)).startswith("235")
        assert one.refused("auth_failures_per_account") == 3
        assert one.in_vain("smtp.password") == 15


async def test_unknown_and_wrong_look_the_same(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.secure()
        assert await client.ask(plain("nobody", "x")) == await client.ask(plain("lee", "x"))


async def test_acting_for_another_is_refused(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.secure()
        assert (await client.ask(plain("lee", "open sesame", "ceo"))).startswith("535")
        assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("530")
        assert (await client.ask(plain("lee", "open sesame", "lee"))).startswith("235")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("AUTH", "504"), ("AUTH CRAM-MD5", "504"), ("AUTH PLAIN !!!", "501"), ("AUTH PLAIN =", "501"),
        ("AUTH PLAIN AGxlZQ==", "501"), ("AUTH PLAIN AAAAAA==", "501"), ("AUTH PLAIN /////w==", "501"), ("AUTH LOGIN %%", "501"),
    ],
)  # fmt: skip
async def test_broken_exchanges(tmp_path, line, code):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.secure()
        assert (await client.ask(line)).startswith(code)
        assert one.users.calls == 0


async def test_long_response_is_bounded(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.secure()
        assert (await client.ask("AUTH PLAIN")).startswith("334")
        assert (await client.ask("A" * 500_000)).startswith("500 5.5.6")
        assert (await client.ask(RIGHT)).startswith("235")


async def test_pipelined_behind_auth_is_dropped(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.secure()
        await client.send(RIGHT.encode() + b"\r\nMAIL FROM:<lee@practice.example>\r\n")
        assert (await client.reply()).startswith("554 5.5.0")
        assert await client.reply() == ""
        assert one.users.calls == 0


@pytest.mark.proves("door.auth", "limits.passwords", "limits.default-metric-test")
async def test_checks_in_parallel_are_bounded_and_the_loop_stays_free(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION, limits=DoorLimits(password_checks=1, password_queue=1)) as one:
        one.users.hold.clear()
        clients = [await one.secure() for _ in range(3)]
        for client in clients[:2]:
            await client.send(RIGHT.encode() + b"\r\n")
        await until_so(lambda: one.door._house.gate._checking == 2)
        assert (await clients[2].ask(RIGHT)).startswith("454 4.7.0")
        one.users.hold.set()
        assert [(await client.reply())[:3] for client in clients[:2]] == ["235", "235"]
        assert one.refused("password_checks") == 1
        assert (await clients[2].ask(RIGHT)).startswith("235"), "there is room again"
        assert one.metrics.registry.get_sample_value("sealgate_limit_use", {"limit": "password_checks"}) == 0


async def test_a_broken_password_file_lets_nobody_in(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        one.users.broken = True
        client = await one.secure()
        assert (await client.ask(RIGHT)).startswith("454 4.7.0")
        assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("530")

"""Addresses that confuse: whatever the door takes is exactly one mailbox, the same to policy, store and next hop."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress
from gateway.smtp.paths import BadArgument, BadParameter, read_address, read_path
from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand

pytestmark = pytest.mark.proves("door.addresses")

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"@practice.example"}))

REFUSED = [
    "<bad", "<a b@c.example>", "<>", "bad>", "<@>", "<a@>", "<@c.example>", "<<a@c.example>>", "<a@c.example", "a@c.example>",
    '<"a b"@c.example>', '<"a@evil.example"@c.example>', '<"a\\"b"@c.example>', '<a."b"@c.example>', '<""@c.example>',
    "<@evil.example:a@c.example>", "<@x.example,@y.example:a@c.example>", "<evil.example!a@c.example>", "<a%evil.example@c.example>",
    "<a%evil.example%x@c.example>", "<x!y%z@c.example>", "<a(comment)@c.example>", "<(comment)a@c.example>", "<a@c.example(comment)>",
    "<a@(comment)c.example>", "<a@[127.0.0.1]>", "<a@[IPv6:::1]>", "<a@[x:y]>", "<a@c.example..>", "<a@.c.example>", "<a@c..example>",
    "<a@c.example@d.example>", "<a@c.example,b@d.example>", "<a@c.example;b@d.example>", "<a@c.example> <b@d.example>",
    "<a@c.example>,<b@d.example>", "Bea <a@c.example>", "<Bea <a@c.example>>", "<.a@c.example>", "<a.@c.example>", "<a..b@c.example>",
    "<a@-c.example>", "<a@c-.example>", "<a@c.exam ple>", "<a@c.example\x7f>", "<a@c.example\t>", "<\ta@c.example>", "<a\\@b@c.example>",
    "<" + "a" * 65 + "@c.example>", "<a@" + "c" * 64 + ".example>", "<a@" + "c." * 130 + "example>", "<a:b@c.example>", "<:a@c.example>",
    "<a＠evil.example@c.example>", "<a＂b@c.example>", "<a，b@c.example>", "<a﹫b@c.example>", "<a\u200bb@c.example>",
    "<a\u202eb@c.example>", "<a\u00a0b@c.example>", "<a\u2028b@c.example>", "<a@c\u200b.exa\u2060mple\u0000>", "<a@c.example\u2028>",
    "<a＜b@c.example>", "<a@c／d.example>", "<a@exam℀ple.example>",
]  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
async def test_refused_for_good_and_the_transaction_stays_clean(tmp_path, path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk("C: MAIL FROM:<lee@practice.example> SMTPUTF8\nS: 250")
        assert (await client.ask(f"RCPT TO:{path}"))[:2] in {"50", "55"}
        assert (await client.ask("DATA")).startswith("554 5.5.1")
        if path != "<>" and not set(path) & set("%!"):  # those two say nothing wrong of a sender
            assert (await client.ask(f"MAIL FROM:{path.replace('c.example', 'practice.example')} SMTPUTF8"))[:2] in {
                "50",
                "55",
            }


@pytest.mark.parametrize("raw", [b"<a\x00@c.example>", b"<a@c.example\x00>", b"<a\xff@c.example>", b"<a\x1b@c.example>", b"<a\r@c.example>", b"<a\n@c.example>", b"<a\xc0\x80@c.example>"])  # fmt: skip
async def test_bytes_that_are_no_text(tmp_path, raw):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk("C: MAIL FROM:<lee@practice.example>\nS: 250")
        await client.send(b"RCPT TO:" + raw + b"\r\n")
        assert (await client.reply()).startswith("50")
        assert [each.mail.recipients for each in one.door._house.connections] == [{}]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("A.B+Tag@C.Example", "a.b+tag@c.example"),
        ("a@c.example.", "a@c.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@ｃ.example", "a@c.example"),
        ("a@c。example", "a@c.example"),
        ("JOSÉ@c.example", "josé@c.example"),
        ("jose\u0301@c.example", "josé@c.example"),
        ("o'neil@c.example", "o'neil@c.example"),
    ],
)
async def test_what_is_taken_is_the_mailbox_that_policy_judges(tmp_path, written, key):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk(f"""
            C: MAIL FROM:<lee@practice.example> SMTPUTF8
            S: 250
            C: RCPT TO:<{written}>
            S: 250
            C: RCPT TO:<{key}>
            S: 250
            C: DATA
            S: 354
        """)
        await client.send(b"hello\r\n.\r\n")
        assert (await client.reply()).startswith("250")
    (recipient,) = one.intake.mails[0].envelope.recipients
    assert recipient.key == key
    assert Address.parse(str(recipient)) == recipient, "what the next hop is told reads the same"
    assert recipient.domain.isascii()


odd = st.text(st.sampled_from("aB9.+-_@<>()[]\"\\,;: %!'=?#&/\t\x00\u200b\u00a0＠．ｃéßıſ。℀﹫"), max_size=24)


@given(odd | st.builds("{}@{}".format, odd, odd))
def test_any_text_is_refused_or_one_mailbox(text):
    try:
        path = read_path(f"TO:<{text}>", "TO:", frozenset())
        address = read_address(path.text, smtputf8=True)
    except (BadArgument, BadParameter, InvalidAddress):
        return
    assert address is not None
    assert path.parameters == {}
    for shown in (str(address), address.key):
        local, at, domain = shown.rpartition("@")
        assert at
        assert re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", domain)
        assert not set(local) & set('@<>()[]\\,;:" \t\x00')
        assert local.strip(".") == local
    again = Address.parse(str(address))
    assert (again.key, Address.parse(address.key).key) == (address.key, address.key), "one normal form, at once"

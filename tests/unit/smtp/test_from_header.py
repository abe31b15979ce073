"""The look at From and Sender: who is let through, and everything unclear is not."""

from __future__ import annotations

import pytest

from gateway.domain.envelope import Identity
from gateway.domain.errors import InvalidAddress
from gateway.mime.mailboxes import read_mailboxes
from gateway.smtp.header_watch import HeaderWatch

pytestmark = pytest.mark.proves("door.who-sends")

LEE = Identity("lee", "auth", frozenset({"lee@practice.example", "@team.example"}))


def verdict(header: bytes, *, size: int = 10**9, identity: Identity | None = LEE, limit: int = 262_144) -> str:
    watch = HeaderWatch(identity, limit, 50)
    for start in range(0, len(header), size):
        watch.feed(header[start : start + size])
    watch.close()
    return watch.verdict


@pytest.mark.parametrize(
    "value",
    [
        b"lee@practice.example",
        b" <lee@practice.example>",
        b"Dr. Lee <LEE@Practice.Example>",
        b'"Lee, Ann (MD) <lee@practice.example>" <lee@practice.example>',
        b"=?utf-8?q?lee=40practice=2Eexample?= <lee@practice.example>",
        b"=?utf-8?q?L=C3=A9e?= <lee@practice.example>",
        b"L\xc3\xa9e <lee@practice.example>",
        b"lee@practice.example (Dr. Lee)",
        b"lee@practice.example <lee@practice.example>",
        b"Lee\r\n <lee@practice.example>",
        b"a@team.example, Lee <lee@practice.example>",
    ],
)
def test_authors_that_may_send(value):
    assert verdict(b"Subject: x\r\nFrom:" + value + b"\r\n\r\nFrom: x@y.example\r\n") == ""


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"ceo@practice.example", "from.not_yours"),
        (b"lee@practice.example, ceo@practice.example", "from.not_yours"),
        # Many readers show only the name, and take its encoded words apart.
        (b'"Lee <x@y.example>" <lee@practice.example>', "from.not_yours"),
        (b'"ceo@practice.example" <lee@practice.example>', "from.not_yours"),
        (b"=?utf-8?q?ceo=40practice=2Eexample?= <lee@practice.example>", "from.not_yours"),
        (b"=?utf-8?b?Y2VvQHByYWN0aWNlLmV4YW1wbGU=?= <lee@practice.example>", "from.not_yours"),
        (b"=?utf-8?q?ceo?= =?utf-8?q?=40practice.example?= <lee@practice.example>", "from.not_yours"),
        (b"lee@practice.example (ceo@practice.example)", "from.not_yours"),
        ("ceo＠practice.example <lee@practice.example>".encode(), "from.not_yours"),
        (b"", "from.unreadable"),
        (b" ", "from.unreadable"),
        (b"<>", "from.unreadable"),
        (b"Lee", "from.unreadable"),
        (b"lee@practice.example,", "from.unreadable"),
        (b"ceo@practice.example <lee@practice.example>", "from.unreadable"),
        (b"<ceo@practice.example> <lee@practice.example>", "from.unreadable"),
        (b"<lee@practice.example> ceo@practice.example", "from.unreadable"),
        (b"lee@practice.example>", "from.unreadable"),
        (b"<lee@practice.example", "from.unreadable"),
        (b'"Lee <lee@practice.example>', "from.unreadable"),
        (b"(Lee <lee@practice.example>", "from.unreadable"),
        (b"Lee) <lee@practice.example>", "from.unreadable"),
        (b"lee(x)@practice.example", "from.unreadable"),
        (b"team: lee@practice.example;", "from.unreadable"),
        (b"team:;", "from.unreadable"),
        (b"<@evil.example:lee@practice.example>", "from.unreadable"),
        (b"=?utf-8?q?ceo=40practice.example?=@team.example", "from.unreadable"),
        (b"lee\x00@practice.example", "from.unreadable"),
        (b"lee@practice.example\xff", "from.unreadable"),
        (b'"lee"@practice.example', "from.unreadable"),
        (b"lee@practice.example lee@practice.example", "from.unreadable"),
    ],
)
def test_authors_that_may_not(value, code):
    assert verdict(b"From:" + value + b"\r\n\r\n") == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"From: lee@practice.example\r\nFrom: lee@practice.example\r\n\r\n", "from.twice"),
        (b"From: lee@practice.example\r\nfrom : x@y.example\r\n\r\n", "from.twice"),
        (b"From: lee@practice.example\r\nFROM\t: x@y.example\r\n\r\n", "from.twice"),
        (b"From: lee@practice.example\r\nFr\x00om: x@y.example\r\n\r\n", "from.twice"),
        (b"From: lee@practice.example\r\nno colon here\r\nFrom: x@y.example\r\n\r\n", "from.twice"),
        (b"From: lee@practice.example\r\n From: x@y.example\r\n\r\n", "from.unreadable"),
        (b"Fr\x01om: lee@practice.example\r\n\r\n", "from.unreadable"),
        (b"From: lee@practice.example\r\nSender: ceo@practice.example\r\n\r\n", "from.not_yours"),
        (b"From: lee@practice.example\r\nSender: a@team.example, b@team.example\r\n\r\n", "from.unreadable"),
        (b"From: lee@practice.example\r\nSender: a@team.example\r\n\r\n", ""),
        (b"\xef\xbb\xbfFrom: lee@practice.example\r\n\r\n", "from.unreadable"),
        ("From\u200b: lee@practice.example\r\n\r\n".encode(), "from.unreadable"),
        (b"From: lee@practice.example\r\nResent-From: ceo@practice.example\r\n\r\n", "from.not_yours"),
        (b"From: lee@practice.example\r\nResent-Sender: ceo@practice.example\r\n\r\n", "from.not_yours"),
        (b"From: lee@practice.example\r\nResent-From: a@team.example\r\nResent-From: lee@practice.example\r\n\r\n", ""),
        (b"Subject: nobody\r\n\r\nFrom: x@y.example", ""),
        (b"\r\nFrom: x@y.example\r\n\r\n", ""),
        (b"From: x@y.example", "from.not_yours"),
        (b"From lee Mon Jan 1 00:00:00\r\nFrom: lee@practice.example\r\n\r\n", ""),
        (b"Received: x\r\n" * 50 + b"\r\n", ""),
        (b"Received: x\r\n" * 51 + b"\r\n", "message.loop"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 10**9])
def test_whole_headers_in_any_chunks(header, code, size):
    assert verdict(header, size=size) == code


def test_inbound_looks_for_loops_only():
    assert verdict(b"From: a@b.example\r\nFrom: c@d.example\r\n\r\n", identity=None) == ""
    assert verdict(b"Received: x\r\n" * 51 + b"\r\n", identity=None) == "message.loop"


def test_a_header_longer_than_the_limit_is_refused_because_an_author_could_follow():
    header = b"From: x@y.example\r\nX: " + b"y" * 5000
    assert verdict(header, limit=1000) == "from.not_yours"
    junk = b"X: " + b"y" * 5000 + b"\r\nFrom: ceo@practice.example\r\n\r\n"
    assert verdict(junk, limit=1000) == "header.long"
    assert verdict(junk, limit=len(junk), size=100) == "from.not_yours"
    assert verdict(junk, limit=1000, identity=None) == ""
    watch = HeaderWatch(LEE, 1000, 50)
    watch.feed(header)
    watch.feed(b"z" * 10**6)
    assert watch._block is None


def test_mailboxes_are_read_in_order():
    assert [str(one) for one in read_mailboxes(b'"x, y" <a@b.example>, c@D.example')] == ["a@b.example", "c@d.example"]
    with pytest.raises(InvalidAddress):
        read_mailboxes(b", ")

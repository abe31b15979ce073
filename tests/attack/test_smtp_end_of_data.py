"""End of data: every ending that somebody takes for one, cut at every place, with the same result; and nothing that was
accepted can be read as two mails by any server further on, however leniently it reads.

The readers at the bottom are those that scanners for SMTP smuggling look for: bare LF, bare CR, mixed, NUL taken out.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket

import pytest

from gateway.adapters.relay.stuffing import StuffedBody
from gateway.smtp.dotted import DottedBody
from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import Client, stand

pytestmark = pytest.mark.proves("door.end-of-data")

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
CR, LF, NUL = b"\r", b"\n", b"\x00"
ENDINGS = {
    first + b"." + last
    for first in (CR + LF, LF, CR, CR + CR + LF, LF + CR, CR + LF + NUL, CR + NUL + LF, LF + NUL)
    for last in (CR + LF, LF, CR, CR + CR + LF, LF + CR, NUL + CR + LF, CR + NUL + LF)
}
ENDINGS = {one for one in ENDINGS if b"\r\n.\r\n" not in one}
NEXT = b"MAIL FROM:<ceo@practice.example>\r\nRCPT TO:<v@example.net>\r\nDATA\r\nevil"
OPEN = b"MAIL FROM:<lee@practice.example>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"


def wire(ending: bytes) -> bytes:
    return b"Subject: x\r\n\r\nhello" + ending + NEXT + b"\r\n.\r\n"


def read(chunks) -> tuple[bytes, bool, bool]:
    body, out = DottedBody(), b""
    for chunk in chunks:
        assert not body.ended
        out += body.feed(chunk)
    return out, body.ended, body.bare


@pytest.mark.parametrize("ending", sorted(ENDINGS), ids=repr)
def test_the_reader_sees_no_end_at_any_cut(ending: bytes) -> None:
    mail = wire(ending)
    whole = read([mail])
    assert whole[1:] == (True, True)
    start = mail.index(b"hello")
    for cut, length in itertools.product(range(start, start + len(ending) + 8), range(1, len(ending) + 3)):
        assert read([mail[:cut], mail[cut : cut + length], mail[cut + length :]]) == whole
    assert read(bytes([one]) for one in mail) == whole
    content = whole[0]
    assert b"evil" in content, "one mail, whatever is in it"


async def converse(port: int, mail: bytes, cuts: list[int]) -> str:
    """One mail over a real connection, a segment for each piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = Client(reader, writer)
    await client.reply()
    await client.ask("EHLO c.example")
    await client.send(OPEN)
    assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "354"]
    for start, end in itertools.pairwise([0, *cuts, len(mail)]):
        writer.write(mail[start:end])
        await writer.drain()
        await asyncio.sleep(0)
    answer = await client.reply()
    assert (await client.ask("NOOP")).startswith("250"), "in step with the client"
    client.close()
    return answer


@pytest.mark.parametrize("ending", sorted(ENDINGS), ids=repr)
async def test_the_door_refuses_it_in_segments_of_one_byte_and_cut_within(tmp_path, ending: bytes) -> None:
    mail = wire(ending)
    start = mail.index(b"hello") + 4
    ways = [[], list(range(1, len(mail))), *([cut] for cut in range(start, start + len(ending) + 3))]
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        for cuts in ways:
            assert (await converse(one.door.ports[0], mail, cuts)).startswith("550 5.6.0"), cuts
    assert one.intake.mails == []


async def test_the_same_mail_in_any_segments_is_the_same_mail(tmp_path) -> None:
    mail = b"Subject: x\r\n\r\n..a\r\n\r\n..\r\n. b\r\n...\r\n\r\n.\r\n"
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        for cut in range(len(mail)):
            assert (await converse(one.door.ports[0], mail, [cut] if cut else [])).startswith("250")
        assert (await converse(one.door.ports[0], mail, list(range(1, len(mail))))).startswith("250")
    assert {mail.content for mail in one.intake.mails} == {b"Subject: x\r\n\r\n.a\r\n\r\n.\r\n b\r\n..\r\n\r\n"}


LENIENT = {
    "strict": re.compile(rb"\r\n\.\r\n"),
    "any line end": re.compile(rb"(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)"),
    "carriage returns dropped": re.compile(rb"\r*\n\r*\.\r*\n"),
    "several in a row": re.compile(rb"[\r\n]\.[\r\n]"),
}


def mails_read_in(sent: bytes) -> int:
    """How many ends of data the most lenient of all readers finds."""
    texts = (sent, sent.replace(NUL, b""), sent.replace(CR, b""), sent.replace(LF, CR))
    return max(len(pattern.findall(text)) for text in texts for pattern in LENIENT.values())


def test_whatever_is_accepted_is_one_mail_to_every_lenient_reader() -> None:
    """Every text of up to six of the bytes that matter, exhaustively."""
    accepted = 0
    for length in range(7):
        for parts in itertools.product((CR, LF, b".", NUL, b"a"), repeat=length):
            content, ended, bare = read([b"".join(parts) + b"\r\n.\r\n"])
            if not ended or bare:
                continue
            accepted += 1
            out = StuffedBody()
            sent = b"\r\n" + out.feed(content) + out.close() + b".\r\n"
            assert not out.bare
            assert mails_read_in(sent) == 1, (parts, sent)
    assert accepted > 500


def test_the_lenient_readers_would_notice() -> None:
    for ending in ENDINGS:
        assert mails_read_in(b"hello" + ending + b"x\r\n.\r\n") > 1 or b"\n\r" in ending or b"\x00" in ending, ending

"""The DATA decoder gives the same result however the bytes are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smtp.dotted import DottedBody


def run(chunks) -> tuple[bytes, bool, bool, bytes]:
    body = DottedBody()
    out = b""
    chunks = list(chunks)
    for number, chunk in enumerate(chunks):
        out += body.feed(chunk)
        if body.ended:
            return out, True, body.bare, body.rest + b"".join(chunks[number + 1 :])
    return out, False, body.bare, b""


def reference(wire: bytes) -> tuple[bytes, bool, bytes]:
    """Line by line, slowly, as RFC 5321 4.5.2 says: content, bare line ends, what follows."""
    lines = []
    rest = wire
    while True:
        line, end, rest = rest.partition(b"\r\n")
        assert end, "the wire must have an end of data"
        if line == b".":
            content = b"".join(one.removeprefix(b".") + b"\r\n" for one in lines)
            return content, any(b"\r" in one or b"\n" in one for one in lines), rest
        lines.append(line)


def test_plain_cases():
    for wire, content in {
        b".\r\n": b"",
        b"a\r\n.\r\n": b"a\r\n",
        b"..\r\n.\r\n": b".\r\n",
        b"..a\r\n..\r\n...\r\n.\r\n": b".a\r\n.\r\n..\r\n",
        b"\r\n\r\n.\r\n": b"\r\n\r\n",
        b"a\x00\xff\r\n.\r\n": b"a\x00\xff\r\n",
    }.items():
        assert run([wire + b"QUIT\r\n"]) == (content, True, False, b"QUIT\r\n")


@pytest.mark.parametrize("wire", [b"..a\r\nb\r\n..\r\n\r\n..c\r\n.\r\nMAIL", b".\r\n.\r\n", b"a\r\n\r\n.\r\n.\r\n"])
def test_every_cut_gives_the_same(wire):
    content, bare, rest = reference(wire)
    for first, second in itertools.combinations(range(len(wire) + 1), 2):
        assert run([wire[:first], wire[first:second], wire[second:]]) == (content, True, bare, rest)
    assert run(bytes([one]) for one in wire) == (content, True, bare, rest)


tokens = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\r\n.", b".\r\n"]), max_size=14)


@given(tokens, st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_agrees_with_the_slow_reading(parts, sizes):
    wire = b"".join(parts) + b"\r\n.\r\nREST"
    chunks = []
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(wire):
            break
        chunks.append(wire[at : at + size])
        at += size
    content, bare, rest = reference(wire)
    got, ended, noticed, left = run(chunks)
    assert (ended, noticed, left) == (True, bare, rest)
    assert got == content

"""Outlook's winmail.dat, Windows metafiles, and escapes that were left in a text."""

import struct

import pytest

from gateway.domain.finding import GapReason
from gateway.mime.charset import decode
from gateway.mime.html import extract
from gateway.mime.leftover import mended
from tests.unit.mime.test_read_documents import opened

WORDS = "Zora Quillfeather was here"


def attribute(level: int, number: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def winmail(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x89006, struct.pack("<I", 0x10000)) + b"".join(attributes)


def properties(*values: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(values))
    for kind, tag, value in values:
        out += struct.pack("<HHII", kind, tag, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def stored(rtf: bytes) -> bytes:
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf


def test_bodies_subjects_and_files():
    rtf = b"{\\rtf1\\ansi body in rtf}"
    texts, gaps = opened(
        winmail(
            attribute(1, 0x18004, b"the subject\0"),
            attribute(1, 0x2800C, b"the body\0"),
            attribute(
                1, 0x69003, properties((0x1F, 0x0037, "wide subject".encode("utf-16-le")), (0x102, 0x1009, stored(rtf)))
            ),
            attribute(2, 0x69002, bytes(14)),
            attribute(2, 0x18010, b"note.txt\0"),
            attribute(2, 0x6800F, WORDS.encode()),
        )
    )
    whole = "\n".join(texts.values())
    assert not gaps
    for each in ("the subject", "the body", "wide subject", "body in rtf", "note.txt", WORDS):
        assert each in whole
    assert any(part.startswith("attachment:f/note.txt") for part in texts)


def test_damaged_winmail_is_a_gap():
    whole = winmail(attribute(1, 0x2800C, WORDS.encode()))
    assert not opened(whole)[1]
    for end in (8, 20, len(whole) - 1):
        assert opened(whole[:end])[1] == {("attachment:f", GapReason.MALFORMED)}
    many = winmail(attribute(1, 0x69003, struct.pack("<I", 0xFFFFFFFF)))
    assert opened(many)[1] == {("attachment:f", GapReason.MALFORMED)}
    nested = winmail(attribute(1, 0x2800C, b"innermost"))
    for _ in range(10):
        nested = winmail(attribute(2, 0x69002, bytes(14)), attribute(2, 0x6800F, nested))
    assert {reason for _, reason in opened(nested)[1]} == {GapReason.TOO_DEEP}


def emf(*records: bytes) -> bytes:
    head = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    return head + b"".join(records) + struct.pack("<IIIII", 14, 20, 0, 16, 20)


def said(text: str, options: int = 0) -> bytes:
    raw = text.encode("utf-16-le")
    raw += bytes(-len(raw) % 4)
    return (
        struct.pack("<II", 84, 76 + len(raw))
        + bytes(28)
        + struct.pack("<iiIII", 1, 1, len(text), 76, options)
        + bytes(20)
        + raw
    )


def test_words_of_metafiles():
    assert WORDS in opened(emf(said(WORDS)))[0]["attachment:f"]
    assert opened(emf(said(WORDS)))[1] == set()
    assert opened(emf(said(WORDS, options=0x10)))[1] == {("attachment:f", GapReason.NO_TEXT)}  # numbers of glyphs
    pixels = struct.pack("<II", 81, 300) + bytes(292)
    assert opened(emf(pixels))[1] == {("attachment:f", GapReason.NO_TEXT)}
    assert opened(emf(said(WORDS))[:150])[1] == {("attachment:f", GapReason.MALFORMED)}
    raw = WORDS.encode()
    record = struct.pack("<IHH", 4 + len(raw) // 2 + 2, 0x0521, len(raw)) + raw + bytes(4)
    wmf = (
        b"\xd7\xcd\xc6\x9a"
        + bytes(18)
        + struct.pack("<HHHIHIH", 1, 9, 0x300, 0, 0, 0, 0)
        + record
        + struct.pack("<IH", 3, 0)
    )
    assert WORDS in opened(wmf)[0]["attachment:f"]


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("quoted", "".join(f"={ord(one):02X}" if one in "aeo" else one for one in WORDS)),
        ("utf-7", "Zora +AFEAdQBpAGwAbA-feat+AGgAZQBy- w+AGEAcw- here"),
        ("links", "see https://example.org/?d=Zora%2520Quillfeather%2520was%2520here now"),
        ("links", "https://example.org/c/Wm9yYSBRdWlsbGZlYXRoZXIgd2FzIGhlcmU/x"),
    ],
)
def test_escapes_that_were_left(how, text):
    assert dict(mended(text)) == {how: WORDS} or WORDS in dict(mended(text))[how]


def test_ordinary_text_has_no_escapes():
    for text in ("a=12 and b=3F", "C++ and +1 555-0100", "https://example.org/a%20b?c=d&utm_source=news", "1+1=2"):
        assert list(mended(text)) == []


def test_escapes_of_style_sheets():
    coded = "".join(f"\\{ord(one):06x}" for one in WORDS)
    assert WORDS in extract(f'<style>p:after{{content:"{coded}"}}</style>').text
    assert extract("<p style=\"background:url('data:image/svg+xml,x')\">").embedded == 1


def test_mojibake_is_a_gap_and_a_western_language_is_none():
    elsewhere = (WORDS * 4).encode("cp037")
    assert decode(elsewhere, "iso-8859-1")[1] is False
    assert (
        decode("Пациент Зора Перьева пришла сегодня утром на приём к врачу в клинику".encode("koi8-r"), "iso-8859-1")[1]
        is False
    )
    western = "Señora Núñez pidió información sobre el horario de atención después del año nuevo; está aquí"
    assert decode(western.encode("cp1252"), "iso-8859-1") == (western, True)

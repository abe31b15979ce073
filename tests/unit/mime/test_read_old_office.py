"""RTF, Outlook messages and binary Office files, made here; what of them is not read is a gap."""

from __future__ import annotations

import struct

import pytest

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from tests.support.compound import compound
from tests.support.identified import THIRTEEN, missing_from

PART = "attachment:f"


def opened(data: bytes, name: str = "", budget: Budget | None = None) -> tuple[dict[str, str], set[GapReason]]:
    texts, gaps = read(PART, "", name, data, budget or Budget())
    assert all(each.part.startswith(PART) for each in (*texts, *gaps))
    return {each.part: each.text for each in texts}, {each.reason for each in gaps}


def everything(data: bytes) -> tuple[str, set[GapReason]]:
    texts, gaps = opened(data)
    return "\n".join(texts.values()), gaps


def rtf(body: str) -> bytes:
    return (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Times;}}{\*\generator nobody;}"
        + body
        + "}"
    ).encode("latin-1")


def test_rtf_with_identifiers_everywhere():
    places = [
        r"{\info{\title %s}{\author %s}{\*\company %s}}", r"{\header %s\par}", r"{\v %s}\par ", r"{\*\unheardof %s}",
        r"{\footnote %s}", r"{\*\annotation %s}", r"\b %s\b0\par ", r"{\deleted %s}", r"{\field{\*\fldinst %s}{\fldrslt x}}",
        r"\trowd %s\cell\row ", r"{\*\docvar {x}{%s}}",
    ]  # fmt: skip
    body = "".join(places) % tuple(THIRTEEN)
    text, gaps = everything(rtf(body))
    assert (missing_from(text), gaps) == ([], set())
    assert "Arial" not in text


def test_rtf_signs():
    text, gaps = everything(rtf(r"Mu\'f1oz \u1041?\u1086? \uc2\u-10179?x\u-8704?x A{\f1 \'c8\'e2\'e0\'ed} a\~b\{c\}\\"))
    assert "Muñoz Бо 😀 A" in text
    assert "Иван" in text
    assert "a b{c}\\" in text
    assert gaps == set()


def test_rtf_with_a_picture_and_an_object_in_it():
    inner = compound({"\x01Ole10Native": native("Pat_Roe.txt", "\n".join(THIRTEEN).encode())})
    packed = (
        struct.pack("<II", 0x501, 2)
        + b"".join(struct.pack("<I", len(each)) + each for each in (b"Package\0", b"", b""))
        + struct.pack("<I", len(inner))
        + inner
    )
    text, gaps = everything(rtf(r"Cover{\object{\*\objdata " + packed.hex() + "}}"))
    assert (missing_from(text), gaps) == ([], set())
    assert "Pat Roe.txt" in text
    assert everything(rtf(r"{\pict\pngblip " + (b"\x89PNG\r\n\x1a\n" + bytes(40)).hex() + "}"))[1] & {
        GapReason.NO_TEXT,
        GapReason.MALFORMED,
    }
    assert everything(rtf(r"{\pict\bin5 abcde}"))[1]


@pytest.mark.parametrize("data", [rtf("Patricia Roe")[:-1], rtf("x") + b"Patricia Roe", b"{\\rtf1 " + b"{" * 100_000])
def test_broken_rtf_is_a_gap(data):
    assert GapReason.MALFORMED in everything(data)[1]


def native(name: str, content: bytes) -> bytes:
    label = name.encode()
    body = (
        struct.pack("<H", 2)
        + label
        + b"\0"
        + b"C:\\"
        + label
        + b"\0"
        + bytes(4)
        + struct.pack("<I", len(label) + 1)
        + label
        + b"\0"
    )
    body += struct.pack("<I", len(content)) + content
    return struct.pack("<I", len(body)) + body


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def message(prefix: str = "", lines: tuple[str, ...] = THIRTEEN) -> dict[str, bytes]:
    own = f"{prefix}__substg1.0_"
    return {
        f"{prefix}__properties_version1.0": bytes(32),
        f"{own}0037001F": wide(lines[0]), f"{own}1000001F": wide("\n".join(lines[1:4])), f"{own}0C1A001E": lines[4].encode(),
        f"{own}10130102": f"<p>{lines[5]}</p><!-- {lines[6]} -->".encode(), f"{own}007D001F": wide(f"X-Note: {lines[7]}"),
        f"{prefix}__recip_version1.0_#00000000/__substg1.0_3001001F": wide(lines[8]),
        f"{prefix}__recip_version1.0_#00000000/__substg1.0_39FE001F": wide("pat.roe@example.org"),
        f"{prefix}__attach_version1.0_#00000000/__substg1.0_3707001F": wide("Pat_Roe.txt"),
        f"{prefix}__attach_version1.0_#00000000/__substg1.0_37010102": "\n".join(lines[9:]).encode(),
    }  # fmt: skip


def test_an_outlook_message():
    texts, gaps = opened(compound(message()))
    assert (missing_from("\n".join(texts.values())), gaps) == ([], set())
    assert texts[f"{PART}/subject"] == THIRTEEN[0]
    assert "Pat Roe.txt" in texts[f"{PART}/attachment:Pat_Roe.txt/name"]


def test_a_message_within_a_message_and_too_many_of_them():
    streams = message(lines=tuple("x" for _ in THIRTEEN)) | message(
        "__attach_version1.0_#00000001/__substg1.0_3701000D/"
    )
    text, gaps = everything(compound(streams))
    assert (missing_from(text), gaps) == ([], set())
    deep = {}
    for depth in range(9):
        deep |= message("__attach_version1.0_#00000009/__substg1.0_3701000D/" * depth)
    assert GapReason.TOO_DEEP in everything(compound(deep))[1]


def test_a_message_whose_body_is_compressed_rtf():
    body = rtf(THIRTEEN[0])
    coded = b"".join(b"\0" + body[at : at + 8] for at in range(0, len(body), 8))
    packed = struct.pack("<IIII", len(coded) + 12, len(body), 0x75465A4C, 0) + coded
    text, gaps = everything(compound({"__properties_version1.0": bytes(32), "__substg1.0_10090102": packed}))
    assert (THIRTEEN[0] in text, gaps) == (True, set())


def word(text: str, *, flags: int = 0x0200, compressed: bool = False) -> bytes:
    coded = text.encode("cp1252" if compressed else "utf-16-le")
    words = bytearray(1024)
    struct.pack_into("<HH", words, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", words, 0x0A, flags)
    where = len(words) * 2 | 0x40000000 if compressed else len(words)
    plc = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, where, 0)
    table = b"\x01\x04\0" + bytes(4) + b"\x02" + struct.pack("<I", len(plc)) + plc
    struct.pack_into("<II", words, 0x01A2, 0, len(table))
    return compound({"WordDocument": bytes(words) + coded, "1Table": table, "0Table": b""})


@pytest.mark.parametrize("compressed", [True, False])
def test_a_word_document(compressed):
    text, gaps = everything(word("\r".join(THIRTEEN), compressed=compressed))
    assert (missing_from(text), gaps) == ([], set())


def test_word_documents_that_are_not_wholly_read():
    assert everything(word("a picture: \x01"))[1] == {GapReason.NO_TEXT}
    assert everything(word("x", flags=0x0300))[1] == {GapReason.ENCRYPTED}
    assert everything(compound({"WordDocument": b"\xec\xa5" + bytes(40)}))[1] == {GapReason.MALFORMED}
    assert everything(compound({"EncryptedPackage": bytes(90), "EncryptionInfo": bytes(90)}))[1] == {
        GapReason.ENCRYPTED
    }
    assert everything(compound({"Anything": bytes(90)}))[1] == {GapReason.UNKNOWN_TYPE}


def biff(*records: tuple[int, bytes]) -> bytes:
    first = struct.pack("<HHHHHH", 0x0809, 8, 0x0600, 5, 0, 0) + bytes(4)
    return compound(
        {"Workbook": first + b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records)}
    )


def short(text: str) -> bytes:
    return struct.pack("<HB", len(text), 0) + text.encode("latin-1")


def test_an_excel_workbook():
    head = struct.pack("<II", 9, 9) + b"".join(short(each) for each in THIRTEEN[:7])
    cut = short(THIRTEEN[7])
    records = [
        (0x0085, bytes(6) + bytes([5, 0]) + b"Sheet"),
        (0x00FC, head + cut[:20]), (0x003C, b"\x01" + THIRTEEN[7][17:].encode("utf-16-le") + short(THIRTEEN[8])),
        *((0x00FD, struct.pack("<HHHI", n, 0, 0, n)) for n in range(8)),
        (0x0204, struct.pack("<HHH", 20, 1, 0) + short(THIRTEEN[9])), (0x0014, short(THIRTEEN[10])),
        (0x01B6, bytes(18)), (0x003C, b"\0" + THIRTEEN[11].encode()), (0x0015, short(THIRTEEN[12])),
        (0x0203, struct.pack("<HHHd", 30, 0, 0, 4471203.0)), (0x027E, struct.pack("<HHHI", 31, 0, 0, 4471203 << 2 | 2)),
    ]  # fmt: skip
    text, gaps = everything(biff(*records))
    assert (missing_from(text), gaps) == ([], set())
    assert text.count("4471203") == 3
    assert everything(biff((0x002F, bytes(6))))[1] == {GapReason.ENCRYPTED}
    assert everything(compound({"Workbook": bytes(40)}))[1] == {GapReason.UNKNOWN_TYPE}


def test_a_powerpoint_file():
    atoms = b"".join(struct.pack("<HHI", 0, 0x0FA0, 2 * len(each)) + wide(each) for each in THIRTEEN[:7])
    atoms += b"".join(struct.pack("<HHI", 0, 0x0FA8, len(each)) + each.encode() for each in THIRTEEN[7:])
    deck = struct.pack("<HHI", 0xF, 0x03E8, len(atoms)) + atoms
    text, gaps = everything(compound({"PowerPoint Document": deck}))
    assert (missing_from(text), gaps) == ([], set())
    assert everything(compound({"PowerPoint Document": deck, "Pictures": bytes(90)}))[1] == {GapReason.UNKNOWN_TYPE}


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("make", [lambda: compound(message()), lambda: word("\r".join(THIRTEEN) * 90)])
def test_truncated_compound_files_are_gaps(make, cut):
    data = make()
    text, gaps = everything(data[: int(len(data) * cut)])
    assert gaps or missing_from(text) == []


def test_a_chain_that_runs_in_a_circle_ends():
    data = bytearray(word("\r".join(THIRTEEN) * 200))
    for at in range(len(data) - 512, len(data), 4):
        struct.pack_into("<I", data, at, 0)
    text, gaps = everything(bytes(data))
    assert gaps or len(text) < len(data)

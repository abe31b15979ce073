"""Hostile files of the formats beside PDF, Office and ZIP: each ends as a gap, in bounded time and memory, in the box."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import zlib

import pytest

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.finding import GapReason
from gateway.ports.inspector import Specimen
from tests.support.compound import compound

PART = "attachment:f"
SECONDS = 30.0
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def box():
    inspector = BoxedInspector.start(
        BoxLimits(message_seconds=SECONDS, cpu_seconds=25, memory_bytes=768 * MIB, start_seconds=120.0)
    )
    yield inspector
    inspector.close()


def tar_of_many() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for number in range(20_000):
            archive.addfile(tarfile.TarInfo(str(number)))
    return out.getvalue()


def packed_often() -> bytes:
    data = b"Patricia Roe " * 5_000_000
    for _ in range(4):
        data = gzip.compress(data, 1)
    return data


def png(width: int, height: int, chunks: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunks
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def text_bomb_in_png() -> bytes:
    body = b"Comment\0\0" + zlib.compress(bytes(200 * MIB), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return png(10, 10, chunk)


def word_with_pieces_without_end() -> bytes:
    words = bytearray(2048)
    struct.pack_into("<H", words, 0x0A, 0x0200)
    count = 300_000
    plc = struct.pack(f"<{count + 1}I", *range(0, 1024 * (count + 1), 1024)) + struct.pack("<HIH", 0, 0, 0) * count
    table = b"\x02" + struct.pack("<I", len(plc)) + plc
    struct.pack_into("<II", words, 0x01A2, 0, len(table))
    return compound({"WordDocument": bytes(words), "1Table": table})


def strings_that_claim_much() -> bytes:
    first = struct.pack("<HHHHHH", 0x0809, 8, 0x0600, 5, 0, 0) + bytes(4)
    shared = struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF) + struct.pack("<HB", 0xFFFF, 13) + b"\xff" * 6
    return compound(
        {"Workbook": first + struct.pack("<HH", 0x00FC, len(shared)) + shared + struct.pack("<HH", 0x000A, 0xFFFF)}
    )


def message_in_message(depth: int) -> bytes:
    inside = "__attach_version1.0_#00000000/__substg1.0_3701000D/"
    return compound({inside * level + "__properties_version1.0": bytes(40) for level in range(depth)})


def dicom_of_depth(depth: int) -> bytes:
    item = b""
    for _ in range(depth):
        item = (
            b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
            + item
            + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
        )
    meta = b"\x02\0\x02\0UI\x06\x001.2.3\0" + b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0"
    return bytes(128) + b"DICM" + b"\x02\0\0\0UL\x04\0" + struct.pack("<I", len(meta)) + meta + item


BOMBS = {
    "tar-of-many": tar_of_many,
    "packed-often": packed_often,
    "huge-picture": lambda: png(60_000, 60_000),
    "text-bomb-in-png": text_bomb_in_png,
    "rtf-deep": lambda: b"{\\rtf1" + b"{\\b " * 2_000_000,
    "rtf-bin-past-the-end": lambda: b"{\\rtf1 {\\pict\\bin2000000000 x}}",
    "rtf-of-objects": lambda: b"{\\rtf1 " + b"{\\pict 00}" * 50_000 + b"}",
    "message-in-message": lambda: message_in_message(30),
    "dicom-deep": lambda: dicom_of_depth(500),
    "fhir-deep": lambda: b'{"resourceType":"x","a":' + b"[" * 2_000_000,
    "hl7-of-many": lambda: b"MSH|^~\\&|\r" + b"NTE|1|x\r" * 500_000,
    "cda-deep": lambda: b"<ClinicalDocument xmlns='urn:hl7-org:v3'>" + b"<a>" * 500_000,
    "cda-laughs": lambda: b"<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><ClinicalDocument xmlns='urn:hl7-org:v3'>&b;</ClinicalDocument>",
    "data-urls-in-data-urls": lambda: _nested_html(12),
}  # fmt: skip
BOUNDED_ONLY = {"word-pieces": word_with_pieces_without_end, "excel-claims": strings_that_claim_much}
"""May be read as far as there is something to read."""


def _nested_html(depth: int) -> bytes:
    import base64

    page = b"<html>Patricia Roe</html>"
    for _ in range(depth):
        page = b"<html><img src='data:text/html;base64," + base64.b64encode(page) + b"'></html>"
    return page


def opened(box: BoxedInspector, data: bytes) -> set[GapReason]:
    begun = time.monotonic()
    found = box.inspect(
        [Specimen(PART, "text/html" if data[:5] == b"<html" else "application/octet-stream", "f", iter([data]))]
    )
    assert time.monotonic() - begun < SECONDS + 10
    assert sum(len(one.text) for one in found.texts) < 17 * MIB
    return {gap.reason for gap in found.gaps}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_gap(box, name):
    assert opened(box, BOMBS[name]())


@pytest.mark.parametrize("name", BOUNDED_ONLY)
def test_what_lies_about_its_size_is_bounded(box, name):
    opened(box, BOUNDED_ONLY[name]())


def test_the_next_letter_is_read(box):
    assert opened(box, b"an ordinary letter") == set()

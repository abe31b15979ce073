"""OLE compound files (MS-CFB): Outlook messages, old Word, Excel and PowerPoint files, and objects within documents."""

from __future__ import annotations

import io
import struct

import olefile

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.msg import read_message
from gateway.mime.documents.ole_binary import deck_text, document_text, workbook_text
from gateway.mime.documents.ole_stream import stream
from gateway.mime.documents.packed import Refused
from gateway.mime.documents.stray import words_among
from gateway.mime.documents.table import Result, read
from gateway.mime.documents.xml import parsed, text_of

_LOCKED = ("EncryptedPackage", "EncryptionInfo", "DRMEncryptedDataSpace")
_PROPERTIES = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")
_LEFT_OUT = ("ObjectPool", "Data", "Pictures", "MBD", "_VBA_PROJECT_CUR", "Macros", "Escher")
"""Storages and streams of old Office files in which pictures, objects and macros lie, which are not read."""
_SILENT_OBJECTS = frozenset({"\x01Ole", "\x01CompObj", "\x03ObjInfo", "\x02OlePres000", "\x03EPRINT", "\x03META"})
_MOST_STREAMS = 10_000


def read_ole(part: str, data: bytes, budget: Budget) -> Result:
    """Text of whatever the compound file is; a gap for what in it is not read."""
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        paths = file.listdir(streams=True, storages=False)
        if len(paths) > _MOST_STREAMS:
            return [], [Gap(part, GapReason.TOO_LARGE)]
        roots = {path[0] for path in paths}
        if roots & set(_LOCKED):
            return [], [Gap(part, GapReason.ENCRYPTED)]
        if any(root.startswith("__properties_version1.0") for root in roots):
            return read_message(part, file, budget)
        try:
            texts, gaps = _document(part, file, roots, budget)
        except Refused as refusal:
            return [], [Gap(part, refusal.reason)]
        return texts, [*gaps, *([Gap(part, GapReason.MALFORMED)] if file.parsing_issues else [])]


def store_words(part: str, data: bytes, budget: Budget) -> Result:
    """Custom XML in the compound file that Word puts behind an RTF text (its data store)."""
    if not data.strip(b"\0"):
        return [], []
    lines: list[str] = []
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        try:
            for path in file.listdir(streams=True, storages=False)[:_MOST_STREAMS]:
                content = stream(file, path, budget).strip(b"\0")
                lines.append(
                    text_of(parsed(content), every_attribute=True) if content[:1] == b"<" else words_among(content)
                )
        except Refused as refusal:
            return [], [Gap(part, refusal.reason)]
    text = "\n".join(each for each in lines if each.strip())
    return [TextPart(part, text)] * bool(text), []


def _document(part: str, file: olefile.OleFileIO, roots: set[str], budget: Budget) -> Result:
    gaps: dict[Gap, None] = {}
    texts = _properties(file)
    if "WordDocument" in roots:
        words = stream(file, "WordDocument", budget)
        text, whole = document_text(words, stream(file, "1Table", budget), stream(file, "0Table", budget))
    elif roots & {"Workbook", "Book"}:
        text, whole = workbook_text(stream(file, "Workbook" if "Workbook" in roots else "Book", budget))
    elif "PowerPoint Document" in roots:
        text, whole = deck_text(stream(file, "PowerPoint Document", budget))
        if "EncryptedSummary" in roots:
            raise Refused(GapReason.ENCRYPTED)
    else:
        return _object(part, file, roots, budget)
    texts.append(text)
    if not whole:
        gaps[Gap(part, GapReason.NO_TEXT)] = None
    if any(root.startswith(_LEFT_OUT) and _holds(file, root) for root in roots):
        gaps[Gap(part, GapReason.UNKNOWN_TYPE)] = None
    return [TextPart(part, "\n".join(texts))], list(gaps)


def _holds(file: olefile.OleFileIO, root: str) -> bool:
    return bool(file.get_type(root) != olefile.STGTY_STREAM or file.get_size(root) > 0)


def _properties(file: olefile.OleFileIO) -> list[str]:
    found: list[str] = []
    for name in _PROPERTIES:
        if file.exists(name):
            values = file.getproperties(name, convert_time=True)
            for value in values.values():
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, bytes):
                        found.append(decode(one.rstrip(b"\0"), "")[0])
                    elif isinstance(one, str):
                        found.append(one)
    return [one for one in found if one.strip()]


def _object(part: str, file: olefile.OleFileIO, roots: set[str], budget: Budget) -> Result:
    """An embedded object: the file it packs, or a gap."""
    for name in ("Package", "CONTENTS", "\x01Ole10Native"):
        if name in roots:
            content = stream(file, name, budget)
            label, content = _native(content) if name.startswith("\x01") else ("", content)
            if not budget.enter():
                return [], [Gap(part, GapReason.TOO_DEEP)]
            try:
                texts, gaps = read(f"{part}/object", "", label, content, budget)
            finally:
                budget.leave()
            return [TextPart(part, label.replace("_", " "))] * bool(label) + texts, gaps
    if roots <= _SILENT_OBJECTS:
        return [], [Gap(part, GapReason.NO_TEXT)]
    return [], [Gap(part, GapReason.UNKNOWN_TYPE)]


def _native(content: bytes) -> tuple[str, bytes]:
    """Name and bytes of a packaged file (MS-OLEDS 2.3.6: as packager writes it)."""
    at = 6
    end = content.find(b"\0", at)
    name = content[at:end].decode("cp1252", "replace")
    end = content.find(b"\0", end + 1) + 1
    at = end + 4
    (length,) = struct.unpack_from("<I", content, at)
    at += 4 + length
    (size,) = struct.unpack_from("<I", content, at)
    return name, content[at + 4 : at + 4 + size]

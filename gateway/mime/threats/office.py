"""Office and OpenDocument files: code that they bring, code that they load, and files packed into them as objects.

ZIP formats are judged by the names of their entries and some small parts of XML, OLE formats by their streams (MS-CFB)
and by the table of sheets (MS-XLS 2.4.28). What cannot be read is judged by its bytes.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

import olefile
import re2

from gateway.domain.threat import ThreatKind
from gateway.mime.threats.family import runs

_WIDE = [name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA_PROJECT")]
_OBJECT = "\x01ole10native"
_INSTALLER = "000C1084-0000-0000-C000-000000000046"
"""Class of Windows Installer packages; 86 is a patch, 82 a transform."""
_CODE = re2.compile(
    r"(?:^|/)(?:vbaproject\.bin|vbadata\.xml|activex\d*\.bin|macrosheets/.+|intlmacrosheets/.+)$|^basic/.+\.xml$|^scripts/.+[^/]$"
)
_RELATION = re2.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_LOADS = re2.compile(rb'(?i)/(?:attachedTemplate|oleObject|subDocument|frame)"')
_LOCAL = re2.compile(rb'(?i)\bTarget\s*=\s*"(?:file:///[A-Za-z]:|[A-Za-z]:[\\/]|[^":/\\]*")')
_BOUND = re2.compile(rb"<script:event-listener\b[^>]*(?:vnd\.sun\.star\.script:|ooo:script)")
_BINARY = re2.compile(r"(?:^|/)embeddings/[^/]+\.bin$")
_RTF_OBJECT = re2.compile(rb"(?i)\\obj(?:emb|data|html|ocx|update|autlink|link)\b")
_SMALL = 8 * 1024 * 1024
_PARTS = 200
_DEPTH = 3
_BROKEN = (OSError, ValueError, IndexError, KeyError, struct.error, zipfile.BadZipFile, zlib.error, EOFError,
           NotImplementedError, RuntimeError, AttributeError, TypeError)  # fmt: skip


def zip_threats(data: bytes, names: Iterable[str]) -> frozenset[ThreatKind]:
    """Threats of a document that is a ZIP; `names` are those of its entries, none for a directory that cannot be read."""
    listed = list(names)
    if not listed:
        return frozenset({ThreatKind.MACRO}) if b"vbaProject.bin" in data else frozenset()
    lower = [one.replace("\\", "/").lower() for one in listed]
    document = "[content_types].xml" in lower or ("content.xml" in lower and "meta-inf/manifest.xml" in lower)
    found = set()
    if "meta-inf/manifest.mf" in lower and any(one.endswith((".class", ".dex")) for one in lower):
        found.add(ThreatKind.EXECUTABLE)
    if not document:
        return frozenset(found)
    if any(_CODE.search(one) for one in lower):
        found.add(ThreatKind.MACRO)
    telling = [
        original for original, name in zip(listed, lower, strict=True)
        if name.endswith(".rels") or name in {"content.xml", "styles.xml", "[content_types].xml"} or _BINARY.search(name)
    ]  # fmt: skip
    for content in _contents(data, telling):
        found |= _in_part(content)
    return frozenset(found)


def ole_threats(data: bytes, depth: int = 0) -> frozenset[ThreatKind]:
    """Threats of an OLE file: VBA, macro sheets, packed files, an installer."""
    found = set()
    if any(name in data for name in _WIDE):
        found.add(ThreatKind.MACRO)
    try:
        with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_FATAL) as ole:
            if str(ole.root.clsid).upper().startswith(_INSTALLER[:7]) and str(ole.root.clsid).upper().endswith(
                _INSTALLER[8:]
            ):
                found.add(ThreatKind.EXECUTABLE)
            for path in ole.listdir()[:_SMALL]:
                found |= _stream(ole, path, depth)
    except _BROKEN:
        pass  # its bytes were looked at; the reader of documents says that it is damaged
    return frozenset(found)


def rtf_threats(data: bytes) -> frozenset[ThreatKind]:
    """Threats of an RTF: objects, and a template from elsewhere."""
    found = set()
    if _RTF_OBJECT.search(data):
        found.add(ThreatKind.EMBEDDED)
    if b"\\*\\template http" in data or b"\\*\\template \\\\" in data:
        found.add(ThreatKind.MACRO)
    return frozenset(found)


def _stream(ole: olefile.OleFileIO, path: list[str], depth: int) -> set[ThreatKind]:
    name = path[-1].lower()
    if name in {"_vba_project", "dir"} and any(
        one.lower() in {"vba", "macros", "_vba_project_cur"} for one in path[:-1]
    ):
        return {ThreatKind.MACRO}
    if name == _OBJECT:
        return {ThreatKind.EMBEDDED}
    if len(path) == 1 and name in {"workbook", "book"}:
        with ole.openstream(path) as stream:
            return {ThreatKind.MACRO} if _macro_sheet(stream.read(_SMALL)) else set()
    if depth < _DEPTH and name == "package":  # another whole document or file
        with ole.openstream(path) as stream:
            content = stream.read(_SMALL)
        return {ThreatKind.EXECUTABLE} if runs(content) else set()
    return set()


def _macro_sheet(data: bytes) -> bool:
    """Whether a BIFF stream lists an Excel 4.0 macro sheet (BOUNDSHEET, record 0x85, sheet type 1)."""
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == 0x85 and length >= 6 and at + 10 <= len(data) and data[at + 9] == 1:
            return True
        if kind == 0x0A and at:  # end of the workbook's own records
            return False
        at += 4 + length
    return False


def _in_part(content: bytes) -> frozenset[ThreatKind]:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return ole_threats(content, 1)
    found = set()
    if _BOUND.search(content) or b"macroEnabled" in content or b"vbaProject" in content:
        found.add(ThreatKind.MACRO)
    if any(_loads(one) for one in _RELATION.findall(content)):
        found.add(ThreatKind.MACRO)
    return frozenset(found)


def _loads(relation: bytes) -> bool:
    """Whether a relationship fetches something that may hold code from another computer."""
    return bool(b"External" in relation and _LOADS.search(relation) and not _LOCAL.search(relation))


def _contents(data: bytes, names: Iterable[str]) -> Iterable[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in list(names)[:_PARTS]:
                try:
                    with archive.open(name) as part:
                        yield part.read(_SMALL)
                except _BROKEN:
                    continue
    except _BROKEN:
        return

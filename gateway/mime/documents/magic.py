"""What a file is by its first bytes. A label in a mail is a claim; the recipient's computer looks at the bytes too."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"BM", "bitmap"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"\x1f\x8b", "packed"),
    (b"BZh", "packed"),
    (b"\xfd7zXZ\x00", "packed"),
    (b"(\xb5/\xfd", "packed"),
    (b"7z\xbc\xaf\x27\x1c", "packed"),
    (b"Rar!\x1a\x07", "packed"),
    (b"x\x9f\x3e\x22", "tnef"),
    (b"MSCF\0\0\0\0", "packed"),
    (b"\xd7\xcd\xc6\x9a", "metafile"),
    (b"MSH|", "hl7"),
    (b"FHS|^~\\&", "hl7"),
    (b"BHS|^~\\&", "hl7"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"-----BEGIN PGP MESSAGE-----", "encrypted"),
)
_OFFICE: Mapping[str, str] = {"word/": "ooxml", "ppt/": "ooxml", "xl/": "xlsx"}
_LOOK = 1024
_HL7 = re.compile(rb"(?:MSH|FHS|BHS)(?P<bar>[^\w\s])[^\w\s]{4,5}(?P=bar)")
_MARKUP = re.compile(
    rb"(?i)(?:<!--.{0,400}?-->\s*)?<(?:(?P<html>!doctype html|html|head|body|table|meta|style)[\s>]|(?P<xml>\?xml|svg)\s)",
    re.DOTALL,
)
_MAIL = re.compile(
    rb"(?i)(?:[a-z][a-z0-9-]{1,40}: [^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n){0,20}){0,30}?MIME-Version: *1\.0"
)
HEALTH_TEXTS = frozenset({"hl7", "x12", "fhir", "cda"})
"""Kinds that can be read as text too, but of whose fields the standards know the names."""


def kind_of(head: bytes) -> str:
    """The kind by magic bytes, or an empty string; `head` is the first kilobyte or more."""
    body = head[:_LOOK].lstrip(b"\xef\xbb\xbf \t\r\n")
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix) or (len(prefix) > 4 and body.startswith(prefix)):
            return _confirm(kind, head)
    if b"%PDF-" in head[:_LOOK]:
        return "pdf"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image"
    if head[:4] == b"\0\0\1\0" and head[5:6] == b"\0" and head[9:10] == b"\0":
        return "image"  # an icon
    if head[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"}:
        return "image"
    if head[40:44] == b" EMF" and head[:4] == b"\x01\0\0\0":
        return "metafile"
    if head[128:132] == b"DICM":
        return "dicom"
    if head[257:262] == b"ustar":
        return "packed"
    return _health_text(body)


def _health_text(body: bytes) -> str:
    """Texts of health programs, whose fields have names only in their standards."""
    if _HL7.match(body.lstrip(b"\x0b\x1c")):
        return "hl7"
    if body.startswith(b"ISA") and len(body) > 106 and body[3:4] and body[:106].count(body[3:4]) == 16:
        return "x12"
    if body.startswith((b"{", b"[")) and b'"resourceType"' in body:
        return "fhir"
    if (
        body.startswith(b"<")
        and b'http://hl7.org/fhir"' in body
        and not body[:200].lower().startswith((b"<!doctype h", b"<html"))
    ):
        return "fhir"
    if body.startswith(b"<") and b"<ClinicalDocument" in body and b"urn:hl7-org:v3" in body:
        return "cda"
    return ""


def kind_of_markup(head: bytes) -> str:
    """Whether a text is HTML, XML or a mail by how it begins; a browser, Word and Excel open those under any name."""
    body = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if found := _MARKUP.match(body):
        return "html" if found["html"] or b"<html" in body[:1024].lower() else "xml"
    return "mail" if _MAIL.match(body) else ""


def _confirm(kind: str, head: bytes) -> str:
    # Two-letter magics also begin ordinary words; these formats have more that must fit.
    if kind == "bitmap":
        return "image" if len(head) > 14 and head[6:10] == b"\x00\x00\x00\x00" else ""
    if kind == "program" and head[:2] == b"MZ":
        return kind if b"\x00" in head[:64] else ""
    if kind == "packed" and head[:3] == b"BZh":
        return kind if head[4:10] == b"1AY&SY" else ""
    return kind


def kind_of_zip(data: bytes) -> str:
    """Whether a ZIP file is an Office document (`ooxml`, `xlsx`, `odf`) or an archive (`zip`)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return "zip"
    listed = set(names)
    if "[Content_Types].xml" in listed:
        for folder, kind in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return kind
    return "odf" if "content.xml" in listed and "META-INF/manifest.xml" in listed else "zip"


def looks_like_text(head: bytes) -> bool:
    """Whether bytes without a magic can be read as text: no control bytes but the usual ones, or a UTF-16 mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    odd = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 27))
    return odd <= max(4, len(head) // 50)

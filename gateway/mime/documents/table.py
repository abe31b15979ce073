"""The table kind -> reader, and `read`, which the inspector child calls for each specimen and archives for each entry.

The bytes decide the kind; where they say nothing, the label and the file name do. Readers never raise for content: an
error of a library on a damaged file is the gap MALFORMED of that part.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import PurePosixPath

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.magic import kind_of, kind_of_markup, kind_of_zip, looks_like_text
from gateway.mime.leftover import mended
from gateway.mime.threats import look

Result = tuple[list[TextPart], list[Gap]]
Reader = Callable[[str, bytes, Budget], Result]

READERS: Mapping[str, str] = {
    "pdf": "pdf",
    "ooxml": "office",
    "odf": "office",
    "xlsx": "sheets",
    "zip": "archive",
    "mail": "mail",
    "html": "words",
    "text": "words",
    "image": "image",
    "packed": "archive",
    "rtf": "rtf",
    "ole": "ole",
    "dicom": "dicom",
    "hl7": "hl7",
    "x12": "x12",
    "fhir": "fhir",
    "cda": "cda",
    "json": "data",
    "xml": "data",
    "tnef": "tnef",
    "metafile": "drawing",
}
"""Kind -> module of this package; each has `read_<kind>(part, data, budget)`."""

REFUSED: Mapping[str, GapReason] = {
    "encrypted": GapReason.ENCRYPTED,
}
"""Kinds that are known but hold no text that we can read; any other unknown kind is UNKNOWN_TYPE."""

_NESTING = frozenset({"zip", "ooxml", "odf", "xlsx", "mail", "packed", "ole", "tnef"})
"""Kinds in which an archive may lie open; what is in it is read."""

_BY_TYPE: Mapping[str, str] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "message/rfc822": "mail",
    "message/global": "mail",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/x-ndjson": "json",
    "application/ics": "text",
    "application/hl7-v2": "text",
}
_BY_SUFFIX: Mapping[str, str] = {
    ".htm": "html", ".html": "html", ".xhtml": "html", ".eml": "mail", ".txt": "text", ".csv": "text",
    ".tsv": "text", ".ics": "text", ".vcf": "text", ".md": "text", ".json": "json", ".xml": "xml", ".hl7": "text",
    ".log": "text", ".asc": "text", ".edi": "text", ".x12": "text", ".ndjson": "json", ".yaml": "text", ".yml": "text",
    ".svg": "xml", ".kml": "xml", ".gpx": "xml", ".fodt": "xml", ".mht": "mail", ".mhtml": "mail", ".ini": "text", ".url": "text",
    ".conf": "text", ".cfg": "text", ".properties": "text", ".sql": "text", ".reg": "text", ".vcs": "text", ".ical": "text",
    ".vcard": "text", ".qif": "text", ".ofx": "xml", ".slk": "text", ".dif": "text", ".ipynb": "json", ".geojson": "json", ".tex": "text",
    ".ged": "text", ".srt": "text", ".vtt": "text", ".plist": "xml", ".rels": "xml", ".fpage": "xml", ".webarchive": "xml",
}  # fmt: skip


def read(part: str, media_type: str, file_name: str, data: bytes, budget: Budget) -> Result:
    """Text and gaps of one document; every name in the answer is `part` or begins with `part` and a slash."""
    budget.threats += look(part, media_type, file_name, data)
    kind = kind_of_document(media_type, file_name, data)
    module = READERS.get(kind)
    if module is None:
        return [], [Gap(part, REFUSED.get(kind, GapReason.UNKNOWN_TYPE))]
    reader: Reader = getattr(import_module(f"gateway.mime.documents.{module}"), f"read_{kind}")
    if kind not in _NESTING and zipfile.is_zipfile(io.BytesIO(data)):
        return [], [Gap(part, GapReason.AMBIGUOUS)]  # and an archive at the same time, to whoever renames it
    try:
        texts, gaps = reader(part, data, budget)
    except MemoryError:
        return [], [Gap(part, GapReason.OUT_OF_MEMORY)]
    except Exception:  # noqa: BLE001 - whatever a parser raises on hostile bytes is one thing: unreadable
        return [], [Gap(part, GapReason.MALFORMED)]
    if kind != "mail":  # which has done so by itself
        texts += [
            TextPart(f"{each.part}/{how}", told)
            for each in texts
            if "/" not in each.part.removeprefix(part)
            for how, told in mended(each.text)
        ]
    return _within(part, texts, gaps, budget)


def _within(part: str, texts: list[TextPart], gaps: list[Gap], budget: Budget) -> Result:
    if budget.depth:  # the outermost call counts, so that nothing is counted twice
        return texts, gaps
    if budget.take_characters(sum(len(each.text) for each in texts)):
        return texts, gaps
    return [], [*gaps, Gap(part, GapReason.TOO_LARGE)]


def kind_of_document(media_type: str, file_name: str, data: bytes) -> str:
    """Which reader a document is for; a name that is not in `READERS` has none."""
    by_magic = kind_of(data[:2048])
    if by_magic == "zip":
        return kind_of_zip(data)
    if by_magic:
        return by_magic
    label = media_type.lower()
    if label.startswith("image/") and label != "image/svg+xml":
        return "image"
    claimed = _BY_TYPE.get(label) or _BY_SUFFIX.get(PurePosixPath(file_name.lower()).suffix)
    if claimed == "mail":  # which may hold bytes of any kind
        return "mail"
    if not looks_like_text(data[:4096]):
        return "unknown"
    if claimed != "xml" and (marked := kind_of_markup(data[:2048])):  # a table or a page by an office program's name
        return marked
    if claimed:
        return claimed
    unlabelled = label in {"", "application/octet-stream"} and not PurePosixPath(file_name).suffix
    if unlabelled and data.isascii():
        return "text"
    if label.endswith(("+xml", "+json")):
        return label[-4:].lstrip("+")
    return "text" if label.startswith("text/") else "unknown"

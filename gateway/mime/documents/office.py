"""Word, PowerPoint and OpenDocument files: the words of every XML part, visible or not, and files packed inside."""

from __future__ import annotations

import zipfile

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused, entries, opened, unpacked
from gateway.mime.documents.xml import BadXml, parsed, text_of

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".tif", ".tiff", ".bmp", ".svg", ".webp", ".wdp")
_WORDLESS = (
    "styles.xml", "fonttable.xml", "settings.xml", "websettings.xml", "numbering.xml", "[content_types].xml",
    "styleswitheffects.xml", "presprops.xml", "viewprops.xml", "tablestyles.xml",
)  # fmt: skip
_WORDLESS_FOLDERS = ("/theme/", "/slidelayouts/", "meta-inf/", "configurations2/", "/printersettings/")


def read_ooxml(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Text of a .docx or .pptx: body, headers, footers, notes, comments, properties, alternative texts."""
    return _read(part, data, budget)


def read_odf(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Text of an .odt, .ods or .odp."""
    return _read(part, data, budget)


def _read(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    texts: list[str] = []
    gaps: dict[Gap, None] = {}
    try:
        with opened(data) as archive:
            for entry in entries(archive, budget):
                try:
                    texts += _entry(archive, entry, budget)
                except Refused as refusal:
                    gaps[Gap(part, refusal.reason)] = None
                except BadXml:
                    gaps[Gap(part, GapReason.MALFORMED)] = None
    except Refused as refusal:
        gaps[Gap(part, refusal.reason)] = None
    return [TextPart(part, "\n".join(texts))], list(gaps)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> list[str]:
    name = entry.filename.lower()
    if "printersettings" in name or name.startswith("docprops/thumbnail"):
        return []  # a small picture of the first page, whose words are read from their own part
    if name.endswith(_PICTURES):
        raise Refused(GapReason.NO_TEXT)
    if name.endswith(".rels"):  # where links lead: addresses and file names
        return [_targets(unpacked(archive, entry, budget))]
    if name.endswith(".xml"):
        content = unpacked(archive, entry, budget)
        skipped = name.rpartition("/")[2] in _WORDLESS or any(folder in f"/{name}" for folder in _WORDLESS_FOLDERS)
        return [] if skipped or not content.strip() else [text_of(parsed(content))]
    if name in {"mimetype", "_rels/"} or name.endswith((".odttf", ".ttf", ".rdf")) or entry.is_dir():
        return []
    raise Refused(GapReason.UNKNOWN_TYPE)  # embedded objects, macros, old binary parts


def _targets(content: bytes) -> str:
    outside = [str(each.get("Target", "")) for each in parsed(content) if each.get("TargetMode") == "External"]
    return "\n".join(outside)

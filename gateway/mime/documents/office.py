"""Word, PowerPoint and OpenDocument files: the words of every XML part, visible or not, and files packed inside."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from lxml import etree

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.image import size_of
from gateway.mime.documents.packed import Refused, entries, margins, opened, unpacked
from gateway.mime.documents.table import read
from gateway.mime.documents.xml import BadXml, local, parsed, text_of
from gateway.mime.html import extract
from gateway.mime.naming import Namer, clean

_WORDLESS = (
    "styles.xml", "fonttable.xml", "websettings.xml", "numbering.xml", "[content_types].xml",
    "styleswitheffects.xml", "presprops.xml", "viewprops.xml", "tablestyles.xml",
)  # fmt: skip
_ATTRIBUTED = ("customxml/", "ppt/tags/", "docprops/custom", "xl/pivotcache/", "xl/connections", "xl/querytables/",
               "xl/tables/", "xl/slicercaches/", "xl/externallinks/", "word/people", "ppt/commentauthors", "ppt/authors",
               "xl/persons/", "manifest.rdf")  # fmt: skip
"""Parts whose words stand in attributes of any name."""
_WORDLESS_FOLDERS = ("/theme/", "/slidelayouts/", "meta-inf/", "configurations2/", "/printersettings/")
_IN_SETTINGS = frozenset({"docVar", "mailMerge", "attachedTemplate", "config-item"})
_THUMBNAILS, _THUMBNAIL = ("docprops/thumbnail", "thumbnails/"), 300
"""A page at fewer pixels than these on each side cannot be read."""
_SILENT = (".odttf", ".ttf", ".fntdata", ".rdf")


def read_ooxml(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Text of a .docx or .pptx: body, headers, footers, notes, comments, changes, properties, alternative texts, pictures."""
    return _read(part, data, budget)


def read_odf(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Text of an .odt, .ods or .odp; an encrypted part is a gap (ODF 1.3 part 2, 3.4)."""
    return _read(part, data, budget)


def theme_words(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """What stands between the tags of a theme that travels by itself; as a rule nothing."""
    if not data.strip(b"\0"):
        return [], []
    try:
        with opened(data) as archive:
            texts = [margins(archive, data), *named_oddly(archive)]
            for entry in entries(archive, budget):
                content = unpacked(archive, entry, budget)
                if not entry.filename.lower().endswith((".xml", ".rels")):
                    return read(part, "", "", data, budget)
                texts.append(text_of(parsed(content), attributes=False))
    except Refused as refusal:
        return [], [Gap(part, refusal.reason)]
    text = "\n".join(each for each in texts if each.strip())
    return [TextPart(part, text)] * bool(text), []


def _read(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    texts: list[str] = []
    gaps: dict[Gap, None] = {}
    inside: list[TextPart] = []
    names = Namer()
    try:
        with opened(data) as archive:
            texts += [margins(archive, data), *named_oddly(archive)]
            for entry in entries(archive, budget):
                try:
                    if is_packed(entry):
                        found, missed = packed(part, archive, entry, names, budget)
                        inside += found
                        gaps.update(dict.fromkeys(missed))
                    else:
                        texts += _entry(archive, entry, budget)
                except Refused as refusal:
                    gaps[Gap(part, refusal.reason)] = None
                except BadXml:
                    gaps[Gap(part, GapReason.MALFORMED)] = None
    except Refused as refusal:
        gaps[Gap(part, refusal.reason)] = None
    return [TextPart(part, "\n".join(texts)), *inside], list(gaps)


def is_packed(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file of its own: a picture, an embedded document, an object; not part of the document."""
    name = entry.filename.lower()
    if entry.is_dir() or name.endswith((*_SILENT, ".xml", ".rels", ".vml")) or "printersettings" in name:
        return False
    return name != "mimetype"


def named_oddly(archive: zipfile.ZipFile) -> list[str]:
    """Names of parts that are words: programs number theirs."""
    return [each for each in archive.namelist() if each.count(" ") > 1]


def packed(
    part: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, names: Namer, budget: Budget
) -> tuple[list[TextPart], list[Gap]]:
    """What a file inside a document says, read by the table again. Refused as `unpacked`."""
    content = unpacked(archive, entry, budget)
    thumbnail = entry.filename.lower().startswith(_THUMBNAILS) and not entry.filename.lower().endswith(".emf")
    if thumbnail and max(size_of(content)) <= _THUMBNAIL:
        return [], []
    inside = names.unique(f"{part}/{clean(entry.filename, 200)}")
    if not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    try:
        return read(inside, "", entry.filename.rpartition("/")[2], content, budget)
    finally:
        budget.leave()


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> list[str]:
    name = entry.filename.lower()
    if name.endswith(".rels"):
        return [targets(unpacked(archive, entry, budget))]
    if name.endswith(".vml"):
        return [extract(unpacked(archive, entry, budget).decode("utf-8", "replace")).text]
    if name.endswith(".xml"):
        content = unpacked(archive, entry, budget)
        return _words(name, content) if content.strip() else []
    return []


def _words(name: str, content: bytes) -> list[str]:
    if name == "meta-inf/manifest.xml" and b"encryption-data" in content:
        raise Refused(GapReason.ENCRYPTED)
    file_name = name.rpartition("/")[2]
    if file_name == "settings.xml":
        return list(_settings(parsed(content)))
    styling = file_name in _WORDLESS and not (
        file_name == "styles.xml" and b"header" in content
    )  # ODF keeps them there
    if styling or any(folder in f"/{name}" for folder in _WORDLESS_FOLDERS):
        return [text_of(parsed(content), attributes=False)]  # it names fonts, and has no words between its tags
    return [text_of(parsed(content), every_attribute=name.startswith(_ATTRIBUTED))]


def _settings(root: etree._Element) -> Iterator[str]:
    """Document variables and the data of a mail merge."""
    for element in root.iter():
        if local(element) in _IN_SETTINGS:
            yield text_of(element, every_attribute=True)


def targets(content: bytes) -> str:
    """Where links out of a document lead: addresses and file names."""
    outside = [str(each.get("Target", "")) for each in parsed(content) if each.get("TargetMode") == "External"]
    return "\n".join(outside)

"""Word files: the words of every story (body, headers, footers, notes, comments), written into a document of our own.

Changes are taken as accepted. Of the layout, paragraphs, tables, headings, bold, italic, underline and alignment come along;
properties, styles, authors, fields, links, pictures and embedded files do not. Where a picture or object stood, that is said.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping

from lxml import etree

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused, entries, opened, unpacked
from gateway.mime.documents.xml import BadXml, local, parsed
from gateway.mime.redaction.table import Spans
from gateway.mime.redaction.word_file import file_of
from gateway.mime.redaction.word_story import Paragraph, Run, Story

_BODY = "word/document.xml"
_STORIES = {
    "header": "Header",
    "footer": "Footer",
    "footnotes": "Footnotes",
    "endnotes": "Endnotes",
    "comments": "Comments",
}
_INSIDE = frozenset(
    {"ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "customXml", "fldSimple", "bdo", "dir", "body", "hdr", "ftr",
     "footnotes", "endnotes", "footnote", "endnote", "comments", "comment", "document", "txbxContent"}
)  # fmt: skip
"""What only holds words."""
_PICTURES = frozenset(
    {"drawing", "pict", "object", "AlternateContent", "control", "altChunk", "contentPart", "oMath", "oMathPara"}
)
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
_LEFT_OUT = "(picture or object left out)"
_ALIGNED = frozenset({"left", "right", "center", "both", "start", "end"})
_FLAGS = {"b": "b", "i": "i", "u": "u"}
_MOST = 200_000


class _Word:
    def __init__(self, stories: list[Story]) -> None:
        self._stories = stories
        self.texts = [one.text() for one in stories]

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        for number, story in enumerate(self._stories):
            story.redact(spans.get(number, ()))
        return file_of(self._stories)


def copyable(data: bytes, budget: Budget) -> _Word:
    """A .docx; Refused for another Office file."""
    stories: list[Story] = []
    with opened(data) as archive:
        found = {entry.filename.lower(): entry for entry in entries(archive, budget)}
        if _BODY not in found:
            raise Refused(GapReason.UNKNOWN_TYPE)
        for name in sorted(found, key=lambda name: (name != _BODY, name)):
            title = _title(name)
            if title is not None:
                stories.append(_story(title, archive, found[name], budget))
    if sum(len(one.paragraphs) for one in stories) > _MOST:
        raise Refused(GapReason.TOO_LARGE)
    return _Word([one for one in stories if one.title == "" or one.text().strip()])


def _title(name: str) -> str | None:
    """What stands over a part's words, empty for the body, None for a part that is no story."""
    if name == _BODY:
        return ""
    if not name.startswith("word/") or not name.endswith(".xml"):
        return None
    return _STORIES.get(name.removeprefix("word/").removesuffix(".xml").rstrip("0123456789"))


def _story(title: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Story:
    try:
        root = parsed(unpacked(archive, entry, budget))
    except BadXml:
        raise Refused(GapReason.MALFORMED) from None
    return Story(title, list(_blocks(root)))


def _blocks(element: etree._Element) -> Iterator[Paragraph]:
    """Paragraphs and table marks in order; the recursion is as deep as the parser allows (256)."""
    for child in element:
        name = local(child)
        if name == "p":
            yield _paragraph(child)
            yield from _boxes(child)
        elif name in {"tbl", "tr", "tc"}:
            mark = {"tbl": "table", "tr": "row", "tc": "cell"}[name]
            yield Paragraph(marks=mark)
            yield from _blocks(child)
            yield Paragraph(marks=f"/{mark}")
        elif name in _INSIDE:
            yield from _blocks(child)
        elif name in _PICTURES:
            yield Paragraph([Run(_LEFT_OUT)])


def _boxes(paragraph: etree._Element) -> Iterator[Paragraph]:
    """The words of text boxes anchored here, once: an alternate form for old programs says them again."""
    for box in paragraph.iter():
        if local(box) == "txbxContent" and not any(local(over) == "Fallback" for over in box.iterancestors()):
            yield from _blocks(box)


def _paragraph(element: etree._Element) -> Paragraph:
    made = Paragraph()
    for one in element:
        if local(one) == "pPr":
            for setting in one:
                value = next((str(each) for key, each in setting.items() if str(key).endswith("}val")), "")
                if local(setting) == "jc" and value in _ALIGNED:
                    made.align = value
                if local(setting) == "pStyle" and value.lower() in {f"heading{level}" for level in range(1, 7)}:
                    made.level = int(value[-1])
    made.runs = [one for one in _runs(element) if one.text]
    return made


def _runs(element: etree._Element) -> Iterator[Run]:
    for child in element:
        name = local(child)
        if name == "r":
            yield from _run(child)
        elif name in _INSIDE:
            yield from _runs(child)
        elif name in _PICTURES:
            yield Run(_LEFT_OUT)


def _run(element: etree._Element) -> Iterator[Run]:
    look, hidden = "", False
    for one in element:
        if local(one) == "rPr":
            on = {local(setting) for setting in one if not _is_off(setting)}
            look = "".join(sign for name, sign in _FLAGS.items() if name in on)
            hidden = bool(on & {"vanish", "specVanish", "webHidden"})
    if hidden:
        return
    for one in element:
        name = local(one)
        if name == "t":
            yield Run("".join(map(str, one.itertext())), look)
        elif name in _SIGNS:
            yield Run(_SIGNS[name], look)
        elif name in _PICTURES:
            yield Run(_LEFT_OUT)


def _is_off(setting: etree._Element) -> bool:
    return any(
        str(key).endswith("}val") and str(value) in {"0", "false", "off", "none"} for key, value in setting.items()
    )

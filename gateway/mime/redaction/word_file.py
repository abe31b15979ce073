"""A .docx of our own around stories: one document part, three small parts that it needs, no properties (ECMA-376 part 1, 11)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from gateway.mime.redaction.word_story import Paragraph, Run, Story

_SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    _HEAD + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    "</Types>"
)
_RELATIONS = (
    _HEAD + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_LOOKS = {"b": "<w:b/>", "i": "<w:i/>", "u": '<w:u w:val="single"/>'}
_SIZES = {1: 36, 2: 30, 3: 26, 4: 24, 5: 24, 6: 24}
"""Of headings, in half points."""
_BEGUN = (1980, 1, 1, 0, 0, 0)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BORDERS = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="808080"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def file_of(stories: Iterable[Story]) -> bytes:
    """The file's bytes; the same stories give the same bytes."""
    body = "".join(piece for story in stories for piece in _story(story))
    document = f'{_HEAD}<w:document xmlns:w="{_SPACE}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("word/document.xml", document),
        ):
            entry = zipfile.ZipInfo(name, _BEGUN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode())
    return out.getvalue()


def _story(story: Story) -> Iterator[str]:
    if story.title:
        yield f"<w:p><w:r><w:rPr><w:i/></w:rPr><w:t>{escape(story.title)}:</w:t></w:r></w:p>"
    filled = [True]
    """For each cell that is open, whether a paragraph stands in it: it must end with one."""
    for one in story.paragraphs:
        if one.marks == "cell":
            filled.append(False)
        elif one.marks == "/cell" and not filled.pop():
            yield "<w:p/>"
        elif one.marks == "/table":
            filled[-1] = False  # what follows a table in a cell must be a paragraph
        yield _marked(one.marks) if one.marks else _paragraph(one)
        if not one.marks:
            filled[-1] = True


def _marked(mark: str) -> str:
    return {
        "table": f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr><w:tblGrid/>',
        "row": "<w:tr>", "cell": '<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr>',
        "/table": "</w:tbl>", "/row": "</w:tr>", "/cell": "</w:tc>",
    }[mark]  # fmt: skip


def _paragraph(one: Paragraph) -> str:
    align = f'<w:pPr><w:jc w:val="{one.align}"/></w:pPr>' if one.align else ""
    return f"<w:p>{align}{''.join(_run(run, one.level) for run in one.runs)}</w:p>"


def _run(run: Run, level: int) -> str:
    look = "".join(_LOOKS[sign] for sign in (run.look if not level or "b" in run.look else f"b{run.look}"))
    size = f'<w:sz w:val="{_SIZES[level]}"/>' if level else ""
    # b, i, sz, u is the order that the schema asks for
    settings = look.replace(_LOOKS["u"], "") + size + (_LOOKS["u"] if "u" in run.look else "")
    pieces = re.split(r"([\t\n])", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", run.text))
    words = "".join(
        "<w:tab/>" if one == "\t" else "<w:br/>" if one == "\n" else f'<w:t xml:space="preserve">{escape(one)}</w:t>'
        for one in pieces
        if one
    )
    return f"<w:r>{f'<w:rPr>{settings}</w:rPr>' if settings else ''}{words}</w:r>"

"""XML inside documents, read without entities, DTDs or the network: as text, element by element."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

_BREAKS = frozenset(
    {"p", "h", "br", "cr", "tr", "row", "si", "comment", "line-break", "list-item", "lastClr", "property"}
)
_TABS = frozenset({"tab", "tc", "c", "table-cell"})
_ATTRIBUTES = frozenset(
    {"descr", "title", "alt", "name", "author", "initials", "string-value", "displayName", "tooltip"}
)
_STYLING = frozenset(
    {"ascii", "hAnsi", "cs", "eastAsia", "typeface", "font-name", "font-family", "style", "style-name", "Ignorable", "d",
     "path", "points", "viewBox", "transform", "panose", "formatCode", "ProgID"}
)  # fmt: skip
"""Attributes whose values look like words but name fonts, styles and drawings."""
_WORDS = re.compile(r"[^\W\d_]{2}[,;:.]? +\w|\d{7}")


_SYMBOL = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}char"


class BadXml(ValueError):
    """XML that is not well-formed, or has a DTD."""


def parsed(data: bytes) -> etree._Element:
    """The root element; raises BadXml. A DTD is an error: documents have none, attacks do."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadXml("not well-formed") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise BadXml("a document type is not read")
    return root


def local(element: etree._Element) -> str:
    """The element's name without its namespace; comments and instructions have none."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(root: etree._Element, *, every_attribute: bool = False, attributes: bool = True) -> str:
    """All character data, comments last, with line breaks at paragraphs, tabs at cells, and attributes that hold words (or
    all of them, or none).
    """
    out: list[str] = []
    remarks: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in {"comment", "pi"}:  # what follows one is its tail
            remarks += [element.text] if event == "comment" and (element.text or "").strip() else []
            out.append(element.tail or "")
            continue
        name = local(element)
        if event == "start":
            if name in _TABS:
                out.append("\t")
            if attributes:
                out.extend(_attributes(element, every=every_attribute))
            if name == "sym":
                out.append(_sign(str(element.get(_SYMBOL, ""))))
            if element.text:
                out.append(element.text)
            continue
        if name in _BREAKS:
            out.append("\n")
        elif name == "s":  # OpenDocument writes repeated spaces so
            out.append(" ")
        if element.tail and element is not root:
            out.append(element.tail)
    return "\n".join(["".join(out), *remarks])


def _sign(code: str) -> str:
    """The character of Word's `w:sym`, which counts letters of symbol fonts from F000 (ECMA-376 17.3.3.30)."""
    number = int(code, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,4}", code) else 0x20
    number -= 0xF000 if number >= 0xF000 else 0
    return chr(number) if number >= 0x20 and not 0xD800 <= number < 0xE000 else " "


def _attributes(element: etree._Element, *, every: bool) -> Iterable[str]:
    for key, value in element.items():
        name = str(key).rpartition("}")[2]
        told = name in _ATTRIBUTES or (name not in _STYLING and _WORDS.search(str(value)))
        if (every or told) and str(value).strip():
            yield f"\n{name}: {value!s}\n" if every else f"\n{value!s}\n"

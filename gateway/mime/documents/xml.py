"""XML inside documents, read without entities, DTDs or the network: as text, element by element."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

_BREAKS = frozenset(
    {"p", "h", "br", "cr", "tr", "row", "si", "comment", "line-break", "list-item", "lastClr", "property"}
)
_TABS = frozenset({"tab", "tc", "c", "table-cell"})
_ATTRIBUTES = frozenset(
    {"descr", "title", "alt", "name", "author", "initials", "string-value", "displayName", "tooltip"}
)


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


def text_of(root: etree._Element, *, every_attribute: bool = False) -> str:
    """All character data, with line breaks at paragraphs, tabs at cells, and attributes that hold words (or all of them)."""
    out: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = local(element)
        if event == "start":
            if name in _TABS:
                out.append("\t")
            out.extend(_attributes(element, every=every_attribute))
            if element.text:
                out.append(element.text)
            continue
        if name in _BREAKS:
            out.append("\n")
        elif name == "s":  # OpenDocument writes repeated spaces so
            out.append(" ")
        if element.tail and element is not root:
            out.append(element.tail)
    return "".join(out)


def _attributes(element: etree._Element, *, every: bool) -> Iterable[str]:
    for key, value in element.items():
        name = str(key).rpartition("}")[2]
        if (every or name in _ATTRIBUTES) and str(value).strip():
            yield f"\n{name}: {value!s}\n" if every else f"\n{value!s}\n"

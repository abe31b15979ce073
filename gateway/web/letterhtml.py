"""A letter's HTML made harmless: nothing remote, nothing that runs, no pictures, no forms, no styles.

libxml2 first makes a balanced tree of bounded depth, for the sanitiser's parser takes very long on hostile nesting;
nh3 has the last word on what a browser sees.
"""

from __future__ import annotations

import html as entities
import re

import nh3
from lxml import etree
from lxml import html as lxml_html
from markupsafe import Markup

MOST_CHARACTERS = 2_000_000
_MOST_TAGS = 50_000
_TAGS = {
    "a", "abbr", "address", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code", "col",
    "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li",
    "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "tt", "u", "ul", "var",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "col": {"span"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_DROPPED = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math", "select"}
_SCHEMES = {"http", "https", "mailto", "tel"}
_LINK = re.compile(r"(?:https?://[^/\s]|mailto:|tel:)", re.IGNORECASE)
# Our page has the h1; a letter's own headings come below it.
_LOWER = {"h1": "h3", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6"}
_BLOCK_END = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>")
_HIDDEN = re.compile(r"(?is)<(script|style|head|title)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)")
_TAG = re.compile(r"<[^<>]{0,10000}>")


def readable(html: str) -> Markup | None:
    """HTML that may stand in our page, or None when it is too large, too tangled or without words; show `words` then."""
    if len(html) > MOST_CHARACTERS or html.count("<") > _MOST_TAGS:
        return None
    balanced = _balanced(html)
    if balanced is None:
        return None
    clean = nh3.clean(
        balanced,
        tags=_TAGS,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    if not _TAG.sub("", clean).strip():
        return None
    return Markup(clean)  # noqa: S704 - the sanitiser's own output


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    # A relative link would lead into our own pages.
    return None if attribute == "href" and not _LINK.match(value) else value


def words(html: str) -> str:
    """Plain text out of HTML by the simplest means: tags cut, entities resolved. For escaping output only."""
    text = _HIDDEN.sub(" ", html[:MOST_CHARACTERS])
    text = _TAG.sub("", _BLOCK_END.sub("\n", text))
    return re.sub(r"\n\s*\n\s*", "\n\n", entities.unescape(text)).strip()


def _balanced(html: str) -> str | None:
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    raw = html.replace("\x00", "").encode("utf-8", "replace")
    try:
        tree = lxml_html.document_fromstring(raw, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    if any("Excessive depth" in one.message or "huge" in one.message.lower() for one in parser.error_log):
        return None
    for one in tree.iter():
        if one.tag == "img" and (one.get("alt") or "").strip():
            # A picture is not shown, its words are.
            one.tail = f"[{(one.get('alt') or '').strip()}]{one.tail or ''}"
        one.tag = _LOWER.get(one.tag, one.tag)
    return str(lxml_html.tostring(tree, encoding="unicode"))

"""HTML with placeholders, reduced to what a person sees: words, their layout, and alternative texts.

Built anew from the tokens that the detector's own reader uses: known tags that nest, text escaped, a handful of attributes.
Comments, scripts, styles, the targets of links, pictures and whatever is not displayed have no way in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape, unescape

from gateway.mime import markup
from gateway.mime.html import hides, replace
from gateway.mime.markup import Token

_KEPT = frozenset(
    {"a", "abbr", "address", "article", "aside", "b", "big", "blockquote", "br", "caption", "center", "code", "dd", "del", "div",
     "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img",
     "ins", "li", "main", "nav", "ol", "p", "pre", "q", "s", "section", "small", "span", "strike", "strong", "sub", "sup", "table",
     "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul"}
)  # fmt: skip
_FRAME = frozenset({"html", "head", "body", "title", "xmp", "iframe"})
_SPOKEN = frozenset({"alt", "title"})
_LAYOUT = frozenset(
    {"align", "valign", "colspan", "rowspan", "width", "height", "border", "cellpadding", "cellspacing", "dir", "start"}
)
_MEASURE = re.compile(r"left|right|center|justify|top|middle|bottom|baseline|ltr|rtl|auto|[0-9]{1,4}%?")
_UNSEEN = re.compile(r"[\x00\u00ad\u200b-\u200d\u2060\ufeff]")


def redacted(html: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """A fragment with placeholders for spans (start, end, placeholder) of `gateway.mime.html.extract(html).text`."""
    return shown(replace(html, spans))


def shown(html: str) -> str:
    """What of a page is displayed, as a fragment whose tags nest; linear in its length, whatever it is."""
    writer = _Writer(html)
    for token in markup.tokens(html, 0, len(html)):
        writer.take(token)
    return writer.finished()


class _Writer:
    def __init__(self, source: str) -> None:
        self._source = source
        self._out: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []
        """Name, whether it was written, whether it is not displayed."""
        self._count: Counter[str] = Counter()
        self._hidden = 0

    def take(self, token: Token) -> None:
        if token.kind == "text" or (token.kind == "raw" and token.name == "textarea"):
            if not self._hidden:
                self._out.append(_clean(self._source[token.start : token.end], quote=False))
        elif token.kind == "open":
            self._begin(token)
        elif token.kind == "close":
            self._end(token.name)

    def finished(self) -> str:
        for name, written, _ in reversed(self._open):
            if written:
                self._out.append(f"</{name}>")
        return "".join(self._out)

    def _begin(self, token: Token) -> None:
        name = token.name
        undisplayed = name == "template" or (
            markup.is_known(name) and any(self._hides(each.name, each.start, each.end) for each in token.attributes)
        )
        written = name in _KEPT and not undisplayed and not self._hidden
        if written:
            attributes = self._attributes(token)
            if name != "img" or attributes:
                self._out.append(f"<{name}{attributes}>")
        elif name in markup.BLOCKS and name not in _FRAME and not self._hidden:
            self._out.append("<br>")
        if name not in markup.VOID:
            self._open.append((name, written, undisplayed))
            self._count[name] += 1
            self._hidden += undisplayed

    def _end(self, name: str) -> None:
        while self._count[name]:  # an end tag without a start tag changes nothing
            other, written, undisplayed = self._open.pop()
            self._count[other] -= 1
            self._hidden -= undisplayed
            if written:
                self._out.append(f"</{other}>")
            if other == name:
                return

    def _hides(self, name: str, start: int, end: int) -> bool:
        value = self._source[start:end]
        return hides(name, value) or (not name and value.lower() == "hidden")

    def _attributes(self, token: Token) -> str:
        kept: dict[str, str] = {}
        for name, start, end, _ in token.attributes:
            value = self._source[start:end]
            if (name in _SPOKEN and value.strip()) or (name in _LAYOUT and _MEASURE.fullmatch(value.lower())):
                kept.setdefault(name, _clean(value, quote=True))
        return "".join(f' {name}="{value}"' for name, value in kept.items())


def _clean(text: str, *, quote: bool) -> str:
    return escape(_UNSEEN.sub("", unescape(text)), quote=quote)

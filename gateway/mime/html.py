"""HTML as text for the detector: first what a person sees, then everything else that travels with it.

Hidden are comments, elements that are not displayed, titles, attribute values, unknown tags (`<jo@example.org>`), scripts,
and the parts of style sheets that can hold words. Attributes and styles of pure presentation are left out unless they
look like data. `replace` writes placeholders for spans of that text back into the HTML without breaking it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.mime import markup
from gateway.mime.markup import Attribute, Token
from gateway.mime.runs import Place, Run, TextRuns, apply

_PRESENTATION = frozenset(["class", "id", "style", "width", "height", "align", "valign", "color", "bgcolor", "border",
                           "cellpadding", "cellspacing", "face", "size", "dir", "lang", "xml:lang", "type", "rel", "target",
                           "colspan", "rowspan", "http-equiv", "charset", "method", "enctype", "role", "media", "scope",
                           "nowrap", "hspace", "vspace", "clear", "start", "tabindex", "text", "link", "vlink", "alink",
                           "leftmargin", "topmargin", "marginwidth", "marginheight", "background-color", "loading",
                           "bordercolor", "frameborder", "scrolling", "shape", "coords", "xmlns", "crossorigin", "rules"])  # fmt: skip
_TELLING = re.compile(r"@|(?<![#\d])\d{6,}|\d{3}-\d{2}")
_UNDISPLAYED = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|(?:font-size|opacity|max-height)\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_LINKS = frozenset(["href", "src", "action", "background", "poster", "cite", "formaction", "data"])
_PERCENT = re.compile(r"%(2[0-9A-Fa-f]|[3-6][0-9A-Fa-f]|7[0-9A-Ea-e])")
_CSS_ESCAPE = re.compile(r"\\0{0,4}([2-7][0-9A-Fa-f])\s?")
_DATA_URL = re.compile(r"(?i)url\(\s*(?:[\"']|&quot;|&#39;)?\s*(data:[^)\"'<>]{0,10000000})")
_CSS = re.compile(r"[\"']|url\(|/\*", re.IGNORECASE)
_CSS_CONTENT = re.compile(r"content\s*:\s*\Z", re.IGNORECASE)
_CLOSERS = {'"': '"', "'": "'", "url(": ")", "/*": "*/"}


@dataclass(frozen=True, slots=True)
class HtmlText:
    """`text` is visible text, then, from `visible` on, hidden text. `embedded` counts data: URLs, whose content is not
    in the text; `data` is where they stand in the source.
    """

    text: str = field(repr=False)
    visible: int
    embedded: int
    runs: tuple[Run, ...] = field(repr=False)
    data: tuple[tuple[int, int], ...] = ()


def extract(html: str) -> HtmlText:
    """The text of an HTML document or fragment; linear in its length, whatever it is."""
    reader = _Reader(html)
    reader.read(0, len(html), Place.TEXT)
    visible = reader.seen.size
    reader.seen.append(reader.hidden)
    return HtmlText(reader.seen.text(), visible, reader.embedded, tuple(reader.seen.runs), tuple(reader.data))


def replace(html: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """Write placeholders for spans (start, end, placeholder) of `extract(html).text`.

    A span that crosses tags is written where it begins; the rest of it is emptied, the tags stay.
    """
    return apply(html, extract(html).runs, spans) if spans else html


def hides(name: str, value: str) -> bool:
    """Whether an attribute keeps its element from being displayed."""
    return name == "hidden" or (name == "style" and bool(_UNDISPLAYED.search(value)))


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self.seen = TextRuns()
        self.hidden = TextRuns()
        self.embedded = 0
        self.data: list[tuple[int, int]] = []
        self._open: list[tuple[str, bool]] = []
        self._count: Counter[str] = Counter()
        self._undisplayed = 0
        self._pre = 0

    def read(self, start: int, end: int, place: Place) -> None:
        for token in markup.tokens(self._source, start, end, comments=place is Place.TEXT):
            if token.kind == "text":
                self._text(token.start, token.end, place)
            elif token.kind == "comment":
                self.hidden.insert("\n")
                self.read(*token.inner, Place.COMMENT)
            elif token.kind == "raw":
                self._raw(token, place)
            elif token.kind == "other":
                self._other(token)
            else:
                self._tag(token, place)

    def _text(self, start: int, end: int, place: Place) -> None:
        if place is Place.COMMENT or self._undisplayed:
            self.hidden.take(self._source, start, end, place)
        else:
            self.seen.take(self._source, start, end, place, keep_blanks=self._pre > 0)

    def _other(self, token: Token) -> None:
        inner = self._source[slice(*token.inner)].lower()
        if not inner.startswith(("doctype", "[if", "[endif", "xml")) or _TELLING.search(inner):
            self.hidden.insert("\n")
            self.hidden.exact(self._source, *token.inner, Place.CODE)

    def _raw(self, token: Token, place: Place) -> None:
        if token.name == "textarea" and place is Place.TEXT:
            self._text(token.start, token.end, place)
            return
        self.hidden.insert("\n")
        if token.name == "style":
            self._style(token.start, token.end)
        elif token.name == "script":
            self.hidden.exact(self._source, token.start, token.end, Place.CODE)
        else:
            self.hidden.take(self._source, token.start, token.end, place)

    def _style(self, start: int, end: int) -> None:
        source = self._source
        if "{" not in source[start:end]:  # no style sheet: somebody's text
            self.hidden.exact(source, start, end, Place.CODE)
            return
        at = start
        while match := _CSS.search(source, at, end):
            sign = match.group().lower()
            stop = source.find(_CLOSERS[sign], match.end(), end)
            stop = end if stop < 0 else stop
            wanted = sign in {"/*", "url("} or _CSS_CONTENT.search(
                source[max(start, match.start() - 40) : match.start()]
            )
            if wanted or _TELLING.search(source, match.end(), stop):
                self._value(match.end(), stop, Place.CODE, link=sign == "url(")
            at = min(stop + len(_CLOSERS[sign]), end)

    def _tag(self, token: Token, place: Place) -> None:
        name = token.name
        if not markup.is_known(name):
            self.hidden.insert("\n")
            self.hidden.exact(self._source, *token.inner, Place.CODE)
        if name in markup.BLOCKS or name in markup.CELLS:
            target = self.hidden if place is Place.COMMENT or self._undisplayed else self.seen
            target.insert("\t" if name in markup.CELLS else "\n")
        undisplayed = name == "template"
        if markup.is_known(name):
            for attribute in token.attributes:
                undisplayed = self._attribute(attribute) or undisplayed
        if place is Place.TEXT:
            self._nest(token, undisplayed)

    def _nest(self, token: Token, undisplayed: bool) -> None:
        name = token.name
        if token.kind == "open":
            if name not in markup.VOID:
                self._open.append((name, undisplayed))
                self._count[name] += 1
                self._undisplayed += undisplayed
                self._pre += name in {"pre", "listing", "xmp"}
            return
        while self._count[name]:  # an end tag without a start tag changes nothing
            other, was_undisplayed = self._open.pop()
            self._count[other] -= 1
            self._undisplayed -= was_undisplayed
            self._pre -= other in {"pre", "listing", "xmp"}
            if other == name:
                return

    def _attribute(self, attribute: Attribute) -> bool:
        """Keep the value if it can hold words; whether the attribute hides its element."""
        name, start, end, quoted = attribute
        value = self._source[start:end]
        if not name:
            if _TELLING.search(value):
                self.hidden.insert("\n")
                self.hidden.exact(self._source, start, end, Place.CODE)
            return value.lower() == "hidden"
        hiding = hides(name, value)
        if name == "style" and _DATA_URL.search(value):
            for found in _DATA_URL.finditer(self._source, start, end):
                self.embedded += 1
                self.data.append(found.span(1))
        if name == "style" and "content" in value.lower():
            self.hidden.insert("\n")
            self.hidden.take(self._source, start, end, Place.QUOTED if quoted else Place.BARE)
        elif name not in _PRESENTATION or _TELLING.search(value):
            self._value(start, end, Place.QUOTED if quoted else Place.BARE, link=name in _LINKS)
        return hiding

    def _value(self, start: int, end: int, place: Place, *, link: bool) -> None:
        if start >= end:
            return
        self.hidden.insert("\n")
        if not link:
            if place is Place.CODE:
                self._escaped(_CSS_ESCAPE, start, end, place)
            else:
                self.hidden.take(self._source, start, end, place)
            return
        value = self._source[start : start + 80].lstrip(" \t\r\n\"'").lower()
        if value.startswith("data:"):
            self.embedded += 1
            self.data.append((start, end))
            return
        self._escaped(_PERCENT, start, end, place)

    def _escaped(self, pattern: re.Pattern[str], start: int, end: int, place: Place) -> None:
        """Keep a piece of the source in which escapes stand for characters."""
        at = start
        for match in pattern.finditer(self._source, start, end):
            self.hidden.take(self._source, at, match.start(), place)
            self.hidden.escaped(chr(int(match.group(1), 16)), match.start(), match.end(), place)
            at = match.end()
        self.hidden.take(self._source, at, end, place)

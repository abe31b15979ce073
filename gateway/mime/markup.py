"""Cuts HTML into tags, comments and text as a browser does, in linear time, keeping every offset.

No tree is built and nothing is corrected: what a browser would swallow is reported too, for the hidden text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

VOID = frozenset(["area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen",
                  "link", "meta", "param", "source", "track", "wbr"])  # fmt: skip
BLOCKS = frozenset(["address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd",
                    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
                    "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "legend", "li", "main", "menu",
                    "nav", "ol", "optgroup", "option", "p", "pre", "section", "select", "summary", "table", "tbody",
                    "textarea", "tfoot", "thead", "title", "tr", "ul", "xmp", "listing", "plaintext", "iframe"])  # fmt: skip
CELLS = frozenset(["td", "th"])
RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
_OTHERS = frozenset(["a", "abbr", "acronym", "applet", "audio", "b", "bdi", "bdo", "big", "blink", "canvas", "cite",
                     "code", "colgroup", "data", "datalist", "del", "dfn", "em", "font", "frameset", "i", "ins",
                     "kbd", "label", "map", "mark", "marquee", "meter", "nobr", "noscript", "object", "output", "picture",
                     "progress", "q", "rp", "rt", "ruby", "s", "samp", "slot", "small", "span", "strike", "strong", "sub",
                     "sup", "svg", "template", "time", "tt", "u", "var", "video", "math", "path", "g", "rect",
                     "xml", "spacer", "tbody"])  # fmt: skip
_OFFICE = re.compile(r"(?:o|v|w|m|x|st1|u\d*|mso):[a-z]+\Z")
_MARKUP = re.compile(r"<(?=[A-Za-z!?/])")
_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=][^\s/>=]*|=[^\s/>=]*)(\s*=\s*)?")
_BARE = re.compile(r"[^\s>]*")
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW}


class Attribute(NamedTuple):
    """One attribute; `start` and `end` are of its value, `quoted` says how it is written."""

    name: str
    start: int
    end: int
    quoted: bool


class Token(NamedTuple):
    """A piece of the source. `kind`: text, open, close, comment, other, or raw (what a script or style holds)."""

    kind: str
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()
    inner: tuple[int, int] = (0, 0)


def is_known(name: str) -> bool:
    """Whether a tag's name is one of HTML's or of Office's."""
    return (
        name in BLOCKS or name in VOID or name in _OTHERS or name in CELLS or name in RAW or bool(_OFFICE.match(name))
    )


def tokens(source: str, start: int, end: int, *, comments: bool = True) -> Iterator[Token]:
    """The tokens between two offsets; without `comments`, `<!--` is only an odd tag (comments do not nest)."""
    at = start
    while at < end:
        match = _MARKUP.search(source, at, end)
        sign = match.start() if match else end
        if sign > at:
            yield Token("text", at, sign)
        if match is None:
            return
        token = _token(source, sign, end, comments=comments)
        yield token
        at = token.end
        if token.kind == "open" and token.name in RAW:
            found = _RAW_END[token.name].search(source, at, end)
            stop = found.start() if found else end
            if stop > at:
                yield Token("raw", at, stop, token.name)
            at = stop


def _token(source: str, at: int, end: int, *, comments: bool) -> Token:
    if comments and source.startswith("<!--", at, end):
        if source.startswith(("<!-->", "<!--->"), at, end):
            close = source.index(">", at) + 1
            return Token("comment", at, close, inner=(close, close))
        stop = source.find("-->", at + 4, end)
        inner = (at + 4, end if stop < 0 else stop)
        return Token("comment", at, end if stop < 0 else stop + 3, inner=inner)
    following = source[at + 1 : at + 3]
    if following[:1].isalpha() and following[:1].isascii():
        return _tag(source, at, at + 1, end, "open")
    if following[:1] == "/" and following[1:].isalpha() and following[1:].isascii():
        return _tag(source, at, at + 2, end, "close")
    stop = source.find(">", at, end)
    return Token("other", at, end if stop < 0 else stop + 1, inner=(min(at + 2, end), end if stop < 0 else stop))


def _tag(source: str, at: int, name_at: int, end: int, kind: str) -> Token:
    match = _NAME.match(source, name_at, end)
    assert match
    name = match.group().lower()
    attributes: list[Attribute] = []
    here = match.end()
    while here < end:
        found = _ATTRIBUTE.match(source, here, end)
        if found is None:
            stop = source.find(">", here, end)
            return Token(
                kind, at, end if stop < 0 else stop + 1, name, tuple(attributes), (name_at, end if stop < 0 else stop)
            )
        here = found.end()
        if found.group(2) is None:
            attributes.append(Attribute("", found.start(1), found.end(1), quoted=False))
            continue
        value_at, value_end, here, quoted = _value(source, here, end)
        attributes.append(Attribute(found.group(1).lower(), value_at, value_end, quoted))
    return Token(kind, at, end, name, tuple(attributes), (name_at, end))


def _value(source: str, at: int, end: int) -> tuple[int, int, int, bool]:
    quote = source[at : at + 1]
    if at < end and quote in {'"', "'"}:
        stop = source.find(quote, at + 1, end)
        return (at + 1, end, end, True) if stop < 0 else (at + 1, stop, stop + 1, True)
    match = _BARE.match(source, at, end)
    assert match
    return at, match.end(), match.end(), False

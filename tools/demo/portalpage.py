"""The portal's pages as a person sees them: headings, facts, the letter's words, forms and downloads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_BLOCKS = {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "ul", "ol", "table"}
_VOID = {"br", "img", "input", "meta", "link", "hr", "wbr"}


@dataclass(frozen=True, slots=True)
class Form:
    """A form and the values that it brings along."""

    action: str
    fields: dict[str, str]


@dataclass(slots=True)
class Page:
    """What a page shows. `facts` are the lines above a letter, `files` the address and name of each download."""

    heading: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    letter: str = ""
    forms: list[Form] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)

    def form(self, action: str) -> Form:
        """The form that posts there; LookupError without one."""
        for one in self.forms:
            if one.action == action:
                return one
        raise LookupError(f"the page has no form for {action}")


def read_page(html: str) -> Page:
    """Read one page of the portal."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    page = reader.page
    page.letter = re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in page.letter.splitlines())).strip()
    page.heading = " ".join(page.heading.split())
    return page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._within: list[tuple[str, str]] = []
        self._term = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.page.forms.append(Form(values.get("action", ""), {}))
        elif tag == "input" and values.get("type") == "hidden" and self.page.forms:
            self.page.forms[-1].fields[values.get("name", "")] = values.get("value", "")
        elif tag == "a" and values.get("href", "").startswith("/letter/file/"):
            self.page.files.append((values["href"], ""))
        elif tag == "dt":
            self._term = ""
        if tag in _BLOCKS and self._in("article"):
            self.page.letter += "\n\n" if tag == "p" else "\n"
        if tag not in _VOID:
            self._within.append((tag, values.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._within and any(one == tag for one, _ in self._within):
            if self._within.pop()[0] == tag:
                break
        if tag in _BLOCKS and self._in("article"):
            self.page.letter += "\n"

    def handle_data(self, data: str) -> None:
        if self._in("article"):
            self.page.letter += data if self._in("div", "text") else re.sub(r"\s+", " ", data)
        elif self._in("h1"):
            self.page.heading += data
        elif self._in("dt"):
            self._term += data
        elif self._in("dd"):
            self.page.facts[self._term] = self.page.facts.get(self._term, "") + data
        elif self._in("bdi") and self.page.files:
            href, name = self.page.files[-1]
            self.page.files[-1] = (href, name + data)

    def _in(self, tag: str, kind: str = "") -> bool:
        return any(one == tag and kind in classes.split() if kind else one == tag for one, classes in self._within)

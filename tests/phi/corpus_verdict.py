"""Short mails that hold PHI by the rule for mail, written to slip past the rule of who is spoken of.

A file of verdict/ holds the cases of one topic. A case begins with a line `--- id: NAME`, with ` | consumer` where some
recipient is unregistered at a consumer mail domain, and runs to the next. A line `@@ PART` begins a part, `@@ PART trace`
one that a program wrote; before the first such line the text is `body.plain`. Everybody in them is invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gateway.domain.finding import TextPart
from gateway.phi.scan import MailContext

_FOLDER = Path(__file__).parent / "verdict"
_HEAD = re.compile(r"^--- id: (?P<id>[a-z0-9-]+)(?P<consumer> \| consumer)?\n", re.MULTILINE)
_PART = re.compile(r"^@@ (?P<part>\S+)(?P<trace> trace)?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Slipping:
    """One mail; those of `slipping` must be judged PHI."""

    id: str
    topic: str
    parts: tuple[TextPart, ...] = field(repr=False)
    context: MailContext


@cache
def slipping() -> tuple[Slipping, ...]:
    """All cases, by topic and in the order of the files."""
    return mails_of(_FOLDER)


def mails_of(folder: Path) -> tuple[Slipping, ...]:
    """The cases of all files of a folder, by topic and in the order of the files."""
    found: list[Slipping] = []
    for path in sorted(folder.glob("*.txt")):
        content = path.read_text(encoding="utf-8")
        heads = list(_HEAD.finditer(content))
        if not heads or heads[0].start() or len(heads) != content.count("--- id:"):
            raise ValueError(f"{path.name}: a line that begins a case is not as tests/phi/corpus_verdict.py reads it")
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            body = content[head.end() : following.start() if following else len(content)]
            context = MailContext(unregistered_consumer=head["consumer"] is not None)
            found.append(Slipping(head["id"], path.stem, tuple(_parts(body)), context))
    return tuple(found)


def _parts(body: str) -> list[TextPart]:
    marks = list(_PART.finditer(body))
    if not marks:
        return [TextPart("body.plain", body)]
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    return [
        TextPart(mark["part"], body[mark.end() : end].rstrip("\n"), mark["trace"] is not None)
        for mark, end in zip(marks, ends, strict=True)
    ]

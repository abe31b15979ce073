"""What a copied Word file is made of: stories of paragraphs and table marks, paragraphs of runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.mime.redaction.plain import with_placeholders
from gateway.mime.redaction.table import Spans


@dataclass(slots=True)
class Run:
    """Words of one look: any of b, i, u."""

    text: str = field(repr=False)
    look: str = ""


@dataclass(slots=True)
class Paragraph:
    """A paragraph; `level` is that of a heading, 0 for none."""

    runs: list[Run] = field(default_factory=list)
    align: str = ""
    level: int = 0
    marks: str = ""
    """For no paragraph but a table's structure: `table`, `row`, `cell`, or the same with a slash."""


@dataclass(slots=True)
class Story:
    """One text of the document. `title` stands over what is not the body."""

    title: str
    paragraphs: list[Paragraph] = field(default_factory=list)

    def text(self) -> str:
        """What is judged: a line for each paragraph."""
        return "".join(f"{''.join(run.text for run in one.runs)}\n" for one in self.paragraphs if not one.marks)

    def redact(self, spans: Spans) -> None:
        """Write placeholders for spans of `text`: where one begins, the rest of it is emptied."""
        at, waiting = 0, list(reversed(spans))
        for paragraph in self.paragraphs:
            if paragraph.marks:
                continue
            for run in paragraph.runs:
                end = at + len(run.text)
                within = []
                while waiting and waiting[-1][0] < end:
                    start, stop, written = waiting.pop()
                    within.append((max(start, at) - at, min(stop, end) - at, written))
                    if stop > end:  # goes on in the next run, where nothing more is written
                        waiting.append((end, stop, ""))
                        break
                run.text = with_placeholders(run.text, within)
                at = end
            at += 1
            while waiting and waiting[-1][0] < at:  # the end of the line itself
                start, stop, written = waiting.pop()
                if written:
                    paragraph.runs.append(Run(written))
                if stop > at:
                    waiting.append((at, stop, ""))

"""The review text: what a person at the practice sees of a mail in hand. Built by a worker, read by one staff session.

It holds text and names only: no attachment's content, no HTML, nothing that a browser would load.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from gateway.domain.errors import IntegrityError
from gateway.domain.finding import ScanReport, TextPart
from gateway.flow.parcels import attachments, bodies
from gateway.flow.reading import Read, Reader
from gateway.flow.suggestions import WORD
from gateway.mime.html import extract
from gateway.mime.limits import Limits
from gateway.mime.text import source_of

CHARACTERS = 256 * 1024
"""Of body text, in all."""
BYTES = 8 * 1024 * 1024
"""No review text is longer; what claims to be is not read."""
_FIELD, _FILES, _WORDS = 2000, 200, 100


@dataclass(frozen=True, slots=True)
class ReviewText:
    """One mail for a person's eyes. `html` is the text of its HTML version, where that says something else."""

    subject: str = field(repr=False)
    sender: str = field(repr=False)
    to: str = field(repr=False)
    cc: str = field(repr=False)
    date: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    cut: bool
    files: tuple[tuple[str, int], ...] = field(repr=False)
    """Name and size in bytes of each attachment."""
    copies: tuple[tuple[str, str, str], ...] = field(repr=False)
    """Delivery, recipient as written, and where it would go."""
    found: tuple[tuple[str, str], ...] = ()
    """Kind of finding and place."""
    gaps: tuple[tuple[str, str], ...] = ()
    """Reason and place of what could not be read."""
    threats: tuple[tuple[str, str], ...] = ()
    """Kind and place of what may be harmful."""
    words: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    """Kind, recogniser and text of what was found in what is shown, each once: what a person can call a false alarm."""

    def encode(self) -> bytes:
        """Canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> ReviewText:
        """Read what `encode` wrote; IntegrityError for anything else."""
        try:
            read = json.loads(data)
            lists = {
                name: tuple(tuple(one) for one in read[name])
                for name in ("files", "copies", "found", "gaps", "threats", "words")
            }
            return cls(**{**read, **lists})
        except (ValueError, TypeError, KeyError) as error:
            raise IntegrityError("a review text cannot be read") from error


def review_text(
    read: Read, limits: Limits, copies: Iterable[tuple[str, str, str]], report: ScanReport | None
) -> ReviewText:
    """What is shown of a mail that was taken apart; `report` is what was kept of its scan."""
    plain, marked = bodies(read)
    text = source_of(plain, limits) if plain else ""
    html = extract(source_of(marked, limits)).text if marked else ""
    if text.split() == html.split():
        html = ""
    shown, rest = text[:CHARACTERS], max(0, CHARACTERS - len(text))
    files = [(one.file_name or one.media_type, one.body.length if one.body else 0) for one in attachments(read, limits)]
    kinds = dict.fromkeys((one.kind.value, one.part) for one in report.findings) if report else {}
    gaps = dict.fromkeys((one.reason.value, one.part) for one in report.gaps) if report else {}
    threats = dict.fromkeys((one.kind.value, one.part) for one in report.threats) if report else {}
    return ReviewText(
        subject=_field(read, "subject"), sender=_field(read, "from"), to=_field(read, "to"), cc=_field(read, "cc"),
        date=_field(read, "date"), text=shown, html=html[:rest], cut=len(text) + len(html) > CHARACTERS,
        files=tuple((name[:_FIELD], size) for name, size in files[:_FILES]), copies=tuple(copies), found=tuple(kinds),
        gaps=tuple(gaps), threats=tuple(threats),
    )  # fmt: skip


def _field(read: Read, name: str) -> str:
    found = [one.text.strip() for one in read.tree.headers if one.name.lower() == name]
    return " / ".join(found)[:_FIELD]


def with_words(text: ReviewText, reader: Reader) -> ReviewText:
    """The same, with the words in it that the detector finds as it is now."""
    shown = (TextPart("subject", text.subject), TextPart("body.plain", text.text), TextPart("body.html", text.html))
    texts = {one.part: one.text for one in shown}
    words: dict[tuple[str, str], tuple[str, str, str]] = {}
    for one in reader.scan(shown, (), None).findings:
        word = " ".join(texts[one.part][one.start : one.end].split())
        if len(word) <= WORD and len(words) < _WORDS:
            words.setdefault((one.kind.value, word.casefold()), (one.kind.value, one.by, word))
    return replace(text, words=tuple(words.values()))

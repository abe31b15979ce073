"""A letter as tagged pages: text in, an unencrypted PDF 2.0 out, in this process and without network, files or system fonts.

All that a sender wrote goes to the typesetter as JSON and is set as text; no character of it is markup. What no page can
hold in bounded memory, or no bundled font can show, travels as `letter.txt` inside the same protected file.
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.domain.errors import SealingFailed

if TYPE_CHECKING:  # its library is large, and a practice that sends no PDF never loads it
    import typst

TEXT_FILE = "letter.txt"
_MOST_CHARACTERS, _MOST_LINES = 60_000, 2_500
"""About 25 pages; the memory of the typesetter grows with it, and is not given back (docs/encrypted-pdf.md)."""
_WORD = 40
"""A longer run without a space gets places where a line may break."""
_LONG_RUN = re.compile(rf"[^ \u200b]{{{_WORD + 1},}}")
_WIDE = re.compile(" {9,}")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200b-\u200d\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\uffff\xad\U000e0000-\U000e0fff]"
)
"""Control and direction characters: a reader neither sees them nor wants what they do to other words."""
_SHOWN = ("LATIN", "GREEK", "CYRILLIC", "HEBREW")
_LANGUAGES = frozenset({"en", "es"})


@dataclass(frozen=True, slots=True)
class Letter:
    """What the pages show. `fields` are (label, text): label one of sender, to, cc, sent, subject."""

    practice: str
    phone: str
    language: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    text: str = field(repr=False)
    notices: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False)
    packed: bool = False
    """The files lie beside the PDF in one protected archive, and not inside it."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The finished pages. `whole_text` says that `letter.txt` has to travel with them."""

    pdf: bytes = field(repr=False)
    whole_text: bool


class Typesetter:
    """Sets letters with the fonts that its library brings; thread-safe, one letter at a time."""

    def __init__(self, template: Path) -> None:
        self._template, self._lock = template, threading.Lock()
        self._fonts: typst.Fonts | None = None

    def set(self, letter: Letter, at: datetime) -> Pages:
        """Set one letter; SealingFailed where the typesetter refuses."""
        import typst

        long = len(letter.text) > _MOST_CHARACTERS or letter.text.count("\n") > _MOST_LINES
        odd = not long and not shows(letter.text)
        paragraphs = [] if long else list(_paragraphs(letter.text))
        data = {
            "practice": _plain(letter.practice), "phone": _plain(letter.phone),
            "language": letter.language if letter.language in _LANGUAGES else "en",
            "fields": [[label, _plain(text)[:2000]] for label, text in letter.fields],
            "remarks": [name for name, is_so in (("toolong", long), ("odd", odd)) if is_so],
            "paragraphs": paragraphs, "notices": [part for one in letter.notices for part in _paragraphs(one)],
            "files": [_plain(one) for one in (*letter.files, *((TEXT_FILE,) if long or odd else ()))],
            "packed": letter.packed,
        }  # fmt: skip
        try:
            # Its caches are one for the process: letters one after the other keep them small.
            with self._lock:
                if self._fonts is None:
                    self._fonts = typst.Fonts(include_system_fonts=False)
                pdf = typst.compile(
                    str(self._template), root=str(self._template.parent), font_paths=self._fonts, format="pdf",
                    pdf_standards=["2.0"], timestamp=int(at.timestamp()), sys_inputs={"letter": json.dumps(data)},
                )  # fmt: skip
        except (RuntimeError, OSError, ValueError) as error:
            raise SealingFailed(f"the letter cannot be set as pages ({type(error).__name__})") from None
        if not isinstance(pdf, bytes) or not pdf.startswith(b"%PDF-2.0"):
            raise SealingFailed("the typesetter made no PDF 2.0")
        return Pages(pdf, long or odd)


def shows(text: str) -> bool:
    """Whether the bundled fonts have a sign for every character: the alphabets that they speak of, digits and punctuation."""
    return all(one.isascii() or _shown(one) for one in set(text))


def _shown(char: str) -> bool:
    if _UNSEEN.match(char):
        return True
    kind = unicodedata.category(char)
    if kind[0] == "L" or kind == "Mn":
        return unicodedata.name(char, "").startswith((*_SHOWN, "COMBINING"))
    return kind in {"Nd", "No", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Sc", "Zl", "Zp"} and ord(char) < 0x2200


def _paragraphs(text: str) -> Iterator[list[str]]:
    """Paragraphs as lists of lines. A blank line parts them; a long one is parted anyway, so that none costs too much."""
    part: list[str] = []
    for line in _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).splitlines():
        if (not line.strip() and part) or len(part) >= 200:
            yield part
            part = []
        if line.strip():
            part.append(_plain(line))
    if part:
        yield part


def _plain(text: str) -> str:
    """One line that JSON, fonts and the line breaker can take; columns that were made with spaces stay apart."""
    line = " ".join(_UNSEEN.sub("", text).splitlines()).replace("\t", "    ").encode("utf-8", "replace").decode()
    line = _WIDE.sub(" " * 8, line).replace("  ", "\u00a0 ")
    return _LONG_RUN.sub(lambda run: "\u200b".join(_pieces(run[0])), line)


def _pieces(run: str) -> list[str]:
    return [run[start : start + _WORD] for start in range(0, len(run), _WORD)]

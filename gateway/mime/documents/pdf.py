"""PDF files: the text of every page and its notes by PDFium, the words in its pictures, and what stands beside the pages.

A picture on a page is looked at where it stands, a page that is rather a picture as a whole. What cannot be looked at
is a gap.
"""

from __future__ import annotations

import ctypes
import io
import re
import unicodedata
from dataclasses import dataclass, field

import pikepdf
import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.pdf_objects import beside, without_replacements
from gateway.mime.documents.sight import fingerprint, words_in
from gateway.mime.documents.stray import words_among
from gateway.mime.documents.table import Result, read
from gateway.mime.naming import Namer, clean

_NOTES = ("Contents", "T", "V", "TU", "DV", "Subj", "RC")
_DRAWN = [raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING]
_FEW = 100
_END = re.compile(rb"%%EOF(?:\r\n|\r|\n)?")
_REVISIONS = 12
_STRAY = 64
_LETTER, _BOX = 40.0, 6
_OUTLINES = 30
"""So many small filled curves on a page may be letters drawn without a font."""
_OTHER_SHARE = 0.3
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_SCALE, _PIXELS = 200 / 72, 6_000_000
_LEAST = (24.0, 8.0)
"""Points; a picture that is smaller in both ways shows no words."""
_STRIPS = 6
_ODD_SHARE = 0.1


@dataclass(slots=True)
class _Reading:
    part: str
    budget: Budget
    texts: list[str] = field(default_factory=list)
    gaps: dict[Gap, None] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)

    def gap(self, reason: GapReason) -> None:
        self.gaps[Gap(self.part, reason)] = None


def read_pdf(part: str, data: bytes, budget: Budget) -> Result:
    """One text for the whole document, pages separated by form feeds; files inside it as `part/NAME`."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _PASSWORD or "assword" in str(error)
        return [], [Gap(part, GapReason.ENCRYPTED if locked else GapReason.MALFORMED)]
    reading = _Reading(part, budget)
    try:
        _pages(document, reading)
    finally:
        document.close()
    inside, missed = _beside(data, reading)
    _before(data, reading)
    _around(data, reading)
    return [TextPart(part, "\f".join(reading.texts)), *inside], [*reading.gaps, *missed]


def _before(data: bytes, reading: _Reading) -> None:
    """What earlier revisions say that the newest does not (ISO 32000-1 7.5.6): every save only adds to the file."""
    ends = [match.end() for match in _END.finditer(data)][:-1]
    for end in ends[: -_REVISIONS - 1 : -1]:
        if not reading.budget.take_bytes(end):
            ends = []
            break
        earlier = _Reading(reading.part, reading.budget, seen=reading.seen)
        try:
            with pdfium.PdfDocument(data[:end]) as document:
                _pages(document, earlier)
            with pikepdf.open(io.BytesIO(data[:end])) as document:
                lines = beside(document, reading.budget).lines
        except (pdfium.PdfiumError, pikepdf.PdfError, ValueError, RuntimeError):
            continue  # the first section of a linearised file ends so, and is no file
        known = set("\n".join(reading.texts).split("\n"))
        told = [line for text in (*earlier.texts, *lines) for line in text.split("\n") if line not in known]
        reading.texts += ["\n".join(dict.fromkeys(told))] * bool(told)
        reading.gaps.update(earlier.gaps)
    if len(ends) > _REVISIONS:
        reading.gap(GapReason.TOO_LARGE)


def _around(data: bytes, reading: _Reading) -> None:
    """Words before and behind the file, and in the comments that begin it (ISO 32000-1 7.2.4)."""
    start, end = data.find(b"%PDF-"), data.rfind(b"%%EOF")
    first = data.find(b" obj", start)
    told = [words_among(data[:start]), words_among(data[start + 9 : first])]
    behind = data[end + 5 :].strip(b"\0\r\n ") if end >= 0 else b""
    if behind:
        told.append(words_among(behind))
        if not told[-1] and len(behind) > _STRAY:
            reading.gap(GapReason.AMBIGUOUS)
    reading.texts += ["\n".join(told)] * any(told)


def _pages(document: pdfium.PdfDocument, reading: _Reading) -> None:
    budget, used = reading.budget, 0
    for number in range(len(document)):
        if number >= budget.max_pages or used > budget.characters_left:
            reading.gap(GapReason.TOO_LARGE)
            break
        try:
            text = _page(document, number, reading)
        except pdfium.PdfiumError:
            reading.gap(GapReason.MALFORMED)
            continue
        reading.texts.append(text)
        used += len(text)
    reading.texts += [mark.get_title() for mark in document.get_toc()]


def _beside(data: bytes, reading: _Reading) -> Result:
    """Everything but the pages, and the pages again if they claim other text than they show."""
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            found = beside(document, reading.budget)
            drawn = without_replacements(document) if found.replaced else b""
    except pikepdf.PasswordError:
        reading.gap(GapReason.ENCRYPTED)
        return [], []
    except (pikepdf.PdfError, ValueError, RuntimeError):
        reading.gap(GapReason.MALFORMED)
        return [], []
    if not found.whole:
        reading.gap(GapReason.MALFORMED)
    reading.texts += ["\n".join(found.lines)] * bool(found.lines)
    if drawn:
        again = _Reading(reading.part, reading.budget, seen=reading.seen)
        with pdfium.PdfDocument(drawn) as second:
            _pages(second, again)
        reading.texts += [text for text in again.texts if text not in reading.texts]
        reading.gaps.update(again.gaps)
    return _attached(reading, found.files)


def _attached(reading: _Reading, files: list[tuple[str, bytes | None]]) -> Result:
    texts: list[TextPart] = []
    gaps: list[Gap] = []
    names = Namer()
    if not files:
        return [], []
    if not reading.budget.enter():
        return [], [Gap(reading.part, GapReason.TOO_DEEP)]
    try:
        for name, data in files:
            inside = names.unique(f"{reading.part}/{clean(name, 200) or 'file'}")
            texts.append(TextPart(f"{inside}/name", name.replace("_", " ")))
            if data is None:
                gaps.append(Gap(inside, GapReason.BOMB))
                continue
            more, missed = read(inside, "", name, data, reading.budget)
            texts += more
            gaps += missed
    finally:
        reading.budget.leave()
    return texts, gaps


def _page(document: pdfium.PdfDocument, number: int, reading: _Reading) -> str:
    """The text of a page with its notes and the words in its pictures."""
    page = document[number]
    notes = _notes(page)
    if raw.FPDFPage_GetAnnotCount(page):  # filled forms and stamps are drawn by their annotations
        raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number]
    layer = page.get_textpage()
    text = layer.get_text_range().replace("\r\n", "\n").replace("\ufffe", "-")
    layer.close()
    shown = _pictures(page, text.strip(), reading)
    page.close()
    return "\n".join([text, *notes, *shown])


def _pictures(page: pdfium.PdfPage, text: str, reading: _Reading) -> list[str]:
    """Words of the pictures on a page; of all of it if it is rather a picture, or if its letters are no text."""
    boxes: list[tuple[float, float, float, float]] = []
    drawn = _is_unreadable(text)
    outlines = 0
    room = page.get_width() * page.get_height() / 3
    for item in page.get_objects(filter=_DRAWN, max_depth=8):
        left, bottom, right, top = item.get_bounds()
        picture = item.type == raw.FPDF_PAGEOBJ_IMAGE
        outlines += item.type == raw.FPDF_PAGEOBJ_PATH and _is_outline(item, right - left, top - bottom)
        drawn = (
            drawn
            or not text
            or outlines >= _OUTLINES
            or (picture and len(text) < _FEW and (right - left) * (top - bottom) > room)
        )
        if drawn:
            break
        if (
            picture
            and (right - left > _LEAST[0] or top - bottom > _LEAST[0])
            and min(right - left, top - bottom) > _LEAST[1]
        ):
            boxes.append((left, bottom, right, top))
    if drawn or len(boxes) > _STRIPS:
        boxes = [(0.0, 0.0, page.get_width(), page.get_height())]
    found: list[str] = []
    for box in boxes:
        words, reason = _look(page, box, reading)
        found += [words] if words else []
        if reason:
            reading.gap(reason)
    return found


def _is_unreadable(text: str) -> bool:
    """Whether a font without a table of its letters has made the text into signs that nobody wrote."""
    odd = sum(not one.isprintable() and one not in "\n\t\x02" for one in text)
    foreign = sum(one > "\u02ff" and unicodedata.category(one) in {"Lo", "Co"} for one in text)
    return (odd > 3 and odd > _ODD_SHARE * len(text)) or (foreign > 3 and foreign > _OTHER_SHARE * len(text))


def _is_outline(item: pdfium.PdfObject, width: float, height: float) -> bool:
    """Whether a path may be a letter: as high as one, filled, and made of more than a box has."""
    return 2 < height < _LETTER and 0.5 < width < 2 * _LETTER and raw.FPDFPath_CountSegments(item.raw) > _BOX


def _look(
    page: pdfium.PdfPage, box: tuple[float, float, float, float], reading: _Reading
) -> tuple[str, GapReason | None]:
    if reading.budget.instruments.ocr is None:
        return "", GapReason.NO_TEXT
    left, bottom, right, top = (
        max(0.0, box[0]), max(0.0, box[1]), min(page.get_width(), box[2]), min(page.get_height(), box[3])
    )  # fmt: skip
    width, height = right - left, top - bottom
    if width < 1 or height < 1:
        return "", None
    scale = min(_SCALE, (_PIXELS / (width * height)) ** 0.5)
    crop = (left, bottom, page.get_width() - right, page.get_height() - top)
    shown = page.render(scale=scale, crop=crop, grayscale=True, may_draw_forms=False)
    grey = Image.frombuffer("L", (shown.width, shown.height), bytes(shown.buffer), "raw", "L", shown.stride, 1)
    shown.close()
    mark = fingerprint(grey)
    if mark in reading.seen:
        return "", None
    reading.seen.add(mark)
    return words_in(grey, reading.budget)


def _notes(page: pdfium.PdfPage) -> list[str]:
    found: list[str] = []
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        for key in _NOTES:
            size = raw.FPDFAnnot_GetStringValue(annotation, key.encode(), None, 0)
            if size > 2:
                buffer = ctypes.create_string_buffer(size)
                raw.FPDFAnnot_GetStringValue(
                    annotation, key.encode(), ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size
                )
                found.append(buffer.raw[: size - 2].decode("utf-16-le", "replace"))
        raw.FPDFPage_CloseAnnot(annotation)
    return found

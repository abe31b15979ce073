"""Text of PDF files by PDFium: pages, metadata, form fields and comments. A page that is only an image is a gap."""

from __future__ import annotations

import ctypes

import pypdfium2 as pdfium
from pypdfium2 import raw

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result, read
from gateway.mime.naming import Namer, clean

_NOTES = ("Contents", "T", "V", "TU", "DV", "Subj", "RC")
_DRAWN = [raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING]
_FEW = 100
_PASSWORD = 4  # FPDF_ERR_PASSWORD


def read_pdf(part: str, data: bytes, budget: Budget) -> Result:
    """One text for the whole document; pages are separated by form feeds."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _PASSWORD or "assword" in str(error)
        return [], [Gap(part, GapReason.ENCRYPTED if locked else GapReason.MALFORMED)]
    try:
        return _document(part, document, budget)
    finally:
        document.close()


def _document(part: str, document: pdfium.PdfDocument, budget: Budget) -> Result:
    gaps: dict[Gap, None] = {}
    texts: list[str] = []
    used = 0
    for number in range(len(document)):
        if number >= budget.max_pages or used > budget.characters_left:
            gaps[Gap(part, GapReason.TOO_LARGE)] = None
            break
        try:
            text, drawn = _page(document, number)
        except pdfium.PdfiumError:
            gaps[Gap(part, GapReason.MALFORMED)] = None
            continue
        if drawn:
            gaps[Gap(part, GapReason.NO_TEXT)] = None
        texts.append(text)
        used += len(text)
    if document.get_formtype() in {raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND}:
        gaps[Gap(part, GapReason.UNKNOWN_TYPE)] = None  # its words are in a format that PDFium does not show here
    texts += [value for value in document.get_metadata_dict(skip_empty=True).values() if value]
    texts += [mark.get_title() for mark in document.get_toc()]
    inside, missed = _attached(part, document, budget) if document.count_attachments() else ([], [])
    return [TextPart(part, "\f".join(texts)), *inside], [*gaps, *missed]


def _attached(part: str, document: pdfium.PdfDocument, budget: Budget) -> Result:
    texts: list[TextPart] = []
    gaps: list[Gap] = []
    names = Namer()
    if not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    try:
        for number in range(document.count_attachments()):
            file = document.get_attachment(number)
            name = file.get_name()
            inside = names.unique(f"{part}/{clean(name, 200) or 'file'}")
            data = bytes(file.get_data())
            if not budget.take_entry() or not budget.take_bytes(len(data)):
                gaps.append(Gap(inside, GapReason.BOMB))
                break
            more, missed = read(inside, "", name, data, budget)
            texts += [TextPart(f"{inside}/name", name.replace("_", " ")), *more]
            gaps += missed
    finally:
        budget.leave()
    return texts, gaps


def _page(document: pdfium.PdfDocument, number: int) -> tuple[str, bool]:
    """The text of a page with its notes, and whether it is rather a picture."""
    page = document[number]
    notes = _notes(page)
    if raw.FPDFPage_GetAnnotCount(page):  # filled forms and stamps are drawn by their annotations
        raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number]
    layer = page.get_textpage()
    text = layer.get_text_range()
    layer.close()
    drawn = _is_picture(page, len(text.strip()))
    page.close()
    return "\n".join([text.replace("\r\n", "\n").replace("\ufffe", "-"), *notes]), drawn


def _is_picture(page: pdfium.PdfPage, characters: int) -> bool:
    # A scanned page may carry a few printed characters (a fax header, a page number) beside its picture.
    if characters >= _FEW:
        return False
    room = page.get_width() * page.get_height() / 3
    for item in page.get_objects(filter=_DRAWN, max_depth=8):
        left, bottom, right, top = item.get_bounds()
        if not characters or (item.type == raw.FPDF_PAGEOBJ_IMAGE and (right - left) * (top - bottom) > room):
            return True
    return False


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

"""Text of PDF files by PDFium: pages, metadata, form fields and comments. A page that is only an image is a gap."""

from __future__ import annotations

import ctypes

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget

_NOTES = ("Contents", "T", "V", "TU", "DV", "Subj", "RC")
_PASSWORD = 4  # FPDF_ERR_PASSWORD


def read_pdf(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
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


def _document(part: str, document: pdfium.PdfDocument, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    gaps: dict[Gap, None] = {}
    texts: list[str] = []
    used = 0
    for number in range(len(document)):
        if number >= budget.max_pages or used > budget.characters_left:
            gaps[Gap(part, GapReason.TOO_LARGE)] = None
            break
        try:
            page = document[number]
        except pdfium.PdfiumError:
            gaps[Gap(part, GapReason.MALFORMED)] = None
            continue
        text, drawn = _page(page)
        page.close()
        if drawn and not text.strip():
            gaps[Gap(part, GapReason.NO_TEXT)] = None
        texts.append(text)
        used += len(text)
    if document.count_attachments():
        gaps[Gap(part, GapReason.UNKNOWN_TYPE)] = None
    about = "\n".join(value for value in document.get_metadata_dict(skip_empty=True).values() if value)
    texts += [item.title for item in _outline(document) if item.title]
    return [TextPart(part, "\f".join([*texts, about]))], list(gaps)


def _outline(document: pdfium.PdfDocument) -> list[_Title]:
    return [_Title(mark.get_title()) for mark in document.get_toc()]


class _Title:
    def __init__(self, title: str) -> None:
        self.title = title


def _page(page: pdfium.PdfPage) -> tuple[str, bool]:
    """The text of a page with its notes, and whether something is drawn on it that could be writing."""
    layer = page.get_textpage()
    text = layer.get_text_range()
    layer.close()
    drawn = any(
        item.type in {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING}
        for item in page.get_objects(max_depth=8)
    )
    return "\n".join([text.replace("\r\n", "\n").replace("\ufffe", "-"), *_notes(page)]), drawn


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

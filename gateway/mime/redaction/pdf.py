"""PDF: every page as a picture with what was found painted over, in a new file that holds pictures and nothing else.

No text, note, form, property, script or attachment of the original is in it, so there is nothing under a box. Words that
are pictures already have no place to paint at: the copy is looked at by OCR before it may leave, and then not used.
"""

from __future__ import annotations

import ctypes
import io
import zlib
from collections.abc import Mapping

import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageDraw
from pypdfium2 import raw

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused
from gateway.mime.redaction.table import Spans

_MOST_PAGES, _MOST_CHARACTERS = 40, 400_000
_SCALE, _PIXELS = 200 / 72, 6_000_000
_PAINT = 208
"""Light grey: seen by people, and not taken for a letter by OCR."""
_MARGIN = 2.0
"""Points around each sign: serifs and accents reach beyond its box."""

Box = tuple[float, float, float, float]


class _Pages:
    def __init__(self, document: pdfium.PdfDocument) -> None:
        self._document = document
        self._places: list[list[int]] = []
        """For each page, the page's own number of each character of its text."""
        self.texts = [self._text(number) for number in range(len(document))]

    def _text(self, number: int) -> str:
        layer = self._page(number).get_textpage()
        signs, places = [], []
        for at in range(layer.count_chars()):
            code = raw.FPDFText_GetUnicode(layer, at)
            sign = "-" if code == 0xFFFE else chr(code) if 0 < code < 0x110000 else " "
            if sign != "\r":
                signs.append(sign)
                places.append(at)
        layer.close()
        self._places.append(places)
        return "".join(signs)

    def _page(self, number: int) -> pdfium.PdfPage:
        page = self._document[number]
        if raw.FPDFPage_GetAnnotCount(page):  # filled forms and stamps are drawn by their annotations
            raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
            page.close()
            page = self._document[number]
        return page

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        made = pikepdf.new()
        for number in range(len(self._document)):
            page = self._document[number]
            width, height = page.get_size()
            picture = self._painted(page, number, spans.get(number, ()))
            _add(made, picture, width, height)
            page.close()
        out = io.BytesIO()
        made.save(out, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        return out.getvalue()

    def _painted(self, page: pdfium.PdfPage, number: int, spans: Spans) -> Image.Image:
        width, height = page.get_size()
        scale = min(_SCALE, (_PIXELS / (width * height)) ** 0.5)
        shown = page.render(scale=scale, grayscale=True)
        picture = Image.frombuffer("L", (shown.width, shown.height), bytes(shown.buffer), "raw", "L", shown.stride, 1)
        picture = picture.copy()
        shown.close()
        brush = ImageDraw.Draw(picture)
        layer = page.get_textpage()
        for start, end, _ in spans:
            for at in self._places[number][start:end]:
                box = _box(page, layer, at, picture.size)
                if box is not None:
                    brush.rectangle(box, fill=_PAINT)
        layer.close()
        return picture


def _box(page: pdfium.PdfPage, layer: pdfium.PdfTextPage, at: int, size: tuple[int, int]) -> Box | None:
    """Where a sign stands in the picture, whichever way the page is turned; None for what has no place (line ends)."""
    rectangle = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(layer, at, rectangle):
        return None
    left, right = sorted((rectangle.left, rectangle.right))
    bottom, top = sorted((rectangle.bottom, rectangle.top))
    tight = [ctypes.c_double() for _ in range(4)]
    if raw.FPDFText_GetCharBox(layer, at, *tight):  # left, right, bottom, top: either may be the larger
        values = [each.value for each in tight]
        left, right = min(left, *values[:2]), max(right, *values[:2])
        bottom, top = min(bottom, *values[2:]), max(top, *values[2:])
    if right - left <= 0 and top - bottom <= 0:
        return None
    corners = [
        _pixel(page, size, *point) for point in ((left - _MARGIN, bottom - _MARGIN), (right + _MARGIN, top + _MARGIN))
    ]
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _pixel(page: pdfium.PdfPage, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
    return across.value, down.value


def _add(made: pikepdf.Pdf, picture: Image.Image, width: float, height: float) -> None:
    image = pikepdf.Stream(made, zlib.compress(picture.tobytes(), 6))
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height = picture.size
    image.ColorSpace, image.BitsPerComponent, image.Filter = pikepdf.Name.DeviceGray, 8, pikepdf.Name.FlateDecode
    page = made.add_blank_page(page_size=(width, height))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Page=image))
    page.Contents = pikepdf.Stream(made, f"{width:.3f} 0 0 {height:.3f} 0 0 cm /Page Do".encode("ascii"))


def copyable(data: bytes, budget: Budget) -> _Pages:
    """A PDF of a bounded number of pages; a locked one is refused."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = "assword" in str(error)
        raise Refused(GapReason.ENCRYPTED if locked else GapReason.MALFORMED) from None
    if not 0 < len(document) <= _MOST_PAGES:
        raise Refused(GapReason.TOO_LARGE if len(document) else GapReason.MALFORMED)
    made = _Pages(document)
    if not budget.take_characters(sum(map(len, made.texts))) or sum(map(len, made.texts)) > _MOST_CHARACTERS:
        raise Refused(GapReason.TOO_LARGE)
    return made

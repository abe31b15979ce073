"""DICOM files: every attribute that can hold words, private ones too, documents inside, and words burned into the pixels."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PIL import Image

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents import fields
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.sight import words_in
from gateway.mime.documents.stray import words_among
from gateway.mime.documents.table import Result, read

if TYPE_CHECKING:
    import pydicom

_LABELS = {"PatientName": "Patient name", "PatientID": "MRN", "PatientBirthDate": "Date of birth", "AccessionNumber": "Accession number",
           "PatientTelephoneNumbers": "Phone", "PatientAddress": "Address", "OtherPatientIDs": "Patient ID"}  # fmt: skip
_WORDLESS = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "SQ", "AT", "FL", "FD", "SL", "SS", "UL", "US", "SV", "UV"})
_READABLE = re.compile(rb"[\x20-\x7e\xa0-\xff]{4,}")
_DEEPEST, _MOST_VALUES, _VALUE = 12, 50_000, 20_000
_FRAMES = 8
_PADDING = 0xFFFCFFFC
_PACKED = frozenset(
    {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
)
"""JPEG baseline and extended, JPEG 2000; other packings are gaps."""


def read_dicom(part: str, data: bytes, budget: Budget) -> Result:
    """A line for each attribute; overlays and pixels that are not read are gaps."""
    import pydicom  # brings numpy, which starts threads when it is imported

    lines: list[str] = []
    gaps: dict[Gap, None] = {}
    texts: list[TextPart] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = pydicom.dcmread(io.BytesIO(data))
        if "SOPClassUID" not in image and "MediaStorageSOPClassUID" not in image.file_meta:
            return [], [Gap(part, GapReason.MALFORMED)]
        for line in _lines(image, 0):
            lines.append(line)
            if len(lines) > _MOST_VALUES:
                gaps[Gap(part, GapReason.TOO_LARGE)] = None
                break
        lines.append(words_among(image.preamble or b""))
        for element in image:
            if element.tag.group & 0xFF01 == 0x6000 and element.tag.element == 0x3000:  # a picture of its own
                plane, unread = _overlay(image, element.tag.group, budget)
                lines.append(plane)
                if unread:
                    gaps[Gap(part, unread)] = None
        if "EncapsulatedDocument" in image:
            texts, missed = _document(part, bytes(image.EncapsulatedDocument), budget)
            gaps.update(dict.fromkeys(missed))
        if "PixelData" in image:
            words, reason = _pixels(image, budget)
            lines += words
            if reason:
                gaps[Gap(part, reason)] = None
    return [TextPart(part, "\n".join(lines)), *texts], list(gaps)


def _document(part: str, content: bytes, budget: Budget) -> Result:
    if not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    try:
        return read(f"{part}/document", "", "", content.rstrip(b"\0") or content, budget)
    finally:
        budget.leave()


def _lines(dataset: pydicom.Dataset, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise ValueError("sequences too deep")
    for element in (*getattr(dataset, "file_meta", ()), *dataset):
        if element.VR == "SQ":
            for item in element.value:
                yield from _lines(item, depth + 1)
        elif (
            element.VR == "UN"
            or element.tag == _PADDING
            or (element.tag.is_private and isinstance(element.value, bytes))
        ):
            found = b" ".join(_READABLE.findall(bytes(element.value or b"")[:_VALUE]))
            yield found.decode("utf-8", "replace")
        elif element.VR not in _WORDLESS and element.VR != "UI":
            label = _LABELS.get(element.keyword, element.name if element.keyword else "")
            for value in element.value if element.VM > 1 else [element.value]:
                yield fields.line(label, _shown(element.VR, str(value)[:_VALUE]))


def _shown(kind: str, value: str) -> str:
    if kind == "PN":
        names = []
        for group in value.split("="):
            family, given, middle, prefix, suffix, *_ = (*group.split("^"), "", "", "", "", "")
            names.append(fields.person(family, (given, middle), suffix, prefix))
        return " ".join(names)
    return fields.date(value) if kind in {"DA", "DT"} else value


def _overlay(image: pydicom.Dataset, group: int, budget: Budget) -> tuple[str, GapReason | None]:
    """The words of an overlay plane (PS3.3 C.9.2): one bit for each pixel, rows without padding."""
    import numpy

    if (group, 0x0010) not in image or (group, 0x0011) not in image:
        return "", GapReason.MALFORMED
    rows, columns = int(image[group, 0x0010].value), int(image[group, 0x0011].value)
    frames = int(image[group, 0x0015].value) if (group, 0x0015) in image else 1
    bits = bytes(image[group, 0x3000].value)
    if frames != 1 or rows * columns > budget.max_pixels or 8 * len(bits) < rows * columns:
        return "", GapReason.NO_TEXT
    plane = numpy.unpackbits(numpy.frombuffer(bits, numpy.uint8), bitorder="little")[: rows * columns]
    return words_in(Image.frombytes("L", (columns, rows), (255 - 255 * plane).astype(numpy.uint8).tobytes()), budget)


def _pixels(image: pydicom.Dataset, budget: Budget) -> tuple[list[str], GapReason | None]:
    """The words in the frames; of many, the first ones and a gap."""
    words: dict[str, None] = {}
    reason: GapReason | None = None
    for number, frame in enumerate(_frames(image)):
        if number >= _FRAMES:
            return list(words), GapReason.TOO_LARGE
        text, missed = words_in(frame, budget)
        words.update(dict.fromkeys([text] if text else []))
        reason = reason or missed
        if missed in {GapReason.TIMED_OUT, GapReason.TOO_LARGE} or budget.instruments.ocr is None:
            break
    return list(words), reason


def _frames(image: pydicom.Dataset) -> Iterator[Image.Image]:
    count = int(image.get("NumberOfFrames", 1) or 1)
    syntax = image.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated:
        if syntax not in _PACKED:
            raise ValueError("pixels packed in a way that is not read")
        from pydicom.encaps import generate_frames

        for frame in generate_frames(image.PixelData, number_of_frames=count):
            with Image.open(io.BytesIO(frame), formats=("JPEG", "JPEG2000")) as opened:
                yield opened.convert("L")
        return
    size, samples, width = (image.Columns, image.Rows), image.get("SamplesPerPixel", 1), image.BitsAllocated // 8
    if (
        width not in {1, 2}
        or samples not in {1, 3}
        or (samples == 3 and (width != 1 or image.get("PlanarConfiguration", 0)))
    ):
        raise ValueError("pixels in a form that is not read")
    length = size[0] * size[1] * samples * width
    pixels = memoryview(image.PixelData)
    for number in range(count):
        frame = bytes(pixels[number * length : (number + 1) * length])
        if samples == 3:
            yield Image.frombytes("RGB", size, frame).convert("L")
        elif width == 1:
            yield Image.frombytes("L", size, frame)
        else:
            yield _narrowed(frame, size)


def _narrowed(frame: bytes, size: tuple[int, int]) -> Image.Image:
    """Sixteen bits a pixel as eight, darkest to lightest."""
    wide = Image.frombytes("I;16", size, frame)
    levels = wide.convert("I")
    low, high = levels.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    scale = 255 / max(1, high - low)
    return levels.point(lambda level: level * scale - low * scale).convert("L")

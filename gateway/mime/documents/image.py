"""Pictures: what is written in them by metadata (EXIF, XMP, IPTC, text chunks), and the words that they show."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

from PIL import ExifTags, Image, ImageFile, ImageSequence, IptcImagePlugin, UnidentifiedImageError

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.image_beside import spoken
from gateway.mime.documents.sight import fingerprint, words_in
from gateway.mime.documents.xml import BadXml, parsed, text_of

_FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "DIB", "WEBP", "JPEG2000", "PPM", "ICO")
_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "GIF": b"\x00;"}
_FOLDERS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop)
_WIDE = range(0x9C9B, 0x9CA0)  # XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject: UTF-16
_VALUE = 4000
_PREVIEW = 320


def read_image(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Metadata as lines `name: value`, then the words of every frame or page."""
    gaps: dict[Gap, None] = {}
    lines: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a picture that is damaged here and there is judged by what comes of it
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > budget.max_pixels:
                    return [], [Gap(part, GapReason.TOO_LARGE)]
                with Image.open(io.BytesIO(data), formats=_FORMATS) as second:  # reading its tables moves the file
                    lines += metadata(second)
                beside = spoken(picture.format or "", data)
                lines += beside.lines
                if not beside.whole:
                    gaps[Gap(part, GapReason.MALFORMED)] = None
                for preview in beside.pictures:
                    lines += _preview(preview, budget, part, gaps)
                for text, reason in _frames(picture, budget):
                    lines += [text] if text else []
                    if reason:
                        gaps[Gap(part, reason)] = None
                if _followed(picture.format or "", data):
                    gaps[Gap(part, GapReason.AMBIGUOUS)] = None
        except UnidentifiedImageError:
            return [], [Gap(part, GapReason.NO_TEXT)]
        except Image.DecompressionBombError:
            return [], [Gap(part, GapReason.TOO_LARGE)]
        except (OSError, SyntaxError, ValueError, KeyError, IndexError, EOFError):
            gaps[Gap(part, GapReason.MALFORMED)] = None
    return [TextPart(part, "\n".join(lines))] * bool(lines), list(gaps)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as a picture claims them; of what is no picture, more than any has."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            return picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return 1 << 30, 1 << 30


def _frames(picture: ImageFile.ImageFile, budget: Budget) -> Iterator[tuple[str, GapReason | None]]:
    seen: set[bytes] = set()
    for number, frame in enumerate(ImageSequence.Iterator(picture)):
        if number >= budget.max_pages or frame.width * frame.height > budget.max_pixels:
            yield "", GapReason.TOO_LARGE
            return
        mark = fingerprint(frame)
        if mark in seen:
            continue
        seen.add(mark)
        text, reason = words_in(frame, budget)
        yield text, reason
        if reason in {GapReason.TOO_LARGE, GapReason.TIMED_OUT} or budget.instruments.ocr is None:
            return


def _preview(data: bytes, budget: Budget, part: str, gaps: dict[Gap, None]) -> list[str]:
    """The words of a preview that is large enough to be read: it may show what the picture does not any more."""
    if max(size_of(data)) <= _PREVIEW:
        return []
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        text, reason = words_in(picture, budget)
    if reason:
        gaps[Gap(part, reason)] = None
    return [text] if text else []


def _followed(kind: str, data: bytes) -> bool:
    """Whether bytes follow the picture's end: another file may hide there."""
    end = _ENDS.get(kind)
    if kind in {"BMP", "DIB"}:
        size = int.from_bytes(data[2:6], "little")
        return bool(size and data[size:].strip(b"\0\r\n "))
    if end is None:
        return False
    at = data.rfind(end)
    return at >= 0 and bool(data[at + len(end) :].strip(b"\0\r\n "))


def metadata(picture: ImageFile.ImageFile) -> list[str]:
    """Everything that is written beside the pixels, as lines `name: value`."""
    lines: list[str] = []
    exif = picture.getexif()
    names = {**ExifTags.TAGS}
    blocks = [(exif, names), *((exif.get_ifd(each), names) for each in _FOLDERS)]
    blocks[2] = (blocks[2][0], ExifTags.GPSTAGS)
    for block, table in blocks:
        for tag, value in block.items():
            lines.append(f"{table.get(tag, tag)}: {_shown(value, wide=tag in _WIDE and table is names)}")
    for place, value in (IptcImagePlugin.getiptcinfo(picture) or {}).items():
        lines.append(f"{place}: {_shown(value)}")
    for key, value in picture.info.items():
        name = str(key)
        if isinstance(value, str) or (isinstance(value, bytes) and name in {"comment", "xmp", "XML:com.adobe.xmp"}):
            lines.append(f"{name}: {_packet(value)}")
    return [line for line in lines if not line.endswith(": ")]


def _packet(value: str | bytes) -> str:
    """XMP as its words (values stand in attributes as often as in elements), anything else as it is."""
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    if b"<x:xmpmeta" in raw or b"<rdf:RDF" in raw:
        try:
            root = parsed(raw.strip(b"\0 \r\n"))
        except BadXml:
            return decode(raw, "")[0]
        return text_of(root, every_attribute=True)
    return decode(raw, "")[0].strip("\0")


def _shown(value: object, *, wide: bool = False) -> str:
    if isinstance(value, bytes):
        if wide:
            return value.decode("utf-16-le", "replace").rstrip("\0")
        text = value.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0")
        shown = text.decode("utf-16" if value.startswith(b"UNICODE\0") else "latin-1", "replace")
        return "".join(one for one in shown[:_VALUE] if one.isprintable())
    if isinstance(value, tuple | list):
        return " ".join(_shown(each) for each in value[:100])
    return (
        str(value)[:_VALUE].strip("\0 ") if isinstance(value, str | int | float) or hasattr(value, "numerator") else ""
    )

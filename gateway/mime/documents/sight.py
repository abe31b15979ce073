"""Looking for words in a decoded picture: light and dark made equal, small ones enlarged, doubtful ones looked at again.

What the eye would read and tesseract does not is a gap: doubtful words, photographs, and large pictures without a word
that are not blank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from PIL import Image, ImageChops, ImageOps

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.ocr import Sight

_SMALL, _LARGE = 1_000_000, 9_000_000
_GROWN = 4_000_000
_TINY = 12
"""Neither side of a picture with words is shorter, in pixels."""
_LOGO = (700, 300)
_BLANK_SHARE, _FLAT_SHARE = 0.0003, 0.6
_SPECKLES = 0.2


def words_in(picture: Image.Image, budget: Budget) -> tuple[str, GapReason | None]:
    """The words of a picture, and why that may not be all of them."""
    width, height = picture.size
    if min(width, height) < _TINY:
        return "", None
    if width * height > budget.max_pixels:
        return "", GapReason.TOO_LARGE
    texts: dict[str, None] = {}
    reason: GapReason | None = None
    for grey in _grounds(picture):
        text, missed = _read(grey, budget)
        texts.update(dict.fromkeys([text] if text else []))
        reason = reason or missed
    return "\n".join(texts), reason


def fingerprint(picture: Image.Image) -> bytes:
    """The same for the same pixels: the letterhead of every page is read once."""
    return hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).digest()


def _grounds(picture: Image.Image) -> Iterator[Image.Image]:
    """Grey pictures, dark on light; what is transparent is seen on white and on black."""
    if "A" in picture.getbands() or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        if shown.getchannel("A").getextrema()[0] != 255:
            seen: set[bytes] = set()
            for ground in ("white", "black"):
                under = Image.new("RGBA", shown.size, ground)
                grey = Image.alpha_composite(under, shown).convert("L")
                if (mark := fingerprint(grey)) not in seen:
                    seen.add(mark)
                    yield _dark_on_light(grey)
            return
        picture = shown
    yield _dark_on_light(picture.convert("L"))


def _dark_on_light(grey: Image.Image) -> Image.Image:
    grey = ImageOps.autocontrast(grey)
    counts = grey.histogram()
    darker = sum(counts[:128])
    return ImageOps.invert(grey) if 2 * darker > sum(counts) else grey


def _read(grey: Image.Image, budget: Budget) -> tuple[str, GapReason | None]:
    if _blank(grey):
        return "", None
    sized = _sized(grey)
    if refused := budget.take_picture(sized.width * sized.height):
        return "", refused
    if _speckled(sized):
        return "", GapReason.NO_TEXT
    best = _seen(budget, sized)
    if best.late:
        return "", GapReason.TIMED_OUT
    if not best.sure and not best.hopeless:
        best, refused = _again(sized, best, budget)
        if refused:
            return best.text, refused
    if best.sure or (not best.text and _logo(grey)):
        return best.text, None
    return "" if best.hopeless else best.text, GapReason.NO_TEXT


def _again(picture: Image.Image, best: Sight, budget: Budget) -> tuple[Sight, GapReason | None]:
    """A second look at a doubtful picture, for scattered words and then, by a sample, for lines that run another way."""
    if refused := _more(picture, budget):
        return best, refused
    scattered = _seen(budget, picture, sparse=True)
    best = max(best, scattered, key=_rank)
    if best.sure:
        return best, None
    sample = _middle(picture)
    turns = {turn: _seen(budget, sample.rotate(turn, expand=True)) for turn in (90, 270, 180)}
    turn = max(turns, key=lambda each: _rank(turns[each]))
    if turns[turn].good > 2 and (turns[turn].sure or turns[turn].good > best.good):
        if refused := _more(picture, budget):
            return best, refused
        best = max(best, _seen(budget, picture.rotate(turn, expand=True)), key=_rank)
    return best, None


def _rank(sight: Sight) -> tuple[bool, int]:
    return sight.sure, sight.good


def _more(picture: Image.Image, budget: Budget) -> GapReason | None:
    """A second look costs pixels, but is the same picture."""
    budget.pictures_left += 1
    return budget.take_picture(picture.width * picture.height)


def _seen(budget: Budget, picture: Image.Image, *, sparse: bool = False) -> Sight:
    ocr = budget.instruments.ocr
    assert ocr is not None
    return ocr.see(picture.tobytes(), picture.width, picture.height, sparse=sparse)


def _middle(picture: Image.Image) -> Image.Image:
    """A square of a megapixel around the centre of what is dark."""
    left, top, right, bottom = ImageOps.invert(picture).getbbox() or (0, 0, *picture.size)
    across, down = (left + right) // 2, (top + bottom) // 2
    box = max(0, across - 500), max(0, down - 500), min(picture.width, across + 500), min(picture.height, down + 500)
    return picture.crop(box)


def _sized(grey: Image.Image) -> Image.Image:
    """The size that tesseract reads best: letters of some twenty pixels."""
    pixels = grey.width * grey.height
    if pixels > _LARGE:
        scale = (_LARGE / pixels) ** 0.5
        return grey.resize((max(1, int(grey.width * scale)), max(1, int(grey.height * scale))), Image.Resampling.BOX)
    if pixels < _SMALL:
        scale = min(3, int((_GROWN / pixels) ** 0.5))
        grey = grey.resize((grey.width * scale, grey.height * scale), Image.Resampling.BICUBIC)
    return ImageOps.expand(grey, border=20, fill=255)


def _blank(grey: Image.Image) -> bool:
    counts = grey.histogram()
    return sum(counts) - max(sum(counts[at : at + 24]) for at in range(233)) <= _BLANK_SHARE * sum(counts)


def _speckled(grey: Image.Image) -> bool:
    """Noise: dark and light alternate far oftener than in letters, and each speck costs tesseract as much as a word."""
    marks = grey.point([255 * (level > 127) for level in range(256)])
    changes = ImageChops.difference(marks, ImageChops.offset(marks, 1, 0))
    return changes.histogram()[255] > _SPECKLES * grey.width * grey.height


def _logo(grey: Image.Image) -> bool:
    """A small drawing of a few flat tones, and no photograph."""
    if grey.width > _LOGO[0] or grey.height > _LOGO[1]:
        return False
    counts = sorted(grey.histogram(), reverse=True)
    return sum(counts[:8]) >= _FLAT_SHARE * sum(counts)

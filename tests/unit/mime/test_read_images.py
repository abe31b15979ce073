"""Words in pictures and what is written beside the pixels; what cannot be read of them is a gap, in bounded time."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.documents.instruments import Instruments
from tests.support.identified import THIRTEEN, missing_from

PART = "attachment:f"


@pytest.fixture(scope="module")
def eyes() -> Instruments:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    found = Instruments.load()
    if found.ocr is None:
        pytest.skip("NO TESSERACT: pictures are gaps on this machine")
    return found


def drawn(lines: tuple[str, ...], size: tuple[int, int] = (1100, 780), letters: int = 30) -> Image.Image:
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((60, 40 + int(letters * 1.8) * number), line, fill=0, font=ImageFont.load_default(size=letters))
    return picture


def saved(picture: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def seen(data: bytes, budget: Budget, name: str = "a.png") -> tuple[str, set[GapReason]]:
    texts, gaps = read(PART, "", name, data, budget)
    assert all(each.part == PART for each in (*texts, *gaps))
    return "\n".join(each.text for each in texts), {each.reason for each in gaps}


@pytest.mark.parametrize(
    ("kind", "more"), [("PNG", {}), ("JPEG", {"quality": 60}), ("TIFF", {}), ("GIF", {}), ("BMP", {}), ("WEBP", {})]
)
def test_a_page_in_every_format(eyes, kind, more):
    text, gaps = seen(saved(drawn(THIRTEEN), kind, **more), Budget(instruments=eyes))
    assert len(missing_from(text)) <= (kind in {"JPEG", "WEBP"})  # where pixels were lost, a digit may be
    assert gaps == set()


@pytest.mark.parametrize("turn", [90, 180])
def test_a_page_that_lies_on_its_side(eyes, turn):
    text, gaps = seen(saved(drawn(THIRTEEN[:5], (800, 330)).rotate(turn, expand=True)), Budget(instruments=eyes))
    assert not set(missing_from(text)) & set(THIRTEEN[:5])
    assert gaps == set()


def test_light_on_dark_and_small_letters(eyes):
    text, gaps = seen(saved(Image.eval(drawn(THIRTEEN), lambda level: 255 - level)), Budget(instruments=eyes))
    assert (missing_from(text), gaps) == ([], set())
    text, gaps = seen(saved(drawn(THIRTEEN[:3], (420, 110), 14)), Budget(instruments=eyes))
    assert (set(missing_from(text)) & set(THIRTEEN[:3]), gaps) == (set(), set())


def test_letters_that_show_on_one_ground_only(eyes):
    page = drawn(THIRTEEN[:3], (1200, 300))
    white = Image.merge("LA", (Image.new("L", page.size, 255), Image.eval(page, lambda level: 255 - level)))
    text, _ = seen(saved(white), Budget(instruments=eyes))
    assert THIRTEEN[0] in text


def test_every_page_of_a_fax(eyes):
    pages = [drawn((line,), (1200, 200)) for line in THIRTEEN[:3]]
    text, gaps = seen(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]), Budget(instruments=eyes))
    assert text.count("\n") >= 2
    assert (set(THIRTEEN[:3]) - set(text.splitlines()), gaps) == (set(), set())


def test_words_beside_the_pixels():
    exif = Image.Exif()
    exif[0x010E] = "Patricia Roe, wound"
    exif[0x9C9C] = "MRN 4471203".encode("utf-16-le")
    exif.get_ifd(0x8825)[2] = (41.0, 24.0, 12.5)
    data = saved(Image.new("RGB", (30, 30), "white"), "JPEG", exif=exif, comment=b"seen by Dr. Imre Vask")
    text, gaps = seen(data, Budget(), "a.jpg")
    assert all(each in text for each in ("Patricia Roe", "MRN 4471203", "41.0 24.0 12.5", "Imre Vask"))
    assert gaps == set()  # it is blank
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Comment", "Patricia Roe", zip=True)
    chunks.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r by="Imre Vask"/></x:xmpmeta>')
    text, _ = seen(saved(Image.new("L", (30, 30)), pnginfo=chunks), Budget())
    assert "Patricia Roe" in text
    assert "Imre Vask" in text


def test_what_shows_nothing_is_no_gap_and_what_may_show_something_is(eyes):
    assert seen(saved(Image.new("RGB", (90, 60), (10, 80, 200))), Budget(instruments=eyes)) == ("", set())
    assert seen(saved(drawn(())), Budget(instruments=eyes)) == ("", set())
    photograph = Image.radial_gradient("L").resize((600, 600))
    assert seen(saved(photograph), Budget(instruments=eyes))[1] == {GapReason.NO_TEXT}


def test_noise_is_a_gap_at_once(eyes):
    begun = time.monotonic()
    noise = Image.frombytes("L", (900, 900), os.urandom(900 * 900))
    assert seen(saved(noise), Budget(instruments=eyes)) == ("", {GapReason.NO_TEXT})
    assert time.monotonic() - begun < 10


def test_without_tesseract_pictures_are_gaps():
    assert seen(saved(drawn(THIRTEEN)), Budget()) == ("", {GapReason.NO_TEXT})


def test_a_page_is_put_off_between_letters_and_a_logo_is_not(eyes):
    assert seen(saved(drawn(THIRTEEN)), Budget(instruments=eyes, hasty=True))[1] == {GapReason.TIMED_OUT}
    small = Budget(instruments=eyes, hasty=True)
    assert seen(saved(drawn(THIRTEEN[:1], (300, 90), 14)), small) == (THIRTEEN[0], set())


def test_pictures_have_limits(eyes):
    data = saved(
        drawn(THIRTEEN[:1], (600, 100)), "TIFF", save_all=True, append_images=[drawn(THIRTEEN[1:2], (600, 100))]
    )
    text, gaps = seen(data, Budget(instruments=eyes, pictures_left=1))
    assert (text.splitlines()[-1], gaps) == (THIRTEEN[0], {GapReason.TOO_LARGE})
    huge = saved(Image.new("1", (20_000, 20_000)))
    assert len(huge) < 100_000
    assert seen(huge, Budget(instruments=eyes)) == ("", {GapReason.TOO_LARGE})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF"])
def test_damage_and_what_stands_behind_the_end(eyes, kind):
    whole = saved(drawn(THIRTEEN, (900, 700), 16), kind)
    assert seen(whole[: len(whole) // 2], Budget(instruments=eyes))[1]
    if kind != "TIFF":
        assert GapReason.AMBIGUOUS in seen(whole + b"Patricia Roe", Budget(instruments=eyes))[1]


def test_a_broken_engine_is_a_gap(eyes, monkeypatch):
    monkeypatch.setattr("gateway.mime.documents.sight._seen", lambda *_, **__: 1 // 0)
    assert seen(saved(drawn(THIRTEEN)), replace(Budget(instruments=eyes)))[1] == {GapReason.MALFORMED}

"""Bytes to text, whatever the label says, as mail clients do it, and whether anything was lost on the way.

Labels that browsers read as a superset are read so here (iso-8859-1 and us-ascii as windows-1252, gb2312 as gb18030).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from charset_normalizer import from_bytes

_ALIASES: Mapping[str, str] = {
    "us-ascii": "utf-8", "ascii": "utf-8", "ansi_x3.4-1968": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8",
    "utf-8": "utf-8", "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "iso-8859-1-windows": "cp1252",
    "windows-1252": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949", "shift_jis": "cp932", "x-sjis": "cp932", "iso-8859-8-i": "iso8859-8", "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman", "unicode-1-1-utf-7": "utf-7", "x-unknown": "", "unknown-8bit": "", "default": "",
    "iso-2022-jp": "iso2022_jp_ext", "windows-31j": "cp932", "tis-620": "cp874", "iso-8859-9": "cp1254", "8bit": "",
    "iso-8859-11": "cp874", "unknown": "", "x-user-defined": "", "ansi": "cp1252", "utf-16": "utf-16", "ms-ansi": "cp1252",
}  # fmt: skip
# Python codecs that are no charsets of mail; punycode is quadratic besides.
_NOT_CHARSETS = frozenset({"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"})
_STRICT = ("utf-16", "utf-32", "utf-7", "iso2022", "hz", "cp037", "cp1140", "cp500")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LABEL = re.compile(r"[A-Za-z0-9_.:+-]{1,60}\Z")
_TWICE = re.compile(
    "[\u00c2-\u00c5][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_WESTERN = frozenset({"cp1252", "iso8859-1", "iso8859-15", "latin-1"})
_GUESS_NEEDS = 64
_GUESS_FROM = 32 * 1024


def decode(data: bytes, label: str) -> tuple[str, bool]:
    """The text, and whether it can be trusted to hold what a reader with the right charset sees."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            text, certain = _with(data, name)
            return text.removeprefix("\ufeff"), certain
    codec = codec_of(label)
    if codec is None:
        text, _ = _guess(data)
        return text, _few(sum(1 for byte in data if byte > 127), len(data))
    if codec.startswith(("utf-16", "utf-32")) and data and data.isascii() and b"\x00" not in data:
        return data.decode("ascii"), False  # the label turns it into characters that nobody wrote
    if codec == "utf-8" and label in {"", "us-ascii", "ascii"}:
        return _utf8_or_western(data)
    return _with(data, codec)


def twice_encoded(text: str) -> str:
    """What a text says whose UTF-8 was taken for windows-1252 and encoded again (`MuÃ±oz`); empty if it is none."""
    if _TWICE.search(text) is None:
        return ""
    return _TWICE.sub(_once, text)


def _once(found: re.Match[str]) -> str:
    try:
        return found[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return found[0]


def codec_of(label: str) -> str | None:
    """The codec for a charset label, or None if the label is unknown or no charset; an empty label is UTF-8."""
    cleaned = label.strip().strip("\"'").lower()
    if not cleaned:
        return "utf-8"
    if cleaned in _ALIASES:
        return _ALIASES[cleaned] or None
    if not _LABEL.match(cleaned):
        return None
    try:
        info = codecs.lookup(cleaned)
        b"a".decode(info.name, "ignore")
    except (LookupError, UnicodeError, ValueError):
        return None
    return None if info.name.replace("_", "-") in _NOT_CHARSETS else info.name


def _with(data: bytes, codec: str) -> tuple[str, bool]:
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        pass
    else:
        return text, codec not in _WESTERN or not _mojibake(text)
    if codec.startswith(_STRICT):
        return data.decode(codec, "replace") if codec != "utf-7" else data.decode("cp1252", "replace"), False
    if codec == "utf-8":
        return _mixed(data)
    text = data.decode(codec, "replace")
    return text, _few(text.count("\ufffd"), len(text)) and not (codec in _WESTERN and _mojibake(text))


def _mixed(data: bytes) -> tuple[str, bool]:
    # UTF-8 with stray bytes of a western charset is common; each stray byte is read as windows-1252.
    text = data.decode("utf-8", "surrogateescape")
    strays = sum(1 for char in text if "\udc80" <= char <= "\udcff")
    mended = re.sub(
        "[\udc80-\udcff]+",
        lambda match: bytes(ord(char) - 0xDC00 for char in match.group()).decode("cp1252", "replace"),
        text,
    )
    return mended, _few(strays, len(text))


def _utf8_or_western(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    text = data.decode("cp1252", "replace")
    odd = sum(1 for char in text if char > "\x7f")
    if _few(odd * 4, len(text)):  # a western text is mostly ASCII; anything else is another charset without a label
        return text, True
    return _guess(data)


def _guess(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    best = from_bytes(data[:_GUESS_FROM]).best()
    name = best.encoding if best is not None else "cp1252"
    text = data.decode(name, "replace")
    return text, best is not None and len(data) >= _GUESS_NEEDS and _few(text.count("\ufffd"), len(text))


def _mojibake(text: str) -> bool:
    """Whether a western text has more signs beyond ASCII than any western language: it was written in another charset."""
    return len(text) >= _GUESS_NEEDS and 5 * sum(one > "\x7f" for one in text) > 2 * len(text)


def _few(odd: int, of: int) -> bool:
    return odd <= max(3, of // 10)

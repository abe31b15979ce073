"""Text that reads otherwise than it stands: encoded, or turned round by marks of direction.

Recognisers read what stands there, so such a text is a gap of its part. Keys, signatures and pictures decode to no words
and are none; nor are marks that only embed or isolate a right-to-left passage.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error

import re2

from gateway.domain.finding import Kind

_OVERRIDES = re.compile("[\u202d\u202e]")
_INSIDE_WORDS = re.compile(r"[A-Za-z]\[(?:" + "|".join(kind.value for kind in Kind) + r")(?:-[0-9]{1,4})?\][A-Za-z]")
"""Placeholders that cut words in two: they are blanked, so a name between them would be read in pieces."""
_BLOCK = re.compile(r"[A-Za-z0-9+/_-]{60,}(?:\r?\n[A-Za-z0-9+/_-]{20,})*")
_PERHAPS_BLOCK = re2.compile(r"[A-Za-z0-9+/_\-]{60}")
"""Where RE2 sees none, the pattern of blocks is not tried."""
_SOFT_BREAK = re.compile(r"[^\s=]=\r?\n[a-z]")
_ESCAPES = re.compile(r"[a-z,.]=(?:20|3D|C3=|E2=80)")
_SAMPLE = 400
"""So many characters of a block show whether it holds words: a multiple of four."""
_BLOCKS = 200
_WORDS = re.compile(rb"[A-Za-z]{2,15}[ ,.]")
_FEWEST = 6


def disguised(text: str) -> bool:
    """Whether some of the text is words only after decoding or turning; linear in the text's length."""
    if not text.isascii() and _OVERRIDES.search(text) is not None:
        return True
    if ("=\n" in text or "=\r" in text) and _SOFT_BREAK.search(text) and _ESCAPES.search(text):
        return True
    if text.count("[") > 1 and len(_INSIDE_WORDS.findall(text)) > 1:
        return True
    if _PERHAPS_BLOCK.search(text.encode("utf-8", "replace")) is None:
        return False
    for count, match in enumerate(_BLOCK.finditer(text)):
        if count >= _BLOCKS or _holds_words(text[match.start() : min(match.end(), match.start() + 2 * _SAMPLE)]):
            return True
    return False


def _holds_words(block: str) -> bool:
    signs = "".join(block.split()).replace("-", "+").replace("_", "/")[:_SAMPLE]
    try:
        plain = b64decode(signs[: len(signs) // 4 * 4], validate=True)
    except (Error, ValueError):
        return False
    printable = sum(32 <= one < 127 or one in b"\r\n\t" for one in plain)
    return printable >= 0.95 * len(plain) and len(_WORDS.findall(plain)) >= _FEWEST

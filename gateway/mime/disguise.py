"""Text that shows a person something else than its characters in order: base64 without a label, writing turned around."""

from __future__ import annotations

import base64
import re

from gateway.mime.charset import decode
from gateway.mime.documents.magic import kind_of

_FEWEST_CHARACTERS = 200
_SHORT, _FEWEST_OF_ALL = 4_000, 32
_PRINTABLE = 0.9
# Possessive, begun only where a word begins, and none reads on over its own beginning: time grows with the text.
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/]{20,}+={0,2}+(?:[\s>]++|\Z)){3,}(?:[A-Za-z0-9+/]{1,19}={0,2}(?!\S))?"
)
_BETWEEN = re.compile(r"[\s>]+")
_WHOLE = re.compile(r"\s*(?:[A-Za-z0-9+/]{20,}\s+)*[A-Za-z0-9+/]{4,}={0,2}\s*")
_OVERRIDE = re.compile(r"[\u202d\u202e][^\u202c-\u202e\r\n]*?[^\W_]")
_INTO_WORDS = re.compile(
    r"[\u202b\u2067][\u202a\u202c-\u202e\u2066\u2068\u2069]*[A-Za-z0-9]|(?<=[^\W_])[\u202a-\u202e\u2066-\u2069]+(?=[^\W_])"
)


def turned(text: str) -> bool:
    """Whether direction controls (UAX #9) may show letters or digits in another order than they stand in."""
    return _OVERRIDE.search(text) is not None or _INTO_WORDS.search(text) is not None


def unlabelled(text: str) -> tuple[list[str], bool]:
    """What long runs of base64 in a text say, and whether one is a file that only the inspector could open."""
    found: list[str] = []
    files = False
    whole = len(text) < _SHORT and _WHOLE.fullmatch(text) is not None and any(one in text for one in "0123456789=")
    for match in [_WHOLE.match(text)] if whole else _BASE64.finditer(text):
        assert match
        run = _BETWEEN.sub("", match.group())
        if len(run) < (_FEWEST_OF_ALL if whole else _FEWEST_CHARACTERS):
            continue
        coded = run.partition("=")[0]
        data = base64.b64decode(coded + "A" * (len(coded) % 4 == 1) + "=" * (-(len(coded) + (len(coded) % 4 == 1)) % 4))
        files = files or kind_of(data[:2048]) not in {"", "encrypted"}
        words, _ = decode(data, "")
        if _says_something(words):
            found.append(words)
    return found, files


def _says_something(text: str) -> bool:
    shown = sum((one.isprintable() and one != "\ufffd") or one in "\r\n\t" for one in text)
    plain = sum(one.isascii() and (one.isalnum() or one.isspace()) for one in text)
    return shown >= _PRINTABLE * len(text) and 2 * plain >= len(text)

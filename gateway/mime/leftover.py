"""Escapes that were left in a text: quoted-printable or UTF-7 without a label, percent signs in links."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from gateway.mime.charset import decode

_QUOTED = re.compile(r"=(?:[2-7][0-9A-F]|C3=[89AB][0-9A-F]|E2=80=[0-9A-F]{2})")
_QUOTED_RUN = re.compile(r"(?:=(?:[2-7][0-9A-F]|[89A-F][0-9A-F]))+")
_SOFT = re.compile(r"=\r?\n")
_SHIFTED = re.compile(r"\+[A-Za-z0-9/]{3,}+-")
_TOKEN = re.compile(r"[^\s\"'<>]+")
_LINK = re.compile(r"://[^\s\"'<>]+")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_PIECES = re.compile(r"[?&#=/]")
_CODED = re.compile(r"[A-Za-z0-9_-]{20,4000}")


def mended(text: str) -> Iterator[tuple[str, str]]:
    """What a text says once escapes are taken back that were left in it: (`quoted`, `utf-7` or `links`, text)."""
    if _fewest(_QUOTED, text, 4):
        plain = _QUOTED_RUN.sub(lambda found: decode(quopri.decodestring(found[0].encode("ascii")), "")[0], text)
        yield "quoted", _SOFT.sub("", plain)
    if _fewest(_SHIFTED, text, 3):
        yield "utf-7", _SHIFTED.sub(lambda found: decode(found[0].encode("ascii"), "utf-7")[0], text)
    words = _TOKEN if _PERCENT.search(text) else _LINK  # most texts have no escapes, and need not be cut into words
    links = [found[0] for found in words.finditer(text) if "%" in found[0] or "://" in found[0]]
    told = dict.fromkeys(each for link in links for each in _parameters(link))
    if told:
        yield "links", "\n".join(told)


def _fewest(pattern: re.Pattern[str], text: str, count: int) -> bool:
    return sum(1 for _, _ in zip(range(count), pattern.finditer(text), strict=False)) >= count


def _parameters(link: str) -> Iterator[str]:
    """Pieces of a link that are words once their percent signs are read, even twice, or their base64."""
    for piece in _PIECES.split(link):
        words = unquote(unquote_plus(piece))
        if len(words.split()) > 2:
            yield words
        elif _CODED.fullmatch(piece):
            raw = base64.urlsafe_b64decode(piece[: len(piece) - (len(piece) % 4 == 1)] + "==")
            if raw.isascii() and len(raw.split()) > 2 and (told := raw.decode("ascii")).isprintable():
                yield told

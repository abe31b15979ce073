"""Words in bytes of no known form: chunks, segments and fields in which programs keep what they like.

Runs of printable characters, eight-bit or UTF-16, that hold letters; the rest of such bytes is nothing that a person
could read.
"""

from __future__ import annotations

import re

_RUN = re.compile(rb"[\x20-\x7e\xa0-\xff]{6,}")
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")
_WORD = re.compile(r"[^\W\d_]{3}|\d{5}")
_MOST = 256 * 1024


def words_among(data: bytes) -> str:
    """The runs as lines, from the first 256 KiB; empty if there are none."""
    looked = data[:_MOST]
    runs = [found.group().decode("latin-1") for found in _RUN.finditer(looked)]
    runs += [found.group().decode("utf-16-le") for found in _WIDE.finditer(looked)]
    return "\n".join(run.strip() for run in runs if _WORD.search(run) and _mostly_words(run))


def _mostly_words(run: str) -> bool:
    """Whether more than half are ASCII letters, digits or blanks: packed bytes give runs too, but other ones."""
    return 2 * sum(one.isascii() and (one.isalnum() or one == " ") for one in run) > len(run)

"""Which words beside a surname read as one name with it: orders, particles, suffixes, and what ends a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from gateway.phi.known_text import Window
from gateway.phi.recognizers.name_words import PARTICLES, SUFFIXES
from gateway.phi.skeleton import places

_REACH = 4
"""How many words may stand between given name and surname's place: middle names, particles, a first surname."""
_PARTICLES = frozenset(one.encode() for one in PARTICLES)
_SUFFIXES = frozenset(one.encode() for one in SUFFIXES)


def beside(data: bytes, start: int, end: int, names: Mapping[bytes, object]) -> Iterator[tuple[bytes, int, int]]:
    """The words that could be the given name of the surname at data[start:end], with their places."""
    low = data.rfind(b" ", 0, max(0, start - 80)) + 1
    at = start
    for word in reversed(data[low:start].split()[-_REACH:]):
        at = data.rfind(word, low, at)
        yield word, at, at + len(word)
    at = end
    for word in data[end : end + 60].split()[:3]:
        at = data.find(word, at)
        yield word, at, at + len(word)
        at += len(word)
        if word not in _SUFFIXES and word not in names:
            break  # only a suffix or a second surname stands between surname and given name


def one_name(window: Window, start: int, end: int, *, given_first: bool) -> bool:
    """Whether the words at start:end, a given name at one end of it, read as one name."""
    text = window.text[start:end]
    if window.text[end : end + 1] == "@" or (start and window.text[start - 1] in "@."):
        return False
    if "\n\n" in text or (any(mark in text for mark in ':;!?|@/_="') and not _listed(text)) or _sentence_ends(text):
        return False
    if given_first:
        if "," in text and not _suffixed(text):
            return False
        return all(_middle(window, *one) for one in places(window.data, start, end)[1:-1])
    return text.count(",") <= 1 + _suffixed(text)


def others_in(window: Window, start: int, end: int) -> set[bytes]:
    """The words of a name, and a capitalised one that goes on from it, without particles and initials."""
    found = {word for word, _ in places(window.data, start, end)}
    if window.text[end : end + 1] in {" ", "-"} and window.text[end + 1 : end + 2].isupper():
        found.update(window.data[end + 1 : end + 40].split(b" ", 1)[:1])
    return {one for one in found if len(one) > 1 and one not in _PARTICLES and one not in _SUFFIXES}


def _sentence_ends(text: str) -> bool:
    """Whether a full stop stands after a longer word, or with no blank after it: `Ann. Lee`, `ann.lee`."""
    if "." not in text:
        return False
    pieces = text.split(".")
    for before, after in pairwise(pieces):
        word = before.rpartition(" ")[2]
        if (len(word) > 2 and word.lower() not in SUFFIXES) or (len(word) > 1 and after[:1].isalnum()):
            return True
    return False


def _listed(text: str) -> bool:
    """Whether the marks are those of a table: `Lee; Ann` or `Lee | Ann`."""
    return sum(text.count(mark) for mark in ";|") == 1 and not any(mark in text for mark in ':!?@/_="')


def _suffixed(middle: str) -> bool:
    return any(word.strip(".").lower() in SUFFIXES for word in middle.replace(",", " ").split())


def _middle(window: Window, word: bytes, at: int) -> bool:
    """Whether a word between given name and surname may stand there: capitalised, or a particle."""
    return word in _PARTICLES or not window.text[at].islower()

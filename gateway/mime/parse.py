"""Small mail through both readers, large mail through the splitter; a difference that could be seen is a gap.

Compared are the leaves in order: how many mails they are inside, type, file name, decoded bytes without white space,
and the subjects. Which multipart holds a leaf is not compared: every leaf is judged, whatever a client shows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest

from gateway.domain.finding import Gap, GapReason
from gateway.mime import fast
from gateway.mime.entity import MESSAGES, sane_type
from gateway.mime.fields import decode_words
from gateway.mime.limits import Limits
from gateway.mime.naming import clean
from gateway.mime.splitter import split
from gateway.mime.tree import MemorySink, Part, PartSink, Tree, content

_BEYOND = frozenset({GapReason.TOO_DEEP, GapReason.TOO_MANY_PARTS, GapReason.TOO_LARGE})
_HIGH = bytes(range(128, 256))
_BLANK = b" \t\r\n\x0b\x0c"


@dataclass(frozen=True, slots=True)
class _Leaf:
    inside: int
    media_type: str
    file_name: str = field(repr=False)
    data: bytes | None = field(repr=False)
    name: str = field(repr=False)

    def same(self, other: _Leaf) -> bool:
        labels = (self.inside, self.media_type, self.file_name)
        if labels != (other.inside, other.media_type, other.file_name):
            return False
        if self.data is None or other.data is None or self.data == other.data:
            return True
        # The second reader drops bare 8-bit bytes from quoted-printable; we keep them, so nothing is missed.
        return self.data.translate(None, _HIGH) == other.data

    @property
    def blank(self) -> bool:
        return self.data == b"" and not self.file_name


def parse(source: bytes, limits: Limits) -> Tree:
    """The tree of a small mail, held in memory. Never raises for content."""
    tree = split([source], MemorySink(), limits)
    if any(gap.reason in _BEYOND for gap in tree.gaps):
        return tree  # not clean in any case, and the second reader has no such limits
    node = fast.read(source)
    if node is None:
        return _with(tree, [Gap("message", GapReason.AMBIGUOUS)])
    return _with(tree, list(_differences(tree, node, limits)))


def parse_stream(chunks: Iterable[bytes], sink: PartSink, limits: Limits, small: int = fast.SMALL) -> Tree:
    """The tree of a mail of any size; `sink` is used only for one of more than `small` bytes."""
    source = iter(chunks)
    held: list[bytes] = []
    size = 0
    for chunk in source:
        held.append(chunk)
        size += len(chunk)
        if size > small:
            return split(chain(held, source), sink, limits)
    return parse(b"".join(held), limits)


def _with(tree: Tree, gaps: list[Gap]) -> Tree:
    fresh = [gap for gap in gaps if gap not in tree.gaps]
    return replace(tree, gaps=(*tree.gaps, *dict.fromkeys(fresh))) if fresh else tree


def _differences(tree: Tree, node: fast.Node, limits: Limits) -> Iterator[Gap]:
    known = {gap.part for gap in tree.gaps if gap.reason is GapReason.MALFORMED}
    mine = [leaf for leaf in _mine(tree.root, limits, 0, known) if not leaf.blank]
    theirs = [leaf for leaf in _theirs(node, limits, 0) if not leaf.blank]
    for ours, other in zip_longest(mine, theirs):
        if ours is None or other is None:
            yield Gap("message", GapReason.AMBIGUOUS)
            return
        if not ours.same(other):
            yield Gap(ours.name, GapReason.AMBIGUOUS)
    header = tree.root.header("subject")
    if _squeezed(header.text if header else "") != _squeezed(node.subject):
        yield Gap("subject", GapReason.AMBIGUOUS)


def _squeezed(text: str) -> str:
    # ASCII only: the readers guess an undeclared charset differently, which hides nothing.
    return re.sub(r"[^!-~]+", "", decode_words(text))


def _mine(part: Part, limits: Limits, inside: int, known: set[str]) -> Iterator[_Leaf]:
    if part.children:
        deeper = inside + (part.media_type in MESSAGES)
        for child in part.children:
            yield from _mine(child, limits, deeper, known)
    elif part.body is not None and part.media_type not in MESSAGES:
        data, whole = content(part.body, limits.max_message_bytes)
        trusted = whole and part.name not in known
        squeezed = data.translate(None, _BLANK) if trusted else None
        yield _Leaf(inside, part.media_type, part.file_name, squeezed, part.name)


def _theirs(node: fast.Node, limits: Limits, inside: int) -> Iterator[_Leaf]:
    if node.children:
        for child in node.children:
            yield from _theirs(child, limits, inside + node.is_message)
        return
    data = None if node.content is None else node.content.translate(None, _BLANK)
    if data is None and not node.damaged:
        data = b""  # a container with nothing in it
    name = clean(decode_words(node.file_name), limits.max_name)
    yield _Leaf(inside, sane_type(node.media_type), name, data, "message")

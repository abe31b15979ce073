"""Merkle trees as RFC 9162 2.1 defines them, over SHA-256. Pure: hashes in, hashes and proofs out.

`Range` is the tree's right edge: the roots of the full subtrees of a tree of that size, largest first. It grows a leaf
at a time and gives the root, so a head needs the new leaves only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

EMPTY = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry as a leaf, RFC 9162 2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node, RFC 9162 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Range:
    """A tree of `size` leaves by its peaks; one for every bit that is set in `size`, the largest subtree first."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError("a range has one peak for every bit of its size")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right."""
        rest, node = self.size, leaf
        while rest & 1:
            node = node_hash(self.peaks.pop(), node)
            rest >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree."""
        if not self.peaks:
            return EMPTY
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, RFC 9162 2.1.1."""
    edge = Range()
    for leaf in leaves:
        edge.append(leaf)
    return edge.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one leaf, from the leaf to the root, RFC 9162 2.1.3.1. ValueError for a leaf not there."""
    if not 0 <= index < len(leaves):
        raise ValueError("no such leaf")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root(leaves[:split])]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether the proof shows that leaf under the root of a tree of that size, RFC 9162 2.1.3.2."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(step, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, step)
        position >>= 1
        last >>= 1
    return last == 0 and node == expected


def consistency_proof(leaves: Sequence[bytes], older: int) -> list[bytes]:
    """That the tree of these leaves extends that of its first `older`, RFC 9162 2.1.4.1. ValueError for a bad size."""
    if not 0 < older <= len(leaves):
        raise ValueError("the older tree has between one and all of the leaves")
    return _subproof(leaves, older, whole=True)


def _subproof(leaves: Sequence[bytes], older: int, *, whole: bool) -> list[bytes]:
    if older == len(leaves):
        return [] if whole else [root(leaves)]
    split = _split(len(leaves))
    if older <= split:
        return [*_subproof(leaves[:split], older, whole=whole), root(leaves[split:])]
    return [*_subproof(leaves[split:], older - split, whole=False), root(leaves[:split])]


def extends(older: int, older_root: bytes, size: int, size_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `size` extends the older one, RFC 9162 2.1.4.2."""
    if older == size:
        return not proof and older_root == size_root
    if not 0 < older < size:
        return False
    path = [older_root, *proof] if older & (older - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = older - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, step)
        position >>= 1
        last >>= 1
    return last == 0 and old == older_root and new == size_root


def _split(size: int) -> int:
    # The largest power of two smaller than size.
    return 1 << ((size - 1).bit_length() - 1)

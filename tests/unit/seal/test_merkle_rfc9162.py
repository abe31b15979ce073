"""Merkle trees against the RFC's own recursive definition, for every size up to 40 and the published vectors."""

from __future__ import annotations

import hashlib

import pytest

from gateway.seal import merkle

LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(40)]


def by_definition(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def test_roots_known_from_certificate_transparency() -> None:
    # The vectors of the reference implementation of certificate transparency.
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in entries]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves[:2]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(41))
def test_the_range_has_the_roots_of_the_definition(size: int) -> None:
    edge = merkle.Range()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    assert edge.root() == by_definition(LEAVES[:size])
    kept = merkle.Range(edge.size, list(edge.peaks))
    kept.append(LEAVES[0])
    assert kept.root() == by_definition([*LEAVES[:size], LEAVES[0]])


def test_a_range_that_cannot_be() -> None:
    for size, peaks in ((1, []), (3, [b"a"]), (-1, [])):
        with pytest.raises(ValueError):
            merkle.Range(size, list(peaks))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33, 40])
def test_inclusion(size: int) -> None:
    leaves = LEAVES[:size]
    root = merkle.root(leaves)
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(leaves, index)
        assert merkle.includes(leaf, index, size, proof, root)
        assert not merkle.includes(merkle.leaf_hash(b"forged"), index, size, proof, root)
        assert not merkle.includes(leaf, (index + 1) % (size + 1), size, proof, root)
        assert not merkle.includes(leaf, index, size, [*proof, leaf], root)
        assert not proof or not merkle.includes(leaf, index, size, proof[:-1], root)
    with pytest.raises(ValueError):
        merkle.inclusion_proof(leaves, size)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 32, 33, 40])
def test_consistency(size: int) -> None:
    root = merkle.root(LEAVES[:size])
    forged = merkle.root([merkle.leaf_hash(b"forged"), *LEAVES[1:size]])
    for older in range(1, size + 1):
        older_root = merkle.root(LEAVES[:older])
        proof = merkle.consistency_proof(LEAVES[:size], older)
        assert merkle.extends(older, older_root, size, root, proof)
        assert not merkle.extends(older, older_root, size, forged, proof)
        assert not merkle.extends(older, forged, size, root, proof)
        assert not merkle.extends(older, older_root, size, root, [*proof, root])
        if older < size:
            assert not merkle.extends(older, older_root, size, root, proof[:-1])
    with pytest.raises(ValueError):
        merkle.consistency_proof(LEAVES[:size], 0)
    with pytest.raises(ValueError):
        merkle.consistency_proof(LEAVES[:size], size + 1)

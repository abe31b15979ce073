"""Verifying the log: every row's hash, every message's chain and its count, every leaf, every signed head.

With a head that was kept outside it proves that the log is that one, extended. Without one it says what it cannot prove.
Reads in short transactions while the gateway runs: it judges the leaves that there are when it begins, and rows
that are written meanwhile raise no alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.ports.store import AuditRow, ChainRow, HeadRow, Store, UnitOfWork
from gateway.seal.heads import Kept, in_force
from gateway.seal.log_hash import FIRST, head_input, row_hash
from gateway.seal.merkle import EMPTY, Range, leaf_hash

VerifySignature: TypeAlias = Callable[[bytes, bytes], bool]
"""(message, signature) -> whether it holds."""

_PAGE = 1000
_SHOWN = 100
"""Problems that are told one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What verifying found. `ok` is no problem found; `cannot_prove` are sentences on what stays open; `size` in leaves."""

    ok: bool
    problems: tuple[str, ...]
    cannot_prove: tuple[str, ...]
    size: int


@dataclass(slots=True)
class _Findings:
    shown: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, problem: str) -> None:
        if len(self.shown) < _SHOWN:
            self.shown.append(problem)
        else:
            self.more += 1

    def all(self) -> tuple[str, ...]:
        return (*self.shown, f"and {self.more} problems more") if self.more else tuple(self.shown)


def verify(
    store: Store, verify_signature: VerifySignature, outside_head: HeadRow | Sequence[HeadRow | Kept] | None
) -> VerifyReport:
    """Check the whole log, against one head that was kept outside, or better all of them: a database that was put back
    and grew again agrees with its own latest head. StoreUnavailable when it cannot be read.
    """
    given = () if outside_head is None else (outside_head,) if isinstance(outside_head, HeadRow) else outside_head
    found = _Findings()
    kept = [one if isinstance(one, Kept) else Kept(one) for one in given]
    outside = _believed(kept, verify_signature, found)
    roots = _heads(store, verify_signature, found)
    # After the heads: one that is signed meanwhile must not look like rows that are missing.
    with store.begin() as uow:
        size = uow.audit.size()
    for head in outside:
        if _reached(head, size, found) and roots.setdefault(head.size, head.root) != head.root:
            found.add(f"the head of {head.size} rows in the database is not the one that was kept outside")
            roots[head.size] = head.root
    seen = _leaves(store, size, roots, found)
    unfolded = _chains(store, seen, found)
    problems = found.all()
    signed = max((head for head in roots if head <= size), default=0)
    open_ends = (*_accepted(kept), *_open_ends(outside, size, signed, unfolded))
    return VerifyReport(not problems, problems, open_ends, size)


def _heads(store: Store, verify_signature: VerifySignature, found: _Findings) -> dict[int, bytes]:
    roots: dict[int, bytes] = {}
    before: int | None = None
    while True:
        with store.begin() as uow:
            page = uow.audit.heads(_PAGE, before)
        for head in page:
            if not verify_signature(head_input(head), head.signature):
                found.add(f"the signature of the head of {head.size} rows does not hold")
            roots[head.size] = head.root
        if not page:
            return roots
        before = page[-1].size


def _believed(kept: Sequence[Kept], verify_signature: VerifySignature, found: _Findings) -> list[HeadRow]:
    """The heads outside that this gateway signed and that no later word of a person voids."""
    signed = [one for one in kept if one.holds(verify_signature)]
    if len(signed) < len(kept):
        found.add("the head that was kept outside is not signed by this gateway")
    return in_force(signed)


def _reached(head: HeadRow, size: int, found: _Findings) -> bool:
    if head.size > size:
        found.add(f"the log has {size} rows, the head that was kept outside covers {head.size}: rows were cut, "
                  "or an older copy of the database was put back")  # fmt: skip
        return False
    return True


def _leaves(store: Store, size: int, roots: dict[int, bytes], found: _Findings) -> dict[str, tuple[int, bytes]]:
    edge = Range()
    seen: dict[str, tuple[int, bytes]] = {}
    if roots.get(0, EMPTY) != EMPTY:
        found.add("the head of no rows has a wrong root")
    start = 0
    while start < size:
        with store.begin() as uow:
            rows = uow.audit.leaves(start, _PAGE)
        for row in rows:
            if row.leaf is None or row.leaf >= size:
                break
            if row.leaf != start:
                found.add(f"rows {start} to {row.leaf - 1} are missing")
            start = row.leaf + 1
            _row(row, seen, found)
            edge.append(leaf_hash(row.hash))
            if start in roots and roots[start] != edge.root():
                found.add(f"the first {start} rows are not those that the head of {start} rows was signed over")
        if not rows or rows[-1].leaf is None or rows[-1].leaf >= size - 1:
            break
    _heads_beyond(size, roots, found)
    return seen


def _heads_beyond(size: int, roots: dict[int, bytes], found: _Findings) -> None:
    for head in sorted(roots):
        if head > size:
            found.add(f"a head was signed over {head} rows, the log has {size}: rows at the end are missing")


def _row(row: AuditRow, seen: dict[str, tuple[int, bytes]], found: _Findings) -> None:
    place = f"row {row.number} of {row.message_id or 'the installation'}"
    if row_hash(row.event, row.number, row.at, row.previous) != row.hash:
        found.add(f"{place} was changed")
    number, last = seen.get(row.message_id, (0, FIRST))
    if row.number != number + 1:
        found.add(f"{place} does not follow row {number}: rows are missing, added or moved")
    elif row.previous != last:
        found.add(f"{place} does not continue the row before it")
    seen[row.message_id] = (row.number, row.hash)


def _chains(store: Store, seen: dict[str, tuple[int, bytes]], found: _Findings) -> int:
    unfolded = 0
    after: str | None = None
    met = 0
    while True:
        with store.begin() as uow:
            page = uow.audit.chains(after, _PAGE)
            for chain in page:
                met += chain.message_id in seen
                unfolded += _chain(uow, chain, seen, found)
        if not page:
            break
        after = page[-1].message_id
    if met < len(seen):
        found.add(f"the counts of {len(seen) - met} chains are missing")
    return unfolded


def _chain(uow: UnitOfWork, chain: ChainRow, seen: dict[str, tuple[int, bytes]], found: _Findings) -> int:
    # Rows that had no leaf number when we began are read with their chain's count in one transaction.
    folded, last = seen.get(chain.message_id, (0, FIRST))
    name = chain.message_id or "the installation"
    if folded == chain.count and last == chain.last:
        return 0
    tail = {chain.message_id: (folded, last)}
    rows = uow.audit.of_message(chain.message_id, after=folded)
    for row in rows:
        _row(row, tail, found)
    number, last = tail[chain.message_id]
    if number != chain.count:
        found.add(f"the chain of {name} should have {chain.count} rows, it has {number}")
    elif last != chain.last:
        found.add(f"the chain of {name} does not end as it was recorded")
    return len(rows)


def _accepted(kept: Sequence[Kept]) -> tuple[str, ...]:
    return tuple(
        f"On {one.head.at:%Y-%m-%d %H:%M} UTC a person accepted an older log of {one.head.size} rows (a restore): what heads of "
        "before cover beyond them is not proved."
        for one in kept if one.accepted
    )  # fmt: skip


def _open_ends(outside: Sequence[HeadRow], size: int, signed: int, unfolded: int) -> tuple[str, ...]:
    said: list[str] = []
    if not outside:
        said.append(
            "Without a head that was kept outside, this cannot prove that the database is not an older copy, that rows "
            "and heads were not cut together at the end, or that somebody with the signing key did not write the log anew."
        )
    else:
        covered = min(max(head.size for head in outside), size)
        said.append(
            f"Rows after the first {covered} are younger than the head that was kept outside; that none of them was "
            "cut or written anew can be proved only with a later head."
        )
    if size > signed or unfolded:
        said.append(
            f"{size - signed + unfolded} rows at the end are under no signed head yet; their chains hold, but somebody who "
            "can write the database could have cut or replaced them."
        )
    return tuple(said)

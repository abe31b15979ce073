"""The log: rows chained per message, dense leaf numbers, signed heads. It only ever adds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, bindparam, func, literal_column, select, text, update

from gateway.adapters.sql.channel import Channel, values_from, values_of
from gateway.adapters.sql.tables_register import audit, audit_chains, audit_heads, audit_words
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IntegrityError
from gateway.ports.store import AuditRow, ChainRow, HeadRow
from gateway.seal.log_hash import FIRST, canonical, row_hash

_FOLDING = 0x5EA1F01D
"""Number of PostgreSQL's advisory lock that folders meet at."""


class SqlAuditLog:
    """The AuditLog port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def append(self, event: Event, at: datetime) -> None:
        """Add a row, chained to its message's last one; the chain stays locked until the transaction ends."""
        number, previous = self._next_of(event.message_id)
        digest = row_hash(event, number, at, previous)
        self._channel.add(
            audit,
            {
                "message_id": event.message_id,
                "number": number,
                "at": at,
                "kind": event.kind,
                "delivery_id": event.delivery_id,
                "actor": event.actor,
                "data": canonical(event.data),
                "previous": previous,
                "hash": digest,
            },
        )
        chosen = audit_chains.c.message_id == event.message_id
        self._channel.run(update(audit_chains).where(chosen).values(last=digest))

    def _next_of(self, message_id: str) -> tuple[int, bytes]:
        statement = self._channel.insert(audit_chains).values(message_id=message_id, count=1, last=FIRST)
        counted = statement.on_conflict_do_update(
            index_elements=["message_id"], set_={"count": audit_chains.c.count + 1}
        ).returning(audit_chains.c.count, audit_chains.c.last)
        row = self._channel.all(counted)[0]
        return int(row["count"]), bytes(row["last"])

    def of_message(self, message_id: str, after: int = 0) -> list[AuditRow]:
        """The message's rows in order, from the number after `after`."""
        statement = select(audit).where(audit.c.message_id == message_id, audit.c.number > after)
        return _rows(self._channel.all(statement.order_by(audit.c.number)))

    def of_kind(self, kind: EventKind, after_seq: int = 0, limit: int = 1000) -> list[AuditRow]:
        """Rows of one kind in the order of writing, from the one after `after_seq`."""
        # Written out, or no engine sees that the partial index serves.
        chosen = select(audit).where(audit.c.kind == literal_column(f"'{kind.value}'"), audit.c.seq > after_seq)
        return _rows(self._channel.all(chosen.order_by(audit.c.seq).limit(limit)))

    def keep_words(self, name: str, sealed: bytes) -> None:
        """Keep the sealed words that a row's commitment of that name stands for."""
        self._channel.add(audit_words, {"name": name, "sealed": sealed})

    def words(self, name: str) -> bytes | None:
        """The sealed words of that name."""
        found = self._channel.value(select(audit_words.c.sealed).where(audit_words.c.name == name))
        return None if found is None else bytes(found)

    def chains(self, after: str | None = None, limit: int = 1000) -> list[ChainRow]:
        """Chains by message id, those after `after`."""
        statement = select(audit_chains)
        if after is not None:
            statement = statement.where(audit_chains.c.message_id > after)
        rows = self._channel.all(statement.order_by(audit_chains.c.message_id).limit(limit))
        return values_from(ChainRow, rows)

    def rows(self, after_seq: int = 0, limit: int = 1000) -> list[AuditRow]:
        """Rows in the order of writing, from the one after `after_seq`."""
        statement = select(audit).where(audit.c.seq > after_seq).order_by(audit.c.seq).limit(limit)
        return _rows(self._channel.all(statement))

    def leaves(self, start: int, limit: int = 10000) -> list[AuditRow]:
        """Rows by leaf number from `start`."""
        statement = select(audit).where(audit.c.leaf >= start).order_by(audit.c.leaf).limit(limit)
        return _rows(self._channel.all(statement))

    def fold(self, limit: int = 1000) -> list[AuditRow]:
        """Give the next leaf numbers to rows that have none; a row that committed late simply comes later."""
        if self._channel.dialect == "postgresql":
            self._channel.run(text(f"SELECT pg_advisory_xact_lock({_FOLDING})"))
        start = self.size()
        waiting = select(audit.c.seq).where(audit.c.leaf.is_(None)).order_by(audit.c.seq).limit(limit)
        numbered = [
            {"of_seq": row["seq"], "given": start + offset} for offset, row in enumerate(self._channel.all(waiting))
        ]
        if numbered:
            chosen = update(audit).where(audit.c.seq == bindparam("of_seq")).values(leaf=bindparam("given"))
            self._channel.run(chosen, numbered)
        return self.leaves(start, limit)

    def size(self) -> int:
        """How many leaves there are: one above the highest number, so that a cut in the middle hides nothing."""
        return int(self._channel.value(select(func.coalesce(func.max(audit.c.leaf) + 1, 0))))

    def put_back(self, row: AuditRow) -> bool:
        """Add a row that the journal kept, with its leaf number; False if it is there already. It must follow on its chain."""
        chosen = (audit.c.message_id == row.message_id, audit.c.number == row.number)
        present = self._channel.one(select(audit).where(*chosen))
        if present is not None:
            if bytes(present["hash"]) != row.hash or present["leaf"] not in {None, row.leaf}:
                raise IntegrityError("the journal tells another history than the log")
            self._channel.run(update(audit).where(*chosen).values(leaf=row.leaf))
            return False
        number, previous = self._next_of(row.message_id)
        if (number, previous) != (row.number, row.previous):
            raise IntegrityError("a row of the journal does not follow on the log's last one of its chain")
        self._channel.add(audit, {
            "leaf": row.leaf, "message_id": row.message_id, "number": row.number, "at": row.at, "kind": row.event.kind,
            "delivery_id": row.event.delivery_id, "actor": row.event.actor, "data": canonical(row.event.data),
            "previous": row.previous, "hash": row.hash,
        })  # fmt: skip
        self._channel.run(update(audit_chains).where(audit_chains.c.message_id == row.message_id).values(last=row.hash))
        return True

    def add_head(self, row: HeadRow) -> None:
        """Record a signed head; PermanentError when there is one of that size."""
        self._channel.add(audit_heads, values_of(row))

    def heads(self, limit: int = 1000, before: int | None = None) -> list[HeadRow]:
        """Latest first; only those smaller than `before` leaves, if given."""
        statement = select(audit_heads)
        if before is not None:
            statement = statement.where(audit_heads.c.size < before)
        return values_from(HeadRow, self._channel.all(statement.order_by(audit_heads.c.size.desc()).limit(limit)))


def _rows(rows: Sequence[RowMapping]) -> list[AuditRow]:
    return [
        AuditRow(
            seq=row["seq"],
            leaf=row["leaf"],
            message_id=row["message_id"],
            number=row["number"],
            at=row["at"],
            event=Event(row["kind"], row["message_id"], row["delivery_id"], row["actor"], json.loads(row["data"])),
            previous=bytes(row["previous"]),
            hash=bytes(row["hash"]),
        )
        for row in rows
    ]

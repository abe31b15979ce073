"""The journal: every row of the log copied outside, with what a restore needs to do again what the row tells of.

Lines go out in the order of leaves, within seconds of their commit, and again from where a file ends: at least once, never
a gap. A line holds ids, codes and sealed columns, and a worker's MAC; whoever writes the file without keys can cut its end,
and no more. The file says when an older database was put back, for then it is ahead of the log or tells another history.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from gateway.domain.audit import Event, EventKind
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.flow import reasons
from gateway.flow.custody import Custody
from gateway.flow.journal_rows import pack
from gateway.flow.keys import WorkerKeys
from gateway.flow.notices import Notices, Sender
from gateway.ports.store import AuditRow, Store, UnitOfWork
from gateway.seal.context import framed
from gateway.seal.log_hash import row_hash

Extend: TypeAlias = Callable[[Callable[[bytes], Sequence[bytes]]], int]
"""Adds to one file the lines that follow on its last one."""
_PAGE = 500
_CONSENTS = {
    EventKind.CONSENT_GIVEN, EventKind.CONSENT_REFUSED, EventKind.CONSENT_REVOKED, EventKind.CONSENT_REQUESTED
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a row of the log, and the rows of the store that it tells of, as they were when it was copied."""

    row: AuditRow
    extra: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes and reads lines with a worker's keys."""

    store: Store
    custody: Custody
    notices: Notices
    keys: WorkerKeys = field(repr=False)
    files: Sequence[Extend] = ()

    def copy(self) -> int:
        """Bring every file up to date with the log; returns how many lines were added. The first error comes last, so
        that one file out of reach does not stop the others.
        """
        added, failed = 0, None
        for extend in self.files:
            try:
                while more := extend(self.after):
                    added += more
            except Exception as error:  # noqa: BLE001 - raised again below
                failed = failed or error
        if failed is not None:
            raise failed
        return added

    def after(self, last: bytes) -> list[bytes]:
        """The lines that follow on that one (none: from the beginning); IntegrityError where the log does not agree with it."""
        start = 0
        if last:
            row = self.read(last).row
            start = (row.leaf or 0) + 1
            with self.store.begin() as uow:
                known = uow.audit.leaves(start - 1, 1)
            if not known or known[0].hash != row.hash:
                raise IntegrityError(
                    "the journal outside tells of rows that the log does not have: an older database was put back"
                )
        with self.store.begin() as uow:
            rows = uow.audit.leaves(start, _PAGE)
            found = [Entry(row, {**self._extra(uow, row.event), **_words(uow, row.event)}) for row in rows]
        if [row.leaf for row in rows] != list(range(start, start + len(rows))):
            raise IntegrityError("the log's leaf numbers have a gap; `sealgate audit verify` tells where")
        return [self.line(self._with_sender(one)) for one in found]

    def line(self, entry: Entry) -> bytes:
        """An entry as one line."""
        body = _body(entry)
        return json.dumps({**body, "mac": self.keys.decision.tag(_bound(body)).hex()}, sort_keys=True).encode()

    def read(self, line: bytes) -> Entry:
        """A line as an entry; IntegrityError when no worker of this installation wrote it."""
        try:
            body = json.loads(line)
            mac = bytes.fromhex(body.pop("mac"))
            if not self.keys.decision.holds(_bound(body), mac):
                raise IntegrityError("a line of the journal was not written by a worker of this installation")
            return _entry(body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError("a line of the journal cannot be read") from error

    def _extra(self, uow: UnitOfWork, event: Event) -> dict[str, Any]:
        if event.kind in {EventKind.RECEIVED, EventKind.ASSESSED}:
            message = uow.messages.get(event.message_id)
            if message is None:
                return {}
            told = {"direction": message.direction.value, "sender": uow.messages.sender(message.id).hex()}
            return {**told, "scan": message.scan} if event.kind is EventKind.ASSESSED else told
        if event.delivery_id and "mark" in event.data:
            delivery = uow.deliveries.get(event.delivery_id)
            return {"delivery": pack(delivery)} if delivery else {}
        if event.kind in _CONSENTS and "seq" in event.data:
            rows = uow.register.consents(str(event.data["patient"]))
            row = next((one for one in rows if one.seq == event.data["seq"]), None)
            return {"consent": pack(row)} if row else {}
        if event.kind is EventKind.REGISTER_CHANGED:
            return _registered(uow, event)
        return {}

    def _with_sender(self, entry: Entry) -> Entry:
        """Whom to tell of a mail that nobody has read yet, from the door's record."""
        if entry.row.event.kind is not EventKind.RECEIVED or entry.extra.get("sender") != "":
            return entry
        message_id = entry.row.event.message_id
        with self.store.begin() as uow:
            row = uow.messages.get(message_id)
        if row is None or not row.record or row.direction is Direction.INBOUND:
            return entry
        try:
            sender = self.custody.record(row).envelope.sender
        except (IntegrityError, KeyMissing):
            return entry
        sealed = self.notices.sealed(message_id, Sender(sender, ""))
        return Entry(entry.row, {**entry.extra, "sender": sealed.hex()})


def _words(uow: UnitOfWork, event: Event) -> dict[str, Any]:
    """What a person wrote, sealed as it lies beside the log."""
    told = str(event.data.get("reason", ""))
    sealed = uow.audit.words(reasons.name(told)) if reasons.sealed(told) else None
    return {"words": {reasons.name(told): sealed.hex()}} if sealed else {}


def _registered(uow: UnitOfWork, event: Event) -> dict[str, Any]:
    what, name = event.data.get("what"), str(event.data.get("id") or event.data.get("fingerprint") or "")
    if what == "patient":
        patient = uow.register.patient(name)
        return {"patient": pack(patient)} if patient else {}
    if what == "partner":
        partner = uow.register.partner(name)
        return {"partner": pack(partner)} if partner else {}
    if what == "recipient certificate":
        tag = bytes.fromhex(event.message_id.partition(":")[2])
        keys = [pack(one) for one in uow.register.recipient_keys(tag) if one.fingerprint == name]
        return {"certificates": keys}
    return {}


def _body(entry: Entry) -> dict[str, Any]:
    row, event = entry.row, entry.row.event
    return {
        "leaf": row.leaf, "seq": row.seq, "message": event.message_id, "number": row.number,
        "at": row.at.isoformat(timespec="microseconds"), "event": event.kind.value, "delivery": event.delivery_id,
        "actor": event.actor, "data": dict(event.data), "previous": row.previous.hex(), "hash": row.hash.hex(),
        "with": entry.extra,
    }  # fmt: skip


def _entry(body: dict[str, Any]) -> Entry:
    event = Event(EventKind(body["event"]), body["message"], body["delivery"], body["actor"], body["data"])
    row = AuditRow(
        int(body["seq"]), int(body["leaf"]), event.message_id, int(body["number"]), datetime.fromisoformat(body["at"]),
        event, bytes.fromhex(body["previous"]), bytes.fromhex(body["hash"]),
    )  # fmt: skip
    if not hmac.compare_digest(row_hash(event, row.number, row.at, row.previous), row.hash):
        raise IntegrityError("a line of the journal is not the row that its hash says")
    return Entry(row, body["with"])


def _bound(body: dict[str, Any]) -> bytes:
    return framed(b"journal", json.dumps(body, sort_keys=True, separators=(",", ":")).encode())

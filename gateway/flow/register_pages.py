"""Reading the whole register in short transactions, so that nobody waits for it, as it was at one moment.

1 every record, page by page
2 the log's changes of the register, page by page, up to its end
3 in the transaction that saw the log's end: records that changed meanwhile are read again, and the register's version

What 3 read again must be what the log told last; every other record was that already. So after 3 the whole is the register
of that version, however long 1 took, and a register that changes all day is read all the same.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.audit import EventKind
from gateway.domain.errors import IntegrityError, TemporaryError
from gateway.domain.patient import Patient
from gateway.domain.register_rows import PatientRow
from gateway.flow.register_log import raise_patients
from gateway.ports.store import Store

PAGE = 500
"""Records, or rows of the log, that one transaction reads."""
_ROUNDS = 1000
"""How often a page full of changes is caught up with: half a million changes while the register was read once."""


class RegisterMoved(TemporaryError):
    """The register changed while it, or a mail, was being read."""

    code = "register.moved"


def whole(store: Store, opened: Callable[[PatientRow], Patient], page: int = PAGE) -> tuple[int, list[Patient]]:
    """The register's version, and all patients by id. IntegrityError when one is missing, or is not the last one that was
    written; RegisterMoved when it changes faster than it can be read.
    """
    found: dict[str, Patient] = {}
    told: dict[str, int] = {}
    after, seen = "", 0
    while rows := _page(store, after, page):
        found.update((row.id, opened(row)) for row in rows)
        after = rows[-1].id
    for _ in range(_ROUNDS):
        seen = _follow(store, told, seen, page)
        behind = {one for one, version in told.items() if one not in found or found[one].version != version}
        with store.begin() as uow:
            # Whoever writes the register waits from here on, so that the log's end and the version are of one moment.
            version = uow.register.version(lock=True)
            rows_since = uow.audit.of_kind(EventKind.REGISTER_CHANGED, seen, page)
            behind |= raise_patients(told, rows_since)
            fresh = [(one, uow.register.patient(one)) for one in sorted(behind)[:page]]
        seen = rows_since[-1].seq if rows_since else seen
        if len(rows_since) == page:
            continue
        for name, row in fresh:
            if row is None or row.version != told[name]:
                raise IntegrityError("the patients are not those that were written last")
            found[name] = opened(row)
        if len(behind) > page:
            continue
        if len(found) != len(told):
            raise IntegrityError("the register has a patient of whom the log does not know")
        return version, [found[one] for one in sorted(found)]
    raise RegisterMoved("the register keeps changing while it is read")


def _page(store: Store, after: str, page: int) -> list[PatientRow]:
    with store.begin() as uow:
        return uow.register.patients(after, page)


def _follow(store: Store, told: dict[str, int], seen: int, page: int) -> int:
    """Read the log on from `seen` to its end; returns where that is."""
    while True:
        with store.begin() as uow:
            rows = uow.audit.of_kind(EventKind.REGISTER_CHANGED, seen, page)
        raise_patients(told, rows)
        seen = rows[-1].seq if rows else seen
        if len(rows) < page:
            return seen

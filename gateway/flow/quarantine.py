"""Quarantine: what came out of a backup does nothing by itself until a person confirms it, and sends nothing of before
without a person's word.

While it lasts the doors answer 421, parcels stay shut, and no job is claimed. Afterwards mail that had not left, as far as
the journal knows, is still HELD: it may have left after the backup was made.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import PermanentError
from gateway.domain.records import STEPS, JobKind, MessageRow
from gateway.domain.states import MessageState
from gateway.flow import reasons
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.columns import Columns

SETTING = "quarantine"
RESTORED = "restored"
"""`held_for` of a message that a restore holds, and the setting's value."""
HELD_NOTICE = "held"
"""State of a notice of before: it may have been sent already."""
_FOUND = "restored"


def quarantined(uow: UnitOfWork) -> bool:
    """Whether this database came out of a backup and nobody has confirmed it yet."""
    return bool(uow.setting(SETTING))


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did and what it could not know. Ids only."""

    backup: str
    taken_at: str
    rows: int = 0
    """Rows of the journal that were put back."""
    missing_rows: int = 0
    """Rows that signed heads know of and the journal did not have."""
    delivered: tuple[str, ...] = ()
    """Deliveries that ended after the backup: they are not sent again."""
    closed: tuple[str, ...] = ()
    """Parcels that were revoked or expired after the backup: their keys are destroyed again."""
    epochs: tuple[str, ...] = ()
    """Epoch keys that were destroyed after the backup, and are again."""
    held: tuple[str, ...] = ()
    """Messages that wait for a person's word."""
    may_have_left: tuple[str, ...] = ()
    """Those of them of which a copy may have left already."""
    lost: tuple[str, ...] = ()
    """Messages accepted after the backup, or no longer readable: their senders are asked to send again."""
    lost_links: tuple[str, ...] = ()
    """Deliveries whose link opens no more: their senders are asked to send again."""
    unarchived: tuple[str, ...] = ()
    """Delivered messages of which no archive copy can be made any more."""
    notices: int = 0
    """Notices of before that may have been sent already."""
    unreplayed: tuple[str, ...] = field(default=())
    """What of the journal could not be done again."""


def keep(uow: UnitOfWork, found: Restored) -> None:
    """Remember what a restore found, for the person who confirms."""
    uow.set_setting(_FOUND, json.dumps(asdict(found)))


def found(uow: UnitOfWork) -> Restored | None:
    """What the last restore found; None where nothing was ever restored."""
    text = uow.setting(_FOUND)
    if not text:
        return None
    read: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in json.loads(text).items()
    }
    return Restored(**read)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What a person decides about a restored system."""

    store: Store
    clock: Clock
    columns: Columns = field(repr=False)

    def confirm(self, by: str, reason: str, *, send_notices: bool) -> int:
        """End the quarantine; PermanentError if there is none. Notices of before are sent only if asked for, for they may
        have been sent already; returns how many of them there were.
        """
        at = self.clock.now()
        with self.store.begin() as uow:
            if not quarantined(uow):
                raise PermanentError("there is no quarantine; `sealgate quarantine show` tells of the last one")
            waiting = 0
            while rows := uow.notices.in_state(HELD_NOTICE):
                waiting += len(rows)
                for one in rows:
                    uow.notices.finish(one.id, "new" if send_notices else "dropped", "")
                    if send_notices:
                        uow.jobs.add(JobKind.SEND_NOTICE, one.message_id, one.id, at)
            uow.set_setting(SETTING, "")
            data: dict[str, Scalar] = {
                "reason": reasons.keep(uow, self.columns, reason),
                "notices": waiting if send_notices else 0,
            }
            uow.audit.append(Event(EventKind.QUARANTINE_ENDED, actor=by, data=data), at)
        return waiting

    def release(self, message_id: str, by: str, reason: str) -> None:
        """Have a message that a restore holds assessed anew, on a person's word that it may leave; PermanentError if
        none holds it.
        """
        at = self.clock.now()
        with self.store.begin() as uow:
            row = uow.messages.get(message_id, lock=True)
            if row is None or not held_by_restore(row):
                raise PermanentError(
                    f"message {message_id} is not held by a restore; `sealgate queue list` shows what is held"
                )
            uow.messages.move(message_id, MessageState.RECEIVED, at)
            uow.jobs.drop(JobKind.EXPIRE, message_id)
            step = STEPS.get(row.direction, JobKind.ASSESS)
            uow.jobs.add(step, message_id, "", at)
            data: dict[str, Scalar] = {"was": RESTORED, "reason": reasons.keep(uow, self.columns, reason)}
            uow.audit.append(Event(EventKind.RELEASED, message_id, actor=by, data=data), at)


def held_by_restore(row: MessageRow) -> bool:
    """Whether only a person's word lets a message go on, because it came out of a backup."""
    return row.state is MessageState.HELD and row.held_for == RESTORED

"""Ages: no state but the last lasts for ever. Whatever has lost its own end, by a lost job, a step that kills its worker
or one that fails with excuses again and again, ends here: refused, the sender told, shredded.

`GREATEST` names, for every state of a message, what ends it; a state that it lacks is an error at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.records import JobKind
from gateway.domain.states import MESSAGE, MessageState
from gateway.flow.settle import Settle
from gateway.ports.clock import Clock
from gateway.ports.store import Store

AGE, DEADLINE, AGAIN, RETENTION, FINAL = "age", "deadline", "again", "retention", "final"
GREATEST: Mapping[MessageState, str] = {
    MessageState.RECEIVED: AGE,
    MessageState.ASSESSED: AGE,
    MessageState.HELD: DEADLINE,
    MessageState.STUCK: DEADLINE,
    MessageState.REFUSED: AGAIN,
    MessageState.SETTLED: RETENTION,
    MessageState.FORGOTTEN: FINAL,
}
"""AGE: refused after a time in this state. DEADLINE: its row says when. AGAIN: settling is asked for until it is done,
and goes on without the archive after a time (`Settle`). RETENTION: `[retention] messages`."""
assert set(GREATEST) == set(MESSAGE)
_GRACE = timedelta(hours=1)
"""How long the job that should do it is waited for."""


@dataclass(frozen=True, slots=True)
class Ages:
    """A worker's duty. `unread` bounds RECEIVED; `on_its_way` bounds ASSESSED, beyond every try of the relay."""

    store: Store
    settle: Settle
    clock: Clock
    unread: timedelta
    on_its_way: timedelta

    def end_overdue(self) -> int:
        """End what is too old; returns how many messages were met. Nothing is ended in quarantine: a person decides."""
        at = self.clock.now()
        with self.store.begin() as uow:
            if uow.setting("quarantine"):
                return 0
            late = uow.retention.overdue(at - _GRACE)
            for row in late:
                uow.jobs.add(JobKind.EXPIRE, row.id, row.id, at)
            unsettled = uow.retention.since(MessageState.REFUSED, at - _GRACE)
            for row in unsettled:
                uow.jobs.add(JobKind.SETTLE, row.id, "", at)
            old = uow.retention.since(MessageState.RECEIVED, at - self.unread)
            slow = uow.retention.since(MessageState.ASSESSED, at - self.on_its_way)
        met = sum(self.settle.too_old(row.id, MessageState.RECEIVED, at - self.unread) for row in old)
        met += sum(self.settle.too_old(row.id, MessageState.ASSESSED, at - self.on_its_way) for row in slow)
        return met + len(late) + len(unsettled)

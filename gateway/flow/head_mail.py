"""The newest signed head of the log by mail, to an address outside the practice's systems (`[audit] head_mail`).

The database says when it was mailed last: who can write it can keep mails from going, and the person outside who gets none
any more knows that something is wrong; a time in the future does not count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.address import Address
from gateway.flow.notices import Notices
from gateway.ports.clock import Clock
from gateway.ports.store import Store
from gateway.seal.heads import Kept, text

KIND = "log-head"
_MAILED = "head_mailed"


@dataclass(frozen=True, slots=True)
class HeadMail:
    """A duty of each worker; the transaction keeps two of them from mailing one head twice."""

    store: Store
    notices: Notices = field(repr=False)
    clock: Clock
    to: Address | None = field(repr=False)
    every: timedelta

    def mail(self) -> bool:
        """Queue the newest head if it is time and there are new rows; whether it was."""
        if self.to is None:
            return False
        at = self.clock.now()
        with self.store.begin() as uow:
            # Writing the row first makes a second worker wait here and then read what the first one wrote.
            uow.set_setting(f"{_MAILED}_row", "1")
            newest = next(iter(uow.audit.heads(limit=1)), None)
            before, _, size = uow.setting(_MAILED).partition(" ")
            waited = at - datetime.fromisoformat(before) if before else None
            # Its own row in the log is new too: alone it is no reason for the next mail.
            if newest is None or newest.size <= int(size or 0) + 1:
                return False
            if waited is not None and timedelta(0) <= waited < self.every:
                return False
            uow.set_setting(_MAILED, f"{at.isoformat()} {newest.size}")
            data = json.dumps({"head": text(Kept(newest)), "size": newest.size})
            self.notices.add_to(uow, KIND, "", "", self.to, data, at)
        return True

"""The gateway's own mail to senders and staff: queued as codes and ids, rendered only when sent, never stored.

Receipts and DSN carry our id, the sender's Message-ID, times and reasons: nothing else of the mail. Mail that no person
wrote gets no receipt (RFC 3834), but a report of what was not delivered it gets like any other (RFC 5321 6.1): nothing
is dropped silently.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError
from gateway.domain.records import DeliveryRow, JobKind
from gateway.domain.register_rows import NoticeRow
from gateway.domain.states import DeliveryState
from gateway.ports.store import UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.seal.columns import Columns

_SENDER, _TO = "message.sender", "notice.to"
MASKED = "masked"
"""The notice to a sender whose mail left by method `redact`."""
ANSWER_HELD, INSIDE_HELD = "answer-held", "inside-held"
"""The notices to whoever an answer, or an encrypted mail from outside, would have gone to, had it carried nothing that may harm."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom to tell about a message; `address` None for the null reverse-path."""

    address: Address | None = field(repr=False)
    message_id: str = field(repr=False)
    automatic: bool = False

    @property
    def may_be_told(self) -> bool:
        """Whether an answer may be sent at all."""
        return self.address is not None and not self.automatic


@dataclass(frozen=True, slots=True)
class Notices:
    """Queues notices with the worker's column key."""

    columns: Columns = field(repr=False)
    tokens: Tokens
    postmaster: Address

    def remember(self, uow: UnitOfWork, message_id: str, sender: Sender) -> None:
        """Keep whom to tell, as a sealed column."""
        uow.messages.set_sender(message_id, self.sealed(message_id, sender))

    def sealed(self, message_id: str, sender: Sender) -> bytes:
        """The sealed column of whom to tell about that message."""
        fields = [str(sender.address) if sender.address else "", sender.message_id, sender.automatic]
        return self.columns.seal(_SENDER, message_id, json.dumps(fields).encode())

    def sender(self, uow: UnitOfWork, message_id: str) -> Sender:
        """Whom to tell about a message; nobody if it was never assessed."""
        sealed = uow.messages.sender(message_id)
        if not sealed:
            return Sender(None, "", automatic=True)
        try:
            address, original, automatic = json.loads(self.columns.open(_SENDER, message_id, sealed))
        except ValueError as error:
            raise IntegrityError("a message's sender cannot be read") from error
        return Sender(Address.parse(address) if address else None, original, bool(automatic))

    def add(self, uow: UnitOfWork, kind: str, message_id: str, data: str, at: datetime) -> None:
        """Queue a notice to the sender of a message, unless it may not be answered.

        About a message that could never be read nobody is known but the postmaster.
        """
        if not uow.messages.sender(message_id):
            self.add_to(uow, kind, message_id, "", self.postmaster, data, at)
            return
        sender = self.sender(uow, message_id)
        if sender.may_be_told and sender.address is not None:
            self.add_to(uow, kind, message_id, "", sender.address, data, at)

    def masked(self, uow: UnitOfWork, message_id: str, copies: Sequence[DeliveryRow], at: datetime) -> None:
        """Tell the sender how many copies left masked, if any did; a sender who cannot be read does not keep a mail."""
        sent = [one for one in copies if one.state is DeliveryState.DELIVERED and one.method is Method.REDACT]
        if sent:
            with suppress(IntegrityError):
                self.add(uow, MASKED, message_id, json.dumps({"copies": len(sent)}), at)

    def failed(self, uow: UnitOfWork, row: DeliveryRow, reason: str, reply: str, at: datetime) -> None:
        """Queue a DSN for one recipient whose copy could not be delivered, or of whom nothing was sent."""
        self._report(uow, row.message_id, {"deliveries": [row.id], "reason": reason, "reply": reply}, at)

    def withheld(
        self, uow: UnitOfWork, message_id: str, delivery_ids: Sequence[str], reason: str, at: datetime
    ) -> None:
        """Queue a DSN that says that nothing was sent to these recipients (all, where none is named)."""
        data = {"deliveries": list(delivery_ids), "reason": reason, "reply": "", "nothing_sent": reason != "restored"}
        row = uow.messages.get(message_id)
        if not uow.messages.sender(message_id) and row is not None and row.direction is Direction.OUTBOUND:
            # It could never be read, so nobody knows its sender: the practice must still hear of it.
            self.add_to(uow, "dsn", message_id, "", self.postmaster, json.dumps(data), at)
            return
        self._report(uow, message_id, data, at)

    def lost(self, uow: UnitOfWork, message_id: str, delivery_ids: Sequence[str], at: datetime) -> None:
        """Queue a DSN that asks to send again what a restored system has no content of any more."""
        data: dict[str, object] = {"deliveries": list(delivery_ids), "reason": "lost", "reply": ""}
        if uow.messages.sender(message_id):
            self._report(uow, message_id, data, at)
        else:
            self.add_to(uow, "dsn", message_id, "", self.postmaster, json.dumps(data), at)

    def _report(self, uow: UnitOfWork, message_id: str, data: dict[str, object], at: datetime) -> None:
        try:
            # A report about a report, or to whoever a mail without a sender says it is from, could go on for ever
            # (RFC 5321 4.5.5): the practice hears of it instead.
            to = self.sender(uow, message_id).address or self.postmaster
        except IntegrityError:
            # A row that was tampered with must not keep its mail from ending.
            to = self.postmaster
        self.add_to(uow, "dsn", message_id, "", to, json.dumps(data), at)

    def add_to(
        self, uow: UnitOfWork, kind: str, message_id: str, subject_id: str, to: Address, data: str, at: datetime
    ) -> None:
        """Queue a notice to an address."""
        notice_id = self.tokens.id()
        sealed = self.columns.seal(_TO, notice_id, str(to).encode())
        uow.notices.add(NoticeRow(notice_id, kind, message_id, subject_id, sealed, data, at))
        uow.jobs.add(JobKind.SEND_NOTICE, message_id, notice_id, at)

    def to(self, row: NoticeRow) -> Address:
        """Where a notice goes."""
        return Address.parse(self.columns.open(_TO, row.id, row.to).decode())

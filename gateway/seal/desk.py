"""What is signed at the desk: requests by the review role, answers by a worker.

A request names the session's public key and the time, so who writes the database can neither ask nor have the answer
sealed to a key of their own; an answer names the text's commitment, so they cannot put another text before a person.
"""

from __future__ import annotations

from datetime import UTC

from gateway.domain.desk import DeskRow, DeskState
from gateway.ports.vault import Seal
from gateway.seal.context import context, framed


def asked(row: DeskRow, installation: str) -> bytes:
    """What the review role signs: everything of a request."""
    fields = (row.kind.value, row.message_id, row.subject, row.session, row.staff, row.at.astimezone(UTC).isoformat())
    bound = context(installation, Seal.REVIEW, row.id, "request", row.epoch)
    return framed(bound, *(one.encode() for one in fields), row.public, row.reason)


def answered(row: DeskRow, installation: str) -> bytes:
    """What a worker signs: the request as it was signed, and the answer."""
    fields = (row.state.value, row.reply, row.object_id)
    bound = context(installation, Seal.REVIEW, row.id, "answer")
    return framed(bound, row.signature, *(one.encode() for one in fields), row.commitment)


def reason_context(installation: str, request_id: str, epoch: str) -> bytes:
    """What a sealed reason is bound to."""
    return context(installation, Seal.REVIEW, request_id, "reason", epoch)


FINAL = frozenset({DeskState.DONE, DeskState.REFUSED})
"""States that a worker's signature stands behind."""

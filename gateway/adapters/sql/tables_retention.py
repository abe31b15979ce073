"""Tables of what outlives a settled message: archive entries and legal holds."""

from __future__ import annotations

from sqlalchemy import Column, Table

from gateway.adapters.sql.columns import Choice, Words
from gateway.adapters.sql.tables import key, metadata, when, word
from gateway.domain.retention import HoldOn

archives = Table(
    "archives", metadata, key("message_id"), word("object_id"), when("at", index=True),
    Column("patients", Words, nullable=False),
)  # fmt: skip

legal_holds = Table(
    "legal_holds", metadata, key("id"), Column("kind", Choice(HoldOn), nullable=False), word("subject", index=True),
    when("at"), word("by"), word("reason"),
)  # fmt: skip

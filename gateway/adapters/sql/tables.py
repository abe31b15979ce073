"""Tables of mail on its road: messages, deliveries, attempts, confirmations, jobs, objects, parcels, notices.

Columns carry the names of the fields of `domain.records`, so a row becomes its value without a mapping of its own.
References are checked at commit, so a transaction may write its rows in any order.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.adapters.sql.columns import BasisText, Choice, Moment, Words
from gateway.domain.decision import Action, HoldReason, Method, OpenText
from gateway.domain.envelope import Direction
from gateway.domain.records import JobKind
from gateway.domain.states import AttemptState, ConfirmationState, DeliveryState, MessageState, ParcelState

metadata = MetaData()


def key(name: str) -> Column[str]:
    """An id as primary key."""
    return Column(name, String(200), primary_key=True)


def refers(name: str, target: str) -> Column[str]:
    """An id of a row elsewhere, checked at commit."""
    return Column(
        name, String(200), ForeignKey(target, deferrable=True, initially="DEFERRED"), nullable=False, index=True
    )


def word(name: str, default: str = "", **options: Any) -> Column[str]:
    """Short text that is never null."""
    return Column(name, Text, nullable=False, default=default, **options)


def sealed(name: str) -> Column[bytes]:
    """Bytes that are never null."""
    return Column(name, LargeBinary, nullable=False, default=b"")


def count(name: str, start: int = 0) -> Column[int]:
    """A counter that is never null."""
    return Column(name, BigInteger, nullable=False, default=start)


def when(name: str, *, maybe: bool = False, index: bool = False) -> Column[Any]:
    """A time; null only where `maybe`."""
    return Column(name, Moment, nullable=maybe, index=index)


settings = Table("settings", metadata, key("name"), word("value"))

messages = Table(
    "messages", metadata, key("id"), Column("direction", Choice(Direction), nullable=False),
    Column("state", Choice(MessageState), nullable=False, index=True), when("state_since"), when("received_at"),
    count("size"), word("epoch", index=True), word("object_id"), sealed("record"), word("scan"), word("held_for"),
    when("deadline", maybe=True), count("version", 1), sealed("sender"), sealed("sender_tag"),
    Index("messages_of_sender", "sender_tag", "state"),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata, key("id"), refers("message_id", "messages.id"), count("position"), sealed("recipient"),
    sealed("target"), Column("action", Choice(Action), nullable=False), Column("method", Choice(Method)), word("rule"),
    Column("reasons", Words, nullable=False), Column("basis", BasisText, nullable=False), sealed("mac"),
    Column("state", Choice(DeliveryState), nullable=False), Column("held_for", Choice(HoldReason)),
    Column("open_text", Choice(OpenText), nullable=False), Column("sensitive", Words, nullable=False),
    Column("notices", Words, nullable=False), word("outer_message_id", index=True), count("tries"),
    when("next_at", maybe=True), when("first_try_at", maybe=True), count("expires_after"), word("reply"),
    count("version", 1),
)  # fmt: skip

attempts = Table(
    "attempts", metadata, key("id"), refers("delivery_id", "deliveries.id"), count("number"), count("lease"),
    Column("state", Choice(AttemptState), nullable=False), when("at"), word("reply"),
)  # fmt: skip

confirmations = Table(
    "confirmations", metadata,
    Column("delivery_id", String(200), ForeignKey("deliveries.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    word("message_id", index=True), Column("state", Choice(ConfirmationState), nullable=False), when("at"),
    when("due", maybe=True, index=True), when("dispatched_by"),
)  # fmt: skip

jobs = Table(
    "jobs", metadata, key("id"), Column("kind", Choice(JobKind), nullable=False), word("message_id"),
    word("subject_id"), Column("about", String(200), nullable=False), when("run_at"), count("tries"), count("excused"), count("lease"),
    when("lease_until", maybe=True), when("rerun_at", maybe=True),
    UniqueConstraint("kind", "about"), Index("jobs_due", "kind", "run_at"),
)  # fmt: skip

objects = Table(
    "objects", metadata, key("id"), word("message_id", index=True), word("purpose"), word("part"), count("length"),
    sealed("commitment"), when("at"), Column("swept", Boolean, nullable=False, default=False),
)  # fmt: skip

wraps = Table(
    "wraps", metadata,
    Column("object_id", String(200), ForeignKey("objects.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    key("kind"), key("holder"), sealed("sealed"), Index("wraps_of_holder", "kind", "holder"),
)  # fmt: skip

secrets = Table("secrets", metadata, key("delivery_id"), word("epoch", index=True), sealed("sealed"))

parcels = Table(
    "parcels", metadata, key("id"), refers("delivery_id", "deliveries.id"), word("message_id"),
    Column("state", Choice(ParcelState), nullable=False), Column("lookup", LargeBinary, nullable=False, unique=True),
    word("manifest_id"), when("created_at"), when("expires_at", index=True), when("first_opened_at", maybe=True),
    count("codes_sent"), when("code_next_at", maybe=True), count("failures"), when("failure_until", maybe=True),
    word("proof", "mailbox"), sealed("seal"), count("answered"), count("version", 1),
)  # fmt: skip

codes = Table(
    "codes", metadata, key("subject_id"), sealed("salt"), sealed("digest"), when("expires_at"), count("tries"),
    word("channel", "mailbox"),
)  # fmt: skip

sessions = Table(
    "sessions", metadata, Column("id", LargeBinary, primary_key=True), word("parcel_id", index=True), sealed("sealed"),
    when("expires_at", index=True), when("idle_until"),
)  # fmt: skip

hits = Table(
    "hits", metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    sealed("network"), word("action"), when("at", index=True), Index("hits_of_network", "network", "action", "at"),
)  # fmt: skip

notices = Table(
    "notices", metadata, key("id"), word("kind"), word("message_id", index=True), word("subject_id"), sealed("to"),
    word("data"), when("created_at"), word("state", "new"), word("reply"),
)  # fmt: skip

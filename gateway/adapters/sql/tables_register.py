"""Tables of the register, the key calendar and the log."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from gateway.adapters.sql.columns import Choice
from gateway.adapters.sql.tables import count, key, metadata, refers, sealed, when, word
from gateway.domain.audit import EventKind

patients = Table("patients", metadata, key("id"), count("version"), sealed("sealed"))

patient_indexes = Table(
    "patient_indexes", metadata, key("kind"), Column("tag", LargeBinary, primary_key=True),
    Column("patient_id", String(200), ForeignKey("patients.id", deferrable=True, initially="DEFERRED"),
           primary_key=True, index=True),
)  # fmt: skip

partners = Table("partners", metadata, key("id"), count("version"), sealed("sealed"))

consents = Table(
    "consents", metadata, Column("row", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    refers("patient_id", "patients.id"), count("seq"), word("type"), word("kind"), when("at"), sealed("sealed"),
    UniqueConstraint("patient_id", "seq"),
)  # fmt: skip

consent_requests = Table(
    "consent_requests", metadata, key("id"), word("message_id", index=True), word("patient_id"), word("state"),
    Column("lookup", LargeBinary, nullable=False, unique=True), word("epoch", index=True), sealed("secret"),
    sealed("address"), word("warning_version"), when("created_at"), when("expires_at"), count("codes_sent"),
    when("code_next_at", maybe=True), count("failures"), when("failure_until", maybe=True),
)  # fmt: skip

own_keys = Table(
    "own_keys", metadata, Column("tag", LargeBinary, primary_key=True), count("version", 1), sealed("sealed"),
)  # fmt: skip

recipient_keys = Table(
    "recipient_keys", metadata, key("fingerprint"), Column("tag", LargeBinary, primary_key=True, index=True),
    sealed("certificate"), word("source"), when("added_at"), count("version", 1),
)  # fmt: skip

epochs = Table(
    "epochs", metadata, key("id"), sealed("public"), when("created_at"), when("ends_at"), sealed("signature"),
    word("state", "new"),
)  # fmt: skip

epoch_workers = Table("epoch_workers", metadata, key("worker"), when("seen_at"))

epoch_confirmations = Table("epoch_confirmations", metadata, key("epoch"), key("worker"))

audit = Table(
    "audit", metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("leaf", BigInteger, unique=True), word("message_id"), count("number"), when("at"),
    Column("kind", Choice(EventKind), nullable=False), word("delivery_id"), word("actor"), word("data"),
    sealed("previous"), sealed("hash"), UniqueConstraint("message_id", "number"),
    sqlite_autoincrement=True,  # a number that was cut is never given again
)  # fmt: skip
Index("audit_unfolded", audit.c.seq, sqlite_where=audit.c.leaf.is_(None), postgresql_where=audit.c.leaf.is_(None))

_REGISTER = text(f"kind = '{EventKind.REGISTER_CHANGED.value}'")
Index("audit_register", audit.c.seq, sqlite_where=_REGISTER, postgresql_where=_REGISTER)

audit_words = Table("audit_words", metadata, key("name"), sealed("sealed"))

audit_chains = Table("audit_chains", metadata, key("message_id"), count("count"), sealed("last"))

audit_heads = Table(
    "audit_heads", metadata, Column("size", BigInteger, primary_key=True, autoincrement=False), sealed("root"),
    when("at"), sealed("signature"),
)  # fmt: skip

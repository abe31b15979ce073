"""The schema and its version. A database written by a newer program is not touched."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select, text

from gateway.adapters.sql import desk, tables_register, tables_retention
from gateway.adapters.sql.tables import metadata, settings
from gateway.domain.errors import ConfigError

VERSION = 3
_NAME = "schema_version"
_CREATING = 0x5EA16A7E
"""Number of PostgreSQL's advisory lock that two creators meet at."""


def create(connection: Connection) -> None:
    """Make what is missing, in the caller's transaction; ConfigError when the schema is another version's."""
    assert tables_register.audit.metadata is metadata
    assert tables_retention.archives.metadata is metadata
    assert desk.desk.metadata is metadata
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CREATING})
    if inspect(connection).has_table(settings.name):
        check(connection)
    metadata.create_all(connection)
    if _stored(connection) is None:
        connection.execute(settings.insert().values(name=_NAME, value=str(VERSION)))


def check(connection: Connection) -> None:
    """ConfigError unless the database has exactly the schema that this program knows."""
    if not inspect(connection).has_table(settings.name):
        raise ConfigError("store: the database has no tables yet; `sealgate init` makes them")
    stored = _stored(connection)
    if stored != str(VERSION):
        raise ConfigError(
            f"store: the database has schema version {stored or 'none'}, this program knows {VERSION}; "
            "run the version of the program that wrote it"
        )


def _stored(connection: Connection) -> str | None:
    return connection.execute(select(settings.c.value).where(settings.c.name == _NAME)).scalar()

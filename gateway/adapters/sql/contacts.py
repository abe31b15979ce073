"""Consent requests, own keys and recipients' certificates."""

from __future__ import annotations

from sqlalchemy import delete, select

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables_register import consent_requests, own_keys, recipient_keys
from gateway.domain.register_rows import ConsentRequestRow, OwnKeyRow, RecipientKeyRow


class SqlContacts:
    """The half of the Register port that is about reaching people."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def put_request(self, row: ConsentRequestRow) -> None:
        """Add or replace a consent request."""
        self._channel.put(consent_requests, values_of(row))

    def request(self, request_id: str, *, lock: bool = False) -> ConsentRequestRow | None:
        """The request; `lock` keeps its row until the transaction ends."""
        statement = select(consent_requests).where(consent_requests.c.id == request_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(ConsentRequestRow, row)

    def request_by_lookup(self, lookup: bytes) -> ConsentRequestRow | None:
        """The request whose token has that lookup value."""
        row = self._channel.one(select(consent_requests).where(consent_requests.c.lookup == lookup))
        return None if row is None else value_from(ConsentRequestRow, row)

    def requests_of(self, message_id: str) -> list[ConsentRequestRow]:
        """All requests about a message, oldest first."""
        statement = select(consent_requests).where(consent_requests.c.message_id == message_id)
        rows = self._channel.all(statement.order_by(consent_requests.c.created_at, consent_requests.c.id))
        return values_from(ConsentRequestRow, rows)

    def put_own_keys(self, row: OwnKeyRow) -> None:
        """Add or replace the keys of one own address or domain."""
        self._channel.put(own_keys, values_of(row))

    def own_keys(self, tag: bytes) -> OwnKeyRow | None:
        """The keys of the own address or domain with that blind index."""
        row = self._channel.one(select(own_keys).where(own_keys.c.tag == tag))
        return None if row is None else value_from(OwnKeyRow, row)

    def all_own_keys(self) -> list[OwnKeyRow]:
        """The keys of every own address and domain."""
        return values_from(OwnKeyRow, self._channel.all(select(own_keys).order_by(own_keys.c.tag)))

    def put_recipient_key(self, row: RecipientKeyRow) -> None:
        """Add or replace a certificate for one address; one certificate may serve several."""
        self._channel.put(recipient_keys, values_of(row))

    def recipient_keys(self, tag: bytes | None = None) -> list[RecipientKeyRow]:
        """Certificates of the address with that blind index, or all; the latest first."""
        statement = select(recipient_keys)
        if tag is not None:
            statement = statement.where(recipient_keys.c.tag == tag)
        rows = self._channel.all(statement.order_by(recipient_keys.c.added_at.desc(), recipient_keys.c.fingerprint))
        return values_from(RecipientKeyRow, rows)

    def drop_recipient_key(self, fingerprint: str) -> bool:
        """Remove a certificate from every address; whether there was one."""
        return self._channel.changed(delete(recipient_keys).where(recipient_keys.c.fingerprint == fingerprint)) > 0

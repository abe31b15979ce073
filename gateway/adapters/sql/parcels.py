"""Secure links. Codes, sessions and counters against guessing are in `access`."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Text, select, type_coerce, update

from gateway.adapters.sql.access import SqlAccess
from gateway.adapters.sql.channel import value_from, values_from, values_of
from gateway.adapters.sql.tables import deliveries, parcels
from gateway.domain.errors import PermanentError
from gateway.domain.records import ParcelRow
from gateway.domain.states import PARCEL, ParcelState, step

_OPEN = (ParcelState.SEALED, ParcelState.OPENED)


class SqlParcels(SqlAccess):
    """The Parcels port."""

    def add(self, row: ParcelRow) -> None:
        """Add a parcel; PermanentError if id or lookup is taken."""
        self._channel.add(parcels, values_of(row))

    def get(self, parcel_id: str, *, lock: bool = False) -> ParcelRow | None:
        """The parcel; `lock` keeps its row until the transaction ends."""
        statement = select(parcels).where(parcels.c.id == parcel_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(ParcelRow, row)

    def by_lookup(self, lookup: bytes) -> ParcelRow | None:
        """The parcel whose token has that lookup value."""
        row = self._channel.one(select(parcels).where(parcels.c.lookup == lookup))
        return None if row is None else value_from(ParcelRow, row)

    def of_delivery(self, delivery_id: str) -> ParcelRow | None:
        """The delivery's parcel, the latest if it has several."""
        statement = select(parcels).where(parcels.c.delivery_id == delivery_id)
        row = self._channel.one(statement.order_by(parcels.c.created_at.desc(), parcels.c.id.desc()).limit(1))
        return None if row is None else value_from(ParcelRow, row)

    def listed(self, states: Collection[ParcelState], limit: int = 1000, after: str = "") -> list[ParcelRow]:
        """Parcels in those states, by id, from the one after `after`."""
        statement = select(parcels).where(parcels.c.state.in_(list(states)), parcels.c.id > after)
        return values_from(ParcelRow, self._channel.all(statement.order_by(parcels.c.id).limit(limit)))

    def resting_on(self, patient_id: str) -> list[ParcelRow]:
        """Links that open and whose decision names that patient, or somebody whose id has this one in it; by id."""
        named = type_coerce(deliveries.c.basis, Text).contains(json.dumps(patient_id), autoescape=True)
        statement = select(parcels).join(deliveries, deliveries.c.id == parcels.c.delivery_id)
        chosen = statement.where(parcels.c.state.in_(_OPEN), named).order_by(parcels.c.id)
        return values_from(ParcelRow, self._channel.all(chosen))

    def move(self, parcel_id: str, to: ParcelState, at: datetime) -> None:
        """Change state by the table and raise the version; OPENED sets `first_opened_at`."""
        present = self.get(parcel_id, lock=True)
        if present is None:
            raise PermanentError(f"no parcel {parcel_id}")
        values: dict[str, Any] = {"state": step(PARCEL, present.state, to), "version": present.version + 1}
        if to is ParcelState.OPENED:
            values["first_opened_at"] = at
        self._set(parcel_id, values)

    def set_expiry(self, parcel_id: str, expires_at: datetime) -> None:
        """Change when the link ends."""
        self._set(parcel_id, {"expires_at": expires_at})

    def set_seal(self, parcel_id: str, seal: bytes) -> None:
        """Replace the portal's MAC."""
        self._set(parcel_id, {"seal": seal})

    def throttle(
        self,
        parcel_id: str,
        *,
        codes_sent: int | None = None,
        code_next_at: datetime | None = None,
        failures: int | None = None,
        failure_until: datetime | None = None,
    ) -> None:
        """Set those counters that are given."""
        given = {
            "codes_sent": codes_sent,
            "code_next_at": code_next_at,
            "failures": failures,
            "failure_until": failure_until,
        }
        values = {name: value for name, value in given.items() if value is not None}
        if values:
            self._set(parcel_id, values)

    def count_answer(self, parcel_id: str, size: int) -> None:
        """Add the bytes of an answer."""
        self._set(parcel_id, {"answered": parcels.c.answered + size})

    def expired(self, now: datetime, limit: int = 1000) -> list[ParcelRow]:
        """SEALED or OPENED parcels past their time, the longest past first."""
        statement = select(parcels).where(parcels.c.expires_at <= now, parcels.c.state.in_(_OPEN))
        rows = self._channel.all(statement.order_by(parcels.c.expires_at, parcels.c.id).limit(limit))
        return values_from(ParcelRow, rows)

    def _set(self, parcel_id: str, values: dict[str, Any]) -> None:
        if not self._channel.changed(update(parcels).where(parcels.c.id == parcel_id).values(**values)):
            raise PermanentError(f"no parcel {parcel_id}")

"""While somebody has locked the register's version, nobody changes a patient, a consent or a partner."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.register_rows import ConsentRow, PartnerRow, PatientRow

pytestmark = pytest.mark.proves("stale.reread")
CHANGES: dict[str, Callable[[Any], object]] = {
    "a new patient": lambda uow: uow.register.put_patient(PatientRow("new", 1, b"x"), []),
    "a patient's record": lambda uow: uow.register.put_patient(PatientRow("pat", 2, b"y"), []),
    "a new partner": lambda uow: uow.register.put_partner(PartnerRow("new", 1, b"x")),
    "a partner's agreement": lambda uow: uow.register.put_partner(PartnerRow("par", 2, b"y")),
    "a revocation": lambda uow: uow.register.append_consent(ConsentRow("pat", 0, "revoked", "email.encrypted", datetime(2026, 1, 1, tzinfo=UTC), b"x")),
}  # fmt: skip


def begin(store: SqlStore) -> None:
    with store.begin() as uow:
        uow.register.put_patient(PatientRow("pat", 1, b"x"), [])
        uow.register.put_partner(PartnerRow("par", 1, b"x"))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_waits_for_the_reader(store: SqlStore, open_store: Callable[[], SqlStore], name: str) -> None:
    begin(store)
    done = threading.Event()

    def change() -> None:
        with open_store().begin() as uow:
            CHANGES[name](uow)
        done.set()

    with store.begin() as uow:
        seen = uow.register.version(lock=True)
        other = threading.Thread(target=change)
        other.start()
        assert not done.wait(0.3)
        assert uow.register.version() == seen
    other.join(120)
    assert done.is_set()
    with store.begin() as uow:
        assert uow.register.version() == seen + 1


def test_a_reader_waits_for_a_change_and_then_sees_it(store: SqlStore, open_store: Callable[[], SqlStore]) -> None:
    begin(store)
    found: list[int] = []

    def read() -> None:
        with open_store().begin() as uow:
            uow.register.version(lock=True)
            row = uow.register.partner("par")
            found.append(row.version if row else 0)

    with store.begin() as uow:
        uow.register.put_partner(PartnerRow("par", 2, b"y"))
        other = threading.Thread(target=read)
        other.start()
        other.join(0.3)
        assert found == []
    other.join(120)
    assert found == [2]


def test_the_first_change_of_all_waits_too(store: SqlStore, open_store: Callable[[], SqlStore]) -> None:
    done = threading.Event()

    def change() -> None:
        with open_store().begin() as uow:
            uow.register.put_patient(PatientRow("first", 1, b"x"), [])
        done.set()

    with store.begin() as uow:
        uow.register.version(lock=True)
        other = threading.Thread(target=change)
        other.start()
        assert not done.wait(0.3)
    other.join(120)
    assert done.is_set()

"""One golden mail a row of the built-in policy: NAME.eml in, the decision of NAME.expect out, over the whole road to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gateway.domain.address import Address
from gateway.domain.envelope import Identity
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Proxy,
    RecipientKind,
    RestrictionKind,
)
from gateway.policy.law import load_law
from tests.support.home import DOCTOR, MARIA, Home

HERE = Path(__file__).parent
NAMES = sorted(one.stem for one in HERE.glob("*.eml"))
SENDER = Identity("lee", "auth", frozenset({DOCTOR}), frozenset({"treatment", "payment", "authorization"}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("golden") / "home") as made:
        made.people()
        ana = Proxy("Ana Quintero", Address.parse("ana.quintero@example.net"), date(2020, 1, 1))
        luis = Proxy("Luis Quintero", Address.parse("luis.quintero@example.net"), date(2020, 1, 1), date(2021, 1, 1))
        made.maria = made.change(made.maria, proxies=(ana, luis))
        made.consent(made.maria, "ana.quintero@example.net")
        nadia = made.patient("Nadia", "Osei", "MRN-7730015", "nadia.osei@example.net")
        made.consent(nadia, "nadia.osei@example.net", ConsentKind.EMAIL_UNENCRYPTED)
        viktor = made.patient("Viktor", "Lindqvist", "6610042", "viktor@example.net")
        made.restrict(viktor, RestrictionKind.NO_PAYER)
        greta = made.patient("Greta", "Holm", "MRN-8800017", "greta.holm@example.net")
        made.consent(greta, "greta.holm@example.net")
        made.restrict(greta, RestrictionKind.NO_EMAIL)
        made.put_partner("Oak Health Plan", "plan.example.net", kind=RecipientKind.PAYER)
        made.put_partner("Elm Clinic", "lapsed.example.net", baa_expires=date(2025, 1, 1))
        made.add_certificate("kim@clinic.example.net")
        _authorize(made, "agent@insurer.example.com")
        yield made


def _authorize(home: Home, address: str) -> None:
    elements = tuple((name, "as signed") for name in load_law().authorization_elements)
    event = ConsentEvent(
        home.maria.id, 0, ConsentEventType.GIVEN, ConsentKind.AUTHORIZATION, address, given_how="paper",
        recorded_by="front desk", given_on=date(2026, 1, 2), expires_on=date(2099, 1, 1), elements=elements,
    )  # fmt: skip
    with home.store.begin() as uow:
        home.register.append_consent(uow, event, home.clock.now(), "test")


def test_every_mail_has_its_expectation() -> None:
    assert sorted(one.stem for one in HERE.glob("*.expect")) == NAMES
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_the_decision_is_the_expected_one(home: Home, name: str) -> None:
    raw = (HERE / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")
    to = next(line for line in raw.decode().split("\r\n") if line.startswith("To: "))[4:]
    expected = json.loads((HERE / f"{name}.expect").read_text())
    message = home.submit(raw, [to], identity=SENDER)
    home.assess()
    row = home.delivery(message)
    found = {
        "action": row.action.value,
        "method": row.method.value if row.method else None,
        "held_for": row.held_for.value if row.held_for else None,
    }
    assert found == expected, row.reasons


def test_the_golden_mails_would_tell_a_wrong_decision(home: Home) -> None:
    """The same mail to a stranger is another decision, so the comparison can fail."""
    raw = (HERE / "patient-with-consent.eml").read_bytes().replace(b"\n", b"\r\n")
    message = home.submit(
        raw.replace(MARIA.encode(), b"stranger@example.com"), ["stranger@example.com"], identity=SENDER
    )
    home.assess()
    assert home.delivery(message).method is None

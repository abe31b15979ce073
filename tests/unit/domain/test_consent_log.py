"""The consent log: the last word counts, and a wide revocation ends every narrower consent before it."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind, in_force

DAY = date(2026, 11, 23)
GIVEN = ConsentEvent("p1", 1, ConsentEventType.GIVEN, ConsentKind.EMAIL_ENCRYPTED, "ann@example.org")


def _then(*events: ConsentEvent) -> tuple[ConsentEvent, ...]:
    return in_force(tuple(replace(one, seq=n) for n, one in enumerate(events, start=1)), DAY)


def test_given_counts() -> None:
    assert len(_then(GIVEN)) == 1


def test_revoked_counts_no_more_and_given_again_does() -> None:
    revoked = replace(GIVEN, type=ConsentEventType.REVOKED)
    assert _then(GIVEN, revoked) == ()
    assert len(_then(GIVEN, revoked, GIVEN)) == 1


def test_refused_ends_what_was_given() -> None:
    assert _then(GIVEN, replace(GIVEN, type=ConsentEventType.REFUSED)) == ()


@pytest.mark.parametrize("wide", [{"address": "*"}, {"purpose": "*"}, {"method": "*"}, {"address": "*", "method": "*"}])
def test_a_wide_revocation_ends_narrower_consents(wide: dict[str, str]) -> None:
    narrow = replace(GIVEN, purpose="treatment", method="link")
    revoked = replace(narrow, type=ConsentEventType.REVOKED, **wide)
    assert _then(narrow, revoked) == ()


def test_a_narrow_revocation_leaves_a_wide_consent() -> None:
    revoked = replace(GIVEN, type=ConsentEventType.REVOKED, purpose="payment")
    assert len(_then(GIVEN, revoked)) == 1


def test_revoking_another_kind_or_patient_changes_nothing() -> None:
    assert len(_then(GIVEN, replace(GIVEN, type=ConsentEventType.REVOKED, kind=ConsentKind.AUTHORIZATION))) == 1
    assert len(_then(GIVEN, replace(GIVEN, type=ConsentEventType.REVOKED, patient_id="p2"))) == 1


@pytest.mark.parametrize(
    ("given_on", "expires_on", "counts"),
    [(None, None, True), (DAY, DAY, True), (date(2026, 11, 24), None, False), (None, date(2026, 11, 22), False)],
)
def test_days_bound_a_consent(given_on: date | None, expires_on: date | None, counts: bool) -> None:
    assert bool(_then(replace(GIVEN, given_on=given_on, expires_on=expires_on))) is counts


def test_a_request_is_no_consent() -> None:
    assert _then(replace(GIVEN, type=ConsentEventType.REQUESTED)) == ()

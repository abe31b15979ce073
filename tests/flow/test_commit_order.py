"""Which of two commits was first decides: a revocation before SENDING wins, one after it stops the next attempt.

Two connections to one SQLite file, as two processes have them: one sends, the other changes the register in the middle of
the transaction that re-reads and commits SENDING.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.address import Address
from gateway.domain.decision import HoldReason, Method
from gateway.domain.errors import PermanentError, PickupRefused
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind
from gateway.domain.states import AttemptState, DeliveryState
from gateway.flow.dispatch import Dispatch
from gateway.flow.facts import Facts
from gateway.flow.review import Review
from gateway.ports.relay import Outcome, Reply
from tests.support.home import DOCTOR, GRACE, MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


@pytest.fixture
def elsewhere(home: Home) -> Iterator[SqlStore]:
    """The other process's connection."""
    store = SqlStore(f"sqlite:///{home.root / 'data' / 'sealgate.db'}", home.tokens)
    yield store
    store.close()


def revocation(home: Home, patient: Any, address: str) -> ConsentEvent:
    return ConsentEvent(
        patient.id, 0, ConsentEventType.REVOKED, ConsentKind.EMAIL_ENCRYPTED, Address.parse(address).key,
        warning_version="1", given_how="paper", recorded_by="front desk",
    )  # fmt: skip


class Revoker(threading.Thread):
    """The other process: takes the consent back; `begun` when its transaction is open, `done` when it is committed."""

    def __init__(self, home: Home, store: SqlStore, *, wait_for: threading.Event | None = None) -> None:
        super().__init__()
        self.home, self.store, self.wait_for = home, store, wait_for
        self.begun, self.done = threading.Event(), threading.Event()

    def run(self) -> None:
        event = revocation(self.home, self.home.maria, MARIA)
        with self.store.begin() as uow:
            self.home.register.append_consent(uow, event, self.home.clock.now(), "desk")
            self.begun.set()
            if self.wait_for is not None:
                assert self.wait_for.wait(60)
        self.done.set()


@pytest.mark.proves("stale.revocation", "stale.reread")
def test_a_revocation_whose_transaction_was_first_wins(home: Home, elsewhere: SqlStore) -> None:
    """The sender stands at the door of its transaction until the revocation is committed, then sees it."""
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    go = threading.Event()
    other = Revoker(home, elsewhere, wait_for=go)
    real = Dispatch.stale
    rechecked: list[bool] = []

    def stale(self: Dispatch, *args: Any) -> str:
        # What is committed, not whether the other thread has come so far as to say so.
        rechecked.append(home.sql("SELECT count(*) FROM consents WHERE type = 'revoked'") == [(1,)])
        return real(self, *args)

    compose = home.rooms.dispatch._compose
    real_body = compose.body

    def body(case: Any) -> Any:
        made = real_body(case)  # the copy is ready, with its link; only SENDING is missing
        other.start()
        assert other.begun.wait(60)
        threading.Timer(0.2, go.set).start()
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatch, "stale", stale)
        patch.setattr(compose, "body", body)
        home.run_job("dispatch")
    other.join(60)
    assert rechecked == [False, True], "the second look waited for the other's commit"
    home.clock.advance(5)
    home.run_job("assess")
    row = home.delivery(message)
    assert (row.state, row.held_for) == (DeliveryState.HELD, HoldReason.CONSENT)
    assert home.hop.tried.count(MARIA) == 0
    assert {one.state for one in home.attempts(row.id)} == {AttemptState.ABANDONED}


@pytest.mark.proves("stale.revocation", "stale.reread")
def test_a_revocation_that_comes_while_sending_is_committed_waits_and_stops_the_next_attempt(home: Home, elsewhere: SqlStore) -> None:  # fmt: skip
    home.hop.answers[MARIA] = [LATER]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    other, seen = Revoker(home, elsewhere), []
    real = Dispatch.stale

    def stale(self: Dispatch, *args: Any) -> str:
        found = real(self, *args)  # everything is re-read and locked; SENDING is not committed yet
        if len(seen) == 1:
            other.start()
            seen.append(other.begun.wait(0.3))
        else:
            seen.append(False)
        return found

    at_hop: list[AttemptState] = []

    def before(consignment: Any) -> None:
        if consignment.recipient.key == MARIA:
            assert other.done.wait(60)
            at_hop.append(home.attempts(home.delivery(message).id)[-1].state)

    home.hop.before = before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatch, "stale", stale)
        home.run_job("dispatch")
    other.join(60)
    assert seen == [False, False], "the register stands still between the last look and SENDING"
    assert at_hop == [AttemptState.SENDING], "one attempt, which the revocation was too late for"
    del home.hop.answers[MARIA]
    home.hop.before = lambda _: None
    home.later(90)
    home.later(90)
    row = home.delivery(message)
    assert row.state is DeliveryState.HELD
    assert not any("/m/" in one.text for one in home.sent(MARIA)), "only a request for consent reached her"
    assert home.sql("SELECT state FROM parcels") == [("revoked",)]
    assert list(home.inst.peppers().names()) == []


@pytest.mark.proves("stale.versions", "stale.reread")
@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
def test_a_certificate_that_goes_between_the_look_up_and_sending_is_not_used(home: Home, replaced: bool) -> None:
    old = home.import_certificate(GRACE)
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.assess()
    row = home.delivery(message)
    assert (row.method, row.basis.key) == (Method.SMIME, old)
    real, looked = Facts.key, []

    def key(self: Facts, *given: Any) -> Any:
        answer = real(self, *given)
        looked.append(answer.fingerprint)
        if len(looked) == 2:  # the copy is composed and its key looked up for the last time; only SENDING is missing
            assert home.remove_certificate(old) == 1
            if replaced:
                home.import_certificate(GRACE)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Facts, "key", key)
        home.run_job("dispatch")
    assert looked == [old, old]
    assert home.sent(GRACE) == []
    assert [data["what"] for kind, data in home.events(message) if kind == "stale"] == ["key"]
    home.settle()
    row = home.delivery(message)
    assert (row.state, row.method) == (DeliveryState.DELIVERED, Method.SMIME if replaced else Method.LINK)
    assert row.basis.key != old
    assert b"diabetes" not in home.sent(GRACE)[0].raw


@pytest.mark.proves("stale.revocation", "stale.release-and-pickup")
def test_one_after_the_sending_closes_the_parcel_and_staff_are_told(home: Home, elsewhere: SqlStore) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    cookie = home.prove(sent.token())
    Revoker(home, elsewhere).run()
    with pytest.raises(PickupRefused):
        home.pickup.view(cookie)
    home.settle()
    with pytest.raises(PickupRefused, match="revoked"):
        home.pickup.find(sent.token())
    assert [one for one in home.sent(DOCTOR) if "too late" in str(one.parsed["Subject"])]
    assert "too late" not in sent.text


@pytest.mark.proves("stale.release-and-pickup")
def test_a_reveal_and_a_revocation_stand_in_line(home: Home, elsewhere: SqlStore) -> None:
    """The reveal's transaction re-reads and records in one; a revocation meanwhile waits, and the next look meets it."""
    from gateway.flow import pickup

    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    cookie = home.prove(sent.token())
    other, real, early = Revoker(home, elsewhere), pickup.holds, []

    def holds(uow: Any, basis: Any) -> bool:
        found = real(uow, basis)
        if not other.ident:
            other.start()
            early.append(other.begun.wait(0.3))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pickup, "holds", holds)
        assert "diabetes" in home.pickup.view(cookie).text
        other.join(60)
        with pytest.raises(PickupRefused):
            home.pickup.view(cookie)
    assert early == [False]


@pytest.mark.proves("stale.release-and-pickup")
def test_a_release_and_a_restriction_stand_in_line(home: Home, elsewhere: SqlStore) -> None:
    """Whichever is first: a release after the revocation's commit is refused, one before it is checked again at sending."""
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    row = home.delivery(message)
    assert home.rooms.review.release(row.id, "ann", "he phoned") is Method.LINK
    with elsewhere.begin() as uow:
        home.register.append_consent(uow, revocation(home, home.tobias, TOBIAS), home.clock.now(), "desk")
    home.settle()
    assert home.delivery(message).state is DeliveryState.HELD
    assert not any("/m/" in one.text for one in home.sent(TOBIAS))
    real, changed = Review._held, []

    def held(self: Review, delivery_id: str) -> Any:
        found = real(self, delivery_id)
        if not changed:  # the row is read; now somebody else decides it anew before the release's transaction
            changed.append(True)
            home.sql("UPDATE deliveries SET version = version + 1 WHERE id = ?", delivery_id)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Review, "_held", held)
        with pytest.raises(PermanentError, match="just changed"):
            home.rooms.review.release(row.id, "ann", "he phoned again")

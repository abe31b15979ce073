"""The desk: a worker answers what the review role signed, once and soon; a text opens with one session's key alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.desk import Deed, DeskRow, DeskState
from gateway.domain.errors import IntegrityError, PermanentError
from gateway.domain.records import Holder, JobKind
from gateway.flow.desk import REQUESTS, TEXT_LIFE, StaffDesk
from gateway.flow.desk_text import CHARACTERS, ReviewText
from gateway.ports.vault import Seal
from gateway.seal.desk import asked
from tests.support.home import MARIA, OFFICE, RESULTS, mail
from tests.support.review_house import OTHER, STAFF, Office
from tests.support.thief import Loot, Thief

pytestmark = pytest.mark.proves("roles.review")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


def put(office: Office, row: DeskRow) -> None:
    """What somebody who writes the database can do."""
    with office.home.store.begin() as uow:
        uow.desk.drop(row.id)
        uow.desk.add(row)
        uow.jobs.add(JobKind.DESK, row.message_id, row.id, office.home.clock.now())


def row_of(office: Office, request: str) -> DeskRow:
    with office.home.store.begin() as uow:
        row = uow.desk.get(request)
    assert row is not None
    return row


def wraps(office: Office, object_id: str) -> list[Holder]:
    with office.home.store.begin() as uow:
        return [holder for holder, _ in uow.objects.wraps(object_id)]


def reviewed(office: Office, message: str) -> list[str]:
    return [str(data["what"]) for kind, data in office.home.events(message) if kind == "reviewed"]


def test_a_mail_is_shown_to_the_session_that_asked_and_logged(office: Office) -> None:
    message, session = office.held(files=[("plan.pdf", "application/pdf", b"%PDF-1.4 none")]), office.session()
    text = office.text(message, session)
    assert "metformin" in text.text
    assert (text.subject, text.to) == ("Results", OFFICE)
    assert text.files == (("plan.pdf", 13),)
    assert [(recipient, target) for _, recipient, target in text.copies] == [(OFFICE, OFFICE)]
    assert ("mrn", "body.plain") in text.found
    assert text.gaps
    assert reviewed(office, message) == ["read"]
    with office.home.store.begin() as uow:
        [row] = [one for one in uow.audit.of_message(message) if one.event.kind.value == "reviewed"]
    assert row.event.actor == STAFF


def test_the_text_is_wrapped_to_the_session_and_to_nobody_else(office: Office) -> None:
    message, mine, other = office.held(), office.session(), office.session(OTHER)
    row = office.ask(Deed.READ, message, mine)
    assert wraps(office, row.object_id) == [Holder("session", mine.asker.id)]
    with pytest.raises(IntegrityError):
        office.desk.text(row, other.opener)
    assert office.desk.answer(row.id, other.asker.id) is None


@pytest.mark.proves("rest.stolen-everything")
def test_all_stolen_but_the_session_opens_no_review_text(office: Office, tmp_path: Path) -> None:
    message, session = office.held(), office.session()
    row = office.ask(Deed.READ, message, session, "")
    home = office.home
    shutil.copytree(home.root / "data", tmp_path / "loot")
    loot, stolen = Loot("shown", tmp_path / "loot"), (home.inst.id, home.root / "shelf", home.root / "keys")
    found = Thief(*stolen).opened(loot)
    assert b"diabetes" in found[message], "what is in hand opens to a thief of everything"
    assert row.object_id not in found
    # The probe is not blind: with the key that only the page's memory had, it opens.
    assert b"diabetes" in Thief(*stolen, offline=[session.opener]).opened(loot)[row.object_id]


def test_signing_out_takes_the_text_away(office: Office) -> None:
    message, session = office.held(), office.session()
    row = office.ask(Deed.READ, message, session)
    office.desk.leave(session.asker.id)
    office.home.settle()
    assert office.desk.answer(row.id, session.asker.id) is None
    assert wraps(office, row.object_id) == []
    assert row.object_id not in {name for name, _ in office.home.vault.names()}


@pytest.mark.proves("where.every-place", "where.each-end")
def test_a_review_text_ends_with_its_time(office: Office) -> None:
    message, session = office.held(), office.session()
    row = office.ask(Deed.READ, message, session)
    office.home.later(TEXT_LIFE - timedelta(seconds=5))
    assert wraps(office, row.object_id)
    office.home.later(6)
    assert wraps(office, row.object_id) == []
    assert row.object_id not in {name for name, _ in office.home.vault.names()}
    assert office.home.sql("SELECT count(*) FROM desk") == [(0,)]
    assert office.desk.answer(row.id, session.asker.id) is None


def test_what_was_shown_of_a_mail_goes_when_it_settles(office: Office) -> None:
    message, session = office.held(), office.session()
    row = office.ask(Deed.READ, message, session)
    office.ask(Deed.REFUSE, message, session, "not ours")
    assert office.home.message(message).state.value == "settled"
    assert wraps(office, row.object_id) == []
    assert office.desk.text(row, session.opener) is None


def test_release_refuse_and_hold_go_by_staff_name_and_sealed_reason(office: Office) -> None:
    message, session = office.held(), office.session()
    copy = office.home.delivery(message)
    row = office.ask(Deed.RELEASE, message, session, "Spoke to the office", copy.id)
    assert row.state is DeskState.DONE, row.reply
    assert "protected method" in row.reply
    assert office.home.sent(OFFICE)
    [told] = [data for kind, data in office.home.events(message) if kind == "released"]
    assert str(told["reason"]).startswith("commitment:")
    assert b"Spoke to the office" not in (office.home.root / "data" / "sealgate.db").read_bytes()
    other = office.held()
    assert office.ask(Deed.REFUSE, other, session, "Wrong person").state is DeskState.DONE
    assert office.home.message(other).state.value == "settled"
    waiting = office.home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    office.home.assess()
    request = office.desk.ask(Deed.HOLD, waiting, "", session.asker, "One moment")
    office.home.run_job("desk")
    assert row_of(office, request).state is DeskState.DONE
    assert office.home.message(waiting).state.value == "held"


def test_what_cannot_be_done_is_said_and_not_done(office: Office) -> None:
    message, session = office.held(), office.session()
    copy = office.home.delivery(message)
    office.ask(Deed.REFUSE, message, session, "no")
    for deed, subject in ((Deed.READ, ""), (Deed.RELEASE, copy.id), (Deed.REFUSE, ""), (Deed.HOLD, "")):
        row = office.ask(deed, message, session, "again", subject)
        assert row.state is DeskState.REFUSED, deed
        assert row.reply
    assert not office.home.sent(OFFICE)
    with pytest.raises(PermanentError):
        for _ in range(REQUESTS + 1):
            office.desk.ask(Deed.READ, message, "", session.asker)


def test_a_changed_request_is_refused_with_an_alert(office: Office) -> None:
    message, session = office.held(), office.session()
    thief, another = office.session(OTHER), office.held("Another")
    request = office.desk.ask(Deed.READ, message, "", session.asker, "why")
    row = row_of(office, request)
    office.home.sql("DELETE FROM desk")
    office.home.sql("DELETE FROM jobs WHERE kind = 'desk'")
    for change in (
        {"kind": Deed.REFUSE}, {"message_id": another}, {"subject": "d"}, {"session": thief.asker.id},
        {"public": thief.asker.public}, {"staff": OTHER}, {"at": row.at + timedelta(seconds=1)},
        {"reason": row.reason + b"x"}, {"epoch": "e"}, {"id": f"{row.id}x"},
    ):  # fmt: skip
        changed = replace(row, **change)
        before = office.home.kinds(changed.message_id).count("integrity")
        put(office, changed)
        office.home.settle()
        found = row_of(office, changed.id)
        assert found.state is DeskState.REFUSED, change
        assert "alerted" in found.reply
        assert office.home.kinds(changed.message_id).count("integrity") == before + 1
    assert reviewed(office, message) == []
    assert office.home.message(message).state.value == "held"


def test_a_request_of_nobodys_is_refused(office: Office) -> None:
    message, thief = office.held(), office.session()
    made = DeskRow("r1", Deed.READ, message, "", "s", thief.asker.public, STAFF, office.home.clock.now(), "", b"", b"")
    forged = replace(made, signature=Ed25519PrivateKey.generate().sign(asked(made, office.home.inst.id)))
    put(office, forged)
    office.home.settle()
    assert row_of(office, "r1").state is DeskState.REFUSED
    assert office.home.kinds(message)[-1] == "integrity"


def test_an_old_request_is_acted_on_once_and_soon_or_not_at_all(office: Office) -> None:
    message, session = office.held(), office.session()
    row = office.ask(Deed.READ, message, session)
    put(office, replace(row, state=DeskState.ASKED, object_id="", commitment=b"", proof=b""))
    office.home.settle()
    again = row_of(office, row.id)
    assert (again.state, again.object_id) == (DeskState.REFUSED, "")
    assert reviewed(office, message) == ["read"]
    late = office.desk.ask(Deed.REFUSE, message, "", session.asker, "late")
    office.home.clock.advance(601)
    office.home.work()
    assert row_of(office, late).state is DeskState.REFUSED
    assert office.home.message(message).state.value == "held"
    assert reviewed(office, message) == ["read"]


def test_a_decision_that_a_worker_died_over_is_not_made_twice(office: Office) -> None:
    message, session = office.held(), office.session()
    request = office.desk.ask(Deed.REFUSE, message, "", session.asker, "why")

    def die(point: str) -> None:
        if point == "desk.1":
            raise Death

    office.home.reached = die
    office.home.start()
    with pytest.raises(Death):
        office.home.run_job("desk")
    office.home.reached = lambda _: None
    office.home.start()
    office.home.later(46 * 60)
    assert office.home.message(message).state.value == "held"
    assert reviewed(office, message) == ["refuse"]
    with office.home.store.begin() as uow:
        assert uow.desk.get(request) is None


class Death(BaseException):
    """Stands for the end of a process."""


def test_a_request_outlives_who_asked_and_an_answer_who_gave_it(office: Office) -> None:
    message, session = office.held(), office.session()

    def die(point: str) -> None:
        raise Death(point)

    inst = office.home.inst
    dying = StaffDesk(inst.store(), inst.vault(), inst.review_keys(), office.home.clock, office.home.tokens, die)
    with pytest.raises(Death, match=r"desk\.1"):
        dying.ask(Deed.READ, message, "", session.asker)
    [request] = office.home.sql("SELECT id FROM desk")
    office.home.reached = lambda point: die(point) if point == "desk.2" else None
    office.home.start()
    with pytest.raises(Death):
        office.home.run_job("desk")
    office.home.reached = lambda _: None
    office.home.start()
    office.home.settle()
    row = office.desk.answer(request[0], session.asker.id)
    assert row is not None
    assert office.desk.text(row, session.opener) is not None
    assert reviewed(office, message) == ["read"]


def test_an_answer_that_no_worker_signed_is_not_believed(office: Office) -> None:
    message, session = office.held(), office.session()
    row = office.ask(Deed.READ, message, session)
    liar = office.home.vault.create("lie", Seal.REVIEW)
    liar.write(ReviewText("s", "f", "t", "", "", "harmless", "", False, (), ()).encode())
    sealed = liar.finish()
    for lie in (
        {"object_id": "lie", "commitment": sealed.commitment}, {"state": DeskState.REFUSED}, {"reply": "x"},
        {"proof": b""},
    ):  # fmt: skip
        with office.home.store.begin() as uow:
            uow.desk.answer(replace(row, **lie))
        with pytest.raises(IntegrityError):
            office.desk.answer(row.id, session.asker.id)
    with office.home.store.begin() as uow:
        uow.desk.answer(row)
    assert office.desk.answer(row.id, session.asker.id) == row


def test_with_the_page_off_nobody_can_ask(office: Office) -> None:
    message, session = office.held(), office.session()
    request = office.desk.ask(Deed.READ, message, "", session.asker)
    config = office.home.root / "sealgate.toml"
    config.write_text(config.read_text().replace('[review]\nlisten = "127.0.0.1:0"\n', ""))
    office.home.start()
    office.home.settle()
    assert row_of(office, request).state is DeskState.REFUSED
    assert reviewed(office, message) == []


def test_long_texts_are_cut_and_html_is_words(office: Office) -> None:
    session = office.session()
    long = office.text(office.held(body=RESULTS + "\r\n" + "word " * 70_000), session)
    assert long.cut
    assert len(long.text) == CHARACTERS
    raw = (
        f"From: dr.lee@willow.example.org\r\nTo: {OFFICE}\r\nSubject: Results\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Maria Quintero MRN-4471203 diabetes</p><script>alert(1)</script>"
    ).encode()
    message = office.home.submit(raw, OFFICE)
    office.home.settle()
    text = office.text(message, session)
    assert text.text == ""
    assert "Maria Quintero MRN-4471203" in text.html
    assert ReviewText.decode(text.encode()) == text
    with pytest.raises(IntegrityError):
        ReviewText.decode(b"{}")


def test_lists_say_why_in_words(office: Office) -> None:
    message = office.held()
    [item] = office.desk.in_hand()
    assert (item.id, item.readable) == (message, True)
    assert item.waits_for
    assert all(" " in one for one in item.waits_for)
    one = office.desk.mail(message)
    assert one is not None
    assert one.copies[0].held
    assert one.copies[0].why
    assert office.desk.mail("nothing") is None

"""A false alarm from the review page: the word alone, sealed, signed for, aged; taken into the allow-list by a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.policy_file import load_policy
from gateway.domain.desk import Deed, DeskState
from gateway.domain.errors import IntegrityError, PermanentError
from gateway.domain.finding import Kind
from gateway.flow import suggestions
from gateway.flow.suggestions import LIFE, MOST, Alarm, Suggestion
from tests.support.command import sealgate
from tests.support.review_house import STAFF, Office, page_of, press, sign_in

WORD = "Marigold Fenwick"
NOTE = "Dear Maria Quintero, MRN-4471203: your blood test shows diabetes. Ask Mr. Marigold Fenwick.\n"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


def waiting(office: Office) -> list[Suggestion]:
    with office.home.store.begin() as uow:
        return suggestions.listed(uow, office.home.inst.columns(), office.home.clock.now())


def report(office: Office, message: str, alarm: Alarm) -> DeskState:
    return office.ask(Deed.FALSE_ALARM, message, office.session(), alarm.encode()).state


def test_staff_see_what_was_found_and_the_word_waits_sealed(office: Office) -> None:
    message = office.held(body=NOTE)
    text = office.text(message, office.session())
    kind, by, word = next(one for one in text.words if WORD in one[2])
    assert report(office, message, Alarm(Kind(kind), by, word)) is DeskState.DONE
    [one] = waiting(office)
    assert (one.alarm.kind, one.alarm.word, one.staff) == (Kind.NAME, word, STAFF)
    [(stored,)] = office.home.sql("SELECT value FROM settings WHERE name = 'suggestions'")
    for secret in ("Marigold", "Fenwick", message, "Quintero", STAFF):
        assert secret not in stored
    told = [data for what, data in office.home.events(message) if what == "reviewed"]
    assert told[-1]["what"] == "false_alarm"
    assert "Fenwick" not in json.dumps(told)
    assert office.home.message(message).state.value == "held", "the mail stays as it is"


def test_the_same_word_waits_once_and_what_is_none_is_refused(office: Office) -> None:
    message = office.held(body=NOTE)
    for word in (WORD, WORD.upper()):
        assert report(office, message, Alarm(Kind.NAME, "tagger", word)) is DeskState.DONE
    assert len(waiting(office)) == 1
    for text in ("{}", "[]", '["nam","x","abc"]', '["name","x","-"]', json.dumps(["name", "x", "y" * 121])):
        row = office.ask(Deed.FALSE_ALARM, message, office.session(), text)
        assert row.state is DeskState.REFUSED, text
    assert len(waiting(office)) == 1


def test_suggestions_are_forgotten_with_their_time(office: Office) -> None:
    message = office.held(body=NOTE)
    report(office, message, Alarm(Kind.NAME, "tagger", WORD))
    office.home.clock.advance((LIFE - timedelta(hours=1)).total_seconds())
    office.home.settle()
    assert len(waiting(office)) == 1
    office.home.clock.advance(7200)
    assert waiting(office) == []
    office.home.settle()
    assert office.home.sql("SELECT value FROM settings WHERE name = 'suggestions'") == [("",)]


def test_a_bounded_number_waits(office: Office) -> None:
    home = office.home
    with home.store.begin() as uow:
        for number in range(MOST):
            suggestions.suggest(
                uow, home.inst.columns(), f"s{number}", home.clock.now(), "x", Alarm(Kind.NAME, "x", f"word {number}")
            )
        with pytest.raises(PermanentError):
            suggestions.suggest(
                uow, home.inst.columns(), "more", home.clock.now(), "x", Alarm(Kind.NAME, "x", "one more")
            )


def test_who_writes_the_database_can_invent_and_move_none(office: Office) -> None:
    message = office.held(body=NOTE)
    report(office, message, Alarm(Kind.NAME, "tagger", WORD))
    [(stored,)] = office.home.sql("SELECT value FROM settings WHERE name = 'suggestions'")
    [[_, at, sealed]] = json.loads(stored)
    for forged in ([["other", at, sealed]], [["s", at, "00"]], [["s", "then", sealed]], {"s": 1}, [1]):
        with office.home.store.begin() as uow:
            uow.set_setting("suggestions", json.dumps(forged))
        with pytest.raises(IntegrityError):
            waiting(office)


def test_a_person_accepts_one_and_drops_another(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "LIFE", timedelta(days=36_500))  # the command goes by the machine's clock
    message, config = office.held(body=NOTE), office.home.root / "sealgate.toml"
    report(office, message, Alarm(Kind.NAME, "tagger", WORD))
    report(office, message, Alarm(Kind.LOCATION, "tagger", "Elm House"))
    shown = sealgate("suggestion", "list", "--json", "--config", config).rows
    assert [(one["kind"], one["word"]) for one in shown] == [("name", WORD), ("location", "Elm House")]
    assert sealgate("suggestion", "accept", "none", "--config", config).status == 1
    policy = office.home.root / "policy.toml"
    text = policy.read_text()
    policy.write_text(text.replace("allow_files", "# allow_files"))
    answer = sealgate("suggestion", "accept", shown[0]["id"], "--config", config)
    assert answer.status == 2
    assert "allow_files" in answer.err
    policy.write_text(text)
    assert sealgate("suggestion", "accept", shown[0]["id"], "--config", config).status == 0
    assert sealgate("suggestion", "drop", shown[1]["id"], "--config", config).status == 0
    assert sealgate("suggestion", "drop", shown[1]["id"], "--config", config).status == 1
    assert load_policy(policy).allowed == {(Kind.NAME, WORD.lower())}
    assert sealgate("suggestion", "list", "--config", config).out == "no suggestion waits\n"


def test_the_page_offers_the_words_and_takes_one(office: Office) -> None:
    message = office.held(body=NOTE)
    with page_of(office) as port:
        browser = sign_in(port)
        shown = press(browser, f"/mail/{message}/show")
        office.home.settle()
        page = browser.get(shown).text
        assert f'name="word" value="Mr. {WORD}"' in page or f'name="word" value="{WORD}"' in page
        press(browser, f"/mail/{message}/false-alarm", kind="name", by="tagger", word=WORD)
        for wrong in (
            {"kind": "nam", "word": WORD},
            {"kind": "name", "word": "x"},
            {"kind": "name", "word": "y" * 200},
        ):
            browser.get(f"/mail/{message}")
            assert browser.post(f"/mail/{message}/false-alarm", by="", **wrong).status == 400
    office.home.settle()
    assert [one.alarm.word for one in waiting(office)] == [WORD]

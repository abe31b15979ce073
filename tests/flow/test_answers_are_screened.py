"""What recipients send back is looked through as outgoing mail is: a threat, or a scan that was not made, keeps it from inside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.policy_file import load_policy
from gateway.config.starter import starter_policy
from gateway.domain.decision import Action, HoldReason
from gateway.domain.errors import PermanentError
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.story import story
from gateway.policy.explain import receipt_reason
from tests.support.clamd import MARK, FalseClamd, real_clamd
from tests.support.home import DOCTOR, MARIA, RESULTS, Home, Sent, mail
from tests.support.threatening import PROGRAM, docx, ole, packed

REQUIRED = starter_policy().replace('clamd = "off"', 'clamd = "require"')
MACRO = docx(word__vbaProject_dot_bin=ole({"VBA/dir": b"x"}))
TEXT = "Dear Dr Lee, thank you. Maria"
OK, FOUND = b"stream: OK\0", b"stream: Win.Test.Thing FOUND\0"


def house(root: Path, policy: str = "", url: str = "", *, sandbox: bool = False) -> Home:
    section = f'[clamd]\nurl = "{url}"\nmessage = "1m"\n\n[archive]' if url else "[archive]"
    return Home(
        root, sandbox=sandbox, policy=policy or None, config=lambda text: text.replace("[archive]", section, 1)
    ).people()


def answered(home: Home, *files: tuple[str, bytes], number: int = 1) -> str:
    home.submit(mail(MARIA, "Results", RESULTS, number=number), MARIA)
    home.settle()
    answer = home.write_back(home.prove(home.sent(MARIA)[-1].token()), TEXT, files)
    home.settle()
    return answer


def passed_on(home: Home) -> list[Sent]:
    return [one for one in home.sent(DOCTOR) if "Answer to your secure message" in one.parsed["Subject"]]


def told(home: Home) -> list[Sent]:
    return [one for one in home.sent(DOCTOR) if "held back" in one.parsed["Subject"]]


def held(home: Home, answer: str, why: HoldReason) -> bool:
    row = home.delivery(answer)
    return (row.state, row.action, row.held_for) == (DeliveryState.HELD, Action.HOLD, why) and not passed_on(home)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("photo.pdf.exe", PROGRAM, "executable"), ("list.docm", MACRO, "macro"), ("all.zip", packed({"a/run.js": b"1"}), "executable"),
        ("scan.pdf", PROGRAM, "type_mismatch"),
    ],
)  # fmt: skip
def test_a_threat_is_held_and_the_letters_sender_is_told_why(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    with house(tmp_path, sandbox=True) as home:
        answer = answered(home, (name, data))
        assert held(home, answer, HoldReason.THREAT)
        assert f"threat.{kind}" in home.delivery(answer).reasons
        [one] = told(home)
        assert receipt_reason(HoldReason.THREAT) in one.text.replace("\n", " ")
        assert "<client-1@willow.example.org>" in one.text
        for word in (name, "Quintero", MARIA, "thank you"):
            assert word not in one.text
        assert "Held, nothing was sent of it: threat." in " ".join(line.text for line in story(home.store, answer))
        with pytest.raises(PermanentError, match="answer"):
            home.rooms.review.release(home.delivery(answer).id, "ann", "looks fine")
        home.later(timedelta(days=6))
        assert home.delivery(answer).state is DeliveryState.REFUSED
        assert passed_on(home) == []


def test_what_the_practice_allows_passes(tmp_path: Path) -> None:
    text = starter_policy().replace("[threats]", '[threats]\nmacros = "allow"')
    with house(tmp_path, text, sandbox=True) as home:
        answered(home, ("list.docm", MACRO))
        assert len(passed_on(home)) == 1


def test_clamd_is_asked_about_text_and_files_where_policy_requires_it(tmp_path: Path) -> None:
    with (
        FalseClamd(lambda data: FOUND if b"bad" in data else OK) as clamd,
        house(tmp_path, REQUIRED, clamd.url) as home,
    ):
        answered(home, ("notes.txt", b"good"))
        assert len(passed_on(home)) == 1
        assert {b"good"} <= {one.strip() for one in clamd.streams}
        assert any(TEXT.encode() in one for one in clamd.streams)
    with FalseClamd(lambda data: FOUND if b"bad" in data else OK) as clamd, house(tmp_path / "b", REQUIRED, clamd.url) as home:  # fmt: skip
        answer = answered(home, ("notes.txt", b"so bad"))
        assert held(home, answer, HoldReason.THREAT)
        assert "threat.malware" in home.delivery(answer).reasons


def test_a_scanner_that_is_away_holds_an_answer_until_it_is_back(tmp_path: Path) -> None:
    with FalseClamd(lambda _: OK) as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
        clamd.answer = lambda _: b""
        answer = home.write_back(home.prove(home.sent(MARIA)[-1].token()), TEXT, (("notes.txt", b"good"),))
        home.settle()
        assert held(home, answer, HoldReason.UNSCANNED)
        assert len(told(home)) == 1
        home.later(timedelta(minutes=11))
        assert held(home, answer, HoldReason.UNSCANNED)
        assert len(told(home)) == 1
        clamd.answer = lambda _: OK
        home.later(timedelta(minutes=21))
        assert len(passed_on(home)) == 1
        assert home.message(answer).state is MessageState.SETTLED


def test_no_scanner_at_all_is_a_hold_that_is_no_threat_later(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
        (home.root / "policy.toml").write_text(REQUIRED)
        cookie = home.prove(home.sent(MARIA)[-1].token())
        home.rooms.assess.policy = load_policy(home.root / "policy.toml")
        answer = home.write_back(cookie, TEXT)
        home.settle()
        assert held(home, answer, HoldReason.UNSCANNED)
        (home.root / "policy.toml").write_text(starter_policy())
        home.rooms.assess.policy = load_policy(home.root / "policy.toml")
        home.later(timedelta(minutes=11))
        assert len(passed_on(home)) == 1


def test_a_copy_that_was_held_does_not_leave_because_its_row_says_ready(tmp_path: Path) -> None:
    with house(tmp_path, sandbox=True) as home:
        answer = answered(home, ("run.exe", PROGRAM))
        copy = home.delivery(answer).id
        home.sql("UPDATE deliveries SET state = 'ready' WHERE id = ?", copy)
        home.sql("UPDATE messages SET state = 'assessed' WHERE id = ?", answer)
        with home.store.begin() as uow:
            kind = next(one for one in home.rooms.worker._steps if one.value == "answer")
            uow.jobs.add(kind, answer, copy, home.clock.now())
        home.settle()
        assert passed_on(home) == []
        assert home.delivery(answer).state is DeliveryState.HELD


def test_with_the_real_clamd(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with real_clamd(tmp_path_factory.mktemp("c")) as url, house(tmp_path, REQUIRED, url, sandbox=True) as home:
        bad = answered(home, ("a.zip", packed({"b.txt": b"see " + MARK})))
        assert held(home, bad, HoldReason.THREAT)
        answered(home, ("notes.txt", b"good"), number=2)
        home.later(timedelta(minutes=11))  # a busy machine's scanner may have been late: the answer is looked at again
        assert len(passed_on(home)) == 1

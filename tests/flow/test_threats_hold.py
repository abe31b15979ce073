"""A threat holds a mail for every recipient and tells its sender; the virus scan that policy requires is made, or it holds."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.policy_file import load_policy
from gateway.config.starter import starter_policy
from gateway.domain.decision import Action, HoldReason, Method
from gateway.domain.errors import IntegrityError, PermanentError, PickupRefused
from gateway.domain.states import DeliveryState, MessageState
from gateway.domain.threat import ThreatKind
from gateway.flow.story import story
from gateway.policy.explain import receipt_reason, what_to_do
from tests.support.clamd import MARK, FalseClamd, real_clamd
from tests.support.home import DOCTOR, GRACE, LUNCH, MARIA, OFFICE, RESULTS, Home, mail
from tests.support.threatening import PROGRAM, docx, ole, packed

REQUIRED = starter_policy().replace('clamd = "off"', 'clamd = "require"')
NEVER = starter_policy().replace("[threats]", '[threats]\nrelease = "never"')
MACRO = docx(word__vbaProject_dot_bin=ole({"VBA/dir": b"x"}))
LINK = '<p>Lunch? <a href="https://evil.example.net/">https://www.example.org/menu</a></p>'
FOUND = b"stream: Win.Test.Thing FOUND\0"


def house(root: Path, policy: str = "", url: str = "", *, sandbox: bool = False, message: str = "1m") -> Home:
    section = f'[clamd]\nurl = "{url}"\nmessage = "{message}"\n\n[archive]' if url else "[archive]"
    return Home(
        root, sandbox=sandbox, policy=policy or None, config=lambda text: text.replace("[archive]", section, 1)
    ).people()


@pytest.fixture
def home(tmp_path: Path):
    with house(tmp_path, sandbox=True) as one:
        yield one


def threats(home: Home, message: str) -> str:
    return next(data for kind, data in home.events(message) if kind == "assessed")["threats"]


def held(home: Home, message: str, why: HoldReason) -> bool:
    rows = home.deliveries(message)
    return bool(rows) and all(one.state is DeliveryState.HELD and one.held_for is why for one in rows)


@pytest.mark.parametrize(
    ("name", "data", "kinds"),
    [
        ("invoice.pdf.exe", PROGRAM, "disguised_name,executable"), ("letter.docm", MACRO, "macro"),
        ("all.zip", packed({"a/b.zip": packed({"run.js": b"1"})}), "executable"), ("scan.pdf", PROGRAM, "executable,type_mismatch"),
        ("all.zip", packed({"old.eml": mail(OFFICE, "Lunch", "x").replace(b"text/plain", b"text/html").replace(b"\r\n\r\nx", b"\r\n\r\n" + LINK.encode())}), "deceptive_link"),
        ("all.zip", packed({"x.exe": PROGRAM}, locked=True), "executable"),
    ],
)  # fmt: skip
def test_a_file_holds_every_copy_and_its_sender_is_told_in_plain_words(
    home: Home, name: str, data: bytes, kinds: str
) -> None:
    message = home.submit(
        mail([MARIA, OFFICE], "Results", RESULTS, files=[(name, "application/octet-stream", data)]), [MARIA, OFFICE]
    )
    home.settle()
    assert held(home, message, HoldReason.THREAT)
    assert threats(home, message) == kinds
    [told] = home.sent()
    assert told.recipient == DOCTOR
    assert receipt_reason(HoldReason.THREAT) in told.text.replace("\n", " ")
    assert what_to_do(HoldReason.THREAT) in told.text.replace("\n", " ")
    for word in (name, "Quintero", MARIA, "diabetes"):
        assert word not in told.text
    said = " ".join(one.text for one in story(home.store, message))
    assert f"Threats: {kinds}." in said
    assert name not in said


def test_a_false_link_holds_a_mail_that_would_go_in_clear(home: Home) -> None:
    raw = mail(OFFICE, "Lunch", LUNCH).replace(b"text/plain", b"text/html").replace(LUNCH.encode(), LINK.encode())
    message = home.submit(raw, OFFICE)
    home.settle()
    assert held(home, message, HoldReason.THREAT)
    other = home.submit(mail(OFFICE, "Lunch", LUNCH, number=2), OFFICE)
    home.settle()
    assert home.delivery(other).method is Method.PASS


def test_staff_let_it_go_by_a_protected_method_only(home: Home) -> None:
    message = home.submit(
        mail(MARIA, "Results", RESULTS, files=[("tool.exe", "application/octet-stream", PROGRAM)]), MARIA
    )
    home.settle()
    assert home.rooms.review.release(home.delivery(message).id, "ann", "our own tool") is Method.LINK
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    [sent] = home.sent(MARIA)
    assert home.enclosed(sent) == [PROGRAM]


def test_nobody_lets_it_go_where_policy_says_never(tmp_path: Path) -> None:
    with house(tmp_path, NEVER, sandbox=True) as home:
        message = home.submit(
            mail(OFFICE, "Lunch", LUNCH, files=[("tool.exe", "application/octet-stream", PROGRAM)]), OFFICE
        )
        home.settle()
        with pytest.raises(PermanentError, match="lets nobody release"):
            home.rooms.review.release(home.delivery(message).id, "ann", "our own tool")
        home.rooms.review.refuse(message, "ann", "no")
        home.settle()
        assert home.sent(OFFICE) == []


def test_what_another_reason_holds_first_is_not_let_go_either(tmp_path: Path) -> None:
    """Staff stopped it before a policy knew of threats: the word `never` counts all the same."""
    with house(tmp_path, sandbox=True) as home:
        message = home.submit(
            mail(OFFICE, "Lunch", LUNCH, files=[("list.docm", "application/octet-stream", MACRO)]), OFFICE
        )
        home.assess()
        (home.root / "policy.toml").write_text(NEVER)
        home.rooms.assess.policy = load_policy(home.root / "policy.toml")
        with pytest.raises(PermanentError, match="lets nobody release"):
            home.rooms.review.release(home.delivery(message).id, "ann", "fine")


def test_an_allowed_kind_goes_its_way_and_stays_in_the_log(tmp_path: Path) -> None:
    with house(tmp_path, starter_policy().replace("[threats]", '[threats]\nmacros = "allow"'), sandbox=True) as home:
        message = home.submit(
            mail(MARIA, "Results", RESULTS, files=[("list.docm", "application/octet-stream", MACRO)]), MARIA
        )
        home.settle()
        assert home.delivery(message).method is Method.LINK
        assert threats(home, message) == "macro"


def test_nobody_with_the_database_makes_a_threat_forgotten(home: Home) -> None:
    message = home.submit(
        mail(MARIA, "Results", RESULTS, files=[("x.exe", "application/octet-stream", PROGRAM)]), MARIA
    )
    home.settle()
    copy = home.delivery(message).id
    kept = home.message(message).scan
    text = json.loads(kept[128:])
    assert text["threats"] == [["executable", "attachment", 1]]
    forged = kept[:128] + json.dumps(text | {"threats": []}, sort_keys=True, separators=(",", ":"))
    home.sql("UPDATE messages SET scan = ? WHERE id = ?", forged, message)
    with pytest.raises(IntegrityError):
        home.rooms.review.release(copy, "ann", "x")
    home.sql("UPDATE messages SET scan = ? WHERE id = ?", kept, message)
    home.sql(
        "UPDATE deliveries SET action = 'deliver', method = 'pass', held_for = NULL, state = 'ready' WHERE id = ?", copy
    )
    home.sql("UPDATE messages SET state = 'assessed' WHERE id = ?", message)
    with home.store.begin() as uow:
        uow.jobs.add(
            next(kind for kind in home.rooms.worker._steps if kind.value == "dispatch"), message, copy, home.clock.now()
        )
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message) or home.delivery(message).action is Action.HOLD


# The virus scanner


def test_clamd_is_asked_about_every_part_and_what_it_knows_is_held(tmp_path: Path) -> None:
    with (
        FalseClamd(lambda data: FOUND if b"bad" in data else b"stream: OK\0") as clamd,
        house(tmp_path, REQUIRED, clamd.url) as home,
    ):
        good = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        bad = home.submit(
            mail([MARIA, OFFICE], "Lunch", LUNCH, files=[("a.txt", "text/plain", b"so bad")], number=2), [MARIA, OFFICE]
        )
        home.settle()
        assert home.delivery(good).method is Method.PASS
        assert held(home, bad, HoldReason.THREAT)
        assert threats(home, bad) == ThreatKind.MALWARE
        assert {one.strip() for one in clamd.streams} == {LUNCH.encode(), b"so bad"}


def test_where_policy_does_not_ask_for_it_clamd_is_not_asked(tmp_path: Path) -> None:
    with FalseClamd(lambda _: FOUND) as clamd, house(tmp_path, url=clamd.url) as home:
        message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert home.delivery(message).method is Method.PASS
        assert clamd.streams == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: OK",
        b"stream: OK ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Heuristics.Limits.Exceeded.MaxFiles FOUND\0",
    ],
)
def test_no_answer_that_counts_is_a_hold_whoever_it_goes_to(tmp_path: Path, answer: bytes) -> None:
    with FalseClamd(lambda _: answer) as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        home.add_certificate(GRACE)
        message = home.submit(mail([MARIA, GRACE, OFFICE], "Results", RESULTS), [MARIA, GRACE, OFFICE])
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
        assert home.sent(MARIA) == home.sent(GRACE) == []
        assert receipt_reason(HoldReason.UNSCANNED) in home.sent(DOCTOR)[0].text.replace("\n", " ")


def test_one_that_is_away_holds_and_what_it_held_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with FalseClamd() as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        clamd.answer = lambda _: b""
        message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
        home.later(timedelta(minutes=11))
        assert held(home, message, HoldReason.UNSCANNED)
        assert len(home.sent(DOCTOR)) == 1
        clamd.answer = lambda _: b"stream: OK\0"
        home.later(timedelta(minutes=21))
        assert home.delivery(message).state is DeliveryState.DELIVERED
        assert home.message(message).state is not MessageState.HELD


def test_one_that_is_slow_holds_and_one_that_is_not_configured_too(tmp_path: Path) -> None:
    with FalseClamd() as clamd, house(tmp_path / "a", REQUIRED, clamd.url, message="1s") as home:
        clamd.after = 30
        message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
    with house(tmp_path / "b", REQUIRED) as home:
        message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)


def test_its_clean_says_nothing_of_what_our_own_limits_did_not_open(tmp_path: Path) -> None:
    bomb = packed({"zeros.txt": b"x"}) + b""
    deep = bomb
    for _ in range(8):
        deep = packed({"next.zip": deep})
    with FalseClamd() as clamd, house(tmp_path, REQUIRED, clamd.url, sandbox=True) as home:
        message = home.submit(mail(MARIA, "Results", RESULTS, files=[("deep.zip", "application/zip", deep)]), MARIA)
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
        assert "beyond_scanner" in next(data for kind, data in home.events(message) if kind == "assessed")["gaps"]
        home.later(timedelta(hours=6))
        assert home.kinds(message).count("assessed") == 1


def test_a_copy_decided_before_policy_asked_for_a_scan_is_scanned_before_it_leaves(tmp_path: Path) -> None:
    with FalseClamd(lambda _: FOUND) as clamd, house(tmp_path, url=clamd.url) as home:
        message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.assess()
        assert home.delivery(message).method is Method.PASS
        (home.root / "policy.toml").write_text(REQUIRED)
        home.rooms.assess.policy = load_policy(home.root / "policy.toml")
        home.settle()
        home.later(timedelta(hours=1))
        assert held(home, message, HoldReason.THREAT)
        assert home.sent(OFFICE) == []


def test_a_link_that_has_left_is_not_closed_because_scans_are_asked_for_since(tmp_path: Path) -> None:
    with FalseClamd() as clamd, house(tmp_path, url=clamd.url) as home:
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
        [sent] = home.sent(MARIA)
        (home.root / "policy.toml").write_text(REQUIRED)
        home.rooms.assess.policy = load_policy(home.root / "policy.toml")
        home.rooms.tell_policy(home.inst)
        with pytest.raises(PickupRefused, match="checking"):
            home.open_link(sent)
        home.later(60)
        assert "diabetes" in home.open_link(sent).text


def test_staff_may_release_what_the_scanner_did_not_judge_and_it_stays_released(tmp_path: Path) -> None:
    with house(tmp_path, REQUIRED) as home:
        message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert home.rooms.review.release(home.delivery(message).id, "ann", "known file") is Method.LINK
        home.settle()
        assert home.delivery(message).state is DeliveryState.DELIVERED
        home.later(timedelta(hours=1))
        assert home.delivery(message).state is DeliveryState.DELIVERED


def test_with_the_real_clamd(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with real_clamd(tmp_path_factory.mktemp("c")) as url, house(tmp_path, REQUIRED, url, sandbox=True) as home:
        good = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        bad = home.submit(
            mail(
                OFFICE,
                "Lunch",
                LUNCH,
                files=[("a.zip", "application/zip", packed({"b.txt": b"see " + MARK}))],
                number=2,
            ),
            OFFICE,
        )
        large = home.submit(
            mail(OFFICE, "Lunch", LUNCH, files=[("a.txt", "text/plain", b"word " * 300_000)], number=3), OFFICE
        )
        home.settle()
        home.settle()
        assert home.delivery(good).method is Method.PASS
        assert held(home, bad, HoldReason.THREAT)
        assert held(home, large, HoldReason.UNSCANNED)

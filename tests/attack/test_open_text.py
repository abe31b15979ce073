"""What stands in the open beside a link: the strictly masked letter, scanned again as the finished mail; else the notice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.relay import RELAYS, choose_relay
from gateway.app.installation import Installation
from gateway.config.policy_file import load_policy
from gateway.domain.decision import Method, OpenText
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Gap, GapReason, ScanReport
from gateway.domain.states import DeliveryState
from gateway.flow.reading import Reader
from gateway.mime.build import passthrough
from gateway.policy.decide import decide
from tests.support.home import LUNCH, MARIA, OFFICE, RESULTS, Home, Sent, mail
from tests.support.readable import marks_in
from tests.unit.policy import test_policy_never_in_clear as space

LETTER = (
    "Dear Maria Quintero,\r\n\r\nyour appointment at St. Brennan Hospital in Springfield is on March 14, 2026. Your blood test of"
    " March 3, 2026 shows diabetes. MRN-4471203, SSN 900-45-6789. Please take metformin 500 mg, call (555) 555-0142 or write"
    " to maria.q@example.net.\r\n\r\nKind regards\r\nDr Lee\r\n\r\nOn Mon, 2 Mar 2026, Maria Quintero wrote:\r\n> my oldest question zqxquoted\r\n"
)  # fmt: skip
HIDDEN = [
    "Maria", "Quintero", "Brennan", "Springfield", "March 14", "March 3", "diabetes", "4471203", "900-45-6789", "metformin",
    "555-0142", "zqxquoted", "zqxfile", "zqxname",
]  # fmt: skip
SENSITIVE = {
    "hiv": "your HIV test result is here; see the infectious disease clinic.", "substance use": "your methadone treatment for opioid use disorder goes on.",
    "mental health": "your depression; keep on with psychiatry and sertraline.", "reproductive": "your abortion and pregnancy test at the clinic.",
    "genetic": "your BRCA1 genetic test result is here.",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("open")) as one:
        yield one.people()


def sent(home: Home, raw: bytes, to: str = MARIA) -> Sent:
    for old in home.hop_folder.iterdir():
        old.unlink()
    home.submit(raw, to)
    home.work()
    [found] = home.sent(to)
    return found


def is_notice(one: Sent) -> bool:
    return "letter without its personal details" not in one.text and "/m/" in one.text


@pytest.mark.proves("open.redacted-letter")
def test_the_letter_is_masked_plain_without_attachment_and_thread(home: Home) -> None:
    files = [("zqxname.txt", "text/plain", b"zqxfile")]
    one = sent(home, mail(MARIA, "Results", LETTER, files=files))
    assert not is_notice(one), "this test needs the letter"
    assert not marks_in(one.raw.replace(b"To: maria.q@example.net", b""), HIDDEN)
    assert [part.get_content_type() for part in one.parsed.walk()] == ["text/plain"]
    assert "[name" in one.text
    assert "[health_term" in one.text
    assert "[date" in one.text


@pytest.mark.proves("open.redacted-letter")
def test_the_finished_mail_is_what_is_scanned_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    real = Reader.read

    def read(self: Reader, chunks: Any, sink: Any, *more: Any, **named: Any) -> Any:
        whole = b"".join(chunks)
        seen.append(whole)
        return real(self, [whole], sink, *more, **named)

    monkeypatch.setattr(Reader, "read", read)
    one = sent(home, mail(MARIA, "Results", RESULTS))
    assert not is_notice(one)
    assert one.raw in seen, "header and all, byte for byte as it leaves"


@pytest.mark.proves("open.redacted-letter", "open.neutral-notice")
@pytest.mark.parametrize(
    "verdict",
    [ScanReport(phi=True), ScanReport(phi=False, gaps=(Gap("text", GapReason.TIMED_OUT),))],
    ids=["phi", "incomplete"],
)
def test_a_finished_mail_that_is_not_clean_is_not_sent(
    home: Home, monkeypatch: pytest.MonkeyPatch, verdict: ScanReport
) -> None:
    real = Reader.judge
    asked: list[Any] = []

    def judge(self: Reader, read: Any, known: Any, *context: Any) -> ScanReport:
        asked.append(read)
        return real(self, read, known, *context) if len(asked) == 1 else verdict

    monkeypatch.setattr(Reader, "judge", judge)
    one = sent(home, mail(MARIA, "Results", RESULTS))
    assert is_notice(one)
    assert not marks_in(one.raw, ["metformin", "Quintero", "blood"])


@pytest.mark.proves("open.neutral-notice")
@pytest.mark.parametrize("name", SENSITIVE)
def test_sensitive_classes_get_the_notice(home: Home, name: str) -> None:
    body = f"Dear Maria Quintero, MRN-4471203: {SENSITIVE[name]}"
    one = sent(home, mail(MARIA, "Results", body))
    assert is_notice(one)
    assert not marks_in(one.raw, [*(one for one in SENSITIVE[name].split() if len(one) > 5), "Quintero"])


@pytest.mark.proves("open.neutral-notice")
@pytest.mark.parametrize("why", ["incomplete scan", "setting", "rule"])
def test_incomplete_scans_and_the_practices_wish_get_the_notice(
    home: Home, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [("scan.pdf", "application/pdf", b"%PDF-1.4 unread")] if why == "incomplete scan" else []
    text = (home.root / "policy.toml").read_text()
    changed = {
        "setting": text.replace('open_text = "letter"', 'open_text = "notice"'),
        "rule": text + '\n[[rule]]\nname = "quiet"\nwhen = { recipient_kind = ["patient"] }\nthen = { action = "deliver", open_text = "notice" }\n',
    }.get(why, text)  # fmt: skip
    file = home.root / "changed.toml"
    file.write_text(changed)
    monkeypatch.setattr(home.rooms.assess, "policy", load_policy(file))
    one = sent(home, mail(MARIA, "Results", RESULTS, files=files))
    assert is_notice(one)
    assert not marks_in(one.raw, ["metformin", "diabetes", "Quintero"])


@pytest.mark.proves("open.address-identifies")
def test_a_letter_without_any_name_is_about_the_one_whose_address_it_has(home: Home) -> None:
    """No name, number or date: at a registered patient's address it is PHI; at nobody's the same words are not."""
    body = "The blood test shows diabetes; please take metformin twice a day."
    one = sent(home, mail(MARIA, "News", body))
    assert not marks_in(one.raw, ["diabetes", "metformin", "blood test"])
    [row] = home.deliveries(one.parsed["X-Sealgate-Id"])
    assert row.method is Method.LINK
    assert row.basis.patients[0][0] == home.maria.id
    assert not is_notice(one), "the matter is masked, so the letter may be shown"


@pytest.mark.proves("open.address-identifies", "open.redacted-letter")
def test_the_finished_mail_is_judged_for_whom_it_goes_to(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are masked and a matter of health is not: beside the address that is PHI, so the notice goes."""
    monkeypatch.setattr("gateway.flow.compose.redact_text", lambda *_, **__: "Your blood test shows diabetes.")
    one = sent(home, mail(MARIA, "Results", RESULTS))
    assert is_notice(one)
    assert not marks_in(one.raw, ["diabetes", "blood test"])


@pytest.mark.proves("open.address-identifies")
@pytest.mark.parametrize("to", [MARIA, OFFICE])
def test_the_same_words_to_nobody_we_know_are_ordinary_mail(home: Home, to: str) -> None:
    body = "Our new machine measures diabetes markers in five minutes; ask for metformin leaflets."
    for old in home.hop_folder.iterdir():
        old.unlink()
    message = home.submit(mail(to, "News", body), to)
    home.work()
    assert home.delivery(message).method is (Method.PASS if to == OFFICE else Method.LINK)


PASS_HEADERS = st.lists(
    st.sampled_from([
        b"Subject: Lunch\r\n", b"From:  a   <a@example.org>\r\n", b"X-Odd:\xff\xfe\r\n", b"Thread-Index: abc\r\n", b"To: b@example.net,\r\n\tc@example.net\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\n", b"DKIM-Signature: v=1; b=a\r\n b\r\n", b"References: <a@b> <c@d>\r\n", b"no field at all\r\n",
    ]), min_size=1, max_size=8,
)  # fmt: skip
NOWHERE = st.lists(
    st.sampled_from([
        b"Bcc: h@example.org\r\n", b"BCC :h@example.org\r\n", b"Resent-Bcc:\r\n h@example.org\r\n", b"X-Sealgate-Method: pass\r\n", b"x-sealgate-id: x\r\n",
        b"Received: from a\r\n by b\r\n", b"RECEIVED: c\r\n",
    ]), max_size=5,
)  # fmt: skip


@pytest.mark.proves("open.pass-keeps-bytes", "open.no-bcc")
@settings(max_examples=200, deadline=None)
@given(PASS_HEADERS, NOWHERE, st.binary(max_size=300), st.randoms(use_true_random=False), st.integers(1, 40))
def test_pass_drops_what_may_leave_nowhere_and_keeps_every_other_byte(
    kept: Any, dropped: Any, body: bytes, dice: Any, size: int
) -> None:
    places = sorted(dice.randrange(len(kept) + 1) for _ in dropped)
    lines = list(kept)
    for place, one in zip(reversed(places), dropped, strict=True):
        lines.insert(place, one)
    raw = b"".join(lines) + b"\r\n" + body
    out = b"".join(passthrough((raw[at : at + size] for at in range(0, len(raw), size)), sealgate_id="m1"))
    assert out == b"X-Sealgate-Id: m1\r\n" + b"".join(kept) + b"\r\n" + body


@pytest.mark.proves("open.pass-keeps-bytes")
def test_pass_and_tls_have_one_composer_and_the_body_travels_as_it_came(home: Home) -> None:
    table = home.rooms.dispatch._compose._table
    assert table[Method.TLS] == table[Method.PASS]
    lines = ["Bcc: h@example.org", "X-Sealgate-Note: other", "Received: from laptop", "X-Kept:  two  spaces"]
    raw = mail(OFFICE, "Lunch", LUNCH, headers=lines)
    one = sent(home, raw, OFFICE)
    kept = raw.replace(b"Bcc: h@example.org\r\nX-Sealgate-Note: other\r\nReceived: from laptop\r\n", b"")
    head, _, body = one.raw.partition(b"\r\n")
    assert head.startswith(b"X-Sealgate-Id: ")
    assert body == kept


@pytest.mark.proves("open.tls-verified")
@settings(max_examples=150, deadline=None)
@given(space.policies(), space.message, space.recipient)
def test_this_version_never_chooses_tls(policy: Any, facts: Any, to: Any) -> None:
    """`tls` is not built: no route of this version verifies a recipient domain's own host, so nobody is trusted for it.

    Every installation asks `_no_tls_route` (below), and without a trusted route no facts, rule, wish or choice of a patient
    make `decide` answer `tls`; `mx://` is refused as an unknown scheme. There is no smarthost setting that could say so either.
    """
    assert decide(policy, facts, replace(to, tls_trusted=False)).method is not Method.TLS


@pytest.mark.proves("open.tls-verified")
def test_no_installation_has_a_route_for_tls(home: Home) -> None:
    facts = Installation.facts(home.inst)
    for one in (MARIA, OFFICE, "grace@clinic.example.net"):
        assert facts.tls_trusted(home.envelope([one]).recipients[0]) is False
    assert "mx" not in RELAYS
    with pytest.raises(ConfigError, match="mx"):
        choose_relay("mx://")
    with pytest.raises(ConfigError, match="known"):
        choose_relay("mx://example.org")


@pytest.mark.proves("open.pass-by-decide")
def test_only_policy_names_pass_as_an_outcome() -> None:
    """No other room makes a decision or a verdict with PASS in it: it may only look whether one has it."""
    makers: set[str] = set()
    root = Path(__file__).parents[2] / "gateway"
    for path in root.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
        for call in calls:
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            given = [*call.args, *(one.value for one in call.keywords)]
            clear = any(isinstance(one, ast.Attribute) and one.attr in {"PASS", "TLS", "REDACT"} for one in given)
            if name in {"Decision", "DeliveryRow", "Verdict", "replace", "by"} and clear:
                makers.add(str(path.relative_to(root)))
        if any(isinstance(one, ast.Call) and getattr(one.func, "id", "") == "Decision" for one in calls):
            makers.add(f"Decision: {path.relative_to(root)}")
    assert {one for one in makers if not one.startswith("Decision: ")} <= {"policy/builtin.py"}
    # Beside `decide`: a release, which takes smime or link; and in one place a copy stopped by staff, and an answer or a mail from
    # outside that is carried into the practice, or held on its way there, which have no method.
    assert {one for one in makers if one.startswith("Decision: ")} == {
        "Decision: policy/decide.py", "Decision: flow/review.py", "Decision: flow/decisions.py",
    }  # fmt: skip


@pytest.mark.proves("open.never-weakened", "open.pass-by-decide")
def test_a_method_without_a_composer_sends_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    table = dict(home.rooms.dispatch._compose._table)
    del table[Method.LINK]
    monkeypatch.setattr(home.rooms.dispatch._compose, "_table", table)
    for old in home.hop_folder.iterdir():
        old.unlink()
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.work()
    row = home.delivery(message)
    assert (row.state, row.open_text) == (DeliveryState.HELD, OpenText.LETTER)
    assert home.sent(MARIA) == []


def test_the_letter_tells_people_apart_where_policy_wants_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home.root / "numbered.toml"
    file.write_text(
        (home.root / "policy.toml").read_text().replace("[detector]", '[detector]\nplaceholders = "numbered"')
    )
    monkeypatch.setattr(home.rooms.assess, "policy", load_policy(file))
    body = (
        "Dear Maria Quintero,\r\n\r\nplease bring Mr. Jonas Fenwick to the visit on March 14, 2026. Mr. Fenwick knows the way.\r\n\r\n"
        "On Mon, 2 Mar 2026, Maria Quintero wrote:\r\n> Is Mr. Oliver Tarn there?\r\n"
    )
    one = sent(home, mail(MARIA, "Visit", body))
    assert not is_notice(one), "this test needs the letter"
    assert not marks_in(one.raw.replace(b"To: maria.q@example.net", b""), ["Maria", "Quintero", "Fenwick", "Tarn"])
    numbers = re.findall(r"\[name-(\d+)\]", one.text)
    assert len(numbers) == 3
    assert numbers[1] == numbers[2] != numbers[0]
    assert "1" not in numbers, "the quoted person was counted first"

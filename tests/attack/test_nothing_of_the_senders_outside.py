"""Whatever the sender wrote in header, structure, calendar and file names, nothing of it is in the open but the allow-list.

Through the real steps: link with the masked letter, link with the notice, S/MIME; reports, receipts and requests too. The
marks are looked for in everything that anybody on the way could decode.
"""

from __future__ import annotations

import base64
import email
import email.policy
import email.utils
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.config.policy_file import load_policy
from gateway.domain.decision import Method, OpenText
from gateway.domain.states import DeliveryState
from gateway.ports.relay import Outcome, Reply
from tests.support.home import DOCTOR, GRACE, MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, Sent, mail
from tests.support.hostile_mail import PLACES, Hostile
from tests.support.readable import marks_in
from tests.unit.seal.cms_reader import decrypt

ALLOWED = {
    "x-sealgate-id", "from", "to", "cc", "date", "message-id", "subject", "mime-version", "auto-submitted", "content-type",
    "content-transfer-encoding", "content-disposition",
}  # fmt: skip
OUR_WORDS = {"Secure message from Willow Clinic"}
INSIDE = ["metformin", "diabetes", "Quintero", "4471203"]
SENSITIVE = "Dear Maria Quintero, MRN-4471203: your HIV test is here. diabetes, metformin."
modes = st.sampled_from(["letter", "notice", "sensitive", "smime", "smime"])
places = st.lists(st.sampled_from(PLACES), min_size=1, max_size=len(PLACES), unique=True).map(tuple)


class Practice:
    """A house whose mails are looked at one by one."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root).people()
        self.key = self.home.add_certificate(GRACE)
        [pem] = (self.home.root / "certificates").glob("*.pem")
        self.certificate = x509.load_pem_x509_certificate(pem.read_bytes())
        self.default = self.home.rooms.assess.policy
        file = self.home.root / "policy-notice.toml"
        text = (self.home.root / "policy.toml").read_text()
        assert 'open_text = "letter"' in text
        file.write_text(text.replace('open_text = "letter"', 'open_text = "notice"'))
        self.quiet = load_policy(file)

    def send(self, one: Hostile, mode: str) -> tuple[str, Sent | None]:
        """Send it; the message's id and what left, if anything did."""
        home = self.home
        home.rooms.assess.policy = self.quiet if mode == "notice" else self.default
        for old in home.hop_folder.iterdir():
            old.unlink()
        message = home.submit(one.raw(), one.to)
        home.work()
        found = home.sent(one.to)
        assert len(found) <= 1
        return message, found[0] if found else None

    def inside(self, sent: Sent) -> bytes:
        """What the recipient's key opens."""
        return decrypt(base64.b64decode(sent.raw.partition(b"\r\n\r\n")[2]), self.certificate.serial_number, self.key)


@pytest.fixture(scope="module")
def practice() -> Iterator[Practice]:
    with tempfile.TemporaryDirectory() as root:
        one = Practice(Path(root))
        yield one
        one.home.close()


def check_outside(sent: Sent, one: Hostile, delivery_id: str) -> None:
    """The allow-list, and nothing else."""
    seen = marks_in(sent.raw, [*one.all_marks().values(), *INSIDE])
    by_mark = {mark: place for place, mark in one.all_marks().items()}
    assert not seen, sorted(by_mark.get(mark, mark) for mark in seen)
    outside = email.message_from_bytes(sent.raw, policy=email.policy.default)
    names = [name.lower() for name in outside.keys()]  # noqa: SIM118
    assert set(names) <= ALLOWED
    assert len(names) == len(set(names))
    assert str(outside["subject"]) in OUR_WORDS
    assert str(outside["from"]) == DOCTOR
    assert {name for name, _ in email.utils.getaddresses([str(outside["to"]), str(outside["cc"] or "")])} <= {
        "",
        "undisclosed-recipients",
    }
    assert str(outside["message-id"]).startswith(f"<{delivery_id}@")
    assert "client@" not in sent.raw.decode("latin-1")


def check(practice: Practice, mode: str, chosen: tuple[str, ...]) -> str:
    to, body = (GRACE, RESULTS) if mode == "smime" else (MARIA, SENSITIVE if mode == "sensitive" else RESULTS)
    one = Hostile(chosen, to, body)
    message, sent = practice.send(one, mode)
    home = practice.home
    rows = home.deliveries(message)
    if sent is not None:
        [row] = rows
        assert row.state is DeliveryState.DELIVERED
        assert row.method is (Method.SMIME if mode == "smime" else Method.LINK)
        check_outside(sent, one, row.id)
        if mode in {"notice", "sensitive"} or home.message(message).scan.count('"gaps":[]') == 0:
            assert row.open_text is OpenText.NOTICE
    secret = [one.mark(place) for place in ("bcc", "resent-bcc", "spaced bcc") if place in chosen]
    if sent is not None and mode == "smime":
        opened = practice.inside(sent)
        assert b"metformin" in opened
        assert not marks_in(opened, secret)
        if "thread-topic" in chosen:
            assert one.mark("thread-topic").encode() in opened, "the marks must be inside, or this test cannot fail"
    for told in home.sent(DOCTOR):
        # Receipts may name the sender's own Message-ID, if it is one.
        marks = [mark for place, mark in one.all_marks().items() if place != "message-id"]
        assert not marks_in(told.raw, [*marks, *INSIDE]), told.text
    return "nothing" if sent is None else mode


@pytest.mark.proves(
    "clear.outer-mail", "open.allow-list", "open.traces", "open.neutral-notice", "open.no-bcc", "where.dsn"
)
def test_marks_in_every_place_at_once(practice: Practice) -> None:
    """Each mode with each family of places, all of its members together."""
    harmless = tuple(one for one in PLACES if one not in {"charset", "no field", "own id"})
    single = dict.fromkeys(
        place for place in harmless if not place.startswith(("from ", "to ", "subject", "folded", "message-id", "odd"))
    )
    for mode in ("letter", "notice", "sensitive", "smime"):
        fates = [
            check(practice, mode, (*single, *top))
            for top in (
                ("from name", "to name", "subject"),
                ("to comment", "subject words"),
                ("from comment", "folded subject", "message-id"),
            )
        ]
        assert set(fates) == {mode}


def _walk(practice: Practice, examples: int, *, derandomize: bool) -> set[str]:
    fates: set[str] = set()

    @settings(
        max_examples=examples, derandomize=derandomize, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(modes, places)
    def live(mode: str, chosen: tuple[str, ...]) -> None:
        fates.add(check(practice, mode, chosen))

    live()
    return fates


@pytest.mark.proves("clear.outer-mail", "open.allow-list", "open.traces")
def test_marks_in_any_places(practice: Practice) -> None:
    assert {"letter", "smime", "notice"} <= _walk(practice, 30, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.proves("clear.outer-mail", "open.allow-list", "open.traces")
def test_marks_in_very_many_places(practice: Practice) -> None:
    for place in PLACES:
        for mode in ("letter", "notice", "smime"):
            check(practice, mode, (place,))
    rounds = int(os.environ.get("SEALGATE_STATES", "2000"))
    assert {"letter", "smime", "notice", "sensitive"} <= _walk(practice, rounds, derandomize=False)


@pytest.mark.proves("where.dsn")
@pytest.mark.parametrize("fate", ["relay_refused", "gave_up", "hold_expired", "refused_by_staff"])
def test_reports_and_receipts_carry_our_id_its_id_times_and_reasons(tmp_path: Path, fate: str) -> None:
    """Remote reply texts, subjects, names and file names stay out. The recipients' addresses are what RFC 3464 asks for."""
    practice = Practice(tmp_path)
    home = practice.home
    chosen = tuple(
        one
        for one in PLACES
        if one not in {"charset", "no field", "own id", "odd message-id", "subject words", "folded subject"}
    )
    to, body = (TOBIAS, TOBIAS_RESULTS) if fate in {"hold_expired", "refused_by_staff"} else (MARIA, RESULTS)
    one = Hostile(chosen, to, body)
    remote = "no such user: Quintero has diabetes zqxremote"
    home.hop.answers[to] = {
        "relay_refused": [Reply(Outcome.PERMANENT, 550, "5.1.1", remote)], "gave_up": [Reply(Outcome.TEMPORARY, 451, "4.3.0", remote)],
    }.get(fate, [])  # fmt: skip
    if not home.hop.answers[to]:
        del home.hop.answers[to]
    message, _ = practice.send(one, "letter")
    if fate == "refused_by_staff":
        home.rooms.review.refuse(message, "ann", "wrong zqxremote person")
    for days in {"gave_up": (0.5, 1, 1), "hold_expired": (5, 5, 5)}.get(fate, (0,)):
        home.later(timedelta(days=days))
    home.hop.answers.clear()
    told = [sent for sent in home.sent(DOCTOR) if message in sent.text or message in str(sent.raw)]
    assert any(sent.parsed.get_content_type() == "multipart/report" for sent in told)
    marks = [mark for place, mark in one.all_marks().items() if place != "message-id"]
    for sent in told:
        assert not marks_in(sent.raw, [*marks, *INSIDE, "Hartwell", "5589001", "zqxremote", "Results", "Dr Lee"]), (
            sent.text
        )
        report = next(
            (part for part in sent.parsed.walk() if part.get_content_type() == "message/delivery-status"), None
        )
        if report is not None:
            names = {name.lower() for block in report.get_payload() for name in block.keys()}  # type: ignore[union-attr]  # noqa: SIM118
            assert names <= {
                "reporting-mta",
                "x-sealgate-id",
                "x-original-message-id",
                "arrival-date",
                "final-recipient",
                "action",
                "status",
            }


@pytest.mark.proves("where.dsn")
@pytest.mark.parametrize(
    "written", ["Quintero has diabetes <a@b.example.org>", "<Maria Quintero diabetes@example.org>", "MRN-4471203"]
)
def test_a_message_id_that_is_none_is_not_repeated(practice: Practice, written: str) -> None:
    home = practice.home
    home.hop.answers[MARIA] = [Reply(Outcome.PERMANENT, 550, "5.1.1", "no")]
    for old in home.hop_folder.iterdir():
        old.unlink()
    raw = mail(MARIA, "Results", RESULTS)
    raw = raw.replace(b"Message-ID: <client-1@willow.example.org>", f"Message-ID: {written}".encode())
    assert written.encode() in raw
    home.submit(raw, MARIA)
    home.work()
    home.hop.answers.clear()
    told = home.sent(DOCTOR)
    assert told
    assert not any(marks_in(one.raw, [*INSIDE, written]) for one in told), told[0].text


@pytest.mark.proves("open.message-ids")
def test_each_message_id_has_its_place(practice: Practice) -> None:
    """S/MIME: the original inside, one fixed per delivery outside. A report about it threads to the original."""
    home = practice.home
    for to, method in ((GRACE, Method.SMIME), (MARIA, Method.LINK)):
        for old in home.hop_folder.iterdir():
            old.unlink()
        home.hop.answers[to] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
        message = home.submit(mail(to, "Maria Quintero", RESULTS, number=77), to)
        home.settle()
        row = home.delivery(message)
        assert (row.state, row.method) == (DeliveryState.RETRY, method)
        assert home.sent(to) == []
        home.hop.answers.clear()
        home.later(120)
        [sent] = home.sent(to)
        assert sent.message_id == row.outer_message_id
        assert row.id in sent.message_id
        assert b"client-77@" not in sent.raw
        if method is Method.SMIME:
            assert b"Message-ID: <client-77@willow.example.org>" in practice.inside(sent)

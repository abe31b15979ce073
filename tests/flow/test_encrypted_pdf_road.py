"""Method `pdf` on its whole road: who gets one, by which password, what stands open, and what is left afterwards."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
import pyzipper

from gateway.adapters.notifier.capture import CaptureNotifier
from gateway.config.starter import starter_policy
from gateway.domain.decision import Method
from gateway.domain.errors import PermanentError, TemporaryError
from gateway.domain.patient import Phrase
from gateway.domain.protected import Protected
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow.story import story
from gateway.ports.checkpoint import unobserved
from gateway.ports.relay import Outcome, Reply
from gateway.seal.passphrase import generated
from tests.support.home import GRACE, MARIA, RESULTS, TOBIAS, Home, mail

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0", text="later")
ASKED = ("X-Sealgate-Method: pdf",)
FILES = [("Labor Quintero.csv", "text/csv", b"glucose,141\n"), ("note.txt", "text/plain", "Señora".encode())]


def policy(lines: str) -> str:
    """The starter policy with these lines first."""
    kept = [one for one in starter_policy().splitlines() if not one.startswith("method_order")]
    return "\n".join([lines, *kept])


@pytest.fixture
def home(tmp_path):
    with Home(tmp_path) as made:
        yield made.people()


def agree(home: Home, patient, text: str | None = None, *, made: bool = True) -> str:
    words = text or generated(os.urandom)
    home.change(patient, phrase=Phrase(Protected(words), date(2026, 1, 2), made))
    return words


def pdf_of(sent) -> bytes:
    [part] = [one for one in sent.parsed.walk() if one.get_filename()]
    assert (part.get_content_type(), part.get_filename()) == ("application/pdf", "secure-message.pdf")
    return part.get_content()


def texts(tmp_path: Path) -> list[dict[str, str]]:
    folder = tmp_path / "texts"
    return [json.loads(one.read_text()) for one in sorted(folder.glob("*.json"))] if folder.is_dir() else []


def password_in(message: dict[str, str]) -> str:
    return next(word for word in message["text"].split() if word.count("-") == 3)


def delivery(home: Home, message_id: str):
    with home.store.begin() as uow:
        return uow.deliveries.of_message(message_id)[0]


def waiting(home: Home) -> int:
    with sqlite3.connect(home.root / "data" / "sealgate.db") as base:
        return base.execute("select count(*) from secrets").fetchone()[0]


def test_the_agreed_phrase_opens_what_is_sent(home, tmp_path):
    words = agree(home, home.maria)
    message = home.submit(mail(MARIA, "Your results, Maria", RESULTS, headers=ASKED, files=FILES), [MARIA])
    home.settle()
    [sent] = home.sent()
    assert sent.parsed["Subject"] == "Secure message from Willow Clinic"
    assert "agreed on with us" in sent.text
    assert "Willow Clinic" in sent.text
    for hidden in ("Maria", "Quintero", "diabetes", "Labor", "Dr Lee", "4471203", words, words.split()[0] + " "):
        assert hidden not in sent.raw.decode()
        assert hidden not in sent.text
    document = pypdfium2.PdfDocument(pdf_of(sent), password=words)
    text = document[0].get_textpage().get_text_bounded()
    for shown in (
        "Message from Willow Clinic",
        "Dr Lee",
        "Your results, Maria",
        "shows diabetes",
        "Labor Quintero.csv",
    ):
        assert shown in text
    assert "Method" not in text
    found = {one.get_name(): bytes(one.get_data()) for one in (document.get_attachment(n) for n in range(2))}
    assert found == {name: content for name, _, content in FILES}
    row = delivery(home, message)
    assert row.method is Method.PDF
    assert row.state is DeliveryState.DELIVERED
    assert "pdf.phrase" in row.reasons
    assert waiting(home) == 0
    assert not texts(tmp_path)
    assert words not in "".join(line.text for line in story(home.store, message))


def test_a_password_by_text_message_is_made_told_and_forgotten(home, tmp_path):
    message = home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    [sent] = home.sent()
    [told] = texts(tmp_path)
    words = password_in(told)
    assert told["to"] == home.maria.phone
    assert "Willow Clinic" in told["text"]
    assert "Maria" not in told["text"]
    assert len(told["text"]) <= 160
    reference = told["text"].split("e-mail ")[1].split()[0]
    assert reference in sent.text
    assert words not in sent.raw.decode()
    assert words not in sent.text
    assert "shows diabetes" in pypdfium2.PdfDocument(pdf_of(sent), password=words)[0].get_textpage().get_text_bounded()
    assert waiting(home) == 0
    lines = " ".join(line.text for line in story(home.store, message))
    assert "The password of an encrypted PDF was sent (phone)" in lines
    assert words not in lines


def test_every_message_has_its_own_password(home, tmp_path):
    for number in (1, 2):
        home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED, number=number), [MARIA])
    home.settle()
    assert len({password_in(one) for one in texts(tmp_path)}) == 2


def test_a_retry_has_the_same_password_and_tells_it_once(home, tmp_path):
    home.hop.answers[MARIA] = [LATER]
    home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    assert not home.sent()
    assert len(texts(tmp_path)) == 1
    assert waiting(home) == 1
    home.hop.answers.clear()
    for _ in range(4):
        home.clock.advance(300)
        home.settle()
    [sent] = home.sent()
    [told] = texts(tmp_path)
    assert len(pypdfium2.PdfDocument(pdf_of(sent), password=password_in(told))) == 1
    assert waiting(home) == 0


class Death(BaseException):
    """The worker is gone."""


@pytest.mark.parametrize(("point", "told"), [("password.1", 1), ("password.2", 2), ("password.3", 1)])
def test_a_worker_that_dies_on_the_way_of_a_password_loses_nothing(home, tmp_path, point, told):
    died = []

    def dies(name: str) -> None:
        if name == point and not died:
            died.append(name)
            raise Death

    home.reached = dies
    home.start()
    home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    with pytest.raises(Death):
        home.settle()
    assert not home.sent()
    home.reached = unobserved
    home.start()
    home.later(home.inst.settings.worker.lease + timedelta(minutes=1))
    home.settle()
    [sent] = home.sent()
    words = {password_in(one) for one in texts(tmp_path)}
    assert (len(texts(tmp_path)), len(words)) == (told, 1), "after 2 the same password is sent again"
    assert len(pypdfium2.PdfDocument(pdf_of(sent), password=words.pop())) == 1
    assert waiting(home) == 0


def test_another_telephone_gets_another_password(home, tmp_path):
    home.hop.answers[MARIA] = [LATER]
    home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    home.change(home.maria, phone="(555) 555-0177")
    home.hop.answers.clear()
    for _ in range(4):
        home.clock.advance(300)
        home.settle()
    [sent] = home.sent()
    first, second = texts(tmp_path)
    assert (first["to"], second["to"]) == ("(555) 555-0142", "(555) 555-0177")
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(pdf_of(sent)), password=password_in(first))
    pikepdf.open(io.BytesIO(pdf_of(sent)), password=password_in(second)).close()


@pytest.mark.parametrize("fault", [TemporaryError("busy"), PermanentError("no such number")])
def test_no_pdf_leaves_while_its_password_cannot(home, tmp_path, fault, monkeypatch):
    def refuse(*_: object) -> None:
        raise fault

    monkeypatch.setattr(CaptureNotifier, "send", refuse)
    message = home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    to_maria = [one for one in home.sent() if one.recipient == MARIA]
    assert not to_maria
    if fault.temporary:
        monkeypatch.undo()
        home.clock.advance(3600)
        home.settle()
        assert len([one for one in home.sent() if one.recipient == MARIA]) == 1 == len(texts(tmp_path))
    else:
        assert delivery(home, message).state is DeliveryState.HELD
        assert "was not sent (phone" in " ".join(line.text for line in story(home.store, message))


@pytest.mark.parametrize(
    "record",
    [
        {"phrase": None, "phone": ""},
        {"phrase": Phrase(Protected("03/04/1971"), date(2026, 1, 2)), "phone": ""},
        {"phrase": Phrase(Protected("MRN-4471203"), date(2026, 1, 2), True), "phone": ""},
        {"phrase": Phrase(Protected("correct horse battery staple"), date(2026, 1, 2)), "phone": ""},
        {"phrase": Phrase(Protected(""), date(2026, 1, 2)), "phone": ""},
    ],
    ids=range(5),
)  # fmt: skip
def test_without_a_strong_password_there_is_no_pdf(home, tmp_path, record):
    home.change(home.maria, **record)
    message = home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    assert not [one for one in home.sent() if one.recipient == MARIA]
    assert not texts(tmp_path)
    row = delivery(home, message)
    assert row.state is DeliveryState.HELD
    assert "method.impossible" in row.reasons


def test_a_phrase_that_became_weak_before_it_leaves_sends_nothing_under_it(home, tmp_path):
    words = agree(
        home, home.maria, "glacier pumpkin whisker lantern crouton trombone mildew parsnip axolotl", made=False
    )
    home.hop.answers[MARIA] = [LATER]
    home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    home.change(home.maria, other_names=("Pumpkin",))
    home.hop.answers.clear()
    for _ in range(4):
        home.clock.advance(300)
        home.settle()
    [sent] = home.sent()
    [told] = texts(tmp_path)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(pdf_of(sent)), password=words)
    pikepdf.open(io.BytesIO(pdf_of(sent)), password=password_in(told)).close()


def test_only_the_patient_gets_one(tmp_path):
    with Home(tmp_path, policy=policy('method_order = ["pdf", "link"]')) as home:
        home.people()
        agree(home, home.maria)
        agree(home, home.tobias)
        home.consent(home.tobias, TOBIAS)
        message = home.submit(mail([MARIA, GRACE], "Results", RESULTS), [MARIA, GRACE])
        home.settle()
        with home.store.begin() as uow:
            methods = [one.method for one in uow.deliveries.of_message(message)]
        assert methods == [Method.PDF, Method.LINK]
        for one in home.sent():
            assert ("secure-message.pdf" in one.raw.decode()) is (one.recipient == MARIA)


def test_two_patients_at_one_address_need_one_phrase(home, tmp_path):
    other = home.patient("Luis", "Quintero", "MRN-771", MARIA, phone="(555) 555-0199")
    home.consent(other, MARIA)
    agree(home, home.maria)
    message = home.submit(mail(MARIA, "Results", RESULTS, headers=ASKED), [MARIA])
    home.settle()
    assert delivery(home, message).method is None
    assert not texts(tmp_path)


def test_an_html_letter_is_shown_as_its_text(home):
    words = agree(home, home.maria)
    raw = mail(MARIA, "Resultados", "x", headers=ASKED).replace(b"text/plain", b"text/html").replace(
        b"\r\n\r\nx", "\r\n\r\n<h1>Señora Quintero</h1><script>no()</script><p>El resultado de la prueba es <b>diabetes</b> y la dosis se cambia para usted.</p><img src=http://x.example/a>".encode()
    )  # fmt: skip
    home.submit(raw.replace(b"7bit", b"8bit"), [MARIA])
    home.settle()
    [sent] = home.sent()
    with pikepdf.open(io.BytesIO(pdf_of(sent)), password=words) as pdf:
        assert pdf.Root.Lang == "es"
    text = pypdfium2.PdfDocument(pdf_of(sent), password=words)[0].get_textpage().get_text_bounded()
    assert "Mensaje de Willow Clinic" in text
    assert "diabetes" in text
    assert "<b>" not in text
    assert "no()" not in text


def test_an_archive_for_those_who_asked(tmp_path):
    with Home(tmp_path, policy=policy(f'method_order = ["pdf", "link"]\npdf.archive_for = ["{MARIA}"]')) as home:
        home.people()
        words = agree(home, home.maria)
        message = home.submit(mail(MARIA, "Results", RESULTS, files=FILES), [MARIA])
        home.settle()
        [sent] = home.sent()
        [part] = [one for one in sent.parsed.walk() if one.get_filename()]
        assert part.get_filename() == "secure-message.zip"
        assert "7-Zip" in sent.text
        assert "pdf.archive" in delivery(home, message).reasons
        with pyzipper.AESZipFile(io.BytesIO(part.get_content())) as outside:
            inner = pyzipper.ZipFile(io.BytesIO(outside.read("message.zip", pwd=words.encode())))
            assert inner.namelist() == ["message.pdf", *(name for name, _, _ in FILES)]
            assert inner.read(FILES[0][0]) == FILES[0][2]
            assert "diabetes" in pypdfium2.PdfDocument(inner.read("message.pdf"))[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("method", ["pdf", "smime", None])
def test_large_attachments_go_by_link_whatever_the_method(tmp_path, method):
    with Home(tmp_path, policy=policy('link_over = "1MiB"')) as home:
        home.people()
        agree(home, home.maria)
        home.add_certificate(MARIA)
        headers = (f"X-Sealgate-Method: {method}",) if method else ()
        large = [("scan.txt", "text/plain", b"word " * 150_000), ("more.txt", "text/plain", b"word " * 100_000)]
        message = home.submit(mail(MARIA, "Results", RESULTS, headers=headers, files=large), [MARIA])
        home.settle()
        row = delivery(home, message)
        assert row.method is Method.LINK
        assert "attachments.large" in row.reasons
        [sent] = home.sent()
        assert sent.token()
        assert "secure-message" not in sent.raw.decode()


def test_a_link_that_became_a_pdf_opens_no_more(tmp_path):
    with Home(tmp_path, policy=policy('method_order = ["link"]')) as home:
        home.people()
        agree(home, home.maria)
        home.hop.answers[MARIA] = [LATER]
        home.submit(mail(MARIA, "Results", RESULTS), [MARIA])
        home.settle()
        (home.root / "policy.toml").write_text(policy('method_order = ["pdf", "link"]'))
        home.start()
        home.hop.answers.clear()
        for _ in range(4):
            home.clock.advance(300)
            home.settle()
        [sent] = home.sent()
        assert pdf_of(sent)
        with home.store.begin() as uow:
            assert [one.state for one in uow.parcels.listed(list(ParcelState))] == [ParcelState.REVOKED]
        assert waiting(home) == 0

"""The house that other tests live in stands: a link, an S/MIME mail and an ordinary mail travel its whole road."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.decision import Method
from gateway.domain.states import DeliveryState, MessageState
from tests.support.home import GRACE, LUNCH, MARIA, OFFICE, RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def test_a_link_opens_with_a_code_and_shows_letter_and_attachment(home: Home) -> None:
    files = [("values.csv", "text/csv", b"hb,13.1\r\n")]
    message = home.submit(mail(MARIA, "Your results, Maria", RESULTS, files=files), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    assert home.delivery(message).method is Method.LINK
    assert b"Quintero" not in sent.raw
    assert b"diabetes" not in sent.raw
    letter = home.open_link(sent)
    assert "diabetes" in letter.text
    assert letter.subject == "Your results, Maria"
    home.clock.advance(600)
    assert home.enclosed(sent) == [b"hb,13.1\r\n"]
    assert home.message(message).state is MessageState.SETTLED
    home.work()
    opened = home.sent("dr.lee@willow.example.org")
    assert ["opened" in str(one.parsed["Subject"]) for one in opened] == [True]


def test_a_colleague_with_a_certificate_gets_it_sealed(home: Home) -> None:
    home.add_certificate(GRACE)
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    [sent] = home.sent(GRACE)
    assert home.delivery(message).method is Method.SMIME
    assert sent.parsed.get_content_type() == "application/pkcs7-mime"


def test_ordinary_mail_passes_untouched(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    [sent] = home.sent(OFFICE)
    assert LUNCH.encode() in sent.raw
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert home.pending() == {}

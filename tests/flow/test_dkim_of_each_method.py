"""What the next hop gets is signed by our keys whatever the method, and a sender's signature survives `pass`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.starter import starter_policy
from gateway.domain.errors import ConfigError
from gateway.seal.dkim import DkimKey
from tests.support.dkim import both, rsa_key, sign, verify, with_keys
from tests.support.home import (
    DOCTOR,
    GRACE,
    LUNCH,
    MARIA,
    OFFICE,
    PRACTICE,
    RESULTS,
    TOBIAS,
    TOBIAS_RESULTS,
    Home,
    mail,
)
from tests.support.openpgp import person

KEYS = both(PRACTICE)
SENDERS = DkimKey("client.example.org", "c1", rsa_key())


def test_every_method_and_notice_leaves_signed(tmp_path: Path) -> None:
    with Home(tmp_path, config=with_keys(tmp_path)) as home:
        home.people()
        home.add_certificate(GRACE)
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.submit(mail(GRACE, "Referral", RESULTS, number=2), GRACE)
        home.submit(mail(OFFICE, "Lunch", LUNCH, number=3), OFFICE)
        home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, number=4), TOBIAS)
        home.settle()
        for to in (MARIA, GRACE, OFFICE, DOCTOR):
            [sent] = home.sent(to)[:1]
            assert verify(sent.raw, KEYS) == [True, True], to
        assert home.sent(GRACE)[0].parsed.get_content_type() == "application/pkcs7-mime"


def test_an_openpgp_message_an_encrypted_pdf_and_a_masked_copy_leave_signed(tmp_path: Path) -> None:
    rule = f'\n[[rule]]\nname = "masked"\nwhen = {{ recipient_domain = ["{OFFICE.partition("@")[2]}"] }}\nthen = {{ action = "deliver", method = "redact" }}\n'
    with Home(tmp_path, config=with_keys(tmp_path), policy=starter_policy() + rule) as home:
        home.people()
        (home.root / "certificates" / f"{GRACE}.asc").write_bytes(person(GRACE, home.clock.now()).public)
        chosen = {
            home.submit(mail(GRACE, "Referral", RESULTS), GRACE): "openpgp",
            home.submit(mail(MARIA, "Results", RESULTS, number=2, headers=["X-Sealgate-Method: pdf"]), MARIA): "pdf",
            home.submit(mail(OFFICE, "Results", RESULTS, number=3), OFFICE): "redact",
        }
        home.settle()
        assert {one: home.delivery(one).method.value for one in chosen} == chosen
        left = home.sent()
    assert {one.recipient for one in left} >= {GRACE, MARIA, OFFICE}
    for one in left:
        assert verify(one.raw, KEYS) == [True, True], one.recipient


def test_a_senders_signature_survives_pass_and_gets_no_other(tmp_path: Path) -> None:
    written = sign(mail(OFFICE, "Lunch", LUNCH), SENDERS)
    with Home(tmp_path, config=with_keys(tmp_path)) as home:
        home.submit(written, OFFICE)
        home.settle()
        [sent] = home.sent(OFFICE)
    assert sent.raw.endswith(written)
    assert verify(sent.raw, [SENDERS]) == [True]


def test_a_mail_whose_tag_was_removed_loses_the_old_signature_and_gets_ours(tmp_path: Path) -> None:
    written = sign(mail(GRACE, "[purpose:treatment] Lunch", LUNCH), SENDERS)
    with Home(tmp_path, config=with_keys(tmp_path)) as home:
        home.people()
        home.submit(written, GRACE)
        home.settle()
        [sent] = home.sent(GRACE)
    assert sent.parsed["Subject"] == "Lunch"
    assert verify(sent.raw, [SENDERS, *KEYS]) == [True, True]
    assert b"client.example.org" not in sent.raw


def test_without_keys_nothing_is_signed(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        home.settle()
        assert b"DKIM-Signature" not in home.sent(OFFICE)[0].raw


def test_a_key_that_others_may_read_stops_the_worker(tmp_path: Path) -> None:
    config = with_keys(tmp_path)
    (tmp_path / "r.key").chmod(0o644)
    with pytest.raises(ConfigError, match="other users"):
        Home(tmp_path, config=config)

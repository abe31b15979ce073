"""A copy for somebody with a Direct certificate goes as Direct; for anybody else, and where it is off, nothing changes."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.decision import Method
from gateway.domain.errors import ConfigError
from gateway.domain.states import DeliveryState
from tests.support import direct
from tests.support.direct import BIRCH, GRACE, OFFICE_DIRECT, OURS
from tests.support.dkim import both, ed25519_key, verify, write_key
from tests.support.home import DOCTOR, MARIA, OFFICE, PRACTICE, RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path, config=direct.configured(tmp_path)) as made:
        made.people()
        made.put_partner("Birch Direct", BIRCH)
        direct.join(made)
        yield made


def test_it_is_wrapped_signed_and_encrypted_and_asks_for_confirmations(home: Home, tmp_path: Path) -> None:
    message = home.submit(
        mail(GRACE, "Maria's results", RESULTS, files=[("scan.txt", "text/plain", b"diabetes")]), GRACE
    )
    home.settle()
    [sent] = home.sent(GRACE)
    row = home.delivery(message)
    assert row.method is Method.SMIME
    assert "method.direct" in row.reasons
    assert row.basis.key == direct.issued(BIRCH).fingerprint(direct.hashes.SHA256()).hex()

    assert re.fullmatch(rf"direct\+{row.id}\.[0-9a-f]{{24}}@{re.escape(OURS)}", sent.envelope_sender)
    assert sent.parsed["From"] == OFFICE_DIRECT
    assert sent.parsed["Disposition-Notification-To"] == sent.envelope_sender
    assert sent.parsed["Disposition-Notification-Options"] == "X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true"
    assert sent.message_id == row.outer_message_id
    assert b"Maria" not in sent.raw

    wrapped = email.message_from_bytes(direct.opened(tmp_path, sent), policy=email.policy.default)
    assert wrapped.get_content_type() == "message/rfc822"
    [inside] = wrapped.get_payload()
    assert inside["Subject"] == "Maria's results"
    assert inside["From"] == OFFICE_DIRECT
    assert inside["Message-ID"] == "<client-1@willow.example.org>"
    assert inside["Disposition-Notification-To"] == sent.envelope_sender
    assert inside.get_body().get_content().replace("\n", "\r\n").startswith("Dear Maria")
    assert [one.get_content() for one in inside.iter_attachments()] == ["diabetes"]


def test_the_log_says_that_it_went_as_direct(home: Home) -> None:
    message = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    home.settle()
    [told] = [data for kind, data in home.events(message) if kind == "delivered"]
    assert (told["method"], told["direct"]) == ("smime", True)


def test_each_author_has_a_direct_address(tmp_path: Path) -> None:
    mine = f"dr.lee@{OURS}"
    more = f'\n[[direct.senders]]\naddress = "{mine}"\nauthors = ["{DOCTOR}"]\ncertificate = "ours.pem"\nkey = "{OURS}.key"\n'
    config = direct.configured(tmp_path)
    files = more.replace('"ours.pem"', f'"{tmp_path}/ours.pem"').replace(f'"{OURS}.key"', f'"{tmp_path}/{OURS}.key"')
    with Home(tmp_path, config=lambda text: config(text) + files) as home:
        home.people()
        home.put_partner("Birch Direct", BIRCH)
        direct.join(home)
        home.submit(mail(GRACE, "Results", RESULTS), GRACE)
        home.settle()
        assert home.sent(GRACE)[0].parsed["From"] == mine


def test_others_get_what_they_got_before(home: Home) -> None:
    home.add_certificate("pat@clinic.example.net")
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.submit(mail("pat@clinic.example.net", "Results", RESULTS, number=2), "pat@clinic.example.net")
    home.submit(mail(OFFICE, "Lunch", "Lunch on Friday?", number=3), OFFICE)
    home.settle()
    for to in (MARIA, "pat@clinic.example.net", OFFICE):
        assert "Disposition-Notification-To" not in home.sent(to)[0].parsed
        assert OURS not in home.sent(to)[0].raw.decode()


def test_a_certificate_of_a_strange_community_is_none(home: Home, tmp_path: Path) -> None:
    direct.pem(home.root / "certificates", "birch", direct.issued(BIRCH, by="Other CA"))
    message = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    home.settle()
    row = home.delivery(message)
    assert row.method is not Method.SMIME
    assert "key.direct.untrusted" in row.reasons


def test_a_certificate_that_is_replaced_before_it_leaves_is_judged_anew(home: Home) -> None:
    message = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    home.assess()
    before = home.delivery(message).basis.key
    direct.pem(home.root / "certificates", "birch", direct.issued(GRACE, key="second"))
    home.settle()
    row = home.delivery(message)
    assert row.state is DeliveryState.DELIVERED
    assert row.basis.key not in {before, ""}
    assert "stale" in home.kinds(message)


def test_switched_off_between_deciding_and_sending_nothing_leaves_as_anything_weaker(home: Home) -> None:
    message = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    home.assess()
    home._settings = lambda one: one.model_copy(update={"direct": one.direct.model_copy(update={"enabled": False})})
    home.start()
    home.settle()
    row = home.delivery(message)
    assert "method.direct" not in row.reasons or row.state is DeliveryState.HELD
    assert all(one.parsed.get_content_type() != "text/plain" or b"diabetes" not in one.raw for one in home.sent(GRACE))


def test_what_staff_release_goes_as_direct_only_while_there_is_a_certificate(home: Home) -> None:
    kept = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    lost = home.submit(mail(GRACE, "Results", RESULTS, number=2), GRACE)
    home.assess()
    for message in (kept, lost):
        home.rooms.review.hold(message, "ann", "let me see")
    home.rooms.review.release(home.delivery(kept).id, "ann", "fine")
    home.settle()
    assert "method.direct" in home.delivery(kept).reasons
    (home.root / "certificates" / "birch.pem").unlink()
    home.rooms.review.release(home.delivery(lost).id, "ann", "fine")
    home.settle()
    row = home.delivery(lost)
    assert (row.state, row.method) == (DeliveryState.DELIVERED, Method.LINK)
    assert "method.direct" not in row.reasons


def test_our_dkim_signature_stands_over_it(tmp_path: Path) -> None:
    key = write_key(tmp_path / "dkim.pem", ed25519_key())
    dkim = f'\n[[dkim.keys]]\ndomain = "{PRACTICE}"\nselector = "e1"\nfile = "{key}"\n'
    config = direct.configured(tmp_path)
    with Home(tmp_path, config=lambda text: config(text) + dkim) as home:
        home.people()
        home.put_partner("Birch Direct", BIRCH)
        direct.join(home)
        home.submit(mail(GRACE, "Results", RESULTS), GRACE)
        home.settle()
        assert verify(home.sent(GRACE)[0].raw, both(PRACTICE)) == [True]


def test_our_certificate_must_be_the_whole_domains(tmp_path: Path) -> None:
    config = direct.configured(tmp_path, certificate=direct.issued(OFFICE_DIRECT, key=OURS))
    with pytest.raises(ConfigError, match="whole domain"):
        Home(tmp_path, config=config)


def test_without_an_inbound_door_direct_is_refused(tmp_path: Path) -> None:
    config = direct.configured(tmp_path)
    with pytest.raises(ConfigError, match=r"inbound\.listen"):
        Home(
            tmp_path,
            config=lambda text: config(text).replace('[inbound]\nlisten = ["127.0.0.1:0"]', "[inbound]\nlisten = []"),
        )

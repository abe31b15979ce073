"""Mail to the practice at the inbound door: taken, kept, opened, marked, handed to the server inside, and forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.app.addresses import own_addresses
from gateway.domain.address import Address
from gateway.domain.audit import EventKind
from gateway.domain.envelope import Direction, Identity
from gateway.domain.errors import ConfigError, MailRefused
from gateway.domain.states import DeliveryState, MessageState
from gateway.ports.checkpoint import unobserved
from gateway.ports.keys import KeyState
from gateway.ports.relay import Outcome, Reply
from gateway.seal import ca, smime
from gateway.seal.own_keys import Purpose
from gateway.seal.smime_signature import Signer
from tests.attack.test_efail_at_the_inbound_door import mark
from tests.support.fakes import FakeClock
from tests.support.home import DOCTOR, LUNCH, MARIA, OFFICE, RESULTS, Home, mail
from tests.support.sealed_mail import crlf, entity
from tests.unit.seal.certificates import recipient, rsa_key, usage

FRONT = "front@willow.example.org"
ALICE = "alice@clinic.example.net"
FIELDS = f"From: Alice <{ALICE}>\nTo: {FRONT}\nSubject: ...\nMessage-ID: <1@clinic.example.net>\nMIME-Version: 1.0\n"
PLAIN = crlf(
    f"X-Sealgate-Verified: signature=good\nFrom: Bob <bob@example.com>\nTo: {FRONT}\nSubject: hello\n\nBring 8-bit: é\n"
)
PAYLOAD = entity(
    f'From: Alice <{ALICE}>\nSubject: Results of Maria\nContent-Type: text/plain; hp="cipher"\n', "diabetes\n"
)
POINTS = ["inbound.1", "inbound.2", "inbound.3", *(f"inside.{n}" for n in (1, 2, 3, 4, 5)), "settle.1", "settle.2"]
AUTHORITY, AUTHORITY_KEY = ca.make_ca("Clinic Authority", FakeClock().now() - timedelta(days=10))
KEY = ec.generate_private_key(ec.SECP256R1())


def issued(name: str, key, **more):  # type: ignore[no-untyped-def]
    start = FakeClock().now() - timedelta(days=1)
    more = {"start": start, "end": start + timedelta(days=300), "issuer": (AUTHORITY, AUTHORITY_KEY)} | more
    return recipient(name, key, **more)


OWN = (issued(FRONT, rsa_key()), rsa_key())
BOTH = usage(digital_signature=True, key_agreement=True)
SIGNER = Signer(issued(ALICE, KEY, key_usage=BOTH), KEY)


def config(text: str) -> str:
    return text.replace("[inbound]\n", '[inbound]\nrelayed = ["@willow.example.org"]\n').replace(
        '# trust = "certificates/authorities.pem"', 'trust = "authorities.pem"'
    ).replace("[relay]\n", '[relay]\ninternal = "capture:///tmp/unused"\n')  # fmt: skip


def build(tmp_path: Path, **more) -> Home:  # type: ignore[no-untyped-def]
    (tmp_path / "sealgate").mkdir(exist_ok=True)
    (tmp_path / "sealgate" / "authorities.pem").write_bytes(AUTHORITY.public_bytes(Encoding.PEM))
    home = Home(tmp_path, config=config, **more)
    give_keys(home)
    return home


def give_keys(home: Home) -> None:
    home.inst.own_decryption = lambda: [OWN]  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with build(tmp_path_factory.mktemp("outside")) as one:
        yield one.people()


@pytest.fixture
def home(shared: Home) -> Home:
    """One installation for most tests, with nothing sent yet."""
    for path in shared.hop_folder.glob("*"):
        path.unlink()
    shared.hop.answers.clear()
    give_keys(shared)
    return shared


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Home]:
    with build(tmp_path) as one:
        yield one


def sealed(payload: bytes = PAYLOAD, signer: Signer = SIGNER, form: smime.Form = smime.Form()) -> bytes:  # noqa: B008
    _, chunks = smime.seal(
        [payload], signer=signer, recipients=[OWN[0]], at=FakeClock().now(), random=os.urandom, form=form
    )
    return crlf(FIELDS) + b"".join(chunks)


def come_in(home: Home, raw: bytes, to: str | list[str] = FRONT, sender: str | None = ALICE) -> str:
    return home.submit(raw, to, sender=sender, direction=Direction.INBOUND, identity=Identity("", "peer"))


def test_plain_mail_goes_inside_unchanged_but_for_the_marks(home: Home) -> None:
    message = come_in(home, PLAIN, sender="bob@example.com")
    assert home.message(message).state is MessageState.RECEIVED
    home.settle()
    [sent] = home.sent(FRONT)
    assert mark(sent.raw) == {"encryption": "none", "signature": "none"}
    assert sent.raw.endswith(PLAIN.partition(b"\r\n")[2])
    assert sent.envelope_sender == "bob@example.com"
    assert (home.delivery(message).state, home.message(message).state) == (
        DeliveryState.DELIVERED,
        MessageState.SETTLED,
    )


def test_sealed_mail_is_opened_marked_and_shown_with_its_real_subject(home: Home) -> None:
    message = come_in(home, sealed())
    home.settle()
    [sent] = home.sent(FRONT)
    assert sent.parsed["Subject"] == "Results of Maria"
    assert "diabetes" in sent.text
    assert mark(sent.raw)["content"] == "authentic"
    assert (mark(sent.raw)["trust"], mark(sent.raw)["signer"]) == ("trusted", ALICE)
    assert sent.envelope_sender.startswith("bounce+"), "no server inside returns the decrypted text to the outside"
    [told] = [data for kind, data in home.events(message) if kind == "unsealed"]
    assert (told["decrypted"], told["authentic"], told["signature"], told["trust"]) == (True, True, "good", "trusted")
    assert ALICE not in str(home.events(message))


def test_nothing_of_it_can_be_opened_once_it_is_inside(home: Home) -> None:
    message = come_in(home, sealed())
    home.settle()
    assert home.message(message).record == b""
    with home.store.begin() as uow:
        assert not uow.objects.wraps(message)
    assert "archived" not in home.kinds(message), "what came from outside lies in the practice's own mailboxes"


@pytest.mark.parametrize("form", [smime.Form(smime.AES_256_GCM), smime.Form(triple=True)])
def test_other_forms_come_in_too(home: Home, form: smime.Form) -> None:
    come_in(home, sealed(form=form))
    home.settle()
    [sent] = home.sent(FRONT)
    assert "diabetes" in sent.text
    assert mark(sent.raw)["content"] == "authentic"


def test_what_cannot_be_opened_goes_inside_as_it_came_with_the_reason(home: Home) -> None:
    home.inst.own_decryption = list  # type: ignore[method-assign]
    raw = sealed()
    come_in(home, raw)
    home.settle()
    [sent] = home.sent(FRONT)
    assert mark(sent.raw) == {"encryption": "smime", "decrypted": "no", "reason": "no-key", "signature": "none"}
    assert sent.raw.endswith(raw)
    assert sent.envelope_sender == ALICE


def test_each_recipient_gets_a_copy_and_a_report_beside_them_is_read(home: Home) -> None:
    link = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    bounce = home.sent(MARIA)[0].envelope_sender
    message = come_in(home, PLAIN, [FRONT, DOCTOR, bounce])
    home.settle()
    assert [one.state for one in home.deliveries(message)] == [DeliveryState.DELIVERED] * 2
    assert len(home.sent(FRONT)) == 1
    assert "bounced" in home.kinds(link)


def test_the_table_takes_own_and_configured_addresses_and_nothing_else(home: Home) -> None:
    table = own_addresses(home.inst)
    assert table.accepts(Address.parse("Anyone@Willow.Example.org"))
    assert table.relays(Address.parse(FRONT))
    for stranger in ("front@willow.example.org.evil.example", "front@example.net", "front@sub.willow.example.org"):
        assert not table.accepts(Address.parse(stranger))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('["@willow.example.org"]', '["@example.net"]', "practice.own_domains"),
        ('["@willow.example.org"]', '["front"]', "name@domain"),
        ('internal = "capture:///tmp/unused"\n', "", "relay.internal"),
    ],
)
def test_a_table_that_would_relay_elsewhere_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "sealgate").mkdir()
    (tmp_path / "sealgate" / "authorities.pem").write_bytes(AUTHORITY.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigError, match=words):
        Home(tmp_path, config=lambda text: config(text).replace(old, new))


def test_it_is_tried_again_and_its_failure_is_told_to_the_postmaster_alone(home: Home) -> None:
    later, never = Reply(Outcome.TEMPORARY, 451, "4.3.0"), Reply(Outcome.PERMANENT, 550, "5.1.1")
    home.hop.answers[FRONT] = [later, never]
    message = come_in(home, sealed())
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    home.later(timedelta(hours=1))
    home.settle()
    assert home.delivery(message).state is DeliveryState.FAILED
    assert home.message(message).state is MessageState.SETTLED
    assert not home.sent(ALICE), "to whoever it says it is from would be backscatter"
    [report] = home.sent("sealgate@willow.example.org")
    assert "diabetes" not in report.text
    assert "Maria" not in report.text


def test_what_left_may_come_in_once_and_never_goes_in_circles(home: Home) -> None:
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    [left] = home.sent(OFFICE)
    come_in(home, left.raw)
    home.settle()
    [back] = home.sent(FRONT)
    with pytest.raises(MailRefused, match="passed here"):
        come_in(home, back.raw)
    with pytest.raises(MailRefused, match="passed here"):
        home.submit(back.raw, OFFICE)


def test_a_large_mail_streams_by_unopened(tmp_path: Path) -> None:
    def small(one):  # type: ignore[no-untyped-def]
        return one.model_copy(update={"inbound": one.inbound.model_copy(update={"open_bytes": 2000})})

    with build(tmp_path, settings=small) as home:
        raw = sealed(PAYLOAD + b"x" * 5000)
        come_in(home, raw)
        home.settle()
        [sent] = home.sent(FRONT)
        assert mark(sent.raw)["reason"] == "too-large"
        assert sent.raw.endswith(raw)


class Death(BaseException):
    """The worker is gone."""


def test_a_death_at_each_point_loses_nothing(fresh: Home) -> None:
    """After the dot (inside.4) it may have arrived: it goes again, the same to the last byte."""
    home = fresh
    for number, point in enumerate(POINTS):
        died: list[str] = []

        def dies(name: str, point: str = point, died: list[str] = died) -> None:
            if name == point and not died:
                died.append(name)
                raise Death

        home.reached = dies
        home.start()
        give_keys(home)
        to = f"front{number}@willow.example.org"
        message = come_in(home, sealed(), to)
        with pytest.raises(Death):
            home.settle()
        home.reached = unobserved
        home.start()
        give_keys(home)
        home.later(home.inst.settings.worker.lease + timedelta(minutes=1))
        home.settle()
        assert home.message(message).state is MessageState.SETTLED, point
        copies = home.sent(to)
        assert len(copies) == (2 if point == "inside.4" else 1), point
        assert len({one.raw for one in copies}) == 1
        assert "diabetes" in copies[0].text


def answer(home: Home):  # type: ignore[no-untyped-def]
    return home.inst.key_directory().find(Address.parse(ALICE), home.clock.now())


def test_a_verified_authors_certificate_is_kept_with_what_they_read(fresh: Home) -> None:
    home = fresh
    assert answer(home).state is KeyState.NONE
    come_in(home, sealed())
    home.settle()
    found = answer(home)
    assert (found.state, found.source) == (KeyState.VALID, "harvested")
    assert found.certificate == SIGNER.certificate.public_bytes(Encoding.DER)
    assert {"aes-256-gcm", "auth-enveloped"} <= found.capabilities
    count = home.sql("SELECT count(*) FROM recipient_keys")
    come_in(home, sealed())
    home.settle()
    assert home.sql("SELECT count(*) FROM recipient_keys") == count
    sealed_bytes = home.sql("SELECT certificate FROM recipient_keys")[0][0]
    home.sql("UPDATE recipient_keys SET certificate = ?", sealed_bytes[:-1] + bytes([sealed_bytes[-1] ^ 1]))
    assert answer(home).state is KeyState.UNTRUSTED
    home.sql("DELETE FROM recipient_keys")
    assert answer(home).state is KeyState.UNTRUSTED


def test_what_staff_imported_counts_more(fresh: Home) -> None:
    home = fresh
    other = issued(ALICE, ec.generate_private_key(ec.SECP256R1()), key_usage=BOTH)
    with home.store.begin() as uow:
        home.inst.imported_keys().put(uow, other, Address.parse(ALICE), "test", home.clock.now(), "test")
    come_in(home, sealed())
    home.settle()
    assert answer(home).certificate == other.public_bytes(Encoding.DER)


def strangers() -> Iterator[tuple[str, bytes]]:
    alone = Signer(
        issued(ALICE, KEY, key_usage=BOTH, issuer=ca.make_ca("Nobody", FakeClock().now() - timedelta(days=9))), KEY
    )
    yield "of no authority", sealed(signer=alone)
    mallory = Signer(issued("mallory@example.com", KEY, key_usage=BOTH), KEY)
    yield "another's", sealed(signer=mallory)
    yield "a changed mail", crlf(FIELDS) + sealed(PAYLOAD)[len(crlf(FIELDS)) :].replace(b"MI", b"MJ", 1)
    yield (
        "an old certificate",
        sealed(signer=Signer(issued(ALICE, KEY, key_usage=BOTH, end=FakeClock().now() + timedelta(hours=1)), KEY)),
    )


def test_no_other_certificate_is_kept(fresh: Home) -> None:
    for name, raw in strangers():
        if name == "an old certificate":
            fresh.clock.advance(7200)
        come_in(fresh, raw)
        fresh.settle()
        assert answer(fresh).state is KeyState.NONE, name
    assert len(fresh.sent(FRONT)) == 4


def test_a_record_that_does_not_hold_waits_for_a_person(home: Home) -> None:
    message = come_in(home, PLAIN, "stuck@willow.example.org")
    home.sql("UPDATE messages SET size = size + 1 WHERE id = ?", message)
    home.settle()
    assert home.message(message).state is MessageState.STUCK
    assert "integrity" in home.kinds(message)
    assert not home.sent("stuck@willow.example.org")


def test_a_key_that_the_practice_made_for_decryption_opens_what_is_sealed_to_it(fresh: Home) -> None:
    """No double here: the key is made, kept and found as in an installation."""
    at, name = fresh.clock.now(), Address.parse(DOCTOR)
    del fresh.inst.own_decryption
    made = fresh.inst.own().signers().new(name, at, Purpose.DECRYPT)
    keys = fresh.inst.own().keys()
    with fresh.store.begin() as uow:
        keys.activate(uow, keys.ring(uow, name), made, EventKind.KEY_MADE, at)
    _, chunks = smime.seal(
        [PAYLOAD], signer=SIGNER, recipients=[made.certificate], at=at, random=os.urandom, form=smime.Form()
    )
    come_in(fresh, crlf(FIELDS.replace(FRONT, DOCTOR)) + b"".join(chunks), DOCTOR)
    fresh.settle()
    [sent] = fresh.sent(DOCTOR)
    assert "diabetes" in sent.text
    assert mark(sent.raw)["content"] == "authentic"

"""What the whole road relays as PGP/MIME opens in gpg, Sequoia's sqop, gosop and rnp, each a reader of its own."""

from __future__ import annotations

import email
import email.policy
import hashlib
import shutil
from pathlib import Path

import pytest

from gateway.seal.openpgp_packets import Tag, dearmoured, packet
from tests.support.home import GRACE, MARIA, RESULTS, Home, mail
from tests.support.openpgp import armour, gpg_at, person
from tests.support.openpgp_readers import READERS, Recipient, message_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("gpg") is None, reason="NO GPG: nothing is sent"),
]
FILE = bytes(range(256)) * 900


class House:
    """The practice, and Grace with her key."""

    def __init__(self, root: Path, engine: str) -> None:
        self.home = Home(root, config=lambda text: text + f'\n[openpgp]\nengine = "{engine}"\n').people()
        at = self.home.clock.now()
        self.grace, self.maria = person(GRACE, at), person(MARIA, at)
        for key in (self.grace, self.maria):
            name = GRACE if key is self.grace else MARIA
            (self.home.root / "certificates" / f"{name}.asc").write_bytes(armour("PUBLIC KEY BLOCK", key.public))
        self.own = self.home.inst._files.openpgp()
        self.folder = root

    def relay(self, to: str, **more: object) -> bytes:
        message = self.home.submit(mail(to, "Diabetes of Maria", RESULTS, **more), [to])
        self.home.settle()
        [sent] = self.home.sent(to)
        assert self.home.delivery(message).method.value == "openpgp"
        return sent.raw


@pytest.fixture(scope="module", params=["gpg", "sequoia"])
def house(request, tmp_path_factory):
    one = House(tmp_path_factory.mktemp("house"), request.param)
    yield one
    one.home.close()


@pytest.fixture(scope="module")
def relayed(house):
    return house.relay(GRACE, files=[("scan.bin", "application/octet-stream", FILE)])


@pytest.mark.parametrize("program", READERS)
def test_the_recipients_program_opens_and_verifies_it(house, relayed, program, tmp_path):
    own = house.own
    who = Recipient(house.grace.secret.reveal(), own.public, own.fingerprint, house.home.clock.now())
    payload = READERS[program](who, message_of(relayed), tmp_path)
    inner = email.message_from_bytes(payload, policy=email.policy.default)
    assert inner["Subject"] == "Diabetes of Maria"
    assert inner.get_param("hp") == "cipher"
    text, file = inner.iter_parts()
    assert "Maria Quintero" in text.get_content()
    assert hashlib.sha256(file.get_content()).digest() == hashlib.sha256(FILE).digest()


def test_outside_stands_nothing_of_it(relayed):
    outer = email.message_from_bytes(relayed, policy=email.policy.default)
    assert outer["Subject"] == "Secure message from Willow Clinic"
    assert outer.get_content_type() == "multipart/encrypted"
    for word in (b"Maria", b"Quintero", b"iabetes", b"MRN-", b"metformin", b"Dr Lee", b"scan.bin"):
        assert word not in relayed


def test_a_message_that_was_changed_on_its_way_is_refused(house, relayed, tmp_path):
    message = bytearray(dearmoured(message_of(relayed), "MESSAGE"))
    with gpg_at(tmp_path / "gpg", house.home.clock.now(), [house.grace.secret.reveal(), house.own.public]) as gpg:
        assert gpg.open(bytes(message)).good
        for at in (len(message) // 2, len(message) - 5):
            changed = bytearray(message)
            changed[at] ^= 1
            opened = gpg.open(bytes(changed))
            assert not opened.good
            assert "GOODMDC" not in opened.said
        assert not gpg.open(bytes(message[:-30])).good


@pytest.mark.parametrize("size", [1000, 1001, 1002])
def test_gpg_reads_our_armour_whatever_its_length(house, size, tmp_path):
    """gpg 2.2 loses its way where neither `=` nor a checksum ends the text: a third of all messages, before there was one."""
    literal = packet(Tag.LITERAL, b"b\0\0\0\0\0" + bytes(size))
    with gpg_at(tmp_path / "gpg", house.home.clock.now()) as gpg:
        opened = gpg.open(armour("MESSAGE", literal))
    assert opened.text == bytes(size)
    assert "radix64" not in opened.said

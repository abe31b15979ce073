"""What lies in the database and the blobs, and in which form: objects and wraps, contexts, envelope, indexes, commitments,
link secrets, notices. Looked at from outside, as a thief of the data would.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from gateway.domain.address import Address
from gateway.domain.protected import Protected
from gateway.domain.records import Holder
from gateway.domain.states import DeliveryState
from gateway.flow import epochs
from gateway.flow.custody import wrap_context
from gateway.ports.vault import Seal
from gateway.seal import hybrid
from gateway.seal.columns import BlindIndex
from gateway.seal.context import context, framed
from gateway.seal.objects import KEY_BYTES, ObjectSealer, open_object
from tests.arch.tree import ROOT
from tests.support.home import DOCTOR, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

CIPHERS = ("Cobblestone256Encryptor(", "Cobblestone256Decryptor(", "AESGCM(", "HKDF(", "Suite(")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


@pytest.mark.proves("rest.objects")
def test_each_object_has_a_key_of_its_own_and_is_streamed(home: Home) -> None:
    with mock.patch.object(home.vault, "_random", wraps=home.vault._random) as drawn:
        first = home.submit(mail(OFFICE, "One", "the same words"), OFFICE)
        second = home.submit(mail(OFFICE, "One", "the same words"), OFFICE)
    assert [call.args for call in drawn.call_args_list] == [(KEY_BYTES,)] * 2
    blobs = {one: b"".join(home.vault._blobs.read(one)) for one in (first, second)}
    assert blobs[first] != blobs[second]
    sealer = ObjectSealer(Protected(bytes(64)), context("i", Seal.MAIL, "o"))
    pieces = [sealer.update(bytes(65536)) for _ in range(8)]
    assert sum(len(one) for one in pieces) > 6 * 65536, "ciphertext comes while plaintext is still written"
    assert b"".join(open_object([*pieces, sealer.finalize()], Protected(bytes(64)), context("i", Seal.MAIL, "o"), sealer.commitment)) == bytes(8 * 65536)  # fmt: skip


@pytest.mark.proves("rest.wraps")
def test_a_wrap_is_hpke_to_both_key_agreements(home: Home) -> None:
    """1120 bytes of ML-KEM-768 and X25519 (draft-ietf-hpke-pq), 64 of data key and salt, 16 of AES-GCM's tag."""
    message = home.submit(mail(OFFICE, "Lunch", "soup"), OFFICE)
    [(kind, epoch, sealed)] = home.sql("SELECT kind, holder, sealed FROM wraps WHERE object_id = ?", message)
    assert (kind, len(sealed)) == ("epoch", 1088 + 32 + KEY_BYTES + 16)
    private = epochs.private(home.keys, epoch)
    bound = wrap_context(home.inst.id, message, Holder(kind, epoch))
    assert len(private.open(sealed, bound).reveal()) == KEY_BYTES
    raw = home.keys.epochs.get(epoch)
    assert raw is not None
    other = hybrid.generate()[0].reveal()
    for half in (raw.reveal()[:64] + other[64:], other[:64] + raw.reveal()[64:]):
        with pytest.raises(Exception, match="does not open"):
            hybrid.OpenWith(Protected(half)).open(sealed, bound)


@pytest.mark.proves("rest.one-context")
def test_nothing_is_sealed_but_under_that_functions_contexts(home: Home) -> None:
    """The ciphers are reached through four modules; whatever they were given on the whole road came from `context`."""
    users = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "gateway").rglob("*.py")
        if any(one in path.read_text() for one in CIPHERS)
    }  # fmt: skip
    own = {f"gateway/seal/{name}.py" for name in ("objects", "link", "columns", "hybrid")}
    # What CMS seals travels and is not kept: its keys are bound as RFC 5753, 8418 and 9936 say.
    travels = {"gateway/seal/smime_recipients.py", "gateway/seal/cms_keys.py"}
    assert {one for one in users if not one.startswith("gateway/app/backup")} == own | travels
    seen: list[bytes] = []

    def watched(key: Protected[bytes], bound: bytes) -> ObjectSealer:
        seen.append(bound)
        return ObjectSealer(key, bound)

    sealed = hybrid.SealTo.seal

    def to_public(self: hybrid.SealTo, plain: bytes, info: bytes) -> bytes:
        seen.append(info)
        return sealed(self, plain, info)

    with (
        mock.patch("gateway.adapters.blobs.sealing.ObjectSealer", watched),
        mock.patch.object(hybrid.SealTo, "seal", to_public),
    ):
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.settle()
    assert len(seen) > 6
    front = framed(b"sealgate/1", home.inst.id.encode())
    purposes = set()
    for bound in seen:
        assert bound.startswith(front)
        fields, rest = [], bound
        while rest:
            size = int.from_bytes(rest[:4], "big")
            fields.append(rest[4 : 4 + size].decode())
            rest = rest[4 + size :]
        assert len(fields) == 6
        assert fields[3], "an object"
        purposes.add(Seal(fields[2]))
    assert purposes >= {Seal.MAIL, Seal.WRAP, Seal.RECORD, Seal.MANIFEST, Seal.LINK}


@pytest.mark.proves("rest.ids-first")
def test_an_object_has_its_id_before_its_first_byte(home: Home) -> None:
    given: list[str] = []
    create = home.vault.create

    def watched(object_id: str, purpose: Seal, part: str = ""):
        given.append(object_id)
        writer = create(object_id, purpose, part)
        assert object_id not in {name for name, _ in home.vault.names()}
        return writer

    with mock.patch.object(home.vault, "create", watched):
        acceptance = home.intake().begin(home.envelope([OFFICE]))
        assert len(given) == 1
        acceptance.write(mail(OFFICE, "Lunch", "soup"))
        assert acceptance.finish() == given[0]
    assert home.message(given[0]).object_id == given[0]


@pytest.mark.proves("rest.sealed-envelope", "rest.sealed-columns")
def test_the_doors_row_holds_id_size_time_and_state_alone(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    [row] = home.sql("SELECT * FROM messages WHERE id = ?", message)
    with sqlite3.connect(home.root / "data" / "sealgate.db") as database:
        names = [one[1] for one in database.execute("PRAGMA table_info(messages)")]
    told = dict(zip(names, row, strict=True))
    assert told.pop("record")
    assert told.pop("sender_tag"), "a keyed tag of who submitted it, for the limits"
    filled = {name for name, value in told.items() if value not in (None, "", b"", 0)}
    assert filled == {"id", "direction", "state", "state_since", "received_at", "size", "epoch", "object_id", "version"}
    data = b"".join((home.root / "data" / f"sealgate.db{end}").read_bytes() for end in ("", "-wal"))
    assert not [one for one in (MARIA, DOCTOR, "192.0.2.7") if one.encode() in data]
    home.settle()
    assert not [one for one in (MARIA, DOCTOR, "Quintero", "MRN-4471203") if one.encode() in data]
    [(recipient,)] = home.sql("SELECT recipient FROM deliveries WHERE message_id = ?", message)
    delivery = home.delivery(message)
    assert home.keys.columns.open("delivery.recipient", delivery.id, recipient) == MARIA.encode()


@pytest.mark.proves("rest.blind-indexes")
def test_indexes_only_of_addresses_phones_and_record_numbers(home: Home) -> None:
    kinds = {kind for (kind,) in home.sql("SELECT kind FROM patient_indexes")}
    assert kinds <= {"email", "proxy_email", "phone", "mrn"}
    assert kinds >= {"email", "phone", "mrn"}
    rows = home.sql("SELECT kind, tag FROM patient_indexes")
    assert all(len(tag) == 33 and tag[:1] == b"\x01" for _, tag in rows), "the key's version stands in the value"
    index, address = home.inst.index(), Address.parse(MARIA)
    assert ("email", index.address("email", address)) in rows
    assert index.address("email", address) != index.address("proxy_email", address), "one key a column"
    one = BlindIndex(Protected(bytes(32)), home.inst.id)
    assert ("email", one.address("email", address)) not in rows, "keyed"


@pytest.mark.proves("rest.blind-indexes")
@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("MARIA.Q@Example.NET", True), ("maria.q@example.net.", True), ("mariaq@example.net", False),
        ("maria.q+news@example.net", False), ("maria.q@example.com", False),
    ],
)  # fmt: skip
def test_one_normaliser_for_index_and_policy(home: Home, written: str, same: bool) -> None:
    """The register finds by the same form that consent, policy and `Address.key` compare: no dots, no +tags are folded."""
    address = Address.parse(written)
    assert (address.key == MARIA) is same
    with home.store.begin() as uow:
        own, _ = home.register.at_address(uow, address)
    assert bool(own) is same
    message = home.submit(mail(written, "Results", RESULTS), written)
    home.settle()
    assert (home.delivery(message).state is DeliveryState.DELIVERED) is same


@pytest.mark.proves("rest.blind-indexes")
def test_an_international_domain_is_one_however_it_is_written(home: Home) -> None:
    one, two = Address.parse("a@BÜCHER.example"), Address.parse("a@xn--bcher-kva.example")
    assert one.key == two.key
    assert home.inst.index().address("email", one) == home.inst.index().address("email", two)


@pytest.mark.proves("rest.salted-commitments")
def test_a_stored_hash_tells_nothing_of_guessed_content(home: Home) -> None:
    raw = mail(OFFICE, "One", "the same words")
    ids = [home.submit(raw, OFFICE) for _ in range(2)]
    stored = [home.sql("SELECT commitment FROM objects WHERE id = ?", one)[0][0] for one in ids]
    assert stored[0] != stored[1], "salted"
    data = (home.root / "data" / "sealgate.db-wal").read_bytes() + (home.root / "data" / "sealgate.db").read_bytes()
    for plain in (
        hashlib.sha256(raw),
        hashlib.sha1(raw, usedforsecurity=False),
        hashlib.md5(raw, usedforsecurity=False),
    ):
        assert plain.digest() not in data
        assert plain.hexdigest().encode() not in data
    [(epoch, wrap)] = home.sql("SELECT holder, sealed FROM wraps WHERE object_id = ?", ids[0])
    key = epochs.private(home.keys, epoch).open(wrap, wrap_context(home.inst.id, ids[0], Holder("epoch", epoch)))
    salt = key.reveal()[32:]
    assert hashlib.sha256(salt + raw).digest() == stored[0], "the salt is sealed beside the data key"


@pytest.mark.proves("rest.link-secret")
def test_secret_and_wraps_come_in_one_transaction_and_go_with_the_last_reply(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.sql("CREATE TRIGGER no BEFORE INSERT ON secrets BEGIN SELECT RAISE(ABORT, 'full'); END")
    home.work()
    assert home.sql("SELECT count(*) FROM wraps WHERE kind = 'parcel'") == [(0,)], "no wraps without the secret"
    home.sql("DROP TRIGGER no")
    home.sql("CREATE TRIGGER no BEFORE DELETE ON secrets BEGIN SELECT RAISE(ABORT, 'full'); END")
    home.later(3600)
    assert home.delivery(message).state is DeliveryState.SENDING, "the reply is not recorded either"
    assert len(home.sql("SELECT sealed FROM secrets")) == 1
    tokens = {one.token() for one in home.sent(MARIA)}
    home.sql("DROP TRIGGER no")
    home.later(2 * 3600)
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]
    assert {one.token() for one in home.sent(MARIA)} == tokens, "every retry sends the same link"
    [token] = tokens
    assert len(token) == 43
    assert home.sql("SELECT count(*) FROM wraps WHERE kind IN ('epoch', 'reissue')") == [(0,)]


@pytest.mark.proves("rest.notices-not-stored")
def test_notices_are_rows_of_codes_until_they_leave(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    held = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, number=2), TOBIAS)
    home.settle()
    home.rooms.review.refuse(held, "ann", "wrong person")
    home.settle()
    home.open_link(home.sent(MARIA)[0])
    home.settle()
    kinds = {kind for (kind,) in home.sql("SELECT kind FROM notices")}
    assert kinds >= {"held", "dsn", "consent-request", "opened"}
    allowed = {"deliveries", "reason", "reply", "nothing_sent", "closed", "opened"}
    for (data,) in home.sql("SELECT data FROM notices"):
        assert set(json.loads(data)) <= allowed
    home.store.after_shredding()
    kept = b"".join(path.read_bytes() for path in (home.root / "data").rglob("*") if path.is_file())
    own = [one for one in home.sent() if "Auto-Submitted" in one.parsed]
    assert len(own) >= 4
    for sent in own:
        lines = [line.strip() for line in sent.text.splitlines() if len(line.strip()) > 30]
        assert lines
        assert not [line for line in lines if line.encode() in kept], "a line of a rendered notice"
        assert not re.search(re.escape(str(sent.parsed["Subject"])).encode(), kept)

"""Every seal is moved to another place: another object, holder, message, column, row, session or purpose. All fail."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.domain.errors import IntegrityError, PickupRefused, SealgateError
from gateway.domain.protected import Protected
from gateway.domain.records import Holder
from gateway.flow import epochs
from gateway.flow.custody import record_context, wrap_context
from gateway.ports.relay import Outcome, Reply
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.context import context
from tests.support.home import MARIA, RESULTS, Home, mail

OTTO = "otto.fields@example.net"


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        one.people()
        one.otto = one.patient("Otto", "Fields", "MRN-7000001", OTTO, phone="555-0123")
        one.consent(one.otto, OTTO)
        yield one


def two_mails(home: Home) -> tuple[str, str]:
    files = [("values.csv", "text/csv", b"hb,13.1\r\n"), ("notes.csv", "text/csv", b"na,140\r\n")]
    first = home.submit(mail(MARIA, "Results", RESULTS, files=files), MARIA)
    return first, home.submit(mail(OTTO, "Results", "Otto Fields, MRN-7000001: diabetes.", number=2), OTTO)


@pytest.mark.proves("rest.swaps-fail")
def test_every_wrap_opens_only_where_it_was_made(home: Home) -> None:
    two_mails(home)
    wraps = [(row[0], Holder(row[1], row[2]), row[3]) for row in home.sql("SELECT * FROM wraps")]
    assert len(wraps) == 2
    for (object_id, holder, _), (_, _, sealed) in itertools.product(wraps, wraps):
        opener = epochs.private(home.keys, holder.id)
        bound = wrap_context(home.inst.id, object_id, holder)
        if (object_id, holder, sealed) in wraps:
            assert len(opener.open(sealed, bound).reveal()) == 64
            for other in (record_context(home.inst.id, object_id, holder.id), context("other-practice", Seal.WRAP, object_id, f"epoch:{holder.id}", holder.id),
                          wrap_context(home.inst.id, object_id, Holder("archive", holder.id)), wrap_context(home.inst.id, object_id, Holder("epoch", "x"))):  # fmt: skip
                with pytest.raises(IntegrityError):
                    opener.open(sealed, other)
        else:
            with pytest.raises(IntegrityError):
                opener.open(sealed, bound)


@pytest.mark.proves("rest.swaps-fail")
def test_an_intake_record_is_no_wrap_and_no_other_messages_record(home: Home) -> None:
    first, second = two_mails(home)
    one, two = home.message(first), home.message(second)
    opener = epochs.private(home.keys, one.epoch)
    assert opener.open(one.record, record_context(home.inst.id, first, one.epoch))
    for bound in (record_context(home.inst.id, second, one.epoch), wrap_context(home.inst.id, first, Holder("epoch", one.epoch)),
                  record_context(home.inst.id, first, "another"), record_context("other", first, one.epoch)):  # fmt: skip
        with pytest.raises(IntegrityError):
            opener.open(one.record, bound)
    with pytest.raises(IntegrityError):
        opener.open(two.record, record_context(home.inst.id, first, one.epoch))


@pytest.mark.proves("rest.swaps-fail")
def test_every_parcel_wrap_opens_only_its_own_object(home: Home) -> None:
    two_mails(home)
    home.settle()
    tokens = {"maria": home.sent(MARIA)[0].token(), "otto": home.sent(OTTO)[0].token()}
    wraps = home.sql("SELECT object_id, holder, sealed FROM wraps WHERE kind = 'parcel'")
    assert len(wraps) == 4
    keks = {}
    for token in tokens.values():
        secret = link.read_token(token)
        assert secret is not None
        for parcel in {holder for _, holder, _ in wraps}:
            pepper = home.inst.peppers().get(parcel)
            assert pepper is not None
            keks[parcel, token] = link.kek(secret, pepper, home.inst.id, parcel)
    opened = 0
    for (object_id, holder, _), (_, _, sealed), (_, kek) in itertools.product(wraps, wraps, keks.items()):
        try:
            link.unwrap(kek, sealed, wrap_context(home.inst.id, object_id, Holder("parcel", holder)))
        except IntegrityError:
            continue
        opened += 1
        assert (object_id, holder, sealed) in wraps
    assert opened == len(wraps)


def fuller_parcel(home: Home) -> tuple[str, str]:
    """Manifest and id of the parcel with attachments."""
    [row] = home.sql(
        "SELECT manifest_id, id FROM parcels WHERE id = "
        "(SELECT holder FROM wraps WHERE kind = 'parcel' GROUP BY holder HAVING count(*) > 1)"
    )
    return row[0], row[1]


def move_wraps(home: Home) -> None:
    """Give the first parcel's manifest the wrap of another object of the same parcel."""
    manifest, parcel = fuller_parcel(home)
    [(other,)] = home.sql("SELECT sealed FROM wraps WHERE holder = ? AND object_id != ? LIMIT 1", parcel, manifest)
    home.sql("UPDATE wraps SET sealed = ? WHERE object_id = ? AND kind = 'parcel'", other, manifest)


def move_manifest(home: Home) -> None:
    """Point the first parcel to an attachment as its letter."""
    manifest, parcel = fuller_parcel(home)
    [(other,)] = home.sql("SELECT object_id FROM wraps WHERE holder = ? AND object_id != ? LIMIT 1", parcel, manifest)
    home.sql("UPDATE parcels SET manifest_id = ? WHERE id = ?", other, parcel)


def swap_blobs(home: Home) -> None:
    """Exchange the two attachments' bytes."""
    names = [one for (one,) in home.sql("SELECT id FROM objects WHERE purpose = 'attachment' ORDER BY id")]
    [one], [two] = ([*(home.root / "data" / "blobs").rglob(name)] for name in names)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def swap_peppers(home: Home) -> None:
    """Exchange two parcels' peppers."""
    shelf = home.inst.peppers()
    one, two = shelf.names()
    first, second = shelf.get(one), shelf.get(two)
    assert first is not None
    assert second is not None
    for name, secret in ((one, second), (two, first)):
        shelf.destroy(name)
        shelf.put(name, Protected(secret.reveal()))


@pytest.mark.proves("rest.swaps-fail")
@pytest.mark.parametrize("vandal", [move_wraps, move_manifest, swap_peppers])
def test_a_link_shows_nothing_when_a_seal_was_moved(home: Home, vandal: Callable[[Home], None]) -> None:
    two_mails(home)
    home.settle()
    vandal(home)
    with pytest.raises((IntegrityError, PickupRefused)):
        home.open_link(home.sent(MARIA)[0])


@pytest.mark.proves("rest.swaps-fail")
def test_an_attachment_never_comes_out_of_another_ones_place(home: Home) -> None:
    two_mails(home)
    home.settle()
    swap_blobs(home)
    cookie = home.prove(home.sent(MARIA)[0].token())
    for index in (0, 1):
        got = b""
        with pytest.raises(SealgateError):
            for chunk in home.pickup.stream(cookie, index).chunks:
                got += chunk
        assert got == b""
    assert home.sql("SELECT count(*) FROM audit WHERE kind = 'integrity'")[0][0] >= 2


def test_a_cut_or_lengthened_blob_never_ends_cleanly(home: Home) -> None:
    two_mails(home)
    home.settle()
    cookie = home.prove(home.sent(MARIA)[0].token())
    [name] = [one.object_id for one in home.pickup.view(cookie).enclosed if one.name == "values.csv"]
    [blob] = [*(home.root / "data" / "blobs").rglob(name)]
    whole = blob.read_bytes()
    for broken in (whole[:-1], whole + b"x", whole[:10], b"", bytes([whole[0] ^ 1]) + whole[1:]):
        blob.write_bytes(broken)
        with pytest.raises(SealgateError):
            b"".join(home.pickup.stream(cookie, 0).chunks)
    blob.write_bytes(whole)
    assert b"".join(home.pickup.stream(cookie, 0).chunks) == b"hb,13.1\r\n"


@pytest.mark.proves("rest.swaps-fail")
def test_a_session_row_belongs_to_its_parcel_and_cookie(home: Home) -> None:
    two_mails(home)
    home.settle()
    mine, its = home.prove(home.sent(MARIA)[0].token()), home.prove(home.sent(OTTO)[0].token())
    first, second = (one for (one,) in home.sql("SELECT parcel_id FROM sessions ORDER BY parcel_id"))
    home.sql("UPDATE sessions SET parcel_id = CASE parcel_id WHEN ? THEN ? ELSE ? END", first, second, first)
    for cookie in (mine, its):
        with pytest.raises(SealgateError):
            home.pickup.view(cookie)


@pytest.mark.proves("rest.swaps-fail")
def test_a_link_secret_moved_to_another_delivery_opens_nothing(home: Home) -> None:
    two_mails(home)
    home.hop.answers["*"] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    home.settle()
    rows = home.sql("SELECT delivery_id, epoch, sealed FROM secrets")
    assert len(rows) == 2
    for (delivery, epoch, sealed), (other, _, _) in itertools.product(rows, rows):
        opener = epochs.private(home.keys, epoch)
        bound = context(home.inst.id, Seal.LINK, other, "delivery", epoch)
        if delivery == other:
            assert len(opener.open(sealed, bound).reveal()) == 32
            with pytest.raises(IntegrityError):
                opener.open(sealed, context(home.inst.id, Seal.LINK, other, "consent", epoch))
        else:
            with pytest.raises(IntegrityError):
                opener.open(sealed, bound)
    home.sql(
        "UPDATE secrets SET sealed = CASE delivery_id WHEN ? THEN ? ELSE ? END", rows[0][0], rows[1][2], rows[0][2]
    )
    home.hop.answers.clear()
    home.later(120)
    assert home.sent(MARIA) == []
    assert home.sent(OTTO) == []
    assert {state for (state,) in home.sql("SELECT state FROM deliveries")} == {"held"}


SEALED_COLUMNS = [
    ("patients", "sealed", "id"), ("deliveries", "recipient", "id"), ("deliveries", "target", "id"), ("messages", "sender", "id"),
]  # fmt: skip


@pytest.mark.proves("rest.swaps-fail")
@pytest.mark.parametrize(("table", "column", "key"), SEALED_COLUMNS)
def test_a_sealed_column_opens_only_in_its_row_and_column(home: Home, table: str, column: str, key: str) -> None:
    two_mails(home)
    home.assess()
    rows = home.sql(f"SELECT {key}, {column} FROM {table} WHERE length({column}) > 0 LIMIT 2")
    assert len(rows) == 2
    values = {value for _, value in rows}
    assert len(values) == 2
    (first, _), (_, moved) = rows
    names = (
        "patient.record",
        "delivery.recipient",
        "delivery.target",
        "message.sender",
        "partner.record",
        "consent.event",
    )
    for name, place in itertools.product(names, (first, f"{first}:1")):
        with pytest.raises(IntegrityError):
            home.keys.columns.open(name, place, moved)


@pytest.mark.proves("rest.swaps-fail")
def test_two_patients_records_swapped_stop_everything_that_needs_them(home: Home) -> None:
    rows = home.sql("SELECT id, sealed FROM patients ORDER BY id LIMIT 2")
    home.sql("UPDATE patients SET sealed = CASE id WHEN ? THEN ? WHEN ? THEN ? ELSE sealed END", rows[0][0], rows[1][1], rows[1][0], rows[0][1])  # fmt: skip
    with pytest.raises(IntegrityError):
        home.register.patients(home.store)
    two_mails(home)
    home.settle()
    assert home.sent(MARIA) == []
    assert home.sent(OTTO) == []


@pytest.mark.proves("rest.one-context")
def test_no_two_places_share_a_context() -> None:
    fields = ["", "a", "b", "ab", "mail", "1"]
    made = {
        context(installation, purpose, object_id, part, epoch): (installation, purpose, object_id, part, epoch)
        for installation in ("a", "b", "ab")
        for purpose in Seal
        for object_id, part, epoch in itertools.product(fields, repeat=3)
    }
    assert len(made) == 3 * len(Seal) * len(fields) ** 3
    assert all(made)

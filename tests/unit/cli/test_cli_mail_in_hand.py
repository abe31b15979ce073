"""queue, parcel, why, audit, archive: what staff do with real mail, over the real store and keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.heads import read_heads
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from tests.support.command import sealgate
from tests.support.fakes import FakeClock
from tests.support.home import MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path, clock=FakeClock(datetime.now(UTC))) as one:
        yield one.people()


def gate(home: Home, *words: object, **more):
    return sealgate(*words, "--config", home.root / "sealgate.toml", **more)


def held(home: Home) -> str:
    message = home.submit(mail(TOBIAS, "Your results", TOBIAS_RESULTS), TOBIAS)
    home.assess()
    assert home.message(message).state is MessageState.HELD
    return message


def linked(home: Home) -> str:
    message = home.submit(mail(MARIA, "Your results, Maria", RESULTS), MARIA)
    home.settle()
    return message


def parcel_of(home: Home, message: str):
    delivery = home.delivery(message).id
    with home.store.begin() as uow:
        return uow.parcels.of_delivery(delivery)


def test_the_queue_lists_and_shows_held_mail(home):
    message = held(home)
    [row] = gate(home, "queue", "list", "--json").rows
    assert (row["id"], row["state"], row["held_for"]) == (message, "held", "consent")
    assert gate(home, "queue", "list", "--state", "stuck", "--json").rows == []
    shown = gate(home, "queue", "show", message, "--json").row
    [copy] = shown["copies"]
    assert (copy["recipient"], copy["state"], copy["held_for"], copy["method"]) == (TOBIAS, "held", "consent", None)
    assert message in gate(home, "queue", "list").out
    assert TOBIAS in gate(home, "queue", "show", message).out
    assert gate(home, "queue", "show", "nope").status == 1


def test_a_release_goes_by_a_protected_method_and_is_logged(home):
    message = held(home)
    delivery = home.delivery(message)
    answer = gate(home, "queue", "release", delivery.id, "--reason", "spoke on the telephone")
    assert (answer.status, answer.out) == (0, f"{delivery.id} goes by link\n")
    assert home.delivery(message).state is DeliveryState.READY
    assert gate(home, "queue", "release", delivery.id, "--reason", "again").status == 1
    assert gate(home, "queue", "release", delivery.id).status == 2
    assert "Released, to go by link: spoke on the telephone. (by cli:" in gate(home, "why", message).out


def test_refusing_ends_a_message(home):
    message = held(home)
    assert gate(home, "queue", "refuse", message, "--reason", "wrong patient").status == 0
    assert home.delivery(message).state is DeliveryState.REFUSED
    assert gate(home, "queue", "refuse", message, "--reason", "again").status == 1


def test_holding_stops_what_has_not_left(home):
    message = home.submit(mail(MARIA, "Your results, Maria", RESULTS), MARIA)
    home.assess()
    assert gate(home, "queue", "retry", home.delivery(message).id).status == 0
    assert gate(home, "queue", "hold", message, "--reason", "second thoughts").out == f"1 copy of {message} held\n"
    assert home.delivery(message).state is DeliveryState.HELD
    assert gate(home, "queue", "hold", message, "--reason", "again").status == 1
    assert gate(home, "queue", "retry", home.delivery(message).id).status == 1


def test_a_link_is_listed_extended_and_revoked(home):
    message = linked(home)
    parcel = parcel_of(home, message)
    [row] = gate(home, "parcel", "list", "--json").rows
    assert (row["id"], row["message"], row["state"]) == (parcel.id, message, "sealed")
    assert gate(home, "parcel", "extend", parcel.id, "--by", "7d").status == 0
    assert (parcel_of(home, message).expires_at - parcel.expires_at).days == 7
    assert gate(home, "parcel", "extend", parcel.id, "--by", "300d").status == 1
    assert gate(home, "parcel", "extend", parcel.id, "--by", "soon").status == 2
    assert gate(home, "parcel", "code", parcel.id).status == 1, "a mailbox proves this one"
    assert gate(home, "parcel", "revoke", parcel.id).status == 0
    assert parcel_of(home, message).state is ParcelState.REVOKED
    assert home.inst.peppers().get(parcel.id) is None
    for words in (["revoke", parcel.id], ["extend", parcel.id, "--by", "1d"], ["code", parcel.id], ["show", "nope"]):
        assert gate(home, "parcel", *words).status == 1
    assert gate(home, "parcel", "show", parcel.id, "--json").row["state"] == "revoked"
    assert "parcel_extended" in home.kinds(message)


def test_a_code_for_a_person_at_the_desk_opens_the_link(home):
    stranger = home.patient("Ines", "Varga", "MRN-990", "ines@example.net", verified_addresses=frozenset())
    home.consent(stranger, "ines@example.net")
    message = home.submit(
        mail(
            "ines@example.net",
            "Results",
            RESULTS.replace("Maria Quintero", "Ines Varga").replace("MRN-4471203", "MRN-990"),
        ),
        "ines@example.net",
    )
    home.settle()
    parcel = parcel_of(home, message)
    assert parcel.proof == "staff"
    answer = gate(home, "parcel", "code", parcel.id)
    code = "".join(one for one in answer.out.split("(")[0] if one.isdigit())
    assert len(code) == 8
    [sent] = home.sent("ines@example.net")
    assert home.pickup.prove(sent.token(), code, "192.0.2.1")
    assert code not in gate(home, "audit", "export").out


def test_why_tells_the_story_in_order(home):
    message = linked(home)
    words = gate(home, "why", message).out
    assert (
        words.index("Accepted")
        < words.index("PHI was found")
        < words.index("Decided: deliver by link")
        < words.index("The next hop took it")
    )
    rows = gate(home, "why", message, "--json").rows
    assert rows[0]["event"] == "received"
    assert MARIA not in words
    assert "Quintero" not in words


def test_the_log_verifies_and_a_changed_row_is_1(home):
    message = linked(home)
    assert gate(home, "audit", "verify").status == 0
    heads = home.root / "audit-heads.jsonl"
    assert read_heads(heads)
    report = gate(home, "audit", "verify", "--head", heads, "--json").row
    assert report["ok"]
    assert len(gate(home, "audit", "export").rows) >= report["rows"] > 0
    assert gate(home, "audit", "list", "--last", "1", "--json").rows == gate(home, "audit", "list", "--json").rows[-1:]
    assert {row["message"] for row in gate(home, "audit", "list", message, "--json").rows} == {message}
    home.sql("UPDATE audit SET data = '{}' WHERE kind = 'decided'")
    broken = gate(home, "audit", "verify", "--json")
    assert broken.status == 1
    assert any("was changed" in one for one in broken.row["problems"])


def test_the_head_s_public_key_may_be_named(home, tmp_path):
    linked(home)
    assert gate(home, "audit", "verify", home.root / "keys" / "calendar.pub").status == 0
    assert gate(home, "audit", "verify", home.root / "keys" / "intake.pub").status == 1
    assert gate(home, "audit", "verify", tmp_path / "none").status == 2
    assert gate(home, "audit", "verify", "--head", tmp_path / "none").status == 2


def test_the_archive_opens_with_an_offline_key_only(home, tmp_path):
    raw = mail(MARIA, "Your results, Maria", RESULTS)
    message = home.submit(raw, MARIA)
    home.settle()
    assert home.message(message).state is MessageState.SETTLED
    offline = home.root / "OFFLINE-move-these-away"
    for name in ("practice", "escrow"):
        out = tmp_path / f"{name}.eml"
        key = offline / f"archive-{name}.key"
        assert gate(home, "archive", "open", message, "--key", key, "--out", out).status == 0
        assert raw in out.read_bytes()
        assert gate(home, "archive", "open", message, "--key", key, "--out", out).status == 2, "never overwrites"
        assert gate(home, "archive", "open", message, "--key", key).raw == out.read_bytes()
    assert home.kinds(message).count("archive_opened") == 4
    assert gate(home, "archive", "open", message, "--key", home.root / "keys" / "columns.key").status == 2
    assert gate(home, "archive", "open", "nope", "--key", offline / "archive-practice.key").status == 1


def test_a_changed_archive_is_not_handed_out(home, tmp_path):
    message = home.submit(mail(MARIA, "Your results, Maria", RESULTS), MARIA)
    home.settle()
    [blob] = [one for one in (home.root / "data" / "blobs").rglob("*") if one.is_file() and one.name == message]
    data = bytearray(blob.read_bytes())
    data[-20] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(data)
    key = home.root / "OFFLINE-move-these-away" / "archive-practice.key"
    answer = gate(home, "archive", "open", message, "--key", key, "--out", tmp_path / "o.eml")
    assert (answer.status, (tmp_path / "o.eml").exists(), answer.raw) == (1, False, b"")

"""attack/stolen_everything, over days: eight mails with every fate, the data copied at each numbered step and in each state,
and today's thief with all of those copies, today's shelf and every key file. He opens what is in hand today, and nothing else.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.app.created import OFFLINE
from gateway.app.keyfiles import archive_private
from gateway.domain.protected import Protected
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.flow.pickup import Pickup
from tests.support.home import MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail
from tests.support.thief import Loot, Thief, Wrap

DAY, HOUR = 24 * 3600.0, 3600.0
PEOPLE = {
    name: (f"{name.lower()}.{family.lower()}@example.net", family, f"MRN-77{number:05}")
    for number, (name, family) in enumerate(
        [("Otto", "Fields"), ("Petra", "Quill"), ("Ruben", "Sayer"), ("Silvia", "Thorne"), ("Ursula", "Vance")]
    )
}
STEPS = (
    *(f"intake.{n}" for n in (1, 2, 3)), *(f"assess.{n}" for n in (1, 2, 3)), *(f"parcel.{n}" for n in (1, 2, 3)),
    *(f"dispatch.{n}" for n in (1, 2, 3, 4, 5)), *(f"settle.{n}" for n in (1, 2)), *(f"pickup.{n}" for n in (1, 2, 3, 4)),
)  # fmt: skip
IN_HAND = [one for one in STEPS if one.startswith(("intake.3", "assess", "parcel", "dispatch"))]


class Dies(BaseException):
    """The worker's death at a named point."""


@dataclass
class Days:
    """What happened, and every copy that was made on the way."""

    home: Home
    folder: Path
    loot: list[Loot] = field(default_factory=list)
    mails: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    tried: dict[Wrap, list[Protected[bytes]]] = field(default_factory=dict)
    dies_at: str = ""

    def snap(self, name: str) -> Loot:
        target = self.folder / f"{len(self.loot)}"
        shutil.copytree(self.home.root / "data", target / "data")
        shutil.copytree(self.home.root / "shelf", target / "shelf")
        self.loot.append(Loot(name, target / "data", target / "shelf"))
        return self.loot[-1]

    def reached(self, point: str) -> None:
        if point in STEPS and point not in {one.name for one in self.loot}:
            self.snap(point)
        if point == self.dies_at:
            self.dies_at = ""
            raise Dies

    def write(self, name: str, *headers: str) -> str:
        address, family, mrn = PEOPLE[name]
        text = f"Dear {name} {family},\n\nyour blood test shows diabetes. {mrn}. Please take metformin.\n"
        files = [(f"{name}.csv", "text/csv", f"hb,{mrn}\r\n".encode())]
        raw = mail(address, f"For {name}", text, headers=headers, files=files, number=len(self.mails) + 10)
        self.mails[name] = self.home.submit(raw, address, intake=self.home.intake(self.reached))
        return self.mails[name]

    def token(self, name: str, address: str) -> None:
        self.tokens[name] = next(one for one in self.home.sent(address) if "/m/" in one.text).token()

    def named(self, *names: str) -> list[Loot]:
        return [one for one in self.loot if one.name in names]


def live(days: Days) -> None:
    """Five days of a practice."""
    home = days.home
    for name, (address, family, mrn) in PEOPLE.items():
        patient = home.patient(name, family, mrn, address)
        if name != "Ursula":
            home.consent(patient, address)
    home.reached = days.reached
    home.start()
    days.snap("before")
    days.mails["Maria"] = home.submit(
        mail(MARIA, "Results", RESULTS, files=[("a.csv", "text/csv", b"hb,13.1\r\n")]), MARIA,
        intake=home.intake(days.reached),
    )  # fmt: skip
    days.mails["Tobias"] = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, number=2), TOBIAS)
    home.settle()
    days.snap("awaiting consent")
    days.snap("delivered")
    days.dies_at = "dispatch.3"
    days.write("Otto")
    with pytest.raises(Dies):
        home.settle()
    assert home.sql("SELECT state FROM attempts WHERE state = 'in_doubt'") == [("in_doubt",)]
    days.snap("in doubt")
    home.later(HOUR)
    assert home.delivery(days.mails["Otto"]).state is DeliveryState.DELIVERED
    home.sql("UPDATE objects SET commitment = zeroblob(32) WHERE id = ?", days.write("Petra"))
    days.write("Ruben")
    days.write("Silvia", "X-Sealgate-Expires: 2d")
    refused = home.submit(mail(TOBIAS, "More", TOBIAS_RESULTS, number=3), TOBIAS)
    days.mails["refused"] = refused
    home.settle()
    assert home.message(days.mails["Petra"]).state is MessageState.STUCK
    days.snap("stuck")
    days.snap("held")
    for name, address in (("Maria", MARIA), *((one, PEOPLE[one][0]) for one in ("Otto", "Ruben", "Silvia"))):
        days.token(name, address)
    portal = (home.inst.id, home.clock, home.tokens)
    home.pickup = Pickup(
        home.store, home.vault, home.inst.peppers(), home.inst.lookup_key(), *portal, reached=days.reached
    )
    cookie = home.prove(days.tokens["Maria"])
    assert b"13.1" in b"".join(home.pickup.stream(cookie, 0).chunks)
    days.snap("parcel opened")
    home.settle()
    [(ruben,)] = home.sql("SELECT id FROM parcels WHERE message_id = ?", days.mails["Ruben"])
    days.snap("before the revocation")
    assert home.rooms.recheck.revoke(ruben, "ann")
    days.snap("revoked")
    home.rooms.review.refuse(refused, "ann", "wrong person")
    home.settle()
    days.snap("evening of day 0")
    home.later(DAY)
    days.snap("backup of day 1")
    home.answer_consent(next(one for one in home.sent(TOBIAS) if "/c/" in one.text), yes=True)
    home.rooms.review.refuse(days.mails["Petra"], "ann", "broken")
    home.settle()
    days.token("Tobias", TOBIAS)
    days.snap("backup of day 1, later")
    home.later(DAY + HOUR)
    assert home.sql("SELECT state FROM parcels WHERE message_id = ?", days.mails["Silvia"]) == [
        (ParcelState.EXPIRED.value,)
    ]
    days.snap("expired")
    days.write("Ursula")
    home.settle()
    home.later(DAY)
    home.later(60)
    days.snap("backup of day 3")
    home.later(DAY)
    home.later(60)
    assert home.message(days.mails["Ursula"]).state is MessageState.HELD
    days.snap("today")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    root = tmp_path_factory.mktemp("days")
    with Home(root) as home:
        one = Days(home.people(), root / "loot")
        live(one)
        yield one


def today(days: Days, **more: object) -> Thief:
    who = Thief(days.home.inst.id, days.home.root / "shelf", days.home.root / "keys", **more)  # type: ignore[arg-type]
    if "offline" not in more:
        who.tried = days.tried  # the same keys on the same wraps: tried once
    return who


def opened(who: Thief, loot: list[Loot]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in loot:
        found |= who.opened(one, loot)
    return found


def in_parcel(days: Days, name: str) -> set[str]:
    """The objects that a mail's link ever opened, from any copy."""
    query = (
        f"SELECT w.object_id FROM wraps w JOIN parcels p ON p.id = w.holder WHERE p.message_id = '{days.mails[name]}'"
    )
    return {row[0] for one in days.loot for row in one.rows(query)}


@pytest.mark.proves("rest.stolen-everything")
def test_there_is_a_copy_of_every_step_and_state(days: Days) -> None:
    names = {one.name for one in days.loot}
    assert names >= set(STEPS) | {
        "held",
        "awaiting consent",
        "stuck",
        "in doubt",
        "delivered",
        "parcel opened",
        "revoked",
        "expired",
    }
    assert {"backup of day 1", "backup of day 3", "today"} <= names
    assert any((one.folder / "sealgate.db-wal").exists() for one in days.loot), "with WAL"


@pytest.mark.proves("rest.stolen-everything")
def test_the_same_thief_of_that_day_opens_what_was_in_hand_at_each_step(days: Days) -> None:
    """The positive control: the script is not blind at any step."""
    evening = days.named("evening of day 0")[0].shelf
    assert evening is not None
    who = Thief(days.home.inst.id, evening, days.home.root / "keys")
    blind = [
        step for step in (*IN_HAND, "held", "awaiting consent", "stuck", "in doubt")
        if not any(b"diabetes" in found for one in days.named(step) for found in who.opened(one, [one]).values())
    ]  # fmt: skip
    assert blind == []
    in_doubt = who.opened(days.named("in doubt")[0])
    assert any(name.startswith("secret:") for name in in_doubt), "a link that may have left is still in hand"
    waiting = who.opened(days.named("delivered")[0])
    assert days.mails["Maria"] not in waiting, "and what was settled is not"


@pytest.mark.proves("rest.stolen-everything", "forgets.running-epochs", "rest.epoch-ends", "rest.epochs")
def test_today_he_opens_what_is_in_hand_today_and_nothing_else(days: Days) -> None:
    """Over every snapshot, WAL and backup of every date, with every key that the servers still hold."""
    who = today(days)
    assert who.private
    assert len(who.symmetric) > 5
    assert set(who.files) >= {
        "calendar.key",
        "columns.key",
        "index.key",
        "decision.key",
        "bounce.key",
        "lookup.key",
        "ca.key",
        "intake.key",
    }
    assert not [one for one in who.files if one.startswith("archive") and one.endswith(".key")]
    found = opened(who, days.loot)
    ursula = days.mails["Ursula"]
    assert set(found) == {ursula, f"record:{ursula}"}, {name: content[:40] for name, content in found.items()}
    assert b"diabetes" in found[ursula], "and that one he does open: he is not blind today either"


@pytest.mark.proves("rest.stolen-everything", "rest.link-derivation")
def test_with_the_secret_of_a_link_exactly_that_parcel(days: Days) -> None:
    for name in ("Maria", "Otto"):
        found = opened(today(days, links=[days.tokens[name]]), days.loot)
        mine = in_parcel(days, name)
        assert len(mine) >= 1
        assert {one for one in found if days.mails["Ursula"] not in one} == mine, name
        assert any(b"diabetes" in found[one] for one in mine)


@pytest.mark.proves("forgets.revocation-beats-backups", "rest.pepper-destroyed")
@pytest.mark.parametrize("name", ["Ruben", "Silvia"])
def test_a_revoked_or_expired_link_opens_nothing_in_any_backup(days: Days, name: str) -> None:
    """The attacker has the link, every older copy of database and blobs, and today's shelf; the pepper is gone."""
    found = opened(today(days, links=[days.tokens[name]]), days.loot)
    assert not set(found) & in_parcel(days, name)
    assert in_parcel(days, name), "the backups do have the wraps"
    # The positive control: before its end the same thief opened it.
    then = days.named("before the revocation")[0]
    assert then.shelf is not None
    thief = Thief(days.home.inst.id, then.shelf, days.home.root / "keys", links=[days.tokens[name]])
    assert in_parcel(days, name) <= set(thief.opened(then))


@pytest.mark.proves("rest.stolen-everything")
def test_with_an_archive_key_exactly_the_archive(days: Days) -> None:
    delivered = {days.mails[name] for name in ("Maria", "Tobias", "Otto", "Ruben", "Silvia")}
    key = archive_private(days.home.root / OFFLINE / "archive-escrow.key")
    found = opened(today(days, offline=[key]), days.loot)
    assert {one for one in found if days.mails["Ursula"] not in one} == delivered
    assert all(b"diabetes" in found[one] for one in delivered)


@pytest.mark.proves("rest.message-content", "rest.sealed-columns")
def test_the_columns_that_servers_can_read_hold_nothing_of_the_content(days: Days) -> None:
    who, marks = today(days), [b"diabetes", b"metformin", b"Results", b"For Otto", b"a.csv", b"Otto.csv", b"13.1"]
    seen: set[bytes] = set()
    for one in days.loot:
        seen |= set(who.columns(one))
    assert MARIA.encode() in seen, "addresses are readable to workers"
    assert not [(mark, value) for value in seen for mark in marks if mark in value]

"""Everything that the servers have is stolen: every snapshot of the data since the mail came, the shelf, all keys.

After delivery and the end of the epoch no wrap opens a delivered message. With the link's secret exactly that parcel opens;
with an archive key exactly the archive. Before the epoch's end the same thief does open the mail in hand: the test is not blind.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.app.created import OFFLINE
from gateway.app.keyfiles import archive_private
from gateway.domain.errors import SealgateError
from gateway.domain.protected import Protected
from gateway.domain.states import MessageState
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.context import context
from tests.support.home import MARIA, RESULTS, Home, mail
from tests.support.thief import Loot, Thief

PATIENT2, MRN2 = "otto.fields@example.net", "MRN-7000001"
DAY = 24 * 3600.0


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


class Crime:
    """The life of two mails by link, with a snapshot at every state."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder, self.loot = home, folder, []
        otto = home.patient("Otto", "Fields", MRN2, PATIENT2)
        home.consent(otto, PATIENT2)
        self.snap("before")
        files = [("values.csv", "text/csv", b"hb,13.1\r\n")]
        self.first = home.submit(mail(MARIA, "Results", RESULTS, files=files), MARIA)
        self.second = home.submit(mail(PATIENT2, "Results", f"Otto Fields, {MRN2}: diabetes.", number=2), PATIENT2)
        self.snap("received")
        home.assess()
        self.snap("ready")
        home.hop.before = lambda _: self.snap(f"sending {len(self.loot)}")
        home.run_job("dispatch")
        home.hop.before = lambda _: None
        self.snap("delivered")
        home.settle()
        self.snap("settled")
        [self.to_maria] = home.sent(MARIA)
        [self.to_otto] = home.sent(PATIENT2)

    def snap(self, name: str) -> None:
        target = self.folder / f"{len(self.loot)}"
        shutil.copytree(self.home.root / "data", target)
        self.loot.append(Loot(name, target))

    def parcel_objects(self, message: str) -> set[str]:
        return {one for (one,) in self.home.sql(
            "SELECT w.object_id FROM wraps w JOIN parcels p ON p.id = w.holder WHERE w.kind = 'parcel' AND p.message_id = ?",
            message)}  # fmt: skip

    def day_ends(self) -> None:
        """The epoch turns, and its key is destroyed because nothing needs it any more."""
        self.home.later(DAY + 60)
        self.home.later(60)
        self.snap("a day later")


def thief(home: Home, **more) -> Thief:
    return Thief(home.inst.id, home.root / "shelf", home.root / "keys", **more)


def all_opened(who: Thief, loot: Sequence[Loot]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in loot:
        found |= who.opened(one)
    return found


def test_while_it_is_in_hand_a_thief_of_everything_opens_it(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    found = all_opened(thief(home), crime.loot)
    # Said plainly in docs/security-model.md: until the epoch's end a snapshot taken in the meantime opens.
    assert {crime.first, crime.second, f"record:{crime.first}"} <= set(found)
    assert b"diabetes" in found[crime.first]
    assert any(name.startswith("secret:") for name in found)


@pytest.mark.proves("rest.stolen-everything")
def test_what_is_left_after_settling_opens_nothing_even_the_same_day(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    assert home.message(crime.first).state is MessageState.SETTLED
    assert thief(home).opened(crime.loot[-1]) == {}


@pytest.mark.proves("rest.stolen-everything")
def test_after_the_epoch_no_snapshot_of_any_date_opens(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    before = set(home.inst.epoch_keys().names())
    crime.day_ends()
    assert not before & set(home.inst.epoch_keys().names())
    who = thief(home)
    assert who.private, "the thief has the present epoch's key"
    assert len(who.shelf) > len(who.private), "and the peppers of open parcels"
    for one in crime.loot:
        assert who.opened(one) == {}, one.name


@pytest.mark.proves("rest.stolen-everything")
def test_a_link_opens_exactly_its_parcel(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    crime.day_ends()
    found = all_opened(thief(home, links=[crime.to_maria.token()]), crime.loot)
    assert set(found) == crime.parcel_objects(crime.first)
    assert any(b"diabetes" in one for one in found.values())
    assert b"hb,13.1\r\n" in found.values()
    assert not any(b"Otto" in one for one in found.values())


@pytest.mark.proves("rest.pepper-destroyed", "forgets.revocation-beats-backups")
def test_an_expired_link_opens_nothing_in_any_snapshot(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    crime.day_ends()
    home.later(15 * DAY)
    crime.snap("expired")
    tokens = [crime.to_maria.token(), crime.to_otto.token()]
    assert all_opened(thief(home, links=tokens), crime.loot) == {}


@pytest.mark.proves("rest.stolen-everything")
def test_an_archive_key_opens_exactly_the_archive(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    crime.day_ends()
    for name in ("practice", "escrow"):
        key = archive_private(home.root / OFFLINE / f"archive-{name}.key")
        found = all_opened(thief(home, offline=[key]), crime.loot)
        assert set(found) == {crime.first, crime.second}
        assert b"Maria Quintero" in found[crime.first]
    # The private halves are what the practice takes away; nothing of them is in the keys directory.
    for path in (home.root / "keys").iterdir():
        for one in ("practice", "escrow"):
            secret = (home.root / OFFLINE / f"archive-{one}.key").read_bytes().strip()
            assert secret not in path.read_bytes()


def test_a_mail_that_was_refused_is_gone_for_everybody(home: Home, tmp_path: Path) -> None:
    message = home.submit(mail("tobias@example.com", "Results", RESULTS), "tobias@example.com")
    home.settle()
    home.rooms.review.refuse(message, "ann", "wrong person")
    home.settle()
    home.later(DAY + 60)
    home.later(60)
    keys = [archive_private(home.root / OFFLINE / f"archive-{name}.key") for name in ("practice", "escrow")]
    shutil.copytree(home.root / "data", tmp_path / "after")
    assert thief(home, offline=keys).opened(Loot("after", tmp_path / "after")) == {}
    assert not list((home.root / "data" / "blobs").rglob(message))


def test_a_browser_session_needs_its_cookie(home: Home, tmp_path: Path) -> None:
    crime = Crime(home, tmp_path / "loot")
    cookie = home.prove(crime.to_maria.token())
    rows = home.sql("SELECT sealed, parcel_id FROM sessions")
    value = link.read_token(cookie)
    assert value is not None
    for sealed, parcel in rows:
        bound = context(home.inst.id, Seal.SESSION, parcel, "sealed")
        assert link.unwrap(link.session_key(value, home.inst.id, parcel), sealed, bound)
        with pytest.raises(SealgateError):
            link.unwrap(link.session_key(Protected(bytes(32)), home.inst.id, parcel), sealed, bound)
    home.pickup.log_off(cookie)
    assert home.sql("SELECT count(*) FROM sessions") == [(0,)]

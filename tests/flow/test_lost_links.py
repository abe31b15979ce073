"""A recipient lost our mail: the sender sends again, the practice goes to the archive with its offline key, or, only where
it asks for that, a link is replaced. Reminders say which mail to look for and carry no link.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.checkup import examine
from gateway.app.created import OFFLINE
from gateway.config.model import Settings
from gateway.domain.errors import PermanentError, PickupRefused
from gateway.domain.states import MessageState
from gateway.ports.relay import Outcome, Reply
from tests.support.command import sealgate
from tests.support.home import MARIA, NETWORK, RESULTS, Home, mail
from tests.support.thief import Loot, Thief

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def with_parcel(**changes: object):
    def changed(one: Settings) -> Settings:
        return one.model_copy(update={"parcel": one.parcel.model_copy(update=changes)})

    return changed


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path, settings=with_parcel(reissue=True)) as one:
        yield one.people()


def to_maria(home: Home) -> str:
    files = [("a.csv", "text/csv", b"hb,13.1\r\n")]
    message = home.submit(mail(MARIA, "Results", RESULTS, files=files), MARIA)
    home.settle()
    return message


def parcels(home: Home) -> dict[str, str]:
    return dict(home.sql("SELECT id, state FROM parcels ORDER BY created_at, id"))


def stolen(home: Home, **more: object) -> dict[str, bytes]:
    who = Thief(home.inst.id, home.root / "shelf", home.root / "keys", **more)  # type: ignore[arg-type]
    return who.opened(Loot("now", home.root / "data"))


@pytest.mark.proves("rest.lost-mail")
def test_the_practice_opens_the_archive_and_sends_it_again(home: Home) -> None:
    message = to_maria(home)
    home.later(46 * DAY)
    assert home.message(message).state is MessageState.FORGOTTEN
    out, key = home.root.parent / "again.eml", home.root / OFFLINE / "archive-practice.key"
    config = ("--config", home.root / "sealgate.toml")
    done = sealgate("archive", "open", message, "--key", key, "--out", out, *config)
    assert done.status == 0, done.err
    assert "archive_opened" in home.kinds(message)
    before = {one.name for one in home.sent()}
    home.submit(out.read_bytes(), MARIA)
    home.settle()
    [again] = [one for one in home.sent(MARIA) if one.name not in before]
    assert "diabetes" in home.open_link(again).text


@pytest.mark.proves("rest.lost-mail")
def test_the_sender_sends_again(home: Home) -> None:
    to_maria(home)
    to_maria(home)
    first, second = home.sent(MARIA)
    assert first.token() != second.token()
    assert "diabetes" in home.open_link(second).text


@pytest.mark.proves("rest.reissue")
def test_without_the_setting_no_worker_can_make_a_link_again(home: Home) -> None:
    assert Settings.model_fields["parcel"].default.reissue is False
    to_maria(home)
    assert home.sql("SELECT count(*) FROM wraps WHERE kind = 'reissue'") == [(0,)]
    [parcel] = parcels(home)
    with pytest.raises(PermanentError, match="no key was kept"):
        home.rooms.reissue.reissue(parcel, "ann")
    assert parcels(home) == {parcel: "sealed"}
    assert "diabetes" in home.open_link(home.sent(MARIA)[0]).text


@pytest.mark.proves("rest.reissue")
def test_a_new_link_opens_the_same_and_the_old_one_is_dead(keeping: Home) -> None:
    home = keeping
    message = to_maria(home)
    [first] = home.sent(MARIA)
    [old] = parcels(home)
    [(end,)] = home.sql("SELECT expires_at FROM parcels")
    home.later(2 * DAY)
    home.later(60)
    cookie = home.prove(first.token())
    new = home.rooms.reissue.reissue(old, "ann")
    home.settle()
    assert parcels(home) == {old: "revoked", new: "sealed"}
    assert home.sql("SELECT expires_at FROM parcels WHERE id = ?", new) == [(end,)]
    assert list(home.inst.peppers().names()) == [new]
    with pytest.raises(PickupRefused):
        home.pickup.view(cookie)
    with pytest.raises(PickupRefused):
        home.pickup.request_code(first.token(), "mailbox", NETWORK)
    again = next(one for one in home.sent(MARIA) if "/m/" in one.text and one.name != first.name)
    assert again.parsed["In-Reply-To"] == first.message_id
    assert again.token() != first.token()
    cookie = home.prove(again.token())
    assert "diabetes" in home.pickup.view(cookie).text
    assert b"".join(home.pickup.stream(cookie, 0).chunks) == b"hb,13.1\r\n"
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)], "S is gone with the relay's last reply"
    assert stolen(home, links=[first.token()]).keys() == stolen(home).keys(), "the old link's secret opens nothing"
    home.rooms.reissue.reissue(new, "ann")
    home.settle()
    assert {"parcel_sealed", "parcel_revoked", "receipt"} <= set(home.kinds(message))


@pytest.mark.proves("rest.reissue")
def test_what_it_weakens_and_until_when(keeping: Home) -> None:
    """A thief of shelf and data opens a delivered parcel, across epochs, until the parcel ends; `check` says so."""
    home = keeping
    message = to_maria(home)
    assert any("parcel.reissue is on" in one for one in examine(home.inst).warnings)
    for _ in range(2):
        assert any(b"diabetes" in one for one in stolen(home).values())
        home.later(DAY)
        home.later(60)
    assert message not in stolen(home), "the mail itself stays shut"
    home.later(14 * DAY)
    home.later(60)
    assert stolen(home) == {}
    assert home.sql("SELECT count(*) FROM wraps WHERE kind = 'reissue'") == [(0,)]
    assert len(list(home.inst.epoch_keys().names())) == 1


@pytest.mark.proves("rest.reissue")
def test_the_default_is_not_warned_of(home: Home) -> None:
    assert not [one for one in examine(home.inst).warnings if "reissue" in one]


def test_a_replaced_link_that_the_next_hop_refuses_keeps_no_secret(keeping: Home) -> None:
    home = keeping
    to_maria(home)
    home.hop.answers[MARIA] = [Reply(Outcome.PERMANENT, 550, "5.1.1")]
    home.rooms.reissue.reissue(next(iter(parcels(home))), "ann")
    assert home.sql("SELECT count(*) FROM secrets") == [(1,)]
    home.settle()
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]


def test_a_link_that_has_ended_or_has_not_left_is_not_replaced(keeping: Home) -> None:
    home = keeping
    home.hop.answers[MARIA] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    to_maria(home)
    [parcel] = parcels(home)
    with pytest.raises(PermanentError, match="on its way"):
        home.rooms.reissue.reissue(parcel, "ann")
    home.hop.answers.clear()
    home.later(120)
    assert home.rooms.recheck.revoke(parcel, "ann")
    with pytest.raises(PermanentError, match="no open link"):
        home.rooms.reissue.reissue(parcel, "ann")


@pytest.mark.proves("rest.reminders")
def test_a_reminder_names_our_mails_date_threads_to_it_and_has_no_link(tmp_path: Path) -> None:
    with Home(tmp_path, settings=with_parcel(reminders=(3 * DAY, 7 * DAY))) as home:
        home.people()
        message = to_maria(home)
        [first] = home.sent(MARIA)
        home.later(3 * DAY - HOUR)
        assert home.sent(MARIA) == [first]
        home.later(HOUR + timedelta(minutes=1))
        _, reminder = home.sent(MARIA)
        assert reminder.parsed["In-Reply-To"] == first.message_id
        assert reminder.parsed["References"] == first.message_id
        assert first.parsed["Date"].datetime.strftime("%d %B %Y") in " ".join(reminder.text.split())
        assert "/m/" not in reminder.raw.decode()
        assert "http" not in reminder.text
        assert first.token() not in reminder.raw.decode()
        assert not [word for word in ("Maria", "Quintero", "diabetes", "Results") if word in reminder.text]
        assert ("reminded", {"whom": "recipient"}) in home.events(message)
        home.open_link(first)
        home.later(5 * DAY)
        assert len([one for one in home.sent(MARIA) if "Reminder" in str(one.parsed["Subject"])]) == 1


@pytest.mark.proves("rest.reminders")
def test_nobody_is_reminded_by_default_nor_of_a_closed_link(home: Home, tmp_path: Path) -> None:
    to_maria(home)
    home.later(13 * DAY)
    assert len(home.sent(MARIA)) == 1
    with Home(tmp_path / "other", settings=with_parcel(reminders=(DAY,))) as other:
        other.people()
        to_maria(other)
        assert other.rooms.recheck.revoke(next(iter(parcels(other))), "ann")
        other.later(2 * DAY)
        assert len(other.sent(MARIA)) == 1

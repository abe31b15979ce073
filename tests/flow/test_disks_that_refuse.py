"""Real media that refuse: a full spool, a full database disk, keys on a read-only or unreadable place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app.created import create
from gateway.app.installation import Installation
from gateway.config.starter import starter_config, starter_policy
from gateway.domain.errors import ConfigError, LimitExceeded, SealgateError, StoreUnavailable
from gateway.domain.states import DeliveryState, MessageState
from gateway.smtp.replies import answer_for
from tests.support.fakes import FakeClock, SeededTokens
from tests.support.faults import read_only, small_disk
from tests.support.home import LUNCH, MARIA, OFFICE, RESULTS, Home, mail


@pytest.mark.proves("lost.disk-full")
def test_a_full_spool_answers_452_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "3m") as disk, Home(tmp_path / "home", config=lambda text: text.replace(
        "file:///./data/blobs", f"file://{disk}/blobs")) as home:  # fmt: skip
        home.people()
        kept = [home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE), home.submit(mail(MARIA, "Results", RESULTS), MARIA)]
        intake = home.intake()
        big = mail(OFFICE, "Lunch", LUNCH + "\r\n" + "x" * 60 + "\r\n" + ("more text\r\n" * 400_000))
        with pytest.raises(SealgateError) as refused:
            home.submit(big, OFFICE, intake=intake)
        assert isinstance(refused.value, (StoreUnavailable, LimitExceeded))
        assert refused.value.temporary or isinstance(refused.value, LimitExceeded)
        assert answer_for(refused.value).code in {451, 452}
        assert len(home.sql("SELECT id FROM messages")) == 2
        home.settle()
        assert {home.delivery(one).state for one in kept} == {DeliveryState.DELIVERED}
        assert len(home.sent(OFFICE)) == len(home.sent(MARIA)) == 1
        # The failed mail holds no room, so the next one fits.
        again = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE, intake=home.intake())
        home.settle()
        assert home.message(again).state is MessageState.SETTLED


@pytest.mark.proves("lost.disk-full")
def test_a_disk_that_fills_up_while_a_link_is_made_delays_it_and_no_more(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "3m") as disk, Home(tmp_path / "home", config=lambda text: text.replace(
        "file:///./data/blobs", f"file://{disk}/blobs")) as home:  # fmt: skip
        home.people()
        message = home.submit(
            mail(MARIA, "Results", RESULTS, files=[("a.csv", "text/csv", b"1,2\r\n" * 40_000)]), MARIA
        )
        home.assess()
        ballast = disk / "ballast"
        with pytest.raises(OSError), ballast.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        home.work()
        assert home.sent() == []
        assert home.delivery(message).state in {DeliveryState.READY, DeliveryState.SENDING, DeliveryState.RETRY}
        ballast.unlink()
        home.later(600)
        assert home.delivery(message).state is DeliveryState.DELIVERED
        assert home.enclosed(home.sent(MARIA)[0]) == [b"1,2\r\n" * 40_000]


def test_init_into_a_read_only_place_says_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "2m") as disk:
        (disk / "sealgate").mkdir()
        with read_only(disk), pytest.raises((StoreUnavailable, ConfigError), match=r"cannot be (written|made)"):
            create(
                disk / "sealgate", lambda: starter_config("Willow", "willow.example.org"), starter_policy(),
                clock=FakeClock(), tokens=SeededTokens(),
            )  # fmt: skip


@pytest.mark.proves("lost.read-only")
def test_a_read_only_shelf_makes_no_link_and_sends_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "2m") as disk, Home(tmp_path / "home", config=lambda text: text.replace(
        "file:///./shelf", f"file://{disk}/shelf")) as home:  # fmt: skip
        home.people()
        message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
        home.assess()
        with read_only(disk):
            home.work()
            home.rooms.worker.do_duties()
            assert home.sent() == []
        home.later(600)
        assert home.delivery(message).state is DeliveryState.DELIVERED


def test_an_unreadable_keys_directory_is_one_clear_sentence(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        config = home.root / "sealgate.toml"
    (home.root / "keys").rename(home.root / "elsewhere")
    with pytest.raises(ConfigError, match="keys") as told:
        Installation.load(config).worker_keys()
    assert "\n" not in str(told.value)

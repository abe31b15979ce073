"""Epochs turn and die while real workers run, a few seconds instead of a day each: held mail moves along, keys that nothing
needs are destroyed on the shelf, a key is advertised when every worker has it, and no copy of yesterday opens with today's.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gateway.domain.states import DeliveryState, MessageState
from tests.support.live import MARIA, TOBIAS, Live, letter, role_command, until
from tests.support.thief import Loot, Thief

pytestmark = [pytest.mark.e2e, pytest.mark.proves("forgets.running-epochs", "rest.epoch-ends", "rest.epochs")]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    one = Live(tmp_path / "gate", edit=lambda text: text.replace("[keys]\n", '[keys]\nepoch = "4s"\n'))
    try:
        yield one
    finally:
        one.stop()


def on_shelf(live: Live) -> set[str]:
    return set(live.home.epoch_keys().names())


def epochs(live: Live) -> dict[str, str]:
    with live.home.store().begin() as uow:
        return {row.id: row.state for row in uow.epochs.all()}


def held_in(live: Live, message: str) -> str:
    return live.message(message).epoch


def stolen(live: Live, name: str, to: Path) -> Loot:
    """A copy of the data of a gateway at work: the database of one moment, and the blobs that stay while they are copied."""

    def copied(source: str, target: str) -> None:
        with suppress(FileNotFoundError):
            shutil.copy2(source, target)

    data, to = live.folder / "data", to / name
    to.mkdir()
    with closing(sqlite3.connect(data / "sealgate.db")) as own, closing(sqlite3.connect(to / "sealgate.db")) as made:
        own.backup(made)
    shutil.copytree(data / "blobs", to / "blobs", copy_function=copied)
    return Loot(name, to)


def test_they_rotate_and_die_under_two_workers_and_held_mail_goes_along(live: Live, tmp_path: Path) -> None:
    live.start("worker", "smtp")
    live.run("second", role_command("worker", live.config))
    live.ready("second")
    held = live.submit(
        letter(TOBIAS, "Dear Tobias Hartwell,\r\n\r\nyour blood test shows diabetes (MRN-5589001).\r\n"), TOBIAS
    )
    until(lambda: live.message(held).state is MessageState.HELD)
    first = held_in(live, held)
    yesterday = stolen(live, "yesterday", tmp_path)
    seen, moves = {first}, [first]

    def moved() -> bool:
        now = held_in(live, held)
        if now != moves[-1]:
            moves.append(now)
            live.settled(live.submit(letter(MARIA), MARIA))
        seen.update(on_shelf(live))
        return len(moves) > 1

    until(moved, why="the held mail never moved")
    until(lambda: first not in on_shelf(live) and epochs(live)[first] == "destroyed", why="the first key lives on")
    # Two workers that look in the same moment begin an epoch each: for that moment there is one more of a kind.
    until(lambda: len(on_shelf(live)) <= 3, why="what is present, coming, and just retired")
    with live.home.store().begin() as uow:
        workers = [set(uow.epochs.confirmed(name)) for name, state in epochs_in(uow) if state == "advertised"]
    assert all(len(one) == 2 for one in workers), "each advertised key was confirmed by both workers"
    thief = Thief(live.home.id, live.folder / "shelf", live.folder / "keys")
    assert thief.opened(yesterday) == {}
    assert held in thief.opened(stolen(live, "today", tmp_path)) or moves[-1] != held_in(live, held)
    delivered = live.submit(letter(MARIA), MARIA)
    assert live.settled(delivered)[0].state is DeliveryState.DELIVERED


def epochs_in(uow) -> list[tuple[str, str]]:
    return [(row.id, row.state) for row in uow.epochs.all()]

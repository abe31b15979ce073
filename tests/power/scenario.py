"""What is recorded: `python -m tests.power.scenario init FOLDER`, `role NAME CONFIG`, `days FOLDER`.

`days` is one process that does every step of door, worker and portal with a clock of its own, so that holds end, epochs
turn and links expire; it marks what it was promised as it goes.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from unittest import mock

from gateway.adapters.clock import SystemClock
from gateway.app.installation import Installation
from gateway.app.roles import run_role
from gateway.config.load import load
from tests.power.recording import mark
from tests.support.fakes import FakeClock
from tests.support.home import DOCTOR, GRACE, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

PASSWORD = "correct horse battery"
ENCLOSED = b"date,value\r\n2026-03-03,7.1\r\n" * 400
INIT, PROMISED, SHREDDED, NOW = "init", "promised ", "shredded ", "now "


def results(number: int) -> bytes:
    """A mail with PHI and an attachment."""
    return mail(MARIA, "Results", RESULTS, number=number, files=[("values.csv", "text/csv", ENCLOSED)])


def init(folder: Path) -> None:
    """A new installation with its people and one who may submit."""
    with Home(folder, clock=SystemClock()) as home:
        home.people()
        home.add_certificate(GRACE)
        home.inst.users().add("lee", PASSWORD, [DOCTOR], ["treatment"])
    _mark(INIT)


def days(folder: Path) -> None:
    """Every step in one process, over several days; what was promised is beside the record as `<id>.mail`."""
    with Home(folder, clock=FakeClock()) as home:
        home.people()
        home.add_certificate(GRACE)
        _mark(INIT)

        def submit(raw: bytes, to: str) -> str:
            message = home.submit(raw, to)
            (Path(os.environ["POWER_LOG"]).parent / f"{message}.mail").write_bytes(raw)
            _mark(PROMISED + message)
            return message

        def later(after: timedelta) -> None:
            _mark(NOW + (home.clock.now() + after).isoformat())
            home.later(after)

        first = submit(results(1), MARIA)
        submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
        asked = submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, number=2), TOBIAS)
        before = home.sql("SELECT record FROM messages WHERE id = ?", first)[0][0]
        home.settle()
        _mark(SHREDDED + before[-64:].hex())
        [sent] = home.sent(MARIA)
        home.open_link(sent)
        later(timedelta(hours=25))  # the epoch turns with Tobias' mail in hand
        submit(mail(GRACE, "Referral", RESULTS, number=3), GRACE)
        home.settle()
        later(timedelta(hours=25))
        assert home.message(asked).state.value in {"held", "assessed"}
        later(timedelta(days=14))  # consent and link end


def _mark(text: str) -> None:
    mark(Path(os.environ["POWER_LOG"]), text)


def _hasty(config: Path) -> Installation:
    settings = load(config)
    worker = settings.worker.model_copy(update={"poll": timedelta(seconds=0.02)})
    return Installation(settings.model_copy(update={"worker": worker}), config.resolve())


def main() -> None:
    """One of the three."""
    what, *rest = sys.argv[1:]
    if what == "role":
        with mock.patch.object(Installation, "load", _hasty):
            run_role(rest[0], Path(rest[1]))
    else:
        {"init": init, "days": days}[what](Path(rest[0]))


if __name__ == "__main__":
    main()

"""Two openers at once, in threads and in processes: one claim. And what a link that is none costs: as much as one that is."""

from __future__ import annotations

import contextlib
import hmac
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from gateway.domain.errors import PickupRefused
from gateway.domain.records import JobKind
from gateway.domain.states import ParcelState
from gateway.seal import link
from tests.support.portal_house import Browser, House, served

OPENER = """
import sys
from pathlib import Path
from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.blobs.sealing import SealingVault
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
from gateway.domain.errors import PickupRefused
from gateway.domain.protected import Protected
from gateway.flow.pickup import Pickup
from tests.support.fakes import FakeClock
root, token, code, network = Path(sys.argv[1]), *sys.argv[2:]
clock = FakeClock()
tokens = SystemTokens(clock)
store = SqlStore(f"sqlite:///{root / 'db' / 'sealgate.db'}", tokens)
vault = SealingVault(FileBlobStore(root / "blobs", clock), "test-practice", tokens.secret)
pickup = Pickup(store, vault, FileShelf(root / "shelf", tokens), Protected(b"L" * 32), "test-practice", clock, tokens)
print("ready", flush=True)
sys.stdin.readline()
try:
    cookie = pickup.prove(token, code, network)
    print("opened", pickup.view(cookie).subject)
except PickupRefused as refused:
    print("refused", refused.reason)
"""


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    yield house
    house.store.close()


@pytest.mark.proves("portal.two-openers")
def test_of_several_processes_with_the_same_link_and_code_one_opens(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    command = [sys.executable, "-c", OPENER, str(house.root), token, code]
    root = Path(__file__).parents[2]
    openers = [
        subprocess.Popen([*command, f"192.0.2.{n}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
        for n in range(4)
    ]
    for one in openers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in openers:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    said = sorted(one.communicate(timeout=60)[0].strip() for one in openers)
    assert said == ["opened Your visit on Monday", *["refused wrong_code"] * 3]
    assert [kind for kind, _ in house.events()] == ["parcel_opened"]
    assert house.jobs(JobKind.SEND_NOTICE) == ["opened:p1"]
    with house.store.begin() as uow:
        row = uow.parcels.get("p1")
    assert row is not None
    assert (row.state, row.failures) == (ParcelState.OPENED, 3)


@pytest.mark.proves("portal.two-openers")
def test_the_second_opener_is_told_and_the_first_stays(house: House) -> None:
    token = house.parcel()
    with served(house) as port:
        first, second = Browser(port), Browser(port)
        for one in (first, second):
            one.get(f"/m/{token}")
        code = house.send_code("p1")
        assert first.post("/letter/open", code=code).status == 303
        page = second.post("/letter/open", code=code)
        assert page.status == 422
        assert "Your message is safe" in page.text
        assert "I did not get a code" in page.text
        assert first.get("/letter/read").status == 200
        # With a code of their own they open too: that is the recipient on another device, and it is on record.
        assert second.open_letter(house, token).status == 200
        assert first.get("/letter/read").status == 200
        assert [data["first"] for kind, data in house.events() if kind == "parcel_opened"] == [True, False]


@contextmanager
def work_counted(house: House) -> Iterator[list[str]]:
    """The statements and keyed hashes that are done meanwhile."""
    done: list[str] = []
    engine = house.store._engine

    def ran(connection, cursor, statement: str, *rest: object) -> None:
        done.append(statement)

    digest, derive = hmac.digest, link.derive

    def counted_digest(*args: object) -> bytes:
        done.append("hmac")
        return digest(*args)  # type: ignore[arg-type]

    def counted_derive(*args: object) -> bytes:
        done.append("derive")
        return derive(*args)  # type: ignore[arg-type]

    event.listen(engine, "before_cursor_execute", ran)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hmac, "digest", counted_digest)
        patch.setattr(link, "derive", counted_derive)
        try:
            yield done
        finally:
            event.remove(engine, "before_cursor_execute", ran)


def wrong_ones(token: str) -> dict[str, str]:
    """Links that open nothing, from far and near."""
    return {
        "random": "R" * 43, "first half right": token[:21] + "A" * 22, "last letter wrong": token[:-1] + ("A" if token[-1] != "A" else "E"),
        "cut": token[:-1], "empty": "", "case": token.swapcase(),
    }  # fmt: skip


@pytest.mark.proves("portal.timing")
def test_a_link_that_is_none_asks_as_much_of_us_as_one_that_is(house: House) -> None:
    token = house.parcel()
    with work_counted(house) as known:
        house.pickup.find(token)
    assert known.count("derive") >= 1
    for name, wrong in wrong_ones(token).items():
        with work_counted(house) as unknown, pytest.raises(PickupRefused) as refused:
            house.pickup.find(wrong)
        assert refused.value.reason == "unknown"
        statements = [one for one in unknown if one not in {"hmac", "derive"}]
        assert statements == [one for one in known if one not in {"hmac", "derive"}], name
        assert unknown.count("derive") == known.count("derive"), name


@pytest.mark.proves("portal.timing")
def test_the_page_that_takes_the_link_is_the_same_for_every_link_and_asks_the_database_nothing(house: House) -> None:
    token = house.parcel()
    revoked = house.parcel(name="p2")
    with house.store.begin() as uow:
        uow.parcels.move("p2", ParcelState.REVOKED, house.clock.now())
    with served(house) as port:
        seen = set()
        with work_counted(house) as done:
            for one in (token, revoked, "R" * 42 + "A", token[:-1] + ("A" if token[-1] != "A" else "E")):
                answer = Browser(port).go("GET", f"/m/{one}")
                shown = {name: value.replace(one, "TOKEN") for name, value in answer.headers.items() if name != "date"}
                seen.add((answer.status, answer.body, tuple(sorted(shown.items()))))
        assert done == []
        assert len(seen) == 1
        # And behind it whatever opens nothing looks the same, however near it is to a link that does.
        pages = set()
        for wrong in wrong_ones(token).values():
            if link.read_token(wrong) is None:
                continue
            browser = Browser(port)
            answer = browser.get(f"/m/{wrong}")
            assert answer.status == 404
            pages.add((answer.body, tuple(sorted((n, v) for n, v in answer.headers.items() if n != "date"))))
        assert len(pages) == 1


@pytest.mark.long
@pytest.mark.proves("portal.timing")
def test_a_near_miss_takes_as_long_as_a_far_one_and_as_a_link_that_is_known(house: House) -> None:
    token = house.parcel()
    samples: dict[str, list[float]] = {
        name: [] for name in ("known", "random", "first half right", "last letter wrong")
    }
    wrong = wrong_ones(token)
    for number in range(3000):
        for name in sorted(samples, key=lambda one: hash((one, number))):
            one = token if name == "known" else wrong[name]
            started = time.perf_counter()
            with contextlib.suppress(PickupRefused):
                house.pickup.find(one)
            samples[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(taken) for name, taken in samples.items()}
    misses = [medians[name] for name in medians if name != "known"]
    assert max(misses) / min(misses) < 1.5, medians
    # The same questions to the database; a row that is there takes a moment to be read.
    assert medians["known"] / min(misses) < 3, medians

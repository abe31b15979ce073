"""Everything that somebody who can write the database, and has no key, can do to one cell, one row, one message or one table.

Mail waits in every state. Each change is made with values of the same database or of an older copy, every step is queued
for everything, the workers run until all is quiet and every deadline is over. Whatever happens (held, stuck, bounced,
nothing at all), no copy goes in the open that was not decided so, none to anybody but whom its author wrote to, and none
that staff or a missing consent held back. Some hundred changes a minute; `make long` does them all, or as many as
SEALGATE_VANDAL_ROUNDS and SEALGATE_VANDAL_SECONDS say; `make test` a few.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509

from gateway.adapters.tokens import SystemTokens
from gateway.domain.envelope import Identity
from gateway.domain.errors import SealgateError
from gateway.domain.records import Holder, JobKind
from gateway.flow.custody import wrap_context
from gateway.ports.relay import Outcome, Reply
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.parcel import Manifest
from tests.support.fakes import FakeClock
from tests.support.home import (  # fmt: skip
    DOCTOR,
    GRACE,
    MARIA,
    OFFICE,
    PRACTICE,
    RESULTS,
    TOBIAS,
    TOBIAS_RESULTS,
    Home,
    Hop,
    Sent,
    mail,
)
from tests.support.people import rsa_key
from tests.support.vandal import Attack, Vandal, copy_of, strike
from tests.unit.seal.cms_reader import decrypt

pytestmark = pytest.mark.proves("clear.store-writer-pass", "clear.store-writer-mouth")

MEI = f"dr.mei@{PRACTICE}"
OTTO = "otto.fields@example.net"
OTTO_RESULTS = "Dear Otto Fields,\r\n\r\nyour blood test shows diabetes. MRN-7000001. Please take metformin."
PLAIN = "Shall we have lunch on Friday at the new place, {word}? Best, Ann"
PHI = ("Quintero", "Hartwell", "Otto Fields", "4471203", "5589001", "7000001", "diabetes", "metformin")
MAY: dict[str, tuple[str, set[str]]] = {
    "kestrel": (DOCTOR, {MARIA}), "plover": (MEI, {OFFICE}), "heron": (DOCTOR, {MARIA}), "curlew": (DOCTOR, {OFFICE}),
    "dunlin": (DOCTOR, {GRACE}), "avocet": (MEI, {MARIA, GRACE}), "pipit": (DOCTOR, {MARIA}), "wren": (DOCTOR, {MARIA}),
    "robin": (DOCTOR, {MARIA}), "siskin": (DOCTOR, set()), "linnet": (DOCTOR, set()), "otter": (DOCTOR, set()),
}  # fmt: skip
"""By the word in each mail: its author, and to whom it may still go."""
OPEN = {"plover", "curlew"}
OWN = f"sealgate@{PRACTICE}"


@dataclass
class Scene:
    """An installation with mail in every state, and an older copy of its database."""

    folder: Path
    older: Path
    at: FakeClock
    words: dict[str, str] = field(default_factory=dict)
    """Message id -> the word in it."""


def _submit(home: Home, scene: Scene, word: str, to: list[str], text: str, sender: str = DOCTOR) -> str:
    who = Identity("lee" if sender == DOCTOR else "mei", "auth", frozenset({sender}), frozenset({"treatment"}))
    raw = mail(to, f"About the {word}", f"{text}\r\n\r\n{word}", sender=sender, number=len(scene.words) + 1)
    message = home.submit(raw, to, sender=sender, identity=who)
    scene.words[message] = word
    return message


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Built once; every attack gets a copy."""
    folder = tmp_path_factory.mktemp("scene")
    made = Scene(folder, folder.parent / f"{folder.name}-older.db", FakeClock())
    home = Home(folder, clock=made.at)
    home.people()
    otto = home.patient("Otto", "Fields", "MRN-7000001", OTTO)
    home.consent(otto, OTTO)
    home.add_certificate(GRACE)

    def submit(word: str, to: list[str], text: str, sender: str = DOCTOR) -> str:
        return _submit(home, made, word, to, text, sender)

    submit("robin", [MARIA], RESULTS)
    submit("linnet", [TOBIAS], TOBIAS_RESULTS)
    home.settle()
    home.hop.answers[MARIA] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    submit("pipit", [MARIA], RESULTS)
    home.settle()
    home.hop.answers.clear()
    held = submit("siskin", [MARIA], RESULTS)
    submit("otter", [OTTO], OTTO_RESULTS)
    submit("heron", [MARIA], RESULTS)
    submit("curlew", [OFFICE], PLAIN.format(word="curlew"))
    submit("dunlin", [GRACE], RESULTS)
    submit("avocet", [MARIA, GRACE], RESULTS, MEI)
    home.assess()
    with (
        closing(sqlite3.connect(home.root / "data" / "sealgate.db")) as now,
        closing(sqlite3.connect(made.older)) as then,
    ):
        now.backup(then)
    home.rooms.review.hold(held, "ann", "wrong patient")
    home.revoke(otto, OTTO)
    _die_in_doubt(home, submit("wren", [MARIA], RESULTS))
    submit("kestrel", [MARIA], RESULTS)
    submit("plover", [OFFICE], PLAIN.format(word="plover"), MEI)
    made.at.advance(30)
    home.rooms.worker.do_duties()
    made.at.advance(30)
    home.rooms.worker.do_duties()
    home.rooms.calendar.leave()
    home.store.after_shredding()
    home.close()
    return made


def _die_in_doubt(home: Home, message: str) -> None:
    """A worker dies between the final dot and the answer, and its lease is over."""
    home.assess()
    [row] = home.deliveries(message)

    class Death(BaseException):
        """Not an error that anything catches."""

    def dying(consignment: object, before_dot: object) -> Reply:
        del consignment
        before_dot()  # type: ignore[operator]
        raise Death

    home.hop.deliver = dying  # type: ignore[method-assign, assignment]
    with home.store.begin() as uow:
        jobs = [
            one for one in uow.jobs.claim([JobKind.DISPATCH], home.clock.now(), 1.0, 50) if one.subject_id == row.id
        ]
    with suppress(Death):
        home.rooms.dispatch.run(jobs[0], lambda: True)
    home.sql("UPDATE jobs SET lease_until = NULL")
    del home.hop.deliver


def _opened(home: Home, sent: Sent) -> Manifest | None:
    """What a link shows to whoever has it, with the keys that the servers have now."""
    found = re.search(r"/m/([A-Za-z0-9_-]{43})", sent.text)
    secret = link.read_token(found[1]) if found else None
    if secret is None:
        return None
    with home.store.begin() as uow:
        row = uow.parcels.by_lookup(link.lookup(secret, home.inst.lookup_key(), home.inst.id))
        pepper = home.inst.peppers().get(row.id) if row else None
        if row is None or pepper is None:
            return None
        stored, wrap = uow.objects.get(row.manifest_id), uow.objects.wrap(row.manifest_id, Holder("parcel", row.id))
    if stored is None or wrap is None:
        return None
    try:
        kek = link.kek(secret, pepper, home.inst.id, row.id)
        key = link.unwrap(kek, wrap, wrap_context(home.inst.id, row.manifest_id, Holder("parcel", row.id)))
        return Manifest.decode(b"".join(home.vault.open(row.manifest_id, Seal.MANIFEST, "", key, stored.commitment)))
    except SealgateError:
        return None


def _inside(home: Home, sent: Sent) -> str:
    """The protected text of a mail, as its recipient would read it; its own text where it is plain."""
    if sent.parsed.get_content_type() == "application/pkcs7-mime":
        payload = sent.parsed.get_payload(decode=True)
        assert isinstance(payload, bytes)
        certificate = next((home.root / "certificates").glob("*.pem")).read_bytes()
        serial = x509.load_pem_x509_certificate(certificate).serial_number
        return decrypt(payload, serial, rsa_key(GRACE)).decode("utf-8", "replace")
    shown = None
    with suppress(SealgateError, ValueError, KeyError):
        shown = _opened(home, sent)
    return f"{shown.subject} {shown.text} {shown.sender}" if shown else sent.text


def judge(home: Home, scene: Scene, sent: list[Sent]) -> None:
    """AssertionError where anything left that must not."""
    for one in sent:
        sender = str(one.parsed["From"].addresses[0].addr_spec)
        readable = one.text + str(one.parsed["Subject"])
        for token in PHI:
            assert token not in readable, f"{token} in the open, to {one.recipient}"
        if sender == OWN:
            assert one.recipient in {DOCTOR, MEI, OWN, MARIA, TOBIAS, OTTO, GRACE}
            assert "/m/" not in readable
            assert "/c/" not in readable or one.recipient in {TOBIAS, OTTO}
            assert one.recipient in {DOCTOR, MEI, OWN, TOBIAS, OTTO} or "code" in readable.lower()
            continue
        inside = _inside(home, one)
        words = [word for word in MAY if word in inside]
        if not words:
            assert "/m/" in readable, f"a mail that nobody wrote, to {one.recipient}"
            words = [scene.words[one.parsed["X-Sealgate-Id"]]]
        for word in words:
            author, recipients = MAY[word]
            assert one.recipient in recipients, f"{word} to {one.recipient}"
            assert sender == author, f"{word} from {sender}"
            plain = "/m/" not in readable and one.parsed.get_content_type() == "text/plain"
            assert not plain or word in OPEN, f"{word} in clear"
            assert not plain or PLAIN.format(word=word) in one.text


def run(scene: Scene, attack: Attack | None, folder: Path) -> Counter[str]:
    """One attack on a fresh copy; what was sent of each word."""
    copy_of(scene.folder, folder)
    clock = FakeClock(scene.at.now())
    home = Home.__new__(Home)
    home.root, home.clock, home.reached = folder / "sealgate", clock, lambda _: None
    home._settings, home._sandbox, home.tokens = (lambda one: one), False, SystemTokens(clock)
    home.hop = Hop(folder / "outbox")
    before = {one.name for one in home.sent()}
    if attack is not None:
        strike(home.root, attack, int(clock.now().timestamp() * 1e6))
    seen: dict[str, Sent] = {}

    def look() -> None:
        fresh = [one for one in home.sent() if one.name not in before and one.name not in seen]
        judge(home, scene, fresh)
        seen.update({one.name: one for one in fresh})

    try:
        with suppress(SealgateError, ValueError, TypeError, KeyError, LookupError, AttributeError):
            home.start()
            for wait in (0.0, 60.0, 600.0, 7200.0, 6 * 86400.0, 9 * 86400.0):
                clock.advance(wait)
                home.rooms.worker.do_duties()
                for _ in range(120):
                    if not home.rooms.worker.work_once():
                        break
                home.rooms.worker.do_duties()
                look()
        look()  # with no error forgiven: what left is judged, whatever the workers met
    finally:
        if hasattr(home, "inst"):
            home.close()
    return Counter(scene.words.get(str(one.parsed["X-Sealgate-Id"]), "own") for one in seen.values())


def test_without_an_attack_everything_goes_where_it_should(scene: Scene, tmp_path: Path) -> None:
    went = run(scene, None, tmp_path / "copy")
    assert {word for word, (_, recipients) in MAY.items() if recipients} - {"robin"} == set(went) - {"own"}
    assert went["avocet"] == 2
    assert all(count == 1 for word, count in went.items() if word not in {"avocet", "own"}), went


def chosen(scene: Scene, amount: int, seed: int) -> list[Attack]:
    """Some attacks of every table in turn, so that small tables are not passed over."""
    dice = random.Random(seed)
    by_table: dict[str, list[Attack]] = {}
    for one in Vandal(scene.folder / "sealgate" / "data" / "sealgate.db", scene.older).attacks():
        by_table.setdefault(one.table, []).append(one)
    for ways in by_table.values():
        dice.shuffle(ways)
    found: list[Attack] = []
    while len(found) < amount and any(by_table.values()):
        for ways in by_table.values():
            if ways and len(found) < amount:
                found.append(ways.pop())
    return found


def struck(scene: Scene, amount: int, seed: int, folder: Path) -> list[str]:
    """The attacks that got something out which must not leave."""
    failed: list[str] = []
    ends = time.monotonic() + float(os.environ.get("SEALGATE_VANDAL_SECONDS", "inf"))
    for number, attack in enumerate(chosen(scene, amount, seed)):
        if time.monotonic() > ends:
            print(f"{number} changes tried", flush=True)
            break
        copy = folder / f"copy{number}"
        try:
            run(scene, attack, copy)
        except AssertionError as error:
            failed.append(f"{attack.name}: {error}")
            print(failed[-1], flush=True)
        shutil.rmtree(copy)
    return failed


def test_some_changes_of_the_tables(scene: Scene, tmp_path: Path) -> None:
    assert struck(scene, 8, 1, tmp_path) == []


@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
def test_every_change(scene: Scene, tmp_path: Path) -> None:
    amount = int(os.environ.get("SEALGATE_VANDAL_ROUNDS", "100000"))
    seed = int(os.environ.get("SEALGATE_VANDAL_SEED", "7"))
    assert struck(scene, amount, seed, tmp_path) == []

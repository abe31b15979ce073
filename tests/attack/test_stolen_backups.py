"""A thief has the directory of backups: alone, with every live key, with the offline key, or with a pen to write in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.tokens import SystemTokens
from gateway.app import backup as backup_module
from gateway.app import backup_ends, backup_parts, unpack
from gateway.app import drill as drill_module
from gateway.app import restore as restore_module
from gateway.app.backup import back_up
from gateway.app.backup_parts import DATA, KEYS, SHELF, entries, file_name
from gateway.app.created import create
from gateway.app.drill import drill
from gateway.app.installation import Installation
from gateway.app.unpack import Source, check_source, unpacked
from gateway.config.starter import starter_config, starter_policy
from gateway.domain.errors import ConfigError, IntegrityError, StoreUnavailable
from tests.support.home import MARIA, RESULTS, Home, mail
from tests.support.restored import backup, bring_back, journal, offline_key
from tests.support.thief import Loot, Thief

DAY = 24 * 3600.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "first").mkdir()
    with Home(tmp_path / "first") as one:
        yield one.people()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def names(source: Source, part: str) -> dict[str, bytes]:
    with entries(source.folder, source.manifest.part(part), source.manifest.bound, source.key) as found:
        return {name: file.read() for name, file in found}


@pytest.mark.proves("rest.shelf-apart")
def test_the_shelf_is_in_its_own_part_alone_and_nothing_is_readable_without_the_offline_key(home: Home) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    home.settle()
    secrets = {
        f"{part}/{name}": shelf.get(name).reveal()  # type: ignore[union-attr]
        for part, shelf in (("epochs", home.inst.epoch_keys()), ("peppers", home.inst.peppers()))
        for name in shelf.names()
    }
    assert len(secrets) == 2
    made = backup(home)
    stolen = b"".join(tree(made).values())
    roots = [one.read_bytes().strip() for one in (home.root / "keys").glob("*.key")]
    for readable in (*secrets.values(), *roots, b"SQLite format 3", b"Quintero", MARIA.encode(), b"[practice]"):
        assert readable not in stolen
    source = check_source(made, offline_key(home))
    data, keys, shelf = (names(source, part) for part in (DATA, KEYS, SHELF))
    assert shelf == secrets
    for part in (data, keys):
        assert not any(secret in content for secret in secrets.values() for content in part.values())
    assert {one for one in keys if one.endswith(".key")} >= {"files/keys/columns.key", "files/keys/intake.key"}
    assert not [one for one in keys if "archive-" in one and one.endswith(".key")]
    assert not [one for one in data if one.startswith("files/keys")]


@pytest.mark.proves("rest.shelf-apart")
def test_copies_of_the_shelf_are_overwritten_after_seven_days_and_old_backups_go(home: Home, tmp_path: Path) -> None:
    first = backup(home)
    kept = tmp_path / "the same blocks"
    os.link(first / file_name(SHELF), kept)
    before = kept.read_bytes()
    home.later(6 * DAY)
    second = backup(home)
    assert (first / file_name(SHELF)).exists()
    home.later(1.5 * DAY)
    third = backup(home)
    assert not (first / file_name(SHELF)).exists()
    assert kept.read_bytes() != before
    assert len(kept.read_bytes()) == len(before)
    assert (second / file_name(SHELF)).exists()
    assert (first / file_name(DATA)).exists()  # still good for everything but links and mail that was in hand
    source = check_source(first, offline_key(home))
    assert not source.with_shelf
    home.inst.settings = home.inst.settings.model_copy(
        update={"backup": home.inst.settings.backup.model_copy(update={"keep": 2})}
    )
    home.clock.advance(60)
    fourth = backup(home)
    assert sorted(one.name for one in first.parent.iterdir()) == sorted([third.name, fourth.name])


@pytest.mark.proves("rest.shelf-apart", "rest.stolen-everything")
def test_a_data_backup_with_every_live_key_opens_no_delivered_message(home: Home, tmp_path: Path) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    in_hand = backup(home)
    home.settle()
    delivered = backup(home)
    home.later(DAY)
    home.later(DAY)
    found = {}
    for name, made in (("in hand", in_hand), ("delivered", delivered)):
        folder = _made(tmp_path / name)
        with unpacked(check_source(made, offline_key(home)), folder, home.clock, home.tokens):
            pass
        for whose, shelf in (("live shelf", home.root / "shelf"), ("its own shelf", folder / "shelf")):
            thief = Thief(home.inst.id, shelf, home.root / "keys")
            found[name, whose] = thief.opened(Loot(name, folder / "data"))
    assert found["in hand", "live shelf"] == {}
    assert found["delivered", "live shelf"] == {}
    assert any(b"diabetes" in one for one in found["in hand", "its own shelf"].values())  # the thief is not blind
    assert not any(b"diabetes" in one for one in found["delivered", "its own shelf"].values())


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this machine has no memory at /dev/shm, as in a bare chroot, a folder stands for it."""
    if not any(
        line.split()[1:3] == ["/dev/shm", "tmpfs"] for line in Path("/proc/self/mounts").read_text().splitlines()
    ):
        folder = _made(tmp_path / "memory")
        monkeypatch.setattr(drill_module, "_memory", lambda _: folder)


@pytest.mark.proves("restore.drill", "restore.elsewhere")
@pytest.mark.usefixtures("memory")
def test_a_drill_proves_a_backup_and_touches_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real, folders = drill_module.tempfile.mkdtemp, list[Path]()

    def watched(*given: str, **named: object) -> str:
        folders.append(Path(real(*given, **named)))
        return str(folders[-1])

    monkeypatch.setattr(drill_module.tempfile, "mkdtemp", watched)
    waiting = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    made = backup(home)
    outside = journal(home)
    source, before, backups = check_source(made, offline_key(home)), tree(home.root), tree(made.parent)
    seen = drill(source, outside, (), clock=home.clock, tokens=home.tokens)
    assert seen.problems == []
    assert (seen.in_hand, seen.objects) == (1, 1)
    assert seen.log_rows > 0
    assert seen.restored is not None
    assert seen.restored.held == (waiting,)
    assert tree(home.root) == before
    assert tree(made.parent) == backups
    assert [one.name.startswith("sealgate-drill-") for one in folders].count(True) == 1
    assert not [one for one in folders if one.exists()]


@pytest.mark.proves("restore.drill")
@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("missing", ["an epoch key", "an object", "the shelf"])
def test_a_drill_says_what_would_not_come_back(home: Home, missing: str) -> None:
    message = home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    if missing == "an epoch key":
        home.inst.epoch_keys().destroy(home.message(message).epoch)
    if missing == "an object":
        home.vault.delete(message)
    made = backup(home)
    if missing == "the shelf":
        (made / file_name(SHELF)).unlink()
    seen = drill(check_source(made, offline_key(home)), None, (), clock=home.clock, tokens=home.tokens)
    assert len(seen.problems) == 1
    assert (message if missing != "the shelf" else "key shelf") in seen.problems[0]


@pytest.mark.proves("restore.drill")
@pytest.mark.parametrize("short", ["too little room", "no memory at all"])
def test_a_drill_writes_keys_to_a_disk_only_where_it_is_told_to_and_overwrites_them(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: str
) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    source = check_source(backup(home), offline_key(home))
    if short == "too little room":
        monkeypatch.setattr(drill_module, "_SPARE", 10**9)
    else:
        monkeypatch.setattr(drill_module, "_MEMORY", tmp_path)
    with pytest.raises(ConfigError, match=r"keys in clear to a disk.*--in"):
        drill(source, None, (), clock=home.clock, tokens=home.tokens)
    place, links = tmp_path / "told", tmp_path / "the same blocks"
    place.mkdir()
    links.mkdir()
    content: dict[Path, bytes] = {}

    def keeping(folder: Path, random: Callable[[int], bytes]) -> None:
        keys = [one for part in ("keys", "shelf") for one in (folder / part).rglob("*") if one.is_file()]
        for number, one in enumerate(keys):
            if one.stat().st_size:
                os.link(one, links / str(number))
                content[links / str(number)] = one.read_bytes()
        backup_ends.destroy(folder, random)

    monkeypatch.setattr(drill_module, "destroy", keeping)
    seen = drill(source, None, (), clock=home.clock, tokens=home.tokens, within=place)
    assert seen.problems == []
    assert list(place.iterdir()) == []
    assert len(content) > 10
    columns = (home.root / "keys" / "columns.key").read_bytes()
    assert columns in content.values()
    assert [one for one, was in content.items() if one.read_bytes() == was or len(one.read_bytes()) != len(was)] == []


@pytest.mark.proves("restore.elsewhere")
def test_a_restore_that_fails_leaves_no_key_behind(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    made, kept = backup(home), tmp_path / "the same block"
    epoch = home.inst.epoch_keys().get(home.inst.epoch_keys().names()[0])
    assert epoch is not None

    def broken(of: Installation, *_: object) -> None:
        [key] = [
            one
            for one in (of.config.parent / "shelf").rglob("*")
            if one.is_file() and epoch.reveal() in one.read_bytes()
        ]
        os.link(key, kept)
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(restore_module, "replayed", broken)
    with pytest.raises(StoreUnavailable):
        bring_back(home, made, tmp_path / "other", None)
    assert list((tmp_path / "other").iterdir()) == []
    assert epoch.reveal() not in kept.read_bytes()


@pytest.mark.proves("restore.elsewhere")
def test_whatever_backup_and_restore_write_is_for_this_user_alone(home: Home, tmp_path: Path) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    before = os.umask(0)
    try:
        made = backup(home)
        outside = journal(home)
        bring_back(home, made, tmp_path / "other", outside)
    finally:
        os.umask(before)
    written = [made.parent, made, *made.iterdir(), outside, home.root / "audit-heads.jsonl"]
    written += [tmp_path / "other" / "sealgate", *(tmp_path / "other" / "sealgate").rglob("*")]
    assert len(written) > 20
    assert [one for one in written if one.stat().st_mode & 0o077] == []


def _flip(made: Path, name: str, _: Path) -> None:
    data = bytearray((made / name).read_bytes())
    data[len(data) // 2] ^= 1
    (made / name).write_bytes(bytes(data))


def _cut(made: Path, name: str, _: Path) -> None:
    (made / name).write_bytes((made / name).read_bytes()[:-10])


def _swap(made: Path, name: str, other: Path) -> None:
    shutil.copy(other / name, made / name)


def _swap_with_its_manifest_line(made: Path, name: str, other: Path) -> None:
    shutil.copy(other / name, made / name)
    mine, theirs = (json.loads((one / "manifest.json").read_text()) for one in (made, other))
    body = json.loads(mine["body"])
    body["parts"] = json.loads(theirs["body"])["parts"]
    (made / "manifest.json").write_text(json.dumps({**mine, "body": json.dumps(body, sort_keys=True)}))


@pytest.mark.proves("restore.elsewhere")
@pytest.mark.parametrize(
    ("name", "deed"),
    [
        (file_name(name), deed)
        for name in (DATA, KEYS, SHELF)
        for deed in (_flip, _cut, _swap, _swap_with_its_manifest_line)
    ]
    + [("manifest.json", _flip), ("manifest.json", _cut)],
    ids=lambda one: one if isinstance(one, str) else one.__name__.strip("_"),
)
def test_a_backup_that_somebody_wrote_in_is_refused(
    twice: tuple[Path, Path, Path], tmp_path: Path, name: str, deed: Callable[[Path, str, Path], None]
) -> None:
    made, other, key = twice
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    deed(copy, name, other)
    with pytest.raises(IntegrityError):
        check_source(copy, key)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, Path]]:
    """Two backups of one installation, and its offline key."""
    root = tmp_path_factory.mktemp("twice")
    with Home(root) as home:
        home.people()
        first = backup(home)
        home.clock.advance(60)
        yield first, backup(home), offline_key(home)


@pytest.mark.proves("restore.elsewhere")
def test_a_backup_that_somebody_else_made_for_our_key_is_refused(home: Home, tmp_path: Path) -> None:
    """The public half is no secret: whoever has it can seal to it, but not sign."""
    forged = tmp_path / "forger"
    forged.mkdir()
    with Home(forged) as forger:
        shutil.copy(home.root / "keys" / "backup.pub", forger.root / "keys" / "backup.pub")
        made = backup(forger)
    with pytest.raises(IntegrityError, match="not signed by the installation of this key"):
        check_source(made, offline_key(home))


class Died(BaseException):
    """The process is gone: nothing of it cleans up."""


@pytest.mark.proves("rest.shelf-apart")
@pytest.mark.parametrize("at", range(6))
def test_a_backup_killed_half_way_leaves_nothing_that_looks_whole(
    home: Home, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    _die_at(monkeypatch, at, backup_module)
    monkeypatch.setattr(backup_module.shutil, "rmtree", lambda *_, **__: None)
    folder = home.root.parent / "backups"
    with pytest.raises(Died):
        back_up(home.inst, folder, "test")
    assert [one for one in folder.iterdir() if one.name.startswith("backup-")] == []
    assert list((home.root / "data").glob(".snapshot*")) == []
    monkeypatch.undo()
    made = backup(home)
    assert list(folder.iterdir()) == [made]


@pytest.mark.proves("restore.elsewhere", "restore.quarantine")
@pytest.mark.parametrize("at", range(8))
def test_a_restore_killed_half_way_leaves_no_directory_to_start_from(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
    made = backup(home)
    _die_at(monkeypatch, at, unpack, restore_module)
    monkeypatch.setattr(restore_module, "destroy", lambda *_: None)
    with pytest.raises(Died):
        bring_back(home, made, tmp_path / "other", None)
    assert not (tmp_path / "other" / "sealgate").exists()
    assert all(one.name.startswith(".unfinished-") for one in (tmp_path / "other").iterdir())


def test_a_full_disk_ends_the_backup_with_its_reason_and_nothing_is_left(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_parts, "write_all", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        backup(home)
    assert list((home.root.parent / "backups").iterdir()) == []


def test_without_a_key_there_is_no_backup_and_other_stores_are_refused_plainly(tmp_path: Path, home: Home) -> None:
    for section, field, value, said in (
        ("backup", "public_key", None, "backup.public_key"),
        ("store", "url", "postgresql+psycopg://u@h/d", "its own tools"),
        ("shelf", "url", "postgresql+psycopg://u@h/d", "directories"),
    ):
        settings = home.inst.settings
        part = getattr(settings, section).model_copy(update={field: value})
        home.inst.settings = settings.model_copy(update={section: part})
        with pytest.raises(ConfigError, match=said):
            backup(home)
        home.inst.settings = settings
    other = tmp_path / "old"
    create(
        other, lambda: starter_config("Old", "old.example.org").replace('public_key = "keys/backup.pub"', ""),
        starter_policy(), clock=home.clock, tokens=SystemTokens(home.clock), self_signed=True,
    )  # fmt: skip
    assert not (other / "keys" / "backup.pub").exists()


def _die_at(monkeypatch: pytest.MonkeyPatch, at: int, *modules: object) -> None:
    """Every call into the disk is a moment to die; `at` counts them in even steps over the whole."""
    names = ("write_part", "write_all", "sync_folder", "write_manifest", "_write", "_shown", "unpacked", "replayed",
             "_sync_tree", "quarantine", "_blobs", "_shelf")  # fmt: skip
    passed = [0]
    for module, name in [(one, name) for one in modules for name in names if hasattr(one, name)]:
        real = getattr(module, name)

        def counted(*given: object, real: Callable[..., object] = real, **more: object) -> object:
            passed[0] += 1
            if passed[0] > at:
                raise Died
            return real(*given, **more)

        monkeypatch.setattr(module, name, counted)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder

"""Init makes an installation; each role's keys load with only that role's files; a bad key file is one clear error."""

from __future__ import annotations

import asyncio
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.clock import SystemClock
from gateway.adapters.tokens import SystemTokens
from gateway.app.created import OFFLINE, create
from gateway.app.installation import Installation
from gateway.app.keyfiles import KeyFiles, archive_private
from gateway.app.review_role import open_review
from gateway.app.roles import ROLES
from gateway.app.supervisor import chosen_roles
from gateway.config.starter import starter_config, starter_policy
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.domain.patient import Patient
from gateway.ports.checkpoint import unobserved
from gateway.ports.keys import KeyState

DOOR = {"intake.key", "calendar.pub"}
INBOUND = DOOR | {"bounce.key"}
WEB = {"lookup.key", "answer.key", "calendar.pub"}
REVIEW = {"review.key", "calendar.pub"}
WORKER = {
    "intake.pub", "answer.pub", "calendar.key", "columns.key", "index.key", "decision.key", "bounce.key", "lookup.key", "ca.key", "ca.crt",
    "archive-practice.pub", "archive-escrow.pub",
}  # fmt: skip


def config() -> str:
    return starter_config("Dr Lee's office", "practice.example.org")


def make(folder: Path, **options):
    return create(folder, config, starter_policy(), clock=SystemClock(), tokens=SystemTokens(), **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "sealgate"
    make(folder, self_signed=True)
    return folder


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "sealgate")


def only(folder: Path, names: set[str]) -> Installation:
    for one in (folder / "keys").iterdir():
        if one.name not in names:
            one.unlink()
    assert {one.name for one in (folder / "keys").iterdir()} == names
    return Installation.load(folder / "sealgate.toml")


def test_init_writes_modes_that_keep_others_out(made):
    assert stat.S_IMODE((made / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((made / "shelf").stat().st_mode) == 0o700
    for one in (made / "keys").glob("*.key"):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600, one.name
    assert stat.S_IMODE((made / "users.toml").stat().st_mode) == 0o600


def test_init_never_overwrites(copy):
    before = {one: one.read_bytes() for one in copy.rglob("*") if one.is_file()}
    again = make(copy, self_signed=True)
    assert again.made == []
    assert {one: one.read_bytes() for one in before if "data" not in one.parts} == {
        one: content for one, content in before.items() if "data" not in one.parts
    }
    assert {copy / "sealgate.toml", copy / "policy.toml", copy / "keys" / "columns.key"} <= set(again.kept)


def test_init_makes_the_tables_and_records_each_key(made):
    installation = Installation.load(made / "sealgate.toml")
    with installation.store().begin() as uow:
        names = [row.event.data["name"] for row in uow.audit.of_message("")]
    installation.close()
    assert sorted(names) == sorted(
        one.stem for one in [*(made / "keys").glob("*.key"), *(made / OFFLINE).glob("*.key")]
    )


def test_init_without_self_signed_makes_no_tls_key(tmp_path):
    make(tmp_path / "one")
    assert not (tmp_path / "one" / "keys" / "tls.key").exists()


def test_init_refuses_new_roots_over_old_data(copy):
    (copy / "keys" / "columns.key").unlink()
    with pytest.raises(ConfigError, match=r"columns\.key"):
        make(copy)
    assert not (copy / "keys" / "columns.key").exists()


@pytest.mark.proves("roles.nobody")
def test_the_archive_private_halves_are_apart_and_fit(made):
    installation = Installation.load(made / "sealgate.toml")
    for name, public in installation.worker_keys().archive:
        sealed = public.seal(b"data key", b"info")
        assert archive_private(made / OFFLINE / f"archive-{name}.key").open(sealed, b"info").reveal() == b"data key"
    assert not list((made / "keys").glob("archive-*.key"))
    assert "move" in (made / OFFLINE / "README.txt").read_text().lower()


@pytest.mark.proves("roles.only-its-files", "roles.smtp")
def test_the_door_needs_only_its_files(copy):
    keys = only(copy, DOOR).door_keys()
    keys_of_worker = KeyFiles(copy / "keys")
    keys_of_worker.signer("intake").public_key().verify(keys.sign(b"record"), b"record")
    assert keys.installation == "practice-example-org"


@pytest.mark.proves("roles.only-its-files", "roles.smtp")
def test_inbound_needs_only_its_files(copy):
    installation = only(copy, INBOUND)
    installation.door_keys()
    assert installation.bounce_mac().holds(b"x", installation.bounce_mac().tag(b"x"))


@pytest.mark.proves("roles.only-its-files", "roles.web")
def test_the_portal_needs_only_its_files(copy):
    shutil.rmtree(copy / "shelf" / "epochs", ignore_errors=True)
    installation = only(copy, WEB)
    assert len(installation.lookup_key().reveal()) == 32
    installation.peppers()
    with pytest.raises(ConfigError, match=r"columns\.key: is missing"):
        installation.columns()
    assert not (copy / "shelf" / "epochs").exists()


@pytest.mark.proves("roles.only-its-files", "roles.review")
def test_the_staff_page_needs_only_its_files(copy):
    shutil.rmtree(copy / "shelf", ignore_errors=True)
    kept = KeyFiles(copy / "keys").verifier("review")
    config = copy / "sealgate.toml"
    config.write_text(config.read_text() + '\n[review]\nlisten = "127.0.0.1:0"\n')
    installation = only(copy, REVIEW)
    keys = installation.review_keys()
    kept.verify(keys.sign(b"request"), b"request")

    async def opened() -> int:
        server, keep = await open_review(installation)
        port = server.port
        keep.cancel()
        await server.drain()
        return port

    assert asyncio.run(opened()) > 0
    for other in (installation.columns, installation.lookup_key, installation.worker_keys, installation.door_keys):
        with pytest.raises(ConfigError, match="is missing"):
            other()
    assert not (copy / "shelf" / "epochs").exists()
    installation.close()


@pytest.mark.proves("roles.review")
def test_there_is_no_staff_page_by_default(made):
    installation = Installation.load(made / "sealgate.toml")
    assert "review" not in chosen_roles(installation.settings, [])
    assert installation.worker_keys().review is None
    with pytest.raises(ConfigError, match=r"review\.listen: is not set"):
        ROLES["review"](installation, unobserved)
    installation.close()


@pytest.mark.proves("roles.review")
def test_the_staff_page_needs_tls_beyond_this_machine(copy):
    config = copy / "sealgate.toml"
    before = config.read_text()
    tls = 'tls_certificate = "keys/tls.pem"\ntls_key = "keys/tls.key"\n'
    for host, more, good in (("10.0.0.5", "", False), ("10.0.0.5", tls, True), ("127.0.0.1", "", True)):
        config.write_text(f'{before}\n[review]\nlisten = "{host}:8444"\n{more}')
        if good:
            Installation.load(config)
        else:
            with pytest.raises(ConfigError, match="tls_certificate and tls_key"):
                Installation.load(config)


@pytest.mark.proves("roles.only-its-files", "roles.worker")
def test_the_worker_needs_only_its_files(copy):
    installation = only(copy, WORKER)
    keys = installation.worker_keys()
    assert [name for name, _ in keys.archive] == ["practice", "escrow"]
    keys.calendar.verify(keys.sign(b"head"), b"head")
    installation.ca()
    with pytest.raises(ConfigError, match=r"intake\.key: is missing"):
        installation.door_keys()


def test_the_worker_says_which_file_is_missing(copy):
    for name in sorted(WORKER - {"ca.key", "ca.crt"}):
        held = (copy / "keys" / name).rename(copy / "held")
        with pytest.raises(ConfigError, match=f"{name}: is missing"):
            Installation.load(copy / "sealgate.toml").worker_keys()
        held.rename(copy / "keys" / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("columns.key", b"c2hvcnQ=\n"),
        ("index.key", b"not base64!\n"),
        ("decision.key", b""),
        ("calendar.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ("intake.pub", b"garbage"),
        ("archive-practice.pub", b"AAAA\n"),
        ("bounce.key", b"x" * 100_000),
    ],
)
def test_a_malformed_key_is_named(copy, name, content):
    (copy / "keys" / name).write_bytes(content)
    with pytest.raises(ConfigError, match=name):
        Installation.load(copy / "sealgate.toml").worker_keys()


def test_a_pair_that_does_not_belong_together_is_named(copy, tmp_path):
    make(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "keys" / "ca.crt", copy / "keys" / "ca.crt")
    with pytest.raises(ConfigError, match=r"ca\.crt: does not belong"):
        Installation.load(copy / "sealgate.toml").ca()


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o666])
def test_a_key_that_others_may_use_is_refused(copy, mode):
    (copy / "keys" / "columns.key").chmod(mode)
    with pytest.raises(ConfigError, match=r"columns\.key: other users .* chmod 600"):
        Installation.load(copy / "sealgate.toml").columns()


def test_a_group_may_read_where_roles_share_a_key(copy):
    (copy / "keys" / "lookup.key").chmod(0o640)
    Installation.load(copy / "sealgate.toml").lookup_key()


def test_the_register_works_with_two_keys_alone(copy):
    installation = only(copy, {"columns.key", "index.key"})
    register, at = installation.register(), datetime(2026, 3, 2, tzinfo=UTC)
    someone = Patient("p1", "Ada", "Quill", mrn="A-77", emails=(Address.parse("ada@example.net"),))
    with installation.store().begin() as uow:
        register.put_patient(uow, someone, at, "test")
        assert [one.family for one in register.by_mrn(uow, "a77")] == ["Quill"]
    found = installation.facts().key(Address.parse("ada@example.net"), at)
    assert found.smime is KeyState.NONE
    installation.close()


def test_loading_opens_nothing(tmp_path):
    (tmp_path / "sealgate.toml").write_text(config())
    Installation.load(tmp_path / "sealgate.toml")
    assert [one.name for one in tmp_path.iterdir()] == ["sealgate.toml"]


def test_a_password_file_joins_the_database_url(copy):
    text = (copy / "sealgate.toml").read_text()
    secret = copy / "dbpass"
    secret.write_text("p@ss/word\n")
    secret.chmod(0o600)
    old = 'url = "sqlite:///data/sealgate.db"'
    assert old in text
    new = 'url = "postgresql+psycopg://127.0.0.1/name"\npassword_file = "dbpass"'
    (copy / "sealgate.toml").write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=r"store\.password_file"):
        Installation.load(copy / "sealgate.toml").store()

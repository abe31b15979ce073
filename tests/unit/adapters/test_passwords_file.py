"""The password file: right and wrong passwords, equal work, whole replacement, strict reading, reload."""

from __future__ import annotations

import json
import stat
import threading

import pytest

from gateway.adapters import passwords
from gateway.adapters.passwords import PasswordFile
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, InvalidAddress, PermanentError, StoreUnavailable


@pytest.fixture
def path(tmp_path):
    return tmp_path / "users.jsonl"


def quick(path) -> PasswordFile:
    return PasswordFile(path, memory_kib=64, rounds=1)


def test_a_right_password_gives_the_identity(path):
    users = quick(path)
    users.add("Lee", "open sesame", ["Lee@Practice.Example", "@Team.example"], ["treatment"], staff=True)
    identity = quick(path).authenticate("lee", "open sesame")
    assert identity is not None
    assert (identity.name, identity.how, identity.purposes) == ("Lee", "auth", frozenset({"treatment"}))
    assert identity.may_use(Address.parse("LEE@practice.example"))
    assert identity.may_use(Address.parse("any@team.example"))
    assert not identity.may_use(Address.parse("other@practice.example"))
    assert users.users()[0].staff


def test_wrong_unknown_disabled_and_oversized_get_nothing(path):
    users = quick(path)
    users.add("lee", "open sesame", ["@x.example"])
    users.add("kim", "open sesame", ["@x.example"])
    users.disable("kim")
    for name, password in (("lee", "Open sesame"), ("lee", ""), ("nobody", "nobody has this password"), ("kim", "open sesame"),
                           ("lee", "x" * 5000), ("x" * 5000, "open sesame"), ("", "")):  # fmt: skip
        assert users.authenticate(name, password) is None
    users.disable("kim", disabled=False)
    assert users.authenticate("kim", "open sesame") is not None


@pytest.mark.proves("door.auth")
def test_unknown_names_cost_one_verification_too(path, monkeypatch):
    users = quick(path)
    users.add("lee", "open sesame", [])
    verified = []
    real = users._hasher.verify
    monkeypatch.setattr(
        passwords.PasswordHasher, "verify", lambda _self, h, p: verified.append(h) or real.__func__(_self, h, p)
    )
    for name in ("lee", "nobody"):
        users.authenticate(name, "wrong")
    assert len(verified) == 2
    assert verified[0].split("$")[:4] == verified[1].split("$")[:4]


def test_default_cost_is_owasps(path):
    user = PasswordFile(path).add("lee", "open sesame", [])
    assert user.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_passwords_are_compared_in_one_unicode_form(path):
    users = quick(path)
    users.add("jos\u00e9", "caf\u00e9", [])
    assert users.authenticate("jose\u0301", "cafe\u0301") is not None


def test_passwd_replaces_and_other_processes_see_it(path):
    users, other = quick(path), quick(path)
    users.add("lee", "one", [])
    assert other.authenticate("lee", "one") is not None
    users.passwd("lee", "two")
    assert other.authenticate("lee", "one") is None
    assert other.authenticate("lee", "two") is not None


def test_the_file_is_private_and_replaced_whole(path):
    users = quick(path)
    users.add("lee", "one", [])
    before = path.stat().st_ino
    users.add("kim", "two", [])
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [json.loads(line)["name"] for line in path.read_text().splitlines()] == ["lee", "kim"]
    assert "one" not in path.read_text()
    assert "argon2id" not in repr(users.users())


def test_a_group_that_may_read_the_file_may_read_what_takes_its_place(path):
    users = quick(path)
    users.add("lee", "open sesame", ["@x.example"])
    for before, after in ((0o640, 0o640), (0o666, 0o640), (0o600, 0o600)):
        path.chmod(before)
        users.passwd("lee", "another")
        assert stat.S_IMODE(path.stat().st_mode) == after


def test_standing_is_only_the_staffs_and_ends_with_the_password(path):
    users = quick(path)
    users.add("kim", "open sesame", ["@x.example"], staff=True)
    users.add("lee", "open sesame", ["@x.example"])
    first = users.standing("Kim")
    assert first
    assert users.standing("lee") == users.standing("nobody") == ""
    users.passwd("kim", "open sesame")
    assert users.standing("kim") not in {"", first}
    users.disable("kim")
    assert users.standing("kim") == ""


def test_writers_wait_for_each_other(path):
    threads = [threading.Thread(target=quick(path).add, args=(f"u{n}", "pw", [])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(quick(path).users()) == 8


def test_refused_changes_leave_the_file_alone(path):
    users = quick(path)
    users.add("lee", "one", [])
    before = path.read_bytes()
    for error, change in (
        (PermanentError, lambda: users.add("LEE", "x", [])),
        (PermanentError, lambda: users.add("a\nb", "x", [])),
        (PermanentError, lambda: users.add("", "x", [])),
        (PermanentError, lambda: users.add("kim", "", [])),
        (InvalidAddress, lambda: users.add("kim", "x", ["practice.example"])),
        (InvalidAddress, lambda: users.add("kim", "x", ["@"])),
        (PermanentError, lambda: users.add("kim", "x", [], ["marketing"])),
        (PermanentError, lambda: users.passwd("nobody", "x")),
        (PermanentError, lambda: users.disable("nobody")),
    ):
        with pytest.raises(error):
            change()
    assert path.read_bytes() == before


HASH = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"name": "lee"}',
        json.dumps({"name": "lee", "hash": "plain text"}),
        json.dumps({"name": "lee", "hash": "$2b$12$bcrypt"}),
        json.dumps({"name": 3, "hash": HASH}),
        json.dumps({"name": "lee", "hash": HASH, "disabled": "no"}),
        json.dumps({"name": "lee", "hash": HASH, "may_send_as": "lee@x.example"}),
        json.dumps({"name": "lee", "hash": HASH, "may_send_as": ["lee"]}),
        json.dumps({"name": "lee", "hash": HASH, "may_sendas": []}),
        json.dumps({"name": "lee", "hash": HASH}) + "\n" + json.dumps({"name": "LEE", "hash": HASH}),
    ],
)
def test_a_wrong_line_lets_nobody_in(path, line):
    users = quick(path)
    users.add("kim", "right", [])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ConfigError, match="line"):
        users.authenticate("kim", "right")


def test_a_missing_file_has_no_users_and_an_unreadable_one_is_an_error(path):
    assert quick(path).authenticate("lee", "x") is None
    path.mkdir()
    with pytest.raises(StoreUnavailable):
        quick(path).authenticate("lee", "x")

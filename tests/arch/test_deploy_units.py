"""The files of deploy/: the example loads, each unit has a user of its own and only its keys, scripts are sound."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess

import pytest

from gateway.app.roles import ROLES
from gateway.app.supervisor import chosen_roles
from gateway.config.load import load
from tests.arch.tree import ROOT
from tests.support.deployed import HOLDS

DEPLOY = ROOT / "deploy"
GROUPS = {"DOOR": "sealgate-door", "BOUNCE": "sealgate-bounce", "LINKS": "sealgate-links", "TLS": "sealgate-tls",
          "WORKERS": "sealgate-worker", "REVIEWERS": "sealgate-review", "WEB": "sealgate-web"}  # fmt: skip


def unit(role: str) -> configparser.SectionProxy:
    read = configparser.RawConfigParser(strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(DEPLOY / "systemd" / f"sealgate-{role}.service")
    return read["Service"]


def key_groups() -> dict[str, set[str]]:
    """Which groups own.sh gives each private key to."""
    text = (DEPLOY / "own.sh").read_text()
    found: dict[str, set[str]] = {}
    for group, name in re.findall(r'give "\$ROOT" "\$(\w+)" 0640 "\$etc/keys/([\w.]+\.key)"', text):
        found.setdefault(name, set()).add(GROUPS[group])
    loop = re.search(r'for name in ([\w ]+); do give "\$ROOT" "\$(\w+)" 0640 "\$etc/keys/\$name\.key"', text)
    assert loop is not None
    for name in loop[1].split():
        found.setdefault(f"{name}.key", set()).add(GROUPS[loop[2]])
    return found


def test_the_example_loads_and_uses_every_role_that_is_on_by_default():
    settings = load(DEPLOY / "sealgate.toml")
    assert sorted([*chosen_roles(settings, []), "review"]) == sorted(ROLES)
    assert settings.review.listen is None
    assert settings.archive.enabled
    assert settings.sandbox.mode == "strong"


def test_there_is_a_unit_for_each_role():
    units = {one.stem.removeprefix("sealgate-") for one in (DEPLOY / "systemd").glob("*.service")}
    assert units == set(ROLES) == set(HOLDS)


def test_each_role_has_its_own_user():
    users = [unit(role)["User"] for role in ROLES]
    assert len(set(users)) == len(users)
    assert not {"root", ""} & set(users)
    declared = (DEPLOY / "sysusers.conf").read_text()
    for role in ROLES:
        assert re.search(rf"^u {unit(role)['User']} ", declared, re.MULTILINE)
        for group in unit(role)["SupplementaryGroups"].split():
            assert re.search(rf"^g {group} ", declared, re.MULTILINE)
        members = set(re.findall(rf"^m {unit(role)['User']} +(\S+)$", declared, re.MULTILINE))
        assert members == set(unit(role)["SupplementaryGroups"].split())


@pytest.mark.parametrize("role", sorted(HOLDS))
def test_a_unit_reaches_its_private_keys_and_no_others(role):
    own = {unit(role)["Group"], *unit(role)["SupplementaryGroups"].split()}
    assert {name for name, groups in key_groups().items() if groups & own} == HOLDS[role]


@pytest.mark.proves("box.no-plaintext-file", "roles.one-process-each")
@pytest.mark.parametrize("role", sorted(HOLDS))
def test_keys_and_configuration_are_read_only_to_a_unit(role):
    one = unit(role)
    assert one["ProtectSystem"] == "strict"
    assert "/etc/sealgate" in one["ReadOnlyPaths"].split()
    assert not any(path.startswith("/etc") for path in one["ReadWritePaths"].split())
    assert f"sealgate role {role} " in one["ExecStart"]
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"):
        assert one[name] == "yes", name
    assert one["LimitCORE"] == "0"
    assert {path.partition(":")[0] for path in one["TemporaryFileSystem"].split()} == {"/tmp", "/var/tmp"}
    hidden = one["InaccessiblePaths"]
    assert ("epochs" in hidden or "-/var/lib/sealgate-shelf" in hidden.split()) is (role != "worker")


def test_the_key_page_says_the_same():
    page = (ROOT / "keys" / "README.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]*`[^|]+\.key`[^|]*) \|[^|]*\| ([^|]+) \|$", page, re.MULTILINE))
    assert len(rows) > 6
    for cell, holders in rows.items():
        for name in re.findall(r"`([\w.-]+\.key)`", cell):
            held = {role for role, names in HOLDS.items() if name in names}
            said = {role for role in HOLDS if re.search(rf"\b{role}\b", holders.split(" / ")[0])}
            assert said == held, f"keys/README.md: {name} is held by {held}"


def test_the_script_is_sound_shell():
    assert subprocess.run(["sh", "-n", str(DEPLOY / "own.sh")], check=False).returncode == 0


def test_the_units_are_sound_for_systemd():
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze IS MISSING: units are not verified")
    units = [str(one) for one in sorted((DEPLOY / "systemd").iterdir())]
    done = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False)
    wrong = [line for line in done.stderr.splitlines() if "Unknown" in line or "Invalid" in line]
    assert not wrong


def test_the_image_copies_what_is_there():
    text = (DEPLOY / "Containerfile").read_text()
    for path in re.findall(r"/src/(\w+) /src/", text):
        assert (ROOT / path).is_dir(), path
    assert re.search(r"^USER \d+:\d+$", text, re.MULTILINE)

"""Every command explains itself; every mistake is one line with the right exit status, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from gateway.cli import main
from gateway.cli.main import COMMANDS
from gateway.cli.main import sealgate as group
from gateway.domain.errors import ConfigError, IntegrityError, PermanentError, StoreUnavailable
from tests.support.command import installation, sealgate

ROOT = Path(__file__).parents[3]
LATER = ("disclosures", "request", "incident", "report", "migrate")


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.commands]
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_help_tells_what_it_does(words):
    answer = sealgate(*words, "--help")
    assert answer.status == 0
    assert answer.out.startswith("Usage: sealgate")
    assert len(answer.out.splitlines()) > 4


def test_the_contract_s_commands_are_there():
    names = {" ".join(one) for one in every_command()}
    wanted = """init; check; serve; scan; redact; explain; user add; user passwd; user disable; user list; patient import;
        patient list; patient show; partner import; partner list; partner show; consent add; consent import; consent list;
        consent revoke; consent show; policy test; keys list; keys import; keys generate; keys request; keys rotate; keys revoke; keys publish; queue list; queue show; queue retry;
        queue release; queue refuse; queue hold; parcel list; parcel show; parcel revoke; parcel extend; why; audit list;
        audit export; audit verify; archive open; backup; restore; drill; retention list; retention hold; retention release;
        parcel reissue; quarantine show; quarantine confirm; quarantine release"""
    assert {" ".join(one.split()) for one in wanted.split(";")} <= names


@pytest.mark.parametrize("name", LATER)
def test_what_comes_later_is_not_there_yet(name):
    answer = sealgate(name)
    assert answer.status == 2
    assert "No such command" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["scan"],
        ["scan", "--nonsense", "x"],
        ["explain", "x"],
        ["user", "add"],
        ["serve", "--roles", "cook"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(words, tmp_path, monkeypatch):
    installation(tmp_path / "one")
    monkeypatch.chdir(tmp_path / "one")
    answer = sealgate(*words)
    assert answer.status == 2
    assert answer.err.startswith("sealgate: ")
    assert answer.err.count("\n") == 1


def test_no_arguments_show_the_help():
    answer = sealgate()
    assert answer.status == 2
    assert "Commands:" in answer.err + answer.out


def test_an_unknown_key_is_2_with_the_nearest_name(tmp_path):
    config = installation(tmp_path / "one")
    config.write_text(config.read_text().replace("postmaster =", "postmastr ="))
    for words in (
        ["check"],
        ["patient", "list"],
        ["serve"],
        ["explain", "--from", "a@example.org", "--to", "b@example.org", "-"],
    ):
        answer = sealgate(*words, "--config", config)
        assert answer.status == 2, words
        assert 'did you mean "postmaster"' in answer.err


def test_a_missing_configuration_is_2(tmp_path):
    answer = sealgate("patient", "list", "--config", tmp_path / "none.toml")
    assert (answer.status, "sealgate init" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("x"), 2), (StoreUnavailable("x"), 3), (PermanentError("x"), 1), (IntegrityError("x"), 1),
        (click.UsageError("x"), 2), (click.Abort(), 1),
    ],
)  # fmt: skip
def test_each_kind_of_error_has_its_status(monkeypatch, error, status):
    def fails() -> None:
        raise error

    monkeypatch.setattr(main, "sealgate", click.Command("fails", callback=fails))
    answer = sealgate()
    assert answer.status == status
    assert answer.err.startswith("sealgate: ")
    assert answer.err.count("\n") == 1


def test_a_store_out_of_reach_is_temporary(tmp_path):
    config = installation(tmp_path / "one")
    (tmp_path / "one" / "data" / "sealgate.db").unlink()
    answer = sealgate("patient", "list", "--config", config)
    assert (answer.status, answer.err.count("\n")) == (3, 1)


def test_the_real_program_answers_by_exit_status(tmp_path):
    def real(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "gateway", *words], input=stdin, capture_output=True, cwd=ROOT, check=False
        )

    assert real("--version").returncode == 0
    assert real("scan", "--text", "-", stdin=b"SSN 900-12-3456, diabetes\n").returncode == 1
    missing = real("scan", str(tmp_path / "none"))
    assert (missing.returncode, missing.stdout, missing.stderr.count(b"\n")) == (2, b"", 1)

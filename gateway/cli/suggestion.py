"""`sealgate suggestion`: what staff called a false alarm on the review page, taken into the allow-list or not."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.app.installation import Installation
from gateway.cli.console import config_option, json_option, no, opened, say, table
from gateway.config.load import read_toml
from gateway.config.policy_file import PolicyFile, load_policy
from gateway.config.words_file import add
from gateway.domain.errors import ConfigError
from gateway.flow import suggestions
from gateway.flow.suggestions import Suggestion


@click.group()
def suggestion() -> None:
    """Words that staff called a false alarm while they looked at a mail. They are forgotten after 30 days."""


@suggestion.command(name="list")
@config_option
@json_option
def list_suggestions(config: Path, as_json: bool) -> None:
    """What waits for a person, with the word itself: it may be a patient's name after all."""
    with opened(config) as home:
        found = _waiting(home)
    rows = (
        {"id": one.id, "kind": one.alarm.kind.value, "word": one.alarm.word, "by": one.alarm.by, "at": one.at, "staff": one.staff}
        for one in found
    )  # fmt: skip
    table(rows, as_json=as_json, none="no suggestion waits")


@suggestion.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@config_option
def accept(ids: tuple[str, ...], config: Path) -> None:
    """Write the words into the first of the policy's `[detector] allow_files`, for their kind alone, and forget them.

    Workers go by it when they load the policy again (SIGHUP). What the register knows of its patients is found all the same.
    """
    with opened(config) as home:
        path = _allow_file(home)
        found = {one.id: one for one in _waiting(home)}
        for each in ids:
            if each not in found:
                no(f"no suggestion {each} waits")
        for each in ids:
            alarm = found[each].alarm
            add(path, alarm.kind, alarm.word)
            _forget(home, each)
            say(f"{each} is allowed from the next loading of the policy on ({path.name})")
        load_policy(home.settings.policy.file)


@suggestion.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@config_option
def drop(ids: tuple[str, ...], config: Path) -> None:
    """Forget suggestions; the words stay findings."""
    with opened(config) as home:
        for each in ids:
            if not _forget(home, each):
                no(f"no suggestion {each} waits")
            say(f"{each} is forgotten")


def _waiting(home: Installation) -> list[Suggestion]:
    with home.store().begin() as uow:
        return suggestions.listed(uow, home.columns(), home.clock.now())


def _forget(home: Installation, each: str) -> int:
    with home.store().begin() as uow:
        return suggestions.drop(uow, [each], home.clock.now())


def _allow_file(home: Installation) -> Path:
    path = home.settings.policy.file
    load_policy(path)  # says what is wrong with it
    files = PolicyFile.model_validate(read_toml(path)).detector.allow_files
    if not files:
        raise ConfigError(f'{path.name}: [detector] names no file for this; add allow_files = ["allowed-words.txt"]')
    return path.parent / files[0]

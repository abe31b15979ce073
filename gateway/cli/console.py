"""What commands share: the installation that a command works on, its answers as words or JSON lines, who is asking."""

from __future__ import annotations

import json
import os
import pwd
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.seal.columns import Columns

if TYPE_CHECKING:  # loaded by `opened` alone: `scan` without --config has no need of a database
    from gateway.app.installation import Installation
    from gateway.app.worker_role import Rooms
    from gateway.ports.store import UnitOfWork

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")

CONFIG = "sealgate.toml"
_LARGEST = 256 * 1024 * 1024


def config_option(command: F) -> F:
    """`--config F`, by default `sealgate.toml` here."""
    return click.option(
        "--config", type=click.Path(path_type=Path), default=Path(CONFIG), show_default=True, help="Configuration file."
    )(command)


def json_option(command: F) -> F:
    """`--json`: one JSON object a line instead of words."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(command)


@contextmanager
def opened(config: Path) -> Iterator[Installation]:
    """The installation of a configuration file, closed again."""
    from gateway.app.installation import Installation

    home = Installation.load(config)
    try:
        yield home
    finally:
        home.close()


@contextmanager
def staffed(home: Installation, *, reads_mail: bool = False) -> Iterator[Rooms]:
    """The worker's steps in this process, ended again. Without `reads_mail` no sandbox is started, and every document that a
    step came to nevertheless would be a gap.
    """
    from gateway.app.worker_role import build

    if not reads_mail:
        home.open_no_documents()
    rooms = build(home)
    try:
        yield rooms
    finally:
        rooms.close()


def every(home: Installation, listed: Callable[[UnitOfWork, str], Sequence[R]], key: Callable[[R], str]) -> Iterator[R]:
    """Rows of a list that comes in pages, each page in a transaction of its own: `listed` gives those after a `key`."""
    after = ""
    while True:
        with home.store().begin() as uow:
            found = listed(uow, after)
        if not found:
            return
        yield from found
        after = key(found[-1])


def actor() -> str:
    """Who asks, for the log: the account on this machine."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"cli:{name}"


def show(fields: Mapping[str, object]) -> None:
    """One JSON line, whatever characters a mail or a file name holds."""
    click.echo(json.dumps(fields, ensure_ascii=False, default=_plain).encode("utf-8", "replace"))


def say(text: str, *, err: bool = False) -> None:
    """One line for people: what a mail or file name holds cannot steer a terminal."""
    click.echo("".join(one if one.isprintable() else "?" for one in text), err=err)


def complain(message: str) -> None:
    """One line on standard error."""
    say(f"sealgate: {' '.join(message.split())}", err=True)


def table(rows: Iterable[Mapping[str, object]], *, as_json: bool, none: str) -> None:
    """Rows as JSON lines, or as columns for people; `none` says that there is nothing."""
    found = list(rows)
    if as_json:
        for row in found:
            show(row)
        return
    if not found:
        click.echo(none)
        return
    names = list(found[0])
    cells = [names, *([_word(row.get(name)) for name in names] for row in found)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def page(fields: Mapping[str, object], *, as_json: bool) -> None:
    """One thing with its fields, a line each."""
    if as_json:
        show(fields)
        return
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        say(f"{name.ljust(width)}  {_word(value)}".rstrip())


def no(message: str) -> NoReturn:
    """The answer is no: say it, exit 1."""
    complain(message)
    raise click.exceptions.Exit(1)


def read_input(path: str) -> bytes:
    """A file's bytes, or standard input for `-`; ConfigError (exit 2) when it cannot be read."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a file, or - for standard input") from None
    if len(data) > _LARGEST:
        raise ConfigError(f"{path}: is larger than {_LARGEST // 1024**2} MiB; give a smaller file")
    return data


class AddressType(click.ParamType[Address]):
    """An e-mail address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Read it strictly."""
        if isinstance(value, Address):
            return value
        try:
            return Address.parse(str(value))
        except InvalidAddress as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType[date]):
    """An ISO date."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it strictly."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail("a date such as 2026-01-31 is needed", param, ctx)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _word(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, (list, tuple, frozenset)):
        return ", ".join(_word(one) for one in value) or "-"
    return str(value)


def column_key(home: Installation) -> Columns | None:
    """The column key, where this machine and account may read it."""
    try:
        return home.columns()
    except ConfigError:
        return None

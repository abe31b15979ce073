"""Example mails with expected decisions: `NAME.eml`, `NAME.expect`, and, beside them, the register that they rest on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.sql.store import SqlStore
from gateway.app.importing import Importer
from gateway.app.installation import Installation
from gateway.app.preview import Preview
from gateway.app.register_files import read_consents, read_partners, read_patients
from gateway.domain.address import Address
from gateway.domain.decision import Action, Method
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.flow.claims import read_claims
from gateway.mime.limits import Limits
from gateway.mime.parse import parse

_FILES = ("patients.csv", "partners.csv", "consents.csv")


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of an `.expect` file."""

    recipient: Address
    action: Action
    method: Method | None


@dataclass(frozen=True, slots=True)
class Example:
    """One mail and what is expected of it."""

    name: str
    mail: bytes
    expected: tuple[Expected, ...]


def examples(folder: Path) -> list[Example]:
    """Every example of a directory by name; ConfigError when one is incomplete, or there is none."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no directory; name one with NAME.eml and NAME.expect files")
    found = [_example(path) for path in sorted(folder.glob("*.eml"))]
    if not found:
        raise ConfigError(f"{folder}: holds no .eml file; put NAME.eml and NAME.expect there")
    return found


def run_example(preview: Preview, one: Example) -> list[str]:
    """What differs from the expectation, a sentence each."""
    author = read_claims(parse(one.mail, Limits())).author
    if author is None:
        raise ConfigError(f"{one.name}.eml: has no one From address; an example needs its sender there")
    found = preview.decide([one.mail], author, [each.recipient for each in one.expected])
    return [
        f"{want.recipient}: expected {_outcome(want.action, want.method)}, is "
        f"{_outcome(got.decision.action, got.decision.method)} by rule {got.decision.rule!r} "
        f"({', '.join(got.decision.reasons)})"
        for want, got in zip(one.expected, found, strict=True)
        if (want.action, want.method) != (got.decision.action, got.decision.method)
    ]


@contextmanager
def register_of(folder: Path, home: Installation) -> Iterator[Installation]:
    """The installation with the register of the examples' own files, if there are any, for as long as the test takes."""
    if not any((folder / name).is_file() for name in _FILES):
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="sealgate-policy-") as scratch:
        store = SqlStore(f"sqlite:///{scratch}/register.db", home.tokens)
        store.create_schema()
        trial = home.with_store(store)
        write = Importer(store, trial.register(), trial.clock, trial.tokens, "policy test")
        _file(folder / "patients.csv", lambda data: write.patients(read_patients(data)))
        _file(folder / "partners.csv", lambda data: write.partners(read_partners(data)))
        _file(
            folder / "consents.csv",
            lambda data: write.consents(list(read_consents(data, trial.today(), "policy test"))),
        )
        try:
            yield trial
        finally:
            trial.close()


def _file(path: Path, take: Callable[[bytes], object]) -> None:
    if not path.is_file():
        return
    try:
        take(path.read_bytes())
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None


def _example(path: Path) -> Example:
    expect = path.with_suffix(".expect")
    try:
        lines = expect.read_text(encoding="utf-8").splitlines()
        mail = path.read_bytes()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{expect.name}: is missing or not UTF-8; write a JSON object a line") from None
    expected = tuple(
        _line(line, f"{expect.name} line {number}") for number, line in enumerate(lines, 1) if line.strip()
    )
    if not expected:
        raise ConfigError(f"{expect.name}: is empty; write a JSON object a line")
    return Example(path.stem, mail, expected)


def _line(line: str, where: str) -> Expected:
    try:
        read = json.loads(line)
        method = read.get("method")
        return Expected(Address.parse(read["recipient"]), Action(read["action"]), Method(method) if method else None)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidAddress):
        raise ConfigError(
            f'{where}: write {{"recipient": "b@example.net", "action": "deliver", "method": "link"}}, method null for none'
        ) from None


def _outcome(action: Action, method: Method | None) -> str:
    return f"{action.value} by {method.value}" if method else action.value

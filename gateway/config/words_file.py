"""The practice's own words: phrases by kind, in `policy.toml` or in text files beside it, a line each: `name: Graves Mill`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.domain.errors import ConfigError
from gateway.domain.finding import Kind

_LONGEST, _MOST = 200, 20_000
_HEAD = "# Words that are never a finding, a line each, such as `name: Graves Mill`. What the register knows of its patients is found all the same.\n"


def listed_phrase(value: str) -> str:
    """A phrase as the lists hold it; ValueError for one that could mean anything."""
    phrase = " ".join(value.split())
    if len(phrase) > _LONGEST:
        raise ValueError(f"a phrase has at most {_LONGEST} characters")
    if sum(one.isalnum() for one in phrase) < 2:
        raise ValueError(f'"{phrase}" has fewer than two letters or digits')
    if not phrase.isprintable():
        raise ValueError("a phrase holds no control characters")
    return phrase


def entries(written: Mapping[Kind, Sequence[str]], files: Sequence[str], folder: Path) -> frozenset[tuple[Kind, str]]:
    """All entries of one list, lower case; ConfigError names file and line. A file that is not there yet is empty."""
    found = {(kind, phrase.casefold()) for kind, phrases in written.items() for phrase in phrases}
    for name in files:
        found |= _of_file(folder / name)
    if len(found) > _MOST:
        raise ConfigError(f"detector: more than {_MOST} words are too many for one list")
    return frozenset(found)


def refuse_both(allowed: frozenset[tuple[Kind, str]], denied: frozenset[tuple[Kind, str]]) -> None:
    """ConfigError where a phrase is on both lists."""
    for kind, phrase in sorted(allowed & denied):
        raise ConfigError(f'detector: "{phrase}" ({kind.value}) is allowed and denied; take it off one list')


def add(path: Path, kind: Kind, phrase: str) -> bool:
    """Write one more entry into a file of words, whole or not at all; False if it stands there already. ConfigError."""
    try:
        phrase = listed_phrase(phrase)
    except ValueError as error:
        raise ConfigError(f"{path.name}: {error}") from None
    if (kind, phrase.casefold()) in _of_file(path):
        return False
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else _HEAD
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        new = path.with_name(f".new-{path.name}")
        new.unlink(missing_ok=True)  # what a death left
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(f"{text}{'' if text.endswith(chr(10)) else chr(10)}{kind.value}: {phrase}\n")
            file.flush()
            os.fsync(file.fileno())
        new.chmod(mode)
        new.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None
    return True


def _of_file(path: Path) -> set[tuple[Kind, str]]:
    found: set[tuple[Kind, str]] = set()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return found
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: is not UTF-8; save it as UTF-8") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            found.add(_entry(line, f"{path.name} line {number}"))
    return found


def _entry(line: str, where: str) -> tuple[Kind, str]:
    name, colon, phrase = line.partition(":")
    if not colon:
        raise ConfigError(f"{where}: a line is a kind, a colon and a phrase, such as `name: Graves Mill`")
    try:
        kind = Kind(name.strip())
    except ValueError:
        known = [one.value for one in Kind]
        near = difflib.get_close_matches(name.strip(), known, n=1, cutoff=0.5)
        said = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
        raise ConfigError(f"{where}: there is no kind {name.strip()!r}; {said}") from None
    try:
        return kind, listed_phrase(phrase).casefold()
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None

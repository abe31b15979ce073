"""Who may submit: a file of argon2id hashes, one JSON object a line, replaced as a whole and read again when it changes.

An unknown or disabled name costs as much as a known one. A file that cannot be read lets nobody in.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from gateway.domain.address import Address, normal_domain
from gateway.domain.envelope import Identity
from gateway.domain.errors import ConfigError, InvalidAddress, PermanentError, StoreUnavailable
from gateway.domain.patient import Purpose

_LONGEST = 1024
"""Bytes of a password or name; longer ones are wrong without looking."""


@dataclass(frozen=True, slots=True)
class User:
    """One line of the file. `may_send_as` holds address keys and `@domain` entries; `staff` opens the review pages."""

    name: str
    hash: str = field(repr=False)
    may_send_as: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    disabled: bool = False
    staff: bool = False


class PasswordFile:
    """The file at `path`. Reading and checking are thread-safe; writers of several processes wait for each other."""

    def __init__(self, path: Path, *, memory_kib: int = 19_456, rounds: int = 2) -> None:
        """Costs are OWASP's for argon2id: 19 MiB, two rounds, one lane."""
        self._path = path
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._nobody = self._hasher.hash("nobody has this password")
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}

    def authenticate(self, name: str, password: str) -> Identity | None:
        """The identity behind a right password of a user who is not disabled. ConfigError or StoreUnavailable when the
        file cannot be used.
        """
        if len(name.encode()) > _LONGEST or len(password.encode()) > _LONGEST:
            return None
        user = self._read().get(_key(name))
        try:
            self._hasher.verify(user.hash if user is not None else self._nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return None
        if user is None or user.disabled:
            return None
        return Identity(user.name, "auth", user.may_send_as, user.purposes)

    def standing(self, name: str) -> str:
        """What changes with the password of a user of the staff; empty for who is none (any more) or disabled."""
        user = self._read().get(_key(name))
        if user is None or user.disabled or not user.staff:
            return ""
        return hashlib.sha256(user.hash.encode()).hexdigest()

    def users(self) -> tuple[User, ...]:
        """All users by name."""
        return tuple(sorted(self._read().values(), key=lambda user: user.name))

    def add(
        self, name: str, password: str, may_send_as: Iterable[str], purposes: Iterable[str] = (), *, staff: bool = False
    ) -> User:
        """Add a user; PermanentError for a name that is there or unfit, InvalidAddress for what nobody can send as."""
        if not _key(name) or not name.isprintable() or len(name.encode()) > _LONGEST:
            raise PermanentError("a user needs a printable name")
        user = User(name, self._hashed(password), read_senders(may_send_as), read_purposes(purposes), staff=staff)
        with self._changing() as users:
            if _key(name) in users:
                raise PermanentError(f"user {name} exists already")
            users[_key(name)] = user
        return user

    def passwd(self, name: str, password: str) -> None:
        """Set a new password."""
        hashed = self._hashed(password)
        with self._changing() as users:
            users[_key(name)] = replace(_known(users, name), hash=hashed)

    def disable(self, name: str, *, disabled: bool = True) -> None:
        """Close an account, or open it again; it keeps its line so that the log's names stay explained."""
        with self._changing() as users:
            users[_key(name)] = replace(_known(users, name), disabled=disabled)

    def _hashed(self, password: str) -> str:
        if not password or len(password.encode()) > _LONGEST:
            raise PermanentError(f"a password has 1 to {_LONGEST} bytes")
        return self._hasher.hash(_normal(password))

    def _read(self) -> dict[str, User]:
        """The users, read again when the file is another one."""
        with self._lock:
            try:
                found = self._path.stat()
                seen = (found.st_mtime_ns, found.st_size, found.st_ino)
                if seen != self._seen:
                    self._users = _parse(self._path.read_text(encoding="utf-8"), self._path)
                    self._seen = seen
            except FileNotFoundError:
                self._users, self._seen = {}, None
            except UnicodeDecodeError as error:
                raise ConfigError(f"{self._path} is not UTF-8") from error
            except OSError as error:
                raise StoreUnavailable(f"cannot read {self._path}: {error.strerror}") from error
            return self._users

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """A copy to change; leaving replaces the file durably (mode 0600, or 0640 if it was), an error leaves it as it was."""
        try:
            guard = os.open(self._path.with_name(self._path.name + ".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"cannot write beside {self._path}: {error.strerror}") from error
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            users = dict(self._read())
            yield users
            try:
                _replace(self._path, "".join(_line(user) for user in users.values()))
            except OSError as error:
                raise StoreUnavailable(f"cannot write {self._path}: {error.strerror}") from error
        finally:
            os.close(guard)


def read_senders(entries: Iterable[str]) -> frozenset[str]:
    """Addresses as keys, `@domain` in normal form; InvalidAddress for anything else."""
    return frozenset(
        f"@{normal_domain(entry[1:])}" if entry.startswith("@") else Address.parse(entry).key for entry in entries
    )


def read_purposes(entries: Iterable[str]) -> frozenset[str]:
    """Purposes by name; PermanentError for an unknown one."""
    known = {purpose.value for purpose in Purpose}
    given = frozenset(entries)
    if given - known:
        raise PermanentError(f"unknown purpose {min(given - known)}; known: {', '.join(sorted(known))}")
    return given


def _known(users: dict[str, User], name: str) -> User:
    if _key(name) not in users:
        raise PermanentError(f"no user {name}")
    return users[_key(name)]


def _key(name: str) -> str:
    return _normal(name).casefold()


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _line(user: User) -> str:
    row = {
        "name": user.name,
        "hash": user.hash,
        "may_send_as": sorted(user.may_send_as),
        "purposes": sorted(user.purposes),
        "disabled": user.disabled,
        "staff": user.staff,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def _parse(text: str, path: Path) -> dict[str, User]:
    users: dict[str, User] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            user = _user(json.loads(line))
        except (ValueError, TypeError, KeyError, InvalidAddress, PermanentError) as error:
            raise ConfigError(f"{path} line {number}: {error}") from error
        if _key(user.name) in users:
            raise ConfigError(f"{path} line {number}: user {user.name} is there twice")
        users[_key(user.name)] = user
    return users


def _user(row: object) -> User:
    known = {"name", "hash", "may_send_as", "purposes", "disabled", "staff"}
    if not isinstance(row, dict) or row.keys() - known:
        raise TypeError(f"a line is an object with {', '.join(sorted(known))}")
    name, hashed = row["name"], row["hash"]
    disabled, staff = row.get("disabled", False), row.get("staff", False)
    if not isinstance(name, str) or not isinstance(hashed, str) or not hashed.startswith("$argon2id$"):
        raise TypeError("name and an argon2id hash must be strings")
    # `"disabled": "no"` must not be taken for either answer.
    if not isinstance(disabled, bool) or not isinstance(staff, bool):
        raise TypeError("disabled and staff are true or false")
    senders, purposes = row.get("may_send_as", []), row.get("purposes", [])
    if not isinstance(senders, list) or not isinstance(purposes, list):
        raise TypeError("may_send_as and purposes are lists")
    return User(name, hashed, read_senders(senders), read_purposes(purposes), disabled, staff)


def _replace(path: Path, content: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    # Where roles under users of their own share the file by its group, its group may read what takes its place too.
    mode = stat.S_IMODE(path.stat().st_mode) & 0o640 if path.exists() else 0o600
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode | 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""Which files an installation consists of, beside database, objects and shelf; and where each comes to lie again.

What lies in the directory of the configuration keeps its place in it. What the configuration names elsewhere gets a place
there too, and the configuration's text is changed to say so: a restored installation touches nothing outside its directory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from gateway.app.created import database_file
from gateway.config.load import load
from gateway.config.model import Settings
from gateway.domain.errors import ConfigError, IntegrityError

_SECRET = ("password_file", "secret_file", "tls_key", "dir")
_BEGIN_ANEW = ("head_files", "journal_files")
"""Written outside, and by the restored system from the beginning."""
_RELATIVE = {None: "", "sqlite:///": "sqlite:///", "file://": "file:///./"}
_LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """A path that the configuration names, and where it lies in a restored directory."""

    setting: str
    path: Path
    place: str

    @property
    def secret(self) -> bool:
        """Whether it belongs to the keys."""
        return self.setting.rsplit(".", 1)[-1] in _SECRET

    @property
    def copied(self) -> bool:
        """Whether its content is part of the backup as a plain file or directory of files."""
        return self.setting not in {"store.url", "blobs.url", "shelf.url"} and not self.setting.endswith(_BEGIN_ANEW)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Each file of it with its place. ConfigError for one that is too large to be a setting's."""
        found = sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]
        for one in found:
            if not one.is_file() or (
                self.secret and one.name.startswith(("archive-", "backup")) and one.suffix == ".key"
            ):
                continue
            if one.stat().st_size > _LARGEST:
                raise ConfigError(f"{one}: is too large for a file that {self.setting} names; move it elsewhere")
            yield str(Path(self.place) / one.relative_to(self.path)) if one != self.path else self.place, one


def places(settings: Settings, config: Path) -> list[Place]:
    """Every path that the configuration names. ConfigError for a store that this backup does not copy."""
    database = database_file(settings)
    if database is None:
        raise ConfigError(
            "store.url: `sealgate backup` copies SQLite; back PostgreSQL up with its own tools, and keep blobs, keys and "
            "journal beside it (docs/backup.md)"
        )
    named = [("store.url", database)]
    for setting, url in (("blobs.url", settings.blobs.url), ("shelf.url", settings.shelf.url)):
        if not url.startswith("file://"):
            raise ConfigError(f"{setting}: `sealgate backup` copies directories (file:///…) only (docs/backup.md)")
        named.append((setting, Path(unquote(urlsplit(url).path))))
    named += [
        (setting, path)
        for section in type(settings).model_fields
        for setting, path in _paths(section, getattr(settings, section))
    ]
    base, found, taken = config.parent.resolve(), list[Place](), set[str]()
    for setting, path in dict.fromkeys(named):
        if path.is_relative_to(base) and path != base:
            place = str(path.relative_to(base))
        else:
            place = f"restored/{setting}/{path.name}"
            while place in taken:
                place += "_"
        taken.add(place)
        found.append(Place(setting, path, place))
    return found


def described(config: Path, found: list[Place]) -> bytes:
    """What a restore must know of the places."""
    return json.dumps({"config": config.name, "moved": {str(one.path): one.place for one in found}}).encode()


def moved(text: str, description: bytes) -> tuple[str, str]:
    """Name and text of the configuration with every path that was elsewhere now relative to it. IntegrityError when the
    description is none.
    """
    try:
        read = json.loads(description)
        name, ways = str(read["config"]), {str(was): str(place) for was, place in read["moved"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError("the backup does not say where its files belong") from error
    longest_first = "|".join(re.escape(one) for one in sorted(ways, key=len, reverse=True))
    written = re.compile(rf"(?P<scheme>sqlite:///|file://)?(?P<path>{longest_first})(?=[\"'])")
    return name, written.sub(lambda found: _RELATIVE[found["scheme"]] + ways[found["path"]], text)


def check_inside(config: Path) -> Settings:
    """The restored configuration; ConfigError when it still names a store, key or file outside its directory."""
    settings = load(config)
    base = config.parent.resolve()
    for one in places(settings, config):
        if not one.path.resolve().is_relative_to(base):
            raise ConfigError(f"{one.setting}: names {one.path}, outside {base}; the configuration cannot be moved")
    return settings


def _paths(name: str, value: object) -> Iterator[tuple[str, Path]]:
    """Every path in a value of the settings, with the setting's name: in sections, named sections, and lists of them."""
    if isinstance(value, Path):
        yield name, value
    elif isinstance(value, BaseModel):
        for inner in type(value).model_fields:
            yield from _paths(f"{name}.{inner}", getattr(value, inner))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _paths(f"{name}.{key}", one)
    elif isinstance(value, tuple):
        for one in value:
            yield from _paths(name, one)

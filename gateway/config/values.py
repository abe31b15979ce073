"""The kinds of value that the configuration holds: durations, sizes, addresses to listen on, paths, URLs.

Relative paths are taken from the directory of the file that names them (`info.context["base"]`). Secrets are never in
the file: a URL with a password in it is refused, and the key to use instead ends in `_file`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

from gateway.domain.address import Address, normal_domain
from gateway.domain.errors import InvalidAddress

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_LOCAL_URL = {"file": "file://", "capture": "capture://", "sqlite": "sqlite:///"}


@dataclass(frozen=True, slots=True)
class HostPort:
    """A network address to listen on; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_duration(value: object) -> timedelta:
    """Read `14d`, `15m`, `1h30m`; ValueError for a bare number, because nobody knows its unit."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"(\d+[smhdw])+", value):
        raise ValueError('a duration with its unit is needed, such as "15m" or "14d"')
    parts = re.findall(r"(\d+)([smhdw])", value)
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def write_duration(value: timedelta) -> str:
    """The shortest form that `read_duration` takes."""
    seconds, text = int(value.total_seconds()), ""
    for unit in "dhms":
        count, seconds = divmod(seconds, _UNITS[unit])
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def read_size(value: object) -> int:
    """Read `150MiB` or a whole number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = re.fullmatch(r"(\d+)\s*([KMGT]iB|B)?", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a size is needed, such as "150MiB", or a whole number of bytes')
    return int(found[1]) * _SIZES[found[2] or ""]


def write_size(value: int) -> str:
    """The largest unit that divides the size."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value and value % _SIZES[unit] == 0:
            return f"{value // _SIZES[unit]}{unit}"
    return str(value)


def read_listen(value: object) -> HostPort:
    """Read `host:port` or `[v6]:port`."""
    if isinstance(value, HostPort):
        return value
    found = (
        re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\]]+)):(\d{1,5})", value) if isinstance(value, str) else None
    )
    if found is None or int(found[3]) > 65535:
        raise ValueError('host and port are needed, such as "127.0.0.1:587" or "[::1]:587"')
    return HostPort(found[1] or found[2], int(found[3]))


def _resolve_path(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("the path of a file or directory is needed")
    return (_base(info) / value).resolve() if not Path(value).is_absolute() else Path(value)


def _resolve_url(value: object, info: ValidationInfo) -> str:
    if not isinstance(value, str) or "://" not in value:
        raise ValueError("a URL with a scheme is needed, such as file:///./blobs or smtp+starttls://host:587")
    scheme, _, rest = value.partition("://")
    if scheme in _LOCAL_URL:
        path = rest.removeprefix("/")
        relative = not path.startswith("/") if scheme == "sqlite" else path.startswith("./")
        return f"{_LOCAL_URL[scheme]}{(_base(info) / path).resolve()}" if relative else value
    if urlsplit(value).password is not None:
        raise ValueError(
            "a secret does not belong in the configuration; put it in a file and name the file in the section's …_file key"
        )
    return value


def _base(info: ValidationInfo) -> Path:
    return Path(info.context["base"]) if info.context else Path.cwd()


def _key_place(value: object) -> str:
    """A key in a token or a key service, by URI; a PIN stands in a file that the URI names (RFC 7512 2.4)."""
    if not isinstance(value, str) or not value.startswith(("pkcs11:", "awskms:")):
        raise ValueError("a URI is needed: pkcs11:token=…;object=…?pin-source=file:/… or awskms:///KEY-ID?region=…")
    if "pin-value" in value:
        raise ValueError("a PIN does not belong in the configuration; put it in a file and name it: pin-source=file:/…")
    return value


def _mailbox(value: object) -> Address:
    if isinstance(value, Address):
        return value
    try:
        return Address.parse(str(value))
    except InvalidAddress as error:
        raise ValueError(str(error)) from None


def _domain(value: object) -> str:
    try:
        return normal_domain(str(value))
    except InvalidAddress as error:
        raise ValueError(str(error)) from None


def _address_or_domain(value: object) -> str:
    text = str(value)
    return f"@{_domain(text[1:])}" if text.startswith("@") else _mailbox(text).key


Duration = Annotated[timedelta, BeforeValidator(read_duration), PlainSerializer(write_duration)]
Size = Annotated[int, BeforeValidator(read_size), PlainSerializer(write_size)]
Listen = Annotated[HostPort, BeforeValidator(read_listen), PlainSerializer(str)]
FilePath = Annotated[Path, BeforeValidator(_resolve_path), PlainSerializer(str)]
KeyPlace = Annotated[str, BeforeValidator(_key_place)]
Url = Annotated[str, BeforeValidator(_resolve_url)]
Mailbox = Annotated[Address, BeforeValidator(_mailbox), PlainSerializer(str)]
Domain = Annotated[str, BeforeValidator(_domain)]
AddressOrDomain = Annotated[str, BeforeValidator(_address_or_domain)]
"""An address in its normal form, or `@domain` for all of a domain's."""

"""`pkcs11:` URIs, RFC 7512: which module, token and object, and in which file the PIN stands.

`pin-value` is refused: a PIN in a configuration is no secret. Attributes that would choose nothing here are refused too,
since passing over one could choose another key than the one that was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from gateway.domain.errors import ConfigError

_PATH, _QUERY = {"token", "serial", "object", "id", "type"}, {"module-path", "pin-source"}


@dataclass(frozen=True, slots=True)
class TokenUri:
    """What a URI names. `module` is the path of the token's library, `pin_file` of the PIN's."""

    module: Path
    pin_file: Path | None
    token: str | None = None
    serial: str | None = None
    object: str | None = None
    id: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> TokenUri:
        """Read one; ConfigError says what is wrong with it."""
        scheme, _, rest = text.partition(":")
        path, _, query = rest.partition("?")
        if scheme != "pkcs11":
            raise ConfigError("a key in a token is named by a URI that begins with pkcs11:")
        named, asked = _attributes(path, ";", _PATH), _attributes(query, "&", _QUERY)
        if unquote(named.get("type", "private")) != "private":
            raise ConfigError("pkcs11: type is private, or left out")
        if "token" not in named and "serial" not in named:
            raise ConfigError("pkcs11: the URI must name its token: pkcs11:token=NAME;object=KEY")
        module = unquote(asked.get("module-path", ""))
        if not module.startswith("/"):
            raise ConfigError(
                "pkcs11: module-path must name the token's library: ?module-path=/usr/lib/softhsm/libsofthsm2.so"
            )
        return cls(
            Path(module), _pin_file(asked), _text(named, "token"), _text(named, "serial"), _text(named, "object"),
            unquote_to_bytes(named["id"]) if "id" in named else None,
        )  # fmt: skip


def _attributes(text: str, between: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in filter(None, text.split(between)):
        name, equals, value = one.partition("=")
        if name == "pin-value":
            raise ConfigError(
                "pkcs11: a PIN does not belong in the URI; put it in a file and name it: pin-source=file:/…"
            )
        if not equals or name not in known or name in found:
            raise ConfigError(f"pkcs11: the URI has {name[:20]!r}, which chooses nothing here or stands twice")
        found[name] = value
    return found


def _text(found: dict[str, str], name: str) -> str | None:
    return unquote(found[name]) if name in found else None


def _pin_file(asked: dict[str, str]) -> Path | None:
    if "pin-source" not in asked:
        return None
    path = unquote(asked["pin-source"]).removeprefix("file:")
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path.startswith("/"):
        raise ConfigError("pkcs11: pin-source must name a file: pin-source=file:/path/to/pin")
    return Path(path)

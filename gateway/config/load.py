"""Reads `sealgate.toml`: a TOML file in, one frozen value out, or one line that says what to mend."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from gateway.config.model import Settings
from gateway.config.problems import one_line
from gateway.domain.errors import ConfigError


def load(path: Path) -> Settings:
    """Read and check the configuration; ConfigError names file, key and mend. Opens nothing that the file names."""
    data = read_toml(path)
    try:
        return Settings.model_validate(data, context={"base": path.resolve().parent})
    except ValidationError as error:
        raise one_line(error, Settings, path) from None


def read_toml(path: Path) -> dict[str, object]:
    """The file's tables; ConfigError when it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); `sealgate init` writes a first one") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: is not valid TOML: {error}") from None

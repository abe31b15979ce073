"""The reference page of both files, made from the models: `python -m gateway.config.reference > docs/reference/config.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.config.model import Settings
from gateway.config.policy_file import PolicyFile
from gateway.config.section import Section
from gateway.config.values import write_duration, write_size

_HEAD = """# Configuration

Made from the models in `gateway/config/` by `make docs`; a test keeps it true. Durations carry
their unit (`15m`, `14d`), sizes may (`150MiB`). Relative paths are taken from the directory of the file. Secrets are
never in the file: keys that end in `_file` name the file that holds one. An unknown key is an error.
"""


def reference() -> str:
    """The whole page."""
    parts = [_HEAD, "## sealgate.toml\n", *_tables(Settings, ""), "## policy.toml\n", *_tables(PolicyFile, "")]
    return "\n".join(parts)


def default_of(path: str) -> str:
    """The default of one key, written as in the tables; KeyError for an unknown one."""
    model: type[BaseModel] = Settings
    *tables, key = path.split(".")
    for name in tables:
        found = _section(model.model_fields[name].annotation)
        if found is None:
            raise KeyError(path)
        model = found
    return _default(model.model_fields[key])


def _tables(model: type[BaseModel], name: str, shown: set[type[BaseModel]] | None = None) -> Iterator[str]:
    """The table of a model's own keys, then those of the tables inside it; a shape that two tables share comes once."""
    shown = set() if shown is None else shown
    shown.add(model)
    rows, inner = [], []
    for key, field in model.model_fields.items():
        found = _section(field.annotation)
        if found is not None:
            inner.append((found, f"{name}.{key}" if name else key))
            continue
        rows.append(f"| `{key}` | {_default(field)} | {field.description} |")
    if name:
        yield f"### {_title(model, name)}\n"
    if rows:
        yield "| key | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    for found, path in inner:
        if found not in shown:
            yield from _tables(found, path, shown)


def _title(model: type[BaseModel], name: str) -> str:
    words = (inspect.getdoc(model) or "").splitlines()[0]
    return words.rstrip(".") if words.startswith("`[") else f"`{name}`: {words.rstrip('.')}"


def _section(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    found = (_section(one) for one in get_args(annotation))
    return next((one for one in found if one is not None), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return _shown(field.default, size=any("read_size" in repr(one) for one in field.metadata))


def _shown(value: object, *, size: bool = False) -> str:
    if value is None or value in ((), "", frozenset()) or value == {}:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, timedelta):
        return f"`{write_duration(value)}`"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if size and isinstance(value, int):
        return f"`{write_size(value)}`"
    return f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(reference())

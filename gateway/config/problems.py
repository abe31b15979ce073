"""Turns what is wrong with a file into one line: which key, what is wrong, and the mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from gateway.domain.errors import ConfigError

Where = Sequence[int | str]


def one_line(error: ValidationError, model: type[BaseModel], path: Path) -> ConfigError:
    """The first problem as a sentence, and how many more there are."""
    problems = error.errors(include_url=False)
    first = min(problems, key=lambda one: one["type"] != "extra_forbidden")
    key = dotted(first["loc"])
    if first["type"] == "extra_forbidden":
        what = unknown_key(str(first["loc"][-1]), keys_at(model, first["loc"][:-1]))
    elif first["type"] == "missing":
        what = "is missing; add it"
    else:
        what = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return ConfigError(f"{path.name}: {key + ': ' if key else ''}{what}{more}")


def unknown_key(name: str, known: Sequence[str]) -> str:
    """What to say about a key that nobody knows: the nearest name, or all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f'unknown key; did you mean "{near[0]}"?'
    return f"unknown key; known here are {', '.join(sorted(known))}"


def dotted(where: Where) -> str:
    """`smtp.clients[0].networks` for a location."""
    text = ""
    for one in where:
        text += f"[{one}]" if isinstance(one, int) else f"{'.' if text else ''}{one}"
    return text


def keys_at(model: type[BaseModel], where: Where) -> list[str]:
    """The keys of the table at this location."""
    for one in where:
        if isinstance(one, int):
            continue
        if one not in model.model_fields:
            return []
        model = next(_models(model.model_fields[one].annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models(one)

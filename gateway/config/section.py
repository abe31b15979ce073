"""What every section of the configuration has in common: frozen, and an unknown key is an error."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file."""

    # Deferred: only the whole is ever read, and a validator of its own for each section costs every start.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True, defer_build=True
    )

    def numbers(self) -> dict[str, float | int]:
        """The plain numbers by name, durations in seconds under `NAME_seconds`: what limit values are made from."""
        found: dict[str, float | int] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, timedelta):
                found[f"{name}_seconds"] = value.total_seconds()
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                found[name] = value
        return found

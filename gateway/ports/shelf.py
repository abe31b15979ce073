"""Port: the key shelf. It holds short-lived keys (epochs, parcel peppers) and is never part of a data backup."""

from __future__ import annotations

from typing import Protocol

from gateway.domain.protected import Protected


class KeyShelf(Protocol):
    """A small store of secrets by name; destroying is for good, so no backup may contain it."""

    def put(self, name: str, secret: Protected[bytes]) -> None:
        """Store durably; an existing name is a PermanentError; StoreUnavailable when it cannot be written."""
        ...

    def get(self, name: str) -> Protected[bytes] | None:
        """The secret, or None when it was destroyed or never there; StoreUnavailable when out of reach."""
        ...

    def destroy(self, name: str) -> None:
        """Overwrite and remove; a name that is not there is no error."""
        ...

    def names(self) -> tuple[str, ...]:
        """Every name on the shelf."""
        ...

    def problems(self) -> tuple[str, ...]:
        """What about its medium would bring a destroyed key back or lose a live one, as sentences for `sealgate check`."""
        ...

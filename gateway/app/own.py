"""The practice's own mail keys, put together: their rows, the places where some of them lie, and who signs. Workers only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from gateway.app.key_places import KeyPlaces
from gateway.app.keyfiles import Authority
from gateway.config.model import Settings
from gateway.flow.own_keys import OwnKeys
from gateway.flow.signers import Signers
from gateway.ports.store import Store
from gateway.seal.columns import BlindIndex, Columns


@dataclass(frozen=True)
class Own:
    """What the roles and commands need of own mail keys; each part is opened when it is first asked for."""

    settings: Settings
    store: Callable[[], Store]
    columns: Callable[[], Columns] = field(repr=False)
    index: Callable[[], BlindIndex] = field(repr=False)
    ca: Callable[[], Authority] = field(repr=False)

    @cached_property
    def places(self) -> KeyPlaces:
        """What opens keys that lie in files, tokens or key services."""
        return KeyPlaces(self.settings.keys.dir)

    def keys(self) -> OwnKeys:
        """The rows of own keys."""
        return OwnKeys(self.store(), self.columns(), self.index(), self.places.open)

    def signers(self) -> Signers:
        """Who signs for a sender."""
        one, ca = self.settings.own_keys, self.ca()
        return Signers(
            self.store(), self.columns(), self.index(), (ca.certificate, ca.key), self.places.open, one.crl_url,
            one.built_in_ca, frozenset(self.settings.practice.own_domains),
        )  # fmt: skip

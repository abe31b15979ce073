"""What `sealgate check` says of own mail keys: ends that come, places that do not answer, an authority that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gateway.app.installation import Installation
from gateway.domain.errors import SealgateError
from gateway.seal.own_keys import SEALED, Life, OwnKey

SOON = timedelta(days=30)
"""From when on an end is told. What the built-in authority renews by itself is not told."""
_CA_SOON = timedelta(days=180)
"""The authority's end cuts short what it issues, and others must trust the next one before."""


def own_key_warnings(home: Installation) -> Iterator[str]:
    """Sentences about keys at work; StoreUnavailable when the rows cannot be read."""
    now, keys = home.clock.now(), home.own().keys()
    end = home.ca().certificate.not_valid_after_utc
    if end - now < _CA_SOON:
        yield f"keys/ca.crt: the built-in authority ends on {end.date()}; `sealgate keys rotate --authority` makes the next one"
    with home.store().begin() as uow:
        rings = keys.rings(uow)
        lost = len(uow.register.all_own_keys()) - len(rings)
    if lost:
        yield f"{lost} rows of own mail keys cannot be opened: they sign and read nothing"
    for ring in rings:
        for key in ring.keys:
            if key.life is not Life.ACTIVE:
                continue
            what = f"own mail key {key.id[:16]} of {ring.name}"
            if _ends(key) and key.until is not None and key.until - now < SOON:
                over = "is over" if key.until < now else "ends"
                yield f"{what}: its certificate {over} on {key.until.date()}; {_mend(key)}"
            if key.place != SEALED:
                try:
                    keys.private(key)
                except SealgateError as error:
                    yield f"{what}: {error}"


def _ends(key: OwnKey) -> bool:
    """Whether nobody renews it in time: a signing key of the built-in authority is renewed when it next signs."""
    return not (key.built_in and key.purpose.signs and key.place == SEALED)


def _mend(key: OwnKey) -> str:
    return (
        "`sealgate keys rotate` makes the next one" if key.built_in else "`sealgate keys request` asks for the next one"
    )

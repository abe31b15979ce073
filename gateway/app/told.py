"""Which role began and ended, and with which configuration: rows of the log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from gateway import __version__
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import SealgateError

if TYPE_CHECKING:
    from gateway.app.installation import Installation


@contextmanager
def run_told(home: Installation, role: str) -> Iterator[None]:
    """Write `started` now and `stopped` at the end; a database out of reach at the end is no reason not to stop."""
    data: dict[str, Scalar] = {"role": role, "version": __version__, "config": config_digest(home)}
    with home.store().begin() as uow:
        uow.audit.append(Event(EventKind.STARTED, data=data), home.clock.now())
    try:
        yield
    finally:
        try:
            with home.store().begin() as uow:
                uow.audit.append(Event(EventKind.STOPPED, data={"role": role}), home.clock.now())
        except SealgateError as error:
            structlog.get_logger(role).warning("the end is not in the log", code=error.code)


def config_digest(home: Installation) -> str:
    """SHA-256 of the configuration file's bytes, in hex; empty when it cannot be read any more."""
    try:
        return hashlib.sha256(home.config.read_bytes()).hexdigest()
    except OSError:
        return ""

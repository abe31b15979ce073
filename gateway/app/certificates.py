"""The certificates that this gateway shows to others, while it runs: loaded again on SIGHUP, and their end told in time.

An expired certificate loses no mail and opens none: clients and browsers that check refuse to go on, and the role says so
once a day, in its log and in `sealgate_certificate_not_after_seconds`; `sealgate check` says it too.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from cryptography import x509

from gateway.domain.errors import ConfigError
from gateway.ports.clock import Clock
from gateway.ports.metrics import Gauge

if TYPE_CHECKING:
    from gateway.app.installation import Installation

SOON = timedelta(days=21)
"""From when on an end that comes is told."""
_AGAIN = timedelta(days=1)
_LOOK_SECONDS = 3600.0


def load_again(context: ssl.SSLContext | None, certificate: Path | None, key: Path | None) -> None:
    """Read the pair into a context that serves: the next handshake shows it. ConfigError for a bad pair; the old one stays."""
    if context is None or certificate is None or key is None:
        return
    try:
        # What does not fit shows itself on a context that serves nobody.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"cannot use {certificate} with {key}: {error}") from error


class Watch:
    """Tells the end of the certificate that one role shows: 21 days before and after it, once a day."""

    def __init__(self, role: str, path: Path, clock: Clock, show: Callable[[Gauge, float], None]) -> None:
        self._role, self._path, self._clock, self._show = role, path, clock, show
        self._ends: datetime | None = None
        self._told: tuple[bool, datetime] | None = None

    def loaded(self) -> None:
        """The role has just loaded the file: from now on its end is the one that counts."""
        try:
            self._ends = x509.load_pem_x509_certificates(self._path.read_bytes())[0].not_valid_after_utc
        except (OSError, ValueError):
            return  # replaced since it was loaded: the next reload tells
        self._show(Gauge.CERTIFICATE_ENDS, self._ends.timestamp())
        self._told = None
        self.look()

    def look(self) -> None:
        """Say it if it is time."""
        now = self._clock.now()
        if self._ends is None or self._ends - now >= SOON:
            return
        expired = self._ends < now
        if self._told is not None and self._told[0] == expired and now - self._told[1] < _AGAIN:
            return
        self._told = (expired, now)
        log = structlog.get_logger(self._role)
        facts = {"certificate": str(self._path), "ends": self._ends.date().isoformat()}
        if expired:
            log.error("certificate expired, whoever checks it refuses to go on", **facts)
        else:
            log.warning("certificate ends soon", **facts, days=(self._ends - now).days)


@contextmanager
def watched(role: str, home: Installation, reload: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Watch the role's certificate; yields what SIGHUP does: load it again, or keep the old one and say why."""
    path: Path | None = getattr(getattr(home.settings, role), "tls_certificate", None)
    if path is None:
        yield lambda: None
        return
    watch = Watch(role, path, home.clock, home.metrics().show)
    watch.loaded()
    over = threading.Event()

    def keep_looking() -> None:
        while not over.wait(_LOOK_SECONDS):
            watch.look()

    def again() -> None:
        log = structlog.get_logger(role)
        try:
            reload()
        except ConfigError as error:
            log.error("certificate not loaded, the old one stays", why=str(error))
            return
        log.info("certificate loaded")
        watch.loaded()

    threading.Thread(target=keep_looking, name="certificate", daemon=True).start()
    try:
        yield again
    finally:
        over.set()

"""Where signed heads of the log go, and what of it a worker reads back: files, syslog, a bucket with locks, and by mail (`flow.head_mail`)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.adapters.heads import append, last_kept
from gateway.adapters.heads_bucket import Bucket
from gateway.adapters.heads_syslog import send
from gateway.app.installation import Installation
from gateway.flow.log_watch import LogWatch, accept
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept, Verify


def publish(home: Installation, kept: Kept) -> None:
    """Copy a head to every place that is written to; StoreUnavailable if one of them does not take it."""
    one = home.settings.audit
    if one.head_syslog is not None:
        send(one.head_syslog, kept, home.clock.now())
    if one.head_bucket is not None:
        Bucket.parse(one.head_bucket).put(kept, home.clock.now(), one.head_bucket_keep)
    for path in one.head_files:
        append(path, kept)


def log_watch(home: Installation) -> LogWatch:
    """The watch over the log, with the newest head of each file."""
    files = home.settings.audit.head_files

    def outside() -> list[Kept]:
        return [kept for kept in map(last_kept, files) if kept is not None]

    return LogWatch(home.store(), home.clock, outside, signed_by(home.worker_keys().calendar))


def accept_head(home: Installation) -> HeadRow:
    """A person says that this database's log is the one from now on, though heads outside tell of more (a restore)."""
    return accept(home.store(), home.clock, home.worker_keys().sign, lambda kept: publish(home, kept))


def signed_by(key: Ed25519PublicKey) -> Verify:
    """(message, signature) -> whether it holds."""

    def holds(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return holds

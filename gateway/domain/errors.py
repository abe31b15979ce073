"""The error tree. Every error has a stable code; doors translate codes once, at their edge.

Messages are for administrators: they name ids and reasons, never text, addresses or keys of a mail.
"""

from __future__ import annotations

from typing import ClassVar


class SealgateError(Exception):
    """Root of everything that Sealgate raises on purpose."""

    code: ClassVar[str] = "internal"
    temporary: ClassVar[bool] = False


class TemporaryError(SealgateError):
    """Trying again later may help: disk, database, network, lease."""

    code = "temporary"
    temporary = True


class PermanentError(SealgateError):
    """Trying again changes nothing."""

    code = "permanent"


class ConfigError(PermanentError):
    """A configuration, policy or register file is wrong; the message names the key and the mend."""

    code = "config"


class InvalidAddress(PermanentError):
    """An address that policy could read in two ways, or not at all."""

    code = "address.invalid"


class IntegrityError(PermanentError):
    """A seal, signature, MAC or commitment does not hold: withheld, with an alert."""

    code = "integrity"


class KeyMissing(PermanentError):
    """A key that was needed is not there (destroyed, never made, not this role's)."""

    code = "key.missing"


class KeyUnreachable(TemporaryError):
    """A token or key service that holds an own key does not answer, or refuses for now; nothing was signed or read with it."""

    code = "key.unreachable"


class StoreUnavailable(TemporaryError):
    """The database or the blob store cannot be reached or written; nothing was promised."""

    code = "store.unavailable"


class Quarantined(StoreUnavailable):
    """The database came out of a backup and no person has confirmed it yet: nothing is taken, shown or sent."""

    code = "quarantine"


class SyncFailed(StoreUnavailable):
    """The medium refused to make durable what it had taken. Never tried again: what the system dropped it does not report twice."""

    code = "store.sync_failed"


class BlobMissing(PermanentError):
    """The named blob does not exist (gone, as against unreachable)."""

    code = "blob.missing"


class LeaseLost(TemporaryError):
    """Another worker holds this job now; the step must leave no trace."""

    code = "lease.lost"


class LimitExceeded(PermanentError):
    """A configured limit was met; `which` is the setting's name."""

    code = "limit"

    def __init__(self, which: str, message: str) -> None:
        super().__init__(message)
        self.which = which


class MailRefused(PermanentError):
    """Intake refuses this message for good; `reason` is a code of the reply table."""

    code = "mail.refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class MalformedMail(PermanentError):
    """A message that no reader of ours can take apart; recorded as a gap, never sent in clear."""

    code = "mail.malformed"


class SealingFailed(PermanentError):
    """A sealer could not produce the protected form; nothing leaves."""

    code = "seal.failed"


class IllegalTransition(PermanentError):
    """A state change that the transition table does not allow."""

    code = "state.illegal"


class PickupRefused(PermanentError):
    """The portal does not show this; `reason` is one of pickup's stable reasons, `retry_after` seconds to wait,
    `limit` the limit that was met, by its name in `gateway/ports/metrics.py`, if one was.
    """

    code = "pickup.refused"

    def __init__(self, reason: str, retry_after: int = 0, limit: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.limit = limit

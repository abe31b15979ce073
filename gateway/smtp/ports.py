"""What the door needs of the rest of the program: a place for mail to go, and a judge of passwords.

The door knows nothing of seals, stores or policy. It hands on bytes as they come and promises 250 only after `finish`.
"""

from __future__ import annotations

from typing import Protocol

from gateway.domain.envelope import Envelope, Identity


class Acceptance(Protocol):
    """One message being received. `write` and `abort` are called from the event loop and must be cheap."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes: CRLF, dots unstuffed, at most some 256 KiB. StoreUnavailable, MailRefused or
        LimitExceeded end the message; the door then calls `abort` and swallows the rest.
        """
        ...

    def finish(self) -> str:
        """Make the message durable and return its id. Blocking (fsync and transaction), so called in a thread.
        After it has returned the door says 250; when it raises, nothing was promised.
        """
        ...

    def abort(self) -> None:
        """Forget what was written. Never raises."""
        ...


class Intake(Protocol):
    """Where mail goes."""

    def admit(self, identity: Identity, size: int) -> None:
        """Whether a message of that many announced bytes (0: unknown) would be begun; raises what `begin` would."""
        ...

    def fits(self, recipients: int, size: int) -> bool:
        """Whether a message of that many announced bytes may have so many recipients."""
        ...

    def begin(self, envelope: Envelope) -> Acceptance:
        """Begin one message; LimitExceeded (spool full: 452) or StoreUnavailable (451) before a byte is taken."""
        ...

    def ready(self) -> bool:
        """Whether mail can be taken at all; false after a failed fsync or in quarantine (421)."""
        ...


class Users(Protocol):
    """Who may submit."""

    def authenticate(self, name: str, password: str) -> Identity | None:
        """The identity behind name and password, or None. Blocking (argon2id, about 30 ms): called in a small pool.
        Any error is a temporary failure (454), never a yes.
        """
        ...

"""Port: short text messages to a phone on file."""

from __future__ import annotations

from typing import Protocol


class Notifier(Protocol):
    """Sends one text message. The text holds a code and the practice's name, nothing of the mail."""

    def send(self, phone: str, text: str) -> None:
        """Hand over; TemporaryError when the provider cannot be reached, PermanentError when it refuses."""
        ...

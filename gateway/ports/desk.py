"""Port: requests of staff on the review page, each for some minutes. Part of a unit of work."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from gateway.domain.desk import DeskRow


class Desk(Protocol):
    """Rows of `domain.desk`."""

    def add(self, row: DeskRow) -> None:
        """Add a request; PermanentError if its id is taken."""
        ...

    def get(self, request_id: str) -> DeskRow | None:
        """The request, or None."""
        ...

    def answer(self, row: DeskRow) -> None:
        """Record a worker's answer (`state` to `proof`); nothing happens when the request is gone."""
        ...

    def of_session(self, session: str) -> list[DeskRow]:
        """Everything that one session asked."""
        ...

    def before(self, at: datetime, limit: int = 200) -> list[DeskRow]:
        """Requests asked then or earlier, oldest first."""
        ...

    def drop(self, request_id: str) -> None:
        """Forget a request."""
        ...

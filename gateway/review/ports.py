"""What the page needs of other rooms, as shapes: the composition root lends it the portal's forms, cookies and front."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response


class Jar(Protocol):
    """One cookie by name; values are 32 bytes in base64url."""

    def read(self, request: Request) -> str:
        """The value, or empty."""
        ...

    def write(self, response: Response, value: str, seconds: int) -> None:
        """Set it for that long; no seconds removes it."""
        ...

    def form_token(self, request: Request) -> str:
        """What a form of ours must bring back; empty without the cookie."""
        ...


class Wait(Exception):
    """Too many wrong passwords, or too many at once: nothing was looked at."""


class Staff(Protocol):
    """Who may: the practice's users with `staff`."""

    async def enter(self, network: str, name: str, password: str) -> tuple[str, str] | None:
        """The person's name and standing behind a right password, or None; Wait without looking."""
        ...

    def standing(self, name: str) -> str:
        """What changes when the person's password does, or empty when they may not come in (any more)."""
        ...


@dataclass(frozen=True, slots=True)
class Lent:
    """Ways of the portal, bounded and strict as they are there."""

    read_form: Callable[[Request], Awaitable[dict[str, str]]]
    """HTTPException for a form that is too long, too slow or none."""
    refuse_foreign: Callable[[Request, dict[str, str], str], None]
    """HTTPException 403 unless the form, with this token, is from our own page."""
    network: Callable[[Request], str]
    door: Jar
    session: Jar
    route: str
    """Where in the scope the access log finds the path's template."""

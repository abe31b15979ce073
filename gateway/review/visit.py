"""One request as a view sees it: what its route demanded was checked before."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.review.sessions import Session


@dataclass(frozen=True, slots=True)
class Visit:
    """`form` holds the fields of a POST from our own page, `token` what the next form must bring back."""

    request: Request
    network: str = field(repr=False)
    form: dict[str, str] = field(repr=False)
    token: str = field(repr=False)
    session: Session | None

    @property
    def staff(self) -> Session:
        """The session that the route demanded; 403 where there is none."""
        if self.session is None:
            raise HTTPException(403)
        return self.session

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

"""One request as a view sees it: what its route demanded was checked before."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Visit:
    """`secret` is the cookie that the route demands, `form` the fields of a POST from our own page."""

    request: Request
    secret: str = field(repr=False)
    form: dict[str, str] = field(repr=False)
    form_token: str = field(repr=False)
    network: str = field(repr=False)

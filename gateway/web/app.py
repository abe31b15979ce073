"""The portal as one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from gateway.flow.answer import Answers
from gateway.flow.pickup import Pickup
from gateway.flow.write_back import WriteBack
from gateway.ports import metrics as counting
from gateway.web.answer import Answer
from gateway.web.consent import Consent
from gateway.web.downloads import Slots
from gateway.web.front import Front
from gateway.web.letter import Letter
from gateway.web.metrics import Metrics
from gateway.web.pages import Pages
from gateway.web.routes import route, table
from gateway.web.settings import WebConfig
from gateway.web.site import Site


def build_app(
    pickup: Pickup, answers: Answers, back: WriteBack, pages: Pages, config: WebConfig, metrics: Metrics | None = None,
    limits: counting.Metrics = counting.uncounted,
) -> Starlette:  # fmt: skip
    """The portal. `metrics` counts its answers, `limits` what is refused; the role shows them on a port of its own."""
    slots = Slots(config.streams, limits)
    letter = Letter(pickup, back, pages, config, slots, limits)
    answer = Answer(back, pages, config, slots)
    entries = table(letter, answer, Consent(answers, pages, config, limits), Site(pickup, pages))

    async def failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's shape
        assert isinstance(error, HTTPException)
        return pages.error(error.status_code, dict(error.headers or {}))

    app = Starlette(
        routes=[route(one, pages, config, limits) for one in entries],
        middleware=[Middleware(Front, pages=pages, config=config, metrics=metrics or Metrics())],
        exception_handlers={HTTPException: failed},
    )
    app.router.redirect_slashes = False
    app.state.slots = slots
    return app

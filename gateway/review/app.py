"""The staff page as one ASGI application; strict headers, error pages and the access log are wrapped round it."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.flow.desk import StaffDesk
from gateway.ports.metrics import Metrics, uncounted
from gateway.review.pages import Pages
from gateway.review.ports import Lent, Staff
from gateway.review.routes import Guard, table
from gateway.review.sessions import Sessions
from gateway.review.views import Views


def build_app(
    desk: StaffDesk, sessions: Sessions, staff: Staff, pages: Pages, lent: Lent, life: int, metrics: Metrics = uncounted
) -> Starlette:
    """The page; `life` is a session's cookie's, in seconds."""
    views, guard = Views(desk, sessions, staff, pages, lent, life, metrics), Guard(sessions, staff, pages, lent)

    async def failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's shape
        assert isinstance(error, HTTPException)
        return pages.error(error.status_code, dict(error.headers or {}))

    app = Starlette(
        routes=[guard.route(one) for one in table(views)], exception_handlers={HTTPException: failed}
    )  # fmt: skip
    app.router.redirect_slashes = False
    return app

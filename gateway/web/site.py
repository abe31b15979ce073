"""What every web site has: a first page, a style sheet, health, and a word to crawlers."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from gateway.domain.errors import SealgateError
from gateway.flow.pickup import Pickup
from gateway.web.pages import Pages
from gateway.web.visit import Visit


class Site:
    """Views that show nobody's message."""

    def __init__(self, pickup: Pickup, pages: Pages) -> None:
        self._pickup, self._pages = pickup, pages

    async def home(self, visit: Visit) -> Response:  # noqa: ARG002 - every view has this shape
        """Say what this is."""
        return self._pages.page("home.html")

    async def stylesheet(self, visit: Visit) -> Response:  # noqa: ARG002
        """The one style sheet."""
        return Response(self._pages.stylesheet, media_type="text/css")

    async def robots(self, visit: Visit) -> Response:  # noqa: ARG002
        """Nothing here is for crawlers."""
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    async def alive(self, visit: Visit) -> Response:  # noqa: ARG002
        """The process answers."""
        return PlainTextResponse("ok\n")

    async def ready(self, visit: Visit) -> Response:  # noqa: ARG002
        """The database answers too."""
        try:
            await run_in_threadpool(self._pickup.ready)
        except SealgateError as error:
            return PlainTextResponse(f"not ready: {error.code}\n", 503)
        return PlainTextResponse("ready\n")

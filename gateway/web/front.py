"""The outermost layer: strict headers on every answer, errors as pages, and an access log without addresses or tokens."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain.errors import SealgateError
from gateway.web.metrics import Metrics
from gateway.web.routes import ROUTE
from gateway.web.settings import WebConfig

_LOG = logging.getLogger("sealgate.portal")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
HSTS = {"strict-transport-security": "max-age=31536000; includeSubDomains"}


class ErrorPages(Protocol):
    """Pages for what no view answers."""

    def error(self, status: int, headers: dict[str, str] | None = None) -> Response:
        """The page for an HTTP error."""
        ...


class Front:
    """Wraps the router of the portal, or of another page by its `name`."""

    def __init__(
        self, app: ASGIApp, pages: ErrorPages, config: WebConfig, metrics: Metrics, name: str = "portal"
    ) -> None:
        self._app, self._pages, self._metrics, self._name = app, pages, metrics, name
        self._headers = HEADERS | (HSTS if config.https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
            await send(message)

        broken = False
        try:
            if _ambiguous(scope):
                await self._pages.error(400, {"connection": "close"})(scope, receive, sending)
                return
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a page or a broken connection
            code = error.code if isinstance(error, SealgateError) else type(error).__name__
            _LOG.error("%s failed route=%s code=%s", self._name, scope.get(ROUTE, "-"), code)
            if status:
                broken = True
                # Without the cause: a traceback may hold a person's words.
                raise ConnectionAbortedError("an answer was broken off") from None
            response = self._pages.error(500)
            await response(scope, receive, sending)
        finally:
            seconds = time.monotonic() - started
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = scope.get(ROUTE, "-")
            end = "broken" if broken else "whole"
            line = "%s method=%s route=%s status=%d ms=%d end=%s"
            _LOG.info(line, self._name, method, route, status, seconds * 1000, end)
            self._metrics.answered(route, method, status, seconds)


def _ambiguous(scope: Scope) -> bool:
    """Whether a proxy before us may have seen another end of this request than we do (RFC 9112, 6.1)."""
    names = {name for name, _ in scope["headers"]}
    return b"transfer-encoding" in names and (b"content-length" in names or scope["http_version"] == "1.0")

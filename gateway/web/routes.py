"""The one route table: path, methods, who may, view. What a line demands is checked here, before its view runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.domain.errors import IntegrityError, LimitExceeded, PickupRefused, TemporaryError
from gateway.ports.metrics import Count, Limit, Metrics
from gateway.web.answer import Answer
from gateway.web.consent import Consent
from gateway.web.cookies import CONSENT_LINK, CONSENT_SESSION, LETTER_LINK, LETTER_SESSION, Cookie
from gateway.web.forms import read_form, refuse_foreign, refuse_other_sites
from gateway.web.letter import Letter
from gateway.web.network import client_address
from gateway.web.pages import Pages
from gateway.web.settings import WebConfig
from gateway.web.site import Site
from gateway.web.visit import Visit

ROUTE = "sealgate.route"
"""Where the access log finds the path's template: paths themselves hold secrets."""
View = Callable[[Visit], Awaitable[Response]]


class Who(Enum):
    """Who may: anyone, or the browser that holds one of the cookies."""

    ANYONE = None
    LETTER_LINK = LETTER_LINK
    LETTER_SESSION = LETTER_SESSION
    CONSENT_LINK = CONSENT_LINK
    CONSENT_SESSION = CONSENT_SESSION

    @property
    def without(self) -> str:
        """The refusal for a browser that lacks the cookie."""
        return "logged_off" if self in {Who.LETTER_SESSION, Who.CONSENT_SESSION} else "no_link"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    path: str
    method: str
    who: Who
    view: View
    streams: bool = False
    """Its view reads the body itself, as it comes, and checks the form's token in it."""


def table(letter: Letter, answer: Answer, consent: Consent, site: Site) -> tuple[Entry, ...]:
    """Every route of the portal. GET answers HEAD too; neither changes what a link opens."""
    return (
        Entry("/m/{token}", "GET", Who.ANYONE, letter.arrive),
        Entry("/letter", "GET", Who.LETTER_LINK, letter.door),
        Entry("/letter/code", "POST", Who.LETTER_LINK, letter.send_code),
        Entry("/letter/enter", "GET", Who.LETTER_LINK, letter.enter),
        Entry("/letter/open", "POST", Who.LETTER_LINK, letter.open),
        Entry("/letter/read", "GET", Who.LETTER_SESSION, letter.read),
        Entry("/letter/save", "GET", Who.LETTER_SESSION, letter.save),
        Entry("/letter/file/{number}", "GET", Who.LETTER_SESSION, letter.file),
        Entry("/letter/write", "GET", Who.LETTER_SESSION, answer.write),
        Entry("/letter/answer", "POST", Who.LETTER_SESSION, answer.take, streams=True),
        Entry("/letter/sent", "GET", Who.LETTER_SESSION, answer.sent),
        Entry("/letter/close", "POST", Who.LETTER_SESSION, letter.close),
        Entry("/letter/closed", "GET", Who.ANYONE, letter.closed),
        Entry("/c/{token}", "GET", Who.ANYONE, consent.arrive),
        Entry("/consent", "GET", Who.CONSENT_LINK, consent.door),
        Entry("/consent/code", "POST", Who.CONSENT_LINK, consent.send_code),
        Entry("/consent/enter", "GET", Who.CONSENT_LINK, consent.enter),
        Entry("/consent/open", "POST", Who.CONSENT_LINK, consent.open),
        Entry("/consent/question", "GET", Who.CONSENT_SESSION, consent.question),
        Entry("/consent/answer", "POST", Who.CONSENT_SESSION, consent.answer),
        Entry("/consent/thanks", "GET", Who.ANYONE, consent.thanks),
        Entry("/", "GET", Who.ANYONE, site.home),
        Entry("/assets/portal.css", "GET", Who.ANYONE, site.stylesheet),
        Entry("/robots.txt", "GET", Who.ANYONE, site.robots),
        Entry("/healthz", "GET", Who.ANYONE, site.alive),
        Entry("/readyz", "GET", Who.ANYONE, site.ready),
    )


def route(entry: Entry, pages: Pages, config: WebConfig, limits: Metrics) -> Route:
    """The entry as Starlette's route, with its demands in front of its view."""
    cookie: Cookie | None = entry.who.value
    back = "/consent" if entry.path.startswith("/consent") else "/letter"

    async def guarded(request: Request) -> Response:
        request.scope[ROUTE] = entry.path
        secret = cookie.read(request) if cookie else ""
        if cookie and not secret:
            limits.count(Count.UNAUTHENTICATED, "portal.link")
            return pages.refused(entry.who.without, back=back)
        token = cookie.form_token(request) if cookie else ""
        form: dict[str, str] = {}
        if entry.streams:
            refuse_other_sites(request, config)
        elif entry.method == "POST":
            form = await read_form(request, config)
            refuse_foreign(request, form, token, config)
        try:
            return await entry.view(Visit(request, secret, form, token, client_address(request, config)))
        except PickupRefused as refused:
            _count(limits, refused)
            place = "/letter/write" if refused.reason.startswith("answer_") else back
            return pages.refused(refused.reason, back=place, retry_after=refused.retry_after)
        except LimitExceeded as met:
            if not entry.streams:
                return pages.refused("broken")
            limits.refused(Limit(met.which))
            return pages.refused("later", back=back)
        except IntegrityError:
            return pages.refused("broken")
        except TemporaryError:
            return pages.refused("later", back=back)

    return Route(entry.path, guarded, methods=[entry.method], name=f"{entry.method} {entry.path}")


def _count(limits: Metrics, refused: PickupRefused) -> None:
    # What nobody proved to be allowed to ask leaves no row in the log: here it is counted.
    if refused.limit:
        limits.refused(Limit(refused.limit))
    if refused.reason == "throttled":
        limits.count(Count.UNAUTHENTICATED, "portal.throttled")
    elif refused.reason in {"unknown", "logged_off"}:
        limits.count(Count.UNAUTHENTICATED, "portal.link")

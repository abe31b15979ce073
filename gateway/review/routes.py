"""The one route table: path, methods, who may, view. What a line demands is checked here, before its view runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.domain.errors import IntegrityError, PermanentError, TemporaryError
from gateway.review.pages import Pages
from gateway.review.ports import Lent, Staff
from gateway.review.sessions import Session, Sessions
from gateway.review.views import Views
from gateway.review.visit import Visit

View = Callable[[Visit], Awaitable[Response]]


class Who(Enum):
    """Who may: anyone, a browser that was shown the sign-in page, or a session of staff; a page that asks by itself again
    and again (WAITING) does not keep its session alive.
    """

    ANYONE = "anyone"
    DOOR = "door"
    STAFF = "staff"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    path: str
    method: str
    who: Who
    view: View


def table(views: Views) -> tuple[Entry, ...]:
    """Every route of the page. GET answers HEAD too; neither changes anything."""
    return (
        Entry("/", "GET", Who.DOOR, views.door),
        Entry("/sign-in", "POST", Who.DOOR, views.sign_in),
        Entry("/sign-out", "POST", Who.STAFF, views.sign_out),
        Entry("/signed-out", "GET", Who.ANYONE, views.signed_out),
        Entry("/mail", "GET", Who.STAFF, views.mail),
        Entry("/mail/{message}", "GET", Who.STAFF, views.one),
        Entry("/mail/{message}/show", "POST", Who.STAFF, views.show),
        Entry("/mail/{message}/release", "POST", Who.STAFF, views.release),
        Entry("/mail/{message}/refuse", "POST", Who.STAFF, views.refuse),
        Entry("/mail/{message}/hold", "POST", Who.STAFF, views.hold),
        Entry("/mail/{message}/false-alarm", "POST", Who.STAFF, views.false_alarm),
        Entry("/asked/{request}", "GET", Who.WAITING, views.asked),
        Entry("/assets/review.css", "GET", Who.ANYONE, views.stylesheet),
        Entry("/robots.txt", "GET", Who.ANYONE, views.robots),
        Entry("/healthz", "GET", Who.ANYONE, views.alive),
        Entry("/readyz", "GET", Who.ANYONE, views.ready),
    )


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before every view."""

    sessions: Sessions
    staff: Staff
    pages: Pages
    lent: Lent

    def route(self, entry: Entry) -> Route:
        """The entry as Starlette's route, with its demands in front of its view."""

        async def guarded(request: Request) -> Response:
            request.scope[self.lent.route] = entry.path
            jar = self.lent.door if entry.who is Who.DOOR else self.lent.session
            try:
                session = await self._session(request, entry)
                if session is None and entry.who in {Who.STAFF, Who.WAITING}:
                    return self.pages.word("signed_off")
                token, form = jar.form_token(request), dict[str, str]()
                if entry.method == "POST":
                    form = await self.lent.read_form(request)
                    self.lent.refuse_foreign(request, form, token)
                return await entry.view(Visit(request, self.lent.network(request), form, token, session))
            except IntegrityError:
                return self.pages.word("broken")
            except PermanentError:
                return self.pages.word("gone")
            except TemporaryError:
                return self.pages.word("later")

        return Route(entry.path, guarded, methods=[entry.method], name=f"{entry.method} {entry.path}")

    async def _session(self, request: Request, entry: Entry) -> Session | None:
        """The living session of a person whom the users file still lets in with the same password."""
        cookie = self.lent.session.read(request)
        if entry.who is Who.ANYONE or not cookie:
            return None
        session = self.sessions.find(cookie, touch=entry.who is Who.STAFF)
        if session is not None:
            standing = await run_in_threadpool(self.staff.standing, session.asker.staff)
            if not standing or standing != session.standing:
                self.sessions.end(cookie)
                return None
        return session

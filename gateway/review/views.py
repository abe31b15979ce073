"""What staff see and do. Each view is named in the route table; whatever changes something is a POST that asks a worker."""

from __future__ import annotations

import secrets
from functools import partial
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from gateway.domain.desk import Deed, DeskState
from gateway.domain.errors import PermanentError, SealgateError
from gateway.domain.finding import Kind
from gateway.flow.desk import REASON, Asker, Item, StaffDesk
from gateway.flow.suggestions import Alarm
from gateway.policy.sentences import SENTENCES
from gateway.ports.metrics import Count, Metrics
from gateway.review.pages import Pages
from gateway.review.ports import Lent, Staff, Wait
from gateway.review.sessions import Sessions
from gateway.review.visit import Visit

_DOOR_SECONDS = 3600
_DEEDS = {Deed.RELEASE: "release", Deed.REFUSE: "refuse", Deed.HOLD: "hold"}
_PLACES = {
    "subject": "in the subject", "header": "in the header", "attachment": "in an attachment", "body.plain": "in the text",
    "body.html": "in the HTML version", "message": "in the mail", "text": "in the text", "part": "in a part",
}  # fmt: skip


class Views:
    """Every page of the review role."""

    def __init__(
        self, desk: StaffDesk, sessions: Sessions, staff: Staff, pages: Pages, lent: Lent, life: int, metrics: Metrics
    ) -> None:  # fmt: skip
        """`life` of a session in seconds."""
        self._desk, self._sessions, self._staff, self._pages = desk, sessions, staff, pages
        self._lent, self._life, self._metrics = lent, life, metrics

    # Coming and going

    async def door(self, visit: Visit) -> Response:
        """Ask for name and password."""
        if visit.session is not None:
            return RedirectResponse("/mail", 303)
        if visit.token:
            return self._sign_in(visit, wrong=False)
        if "again" in visit.request.query_params:
            return self._pages.word("cookies")
        response = RedirectResponse("/?again", 303)
        self._lent.door.write(response, secrets.token_urlsafe(32), _DOOR_SECONDS)
        return response

    async def sign_in(self, visit: Visit) -> Response:
        """Check them; the right ones start a session with a key of its own."""
        try:
            found = await self._staff.enter(visit.network, visit.form.get("name", ""), visit.form.get("password", ""))
        except Wait:
            self._metrics.count(Count.UNAUTHENTICATED, "review.password")
            return self._pages.word("wait")
        if found is None:
            self._metrics.count(Count.UNAUTHENTICATED, "review.password")
            return self._sign_in(visit, wrong=True)
        cookie, session = self._sessions.start(*found)
        try:
            await run_in_threadpool(self._desk.enter, session.asker)
        except SealgateError:
            self._sessions.end(cookie)
            raise
        response = RedirectResponse("/mail", 303)
        self._lent.session.write(response, cookie, self._life)
        self._lent.door.write(response, "", 0)
        return response

    async def sign_out(self, visit: Visit) -> Response:
        """End the session: its key goes, and what was sealed to it."""
        self._sessions.end(self._lent.session.read(visit.request))
        await run_in_threadpool(self._desk.leave, visit.staff.asker.id)
        response = RedirectResponse("/signed-out", 303)
        self._lent.session.write(response, "", 0)
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    async def signed_out(self, visit: Visit) -> Response:  # noqa: ARG002 - every view has this shape
        """Say so."""
        return self._pages.page("out.html")

    # Mail in hand

    async def mail(self, visit: Visit) -> Response:
        """Everything in hand, what waits for a person first."""
        items = await run_in_threadpool(self._desk.in_hand)
        return self._pages.page("list.html", items=items, staff=visit.staff.asker.staff, form=visit.token)

    async def one(self, visit: Visit) -> Response:
        """One mail, its copies, and what can be done."""
        item = await run_in_threadpool(self._desk.mail, visit.path("message"))
        return self._one(visit, item)

    async def show(self, visit: Visit) -> Response:
        """Ask for the mail's text."""
        return await self._ask(visit, Deed.READ)

    async def release(self, visit: Visit) -> Response:
        """Ask to let one held copy go."""
        return await self._decide(visit, Deed.RELEASE)

    async def refuse(self, visit: Visit) -> Response:
        """Ask to end every held copy."""
        return await self._decide(visit, Deed.REFUSE)

    async def hold(self, visit: Visit) -> Response:
        """Ask to stop what has not begun to leave."""
        return await self._decide(visit, Deed.HOLD)

    async def false_alarm(self, visit: Visit) -> Response:
        """Ask that a word which was found be suggested as none."""
        try:
            alarm = Alarm(Kind(visit.form.get("kind", "")), visit.form.get("by", "")[:60], visit.form.get("word", ""))
            Alarm.decode(alarm.encode())
        except (ValueError, PermanentError):
            raise HTTPException(400) from None
        return await self._ask(visit, Deed.FALSE_ALARM, "", alarm.encode())

    async def asked(self, visit: Visit) -> Response:
        """Wait for a worker's answer, and show it: to the session that asked, and to no other."""
        session = visit.staff
        row = await run_in_threadpool(self._desk.answer, visit.path("request"), session.asker.id)
        if row is None:
            return self._pages.word("gone", visit.token)
        if row.state is not DeskState.DONE or row.kind is not Deed.READ:
            return self._pages.page("answer.html", row=row, form=visit.token)
        text = await run_in_threadpool(self._desk.text, row, session.opener)
        if text is None:
            return self._pages.word("gone", visit.token)
        found = [
            f"{SENTENCES.get(f'phi.{kind}', kind).rstrip('.')} {_PLACES.get(place, place)}."
            for kind, place in text.found
        ]
        gaps = [SENTENCES.get(f"scan.gap.{reason}", reason) for reason, _ in text.gaps]
        threats = [SENTENCES.get(f"threat.{kind}", kind) for kind, _ in text.threats]
        return self._pages.page("text.html", text=text, row=row, found=[*threats, *found], gaps=gaps, form=visit.token)

    async def _decide(self, visit: Visit, deed: Deed) -> Response:
        reason = " ".join(visit.form.get("reason", "").split())
        message = visit.path("message")
        item = await run_in_threadpool(self._desk.mail, message)
        if item is None:
            return self._pages.word("gone", visit.token)
        copy = visit.form.get("copy", "")
        if deed is Deed.RELEASE and copy not in {one.id for one in item.copies}:
            raise HTTPException(400)
        if not reason or len(reason) > REASON:
            return self._one(visit, item, missing=_DEEDS[deed])
        return await self._ask(visit, deed, copy if deed is Deed.RELEASE else "", reason)

    async def _ask(self, visit: Visit, deed: Deed, subject: str = "", reason: str = "") -> Response:
        asker: Asker = visit.staff.asker
        if await run_in_threadpool(self._desk.mail, visit.path("message")) is None:
            return self._pages.word("gone", visit.token)
        ask = partial(self._desk.ask, deed, visit.path("message"), subject, asker, reason)
        return RedirectResponse(f"/asked/{quote(await run_in_threadpool(ask))}", 303)

    def _one(self, visit: Visit, item: Item | None, missing: str = "") -> Response:
        if item is None:
            return self._pages.word("gone", visit.token)
        status = 422 if missing else 200
        return self._pages.page("mail.html", status, item=item, missing=missing, most=REASON, form=visit.token)

    def _sign_in(self, visit: Visit, *, wrong: bool) -> Response:
        return self._pages.page("door.html", 422 if wrong else 200, wrong=wrong, form="", door=visit.token)

    # What every site has

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
            await run_in_threadpool(self._desk.ready)
        except SealgateError as error:
            return PlainTextResponse(f"not ready: {error.code}\n", 503)
        return PlainTextResponse("ready\n")

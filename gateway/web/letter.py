"""The road to a letter: link, code, letter, attachments, log-off. Each view is named in the route table."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from gateway.domain.errors import PickupRefused
from gateway.flow.pickup import Pickup
from gateway.flow.write_back import WriteBack
from gateway.ports.metrics import Metrics
from gateway.seal.parcel import Manifest
from gateway.web import letterhtml
from gateway.web.codes import cookie_for_code
from gateway.web.cookies import LETTER_LINK, LETTER_SESSION
from gateway.web.downloads import FileDownload, Slots, file_headers
from gateway.web.pages import Pages
from gateway.web.settings import WebConfig
from gateway.web.visit import Visit

_CHANNELS = {"mailbox", "phone"}
_NUMBER = re.compile(r"[0-9]{1,6}")


class Letter:
    """Views of `/m/` and `/letter`."""

    def __init__(
        self, pickup: Pickup, back: WriteBack, pages: Pages, config: WebConfig, slots: Slots, limits: Metrics
    ) -> None:
        self._back = back
        self._pickup, self._pages, self._config, self._slots = pickup, pages, config, slots
        self._limits = limits

    async def arrive(self, visit: Visit) -> Response:
        """Take the secret out of the address: a cookie, and on to a page without it. The server keeps nothing."""
        response = RedirectResponse("/letter", 303)
        LETTER_LINK.write(response, visit.request.path_params["token"], self._config.link_life)
        return response

    async def door(self, visit: Visit) -> Response:
        """Say that a message is here, and offer codes."""
        door = await run_in_threadpool(self._pickup.find, visit.secret)
        return self._pages.page("letter.html", door=door, form=visit.form_token)

    async def send_code(self, visit: Visit) -> Response:
        """Have a code sent."""
        channel = visit.form.get("channel", "")
        await run_in_threadpool(self._pickup.request_code, visit.secret, channel, visit.network)
        return RedirectResponse(f"/letter/enter?by={'phone' if channel == 'phone' else 'mailbox'}", 303)

    async def enter(self, visit: Visit) -> Response:
        """Ask for the code."""
        await run_in_threadpool(self._pickup.find, visit.secret)
        by = visit.request.query_params.get("by", "")
        return self._code_page(visit, by if by in _CHANNELS else "")

    async def open(self, visit: Visit) -> Response:
        """Check the code; the right one starts a session."""
        prove = partial(self._pickup.prove, visit.secret, visit.form.get("code", ""), visit.network)
        cookie = await cookie_for_code(prove, self._limits)
        if cookie is None:
            return self._code_page(visit, "", wrong=True)
        response = RedirectResponse("/letter/read", 303)
        LETTER_SESSION.write(response, cookie, self._config.session_life)
        return response

    async def read(self, visit: Visit) -> Response:
        """Show the letter. `?still` is the page itself asking after a while: that is no sign of a person."""
        touch = visit.request.method == "GET" and "still" not in visit.request.query_params
        with self._slots.one():
            letter = await run_in_threadpool(partial(self._pickup.view, visit.secret, touch=touch))
            shown = await run_in_threadpool(_shown, letter)
            idle = self._config.session_idle
            room = await run_in_threadpool(self._back.room, visit.secret)
            page = partial(
                self._pages.page,
                "read.html",
                200,
                **shown,
                idle=idle,
                form=visit.form_token,
                answering=room is not None,
            )
            return await run_in_threadpool(page)

    async def save(self, visit: Visit) -> Response:
        """The letter as a file that needs nothing else."""
        head = visit.request.method != "GET"
        with self._slots.one():
            load = partial(self._pickup.view, touch=False) if head else self._pickup.save
            letter = await run_in_threadpool(load, visit.secret)
            shown = await run_in_threadpool(_shown, letter)
            text = await run_in_threadpool(partial(self._pages.text, "saved.html", **shown))
        return Response(text, headers=file_headers("secure-message.html", media_type="text/html; charset=utf-8"))

    async def file(self, visit: Visit) -> Response:
        """Stream an attachment; its number counts from 1."""
        number = visit.request.path_params["number"]
        if not _NUMBER.fullmatch(number):
            raise HTTPException(404)
        index = int(number) - 1
        if visit.request.method != "GET":
            with self._slots.one():
                letter = await run_in_threadpool(partial(self._pickup.view, visit.secret, touch=False))
            if not 0 <= index < len(letter.enclosed):
                raise PickupRefused("gone")
            return Response(headers=file_headers(letter.enclosed[index].name, letter.enclosed[index].size))
        slot = self._slots.one()
        slot.__enter__()
        try:
            download = await run_in_threadpool(self._pickup.stream, visit.secret, index)
        except BaseException:
            slot.__exit__(None, None, None)
            raise
        one = download.enclosed
        return FileDownload(one.name, one.size, download.chunks, slot, self._config.write_seconds)

    async def close(self, visit: Visit) -> Response:
        """Log off."""
        await run_in_threadpool(self._pickup.log_off, visit.secret)
        response = RedirectResponse("/letter/closed", 303)
        LETTER_SESSION.write(response, "", 0)
        LETTER_LINK.write(response, "", 0)
        # Not "cookies": browsers would drop those of the practice's whole domain.
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    async def closed(self, visit: Visit) -> Response:  # noqa: ARG002 - every view has this shape
        """Say goodbye."""
        return self._pages.page("closed.html")

    def _code_page(self, visit: Visit, by: str, *, wrong: bool = False) -> Response:
        status = 422 if wrong else 200
        return self._pages.page(
            "code.html", status, action="/letter/open", back="/letter", by=by, wrong=wrong, form=visit.form_token
        )


def _shown(letter: Manifest) -> dict[str, Any]:
    html = letterhtml.readable(letter.html) if letter.html.strip() else None
    text = "" if html is not None else letter.text or letterhtml.words(letter.html)
    return {"letter": letter, "html": html, "text": text}

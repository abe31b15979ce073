"""A recipient's answer: the form, the upload as it comes, and the word that it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from gateway.domain.errors import PickupRefused
from gateway.flow.write_back import WriteBack, Writing
from gateway.ports.metrics import Limit
from gateway.web.downloads import Slots
from gateway.web.forms import refuse_other_forms
from gateway.web.multipart import Upload, boundary
from gateway.web.pages import Pages
from gateway.web.settings import WebConfig
from gateway.web.visit import Visit

_MARGIN = 64 * 1024
"""What a form has beside text and files: boundaries, part headers, its token."""


class Answer:
    """Views of `/letter/write`, `/letter/answer` and `/letter/sent`."""

    def __init__(self, back: WriteBack, pages: Pages, config: WebConfig, slots: Slots) -> None:
        self._back, self._pages, self._config, self._slots = back, pages, config, slots
        self._busy: set[str] = set()

    async def write(self, visit: Visit) -> Response:
        """The form. It is a page of its own: the letter's page leaves the screen by itself after a while."""
        room = await run_in_threadpool(self._back.room, visit.secret)
        return self._pages.page("write.html", room=room, life=self._config.session_life, form=visit.form_token)

    async def take(self, visit: Visit) -> Response:
        """Take an answer: nothing of it is read before the session, the link and the announced size were looked at."""
        request = visit.request
        mark = boundary(request.headers.get("content-type", ""))
        length = _announced(request)
        writing = await run_in_threadpool(self._back.begin, visit.secret, max(0, length - _MARGIN))
        with self._slots.one(), self._alone(writing.parcel_id):
            try:
                await self._read(request, Upload(mark, _Sink(writing, visit.form_token)))
                await run_in_threadpool(writing.finish)
            except BaseException:
                # Whatever it is, also a browser that went away: what was uploaded is dropped.
                await asyncio.shield(run_in_threadpool(writing.abort))
                raise
        return RedirectResponse("/letter/sent", 303)

    async def sent(self, visit: Visit) -> Response:
        """Say that it was sent."""
        return self._pages.page("sent.html", form=visit.form_token)

    async def _read(self, request: Request, upload: Upload) -> None:
        most = self._back.limits.bytes + _MARGIN
        chunks, size = request.stream().__aiter__(), 0
        try:
            while True:
                async with asyncio.timeout(self._config.upload_seconds):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                size += len(chunk)
                if size > most:
                    raise PickupRefused("answer_large", limit=Limit.ANSWER_BYTES)
                await run_in_threadpool(upload.write, chunk)
        except TimeoutError:
            raise HTTPException(408) from None
        except ClientDisconnect:
            raise HTTPException(400) from None
        await run_in_threadpool(upload.end)

    @contextmanager
    def _alone(self, parcel_id: str) -> Iterator[None]:
        """One upload at a time through one link: one recipient cannot take every slot."""
        if parcel_id in self._busy:
            raise PickupRefused("busy", 30, Limit.STREAMS)
        self._busy.add(parcel_id)
        try:
            yield
        finally:
            self._busy.discard(parcel_id)


class _Sink:
    """The form's parts in our page's order: its token, the text, the files."""

    def __init__(self, writing: Writing, token: str) -> None:
        self._writing, self._token, self._next = writing, token, "form"

    def field(self, name: str, value: bytes) -> None:
        """A part without a file name."""
        if name != self._next or name == "files":
            raise HTTPException(400)
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise HTTPException(400) from None
        if name == "form":
            refuse_other_forms(text, self._token)
            self._next = "text"
        else:
            self._writing.text(text)
            self._next = "files"

    def file(self, name: str, file_name: str) -> None:
        """A file begins."""
        if name != "files" or self._next != "files":
            raise HTTPException(400)
        self._writing.file(file_name)

    def data(self, data: bytes) -> None:
        """Bytes of that file."""
        self._writing.write(data)


def _announced(request: Request) -> int:
    said = request.headers.get("content-length", "0")
    if not (said.isascii() and said.isdigit() and len(said) < 20):
        raise HTTPException(400)
    return int(said)

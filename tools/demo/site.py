"""The demonstration's own pages: the three views side by side, and a mailbox. Mail is shown as text, always escaped.

Serves GET on loopback only, without scripts, cookies or anything from elsewhere.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tools.demo import people
from tools.demo.exhibition import Exhibit, Exhibition
from tools.demo.outbox import Relayed

_FOLDER = Path(__file__).parent / "templates"
_SHOWN = 12_000
"""Characters of a raw mail on the page; the whole is a link away."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
Page = tuple[str, bytes]
"""Media type and body."""


class Site:
    """Renders the pages."""

    def __init__(self, shown: Exhibition) -> None:
        self._shown, self._portal = shown, shown.house.portal
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(pieces=self._pieces, kind=self._kind)
        self._environment.globals.update(people=people, portal=self._portal)
        self._routes: tuple[tuple[re.Pattern[str], Callable[..., Page | None]], ...] = (
            (re.compile(r"/"), self._exhibits),
            (re.compile(r"/mailbox"), self._mailbox),
            (re.compile(r"/mailbox/(\d{1,9})"), self._mail),
            (re.compile(r"/mailbox/(\d{1,9})/raw"), self._raw),
            (re.compile(r"/sent/([a-z]{1,20})/raw"), self._sent),
            (re.compile(r"/why/([a-z]{1,20})"), self._why),
            (re.compile(r"/demo\.css"), lambda: ("text/css; charset=utf-8", (_FOLDER / "demo.css").read_bytes())),
        )

    def answer(self, path: str) -> Page | None:
        """The page at a path, or None."""
        for pattern, view in self._routes:
            if found := pattern.fullmatch(path):
                return view(*found.groups())
        return None

    def _exhibits(self) -> Page:
        self._shown.look()
        return self._html("exhibits.html", exhibits=[self._view(one) for one in self._shown.exhibits])

    def _mailbox(self) -> Page:
        outbox = self._shown.house.outbox
        return self._html("mailbox.html", mails=outbox.mails()[::-1], texts=outbox.texts()[::-1])

    def _mail(self, number: str) -> Page | None:
        mail = self._shown.house.outbox.mail(int(number))
        return (
            None if mail is None else self._html("mail.html", mail=mail, raw=_as_text(mail.raw), kind=self._kind(mail))
        )

    def _raw(self, number: str) -> Page | None:
        mail = self._shown.house.outbox.mail(int(number))
        return None if mail is None else _plain(_as_text(mail.raw))

    def _sent(self, key: str) -> Page | None:
        found = self._exhibit(key)
        return None if found is None else _plain(_as_text(found.sent))

    def _why(self, key: str) -> Page | None:
        found = self._exhibit(key)
        return None if found is None else _plain(self._shown.house.sealgate("why", found.message_id))

    def _exhibit(self, key: str) -> Exhibit | None:
        return next((one for one in self._shown.exhibits if one.letter.key == key), None)

    def _view(self, one: Exhibit) -> dict[str, Any]:
        raw = _as_text(one.wire.raw) if one.wire else ""
        return {
            "one": one, "letter": one.letter, "raw": raw[:_SHOWN], "more": len(raw) > _SHOWN,
            "link": one.wire.link(self._portal, "m") if one.wire else "",
            "ask": one.question.link(self._portal, "c") if one.question else "",
            "untouched": one.wire is not None and untouched(one),
        }  # fmt: skip

    def _html(self, name: str, **values: object) -> Page:
        return "text/html; charset=utf-8", self._environment.get_template(name).render(values).encode()

    def _pieces(self, text: str) -> list[tuple[str, bool]]:
        """Text cut at links of the portal; no other address becomes a link."""
        pattern = re.compile("(" + re.escape(self._portal) + r"/[mc]/[A-Za-z0-9_-]+)")
        return [(piece, bool(pattern.fullmatch(piece))) for piece in pattern.split(text) if piece]

    def _kind(self, mail: Relayed) -> str:
        """What a mail is, in a word for the list."""
        if mail.code:
            return "code"
        if mail.link(self._portal, "c"):
            return "question"
        if mail.link(self._portal, "m"):
            return "link"
        if mail.is_smime:
            return "S/MIME"
        return "receipt" if mail.message["Auto-Submitted"] else "mail"


def untouched(one: Exhibit) -> bool:
    """Whether what travelled is what was sent, byte for byte, behind the gateway's own line."""
    first, _, rest = (one.wire.raw if one.wire else b"").partition(b"\r\n")
    return first.lower().startswith(b"x-sealgate-id:") and rest == one.sent


def _as_text(raw: bytes) -> str:
    """Raw mail for the eyes: UTF-8 where it is, else a mark for each odd byte."""
    return raw.decode("utf-8", errors="replace").replace("\r\n", "\n")


def _plain(text: str) -> Page:
    return "text/plain; charset=utf-8", text.encode()


def serve(site: Site, port: int) -> ThreadingHTTPServer:
    """Serve the pages in a thread of their own; `shutdown` and `server_close` end it."""

    class Handler(BaseHTTPRequestHandler):
        """Answers GET for our own names; anything else might be a strange page that points its name here."""

        def do_GET(self) -> None:
            here = server.server_port
            if self.headers.get("Host") not in {f"127.0.0.1:{here}", f"localhost:{here}"}:
                self._say(421, "text/plain", b"not here\n")
                return
            try:
                page = site.answer(self.path.partition("?")[0])
            except Exception as error:  # noqa: BLE001 - the visitor is told, the demonstration goes on
                self._say(500, "text/plain; charset=utf-8", f"This page failed: {error}\n".encode())
                return
            if page is None:
                self._say(404, "text/plain", b"There is no such page.\n")
            else:
                self._say(200, *page)

        def _say(self, status: int, media: str, body: bytes) -> None:
            self.send_response(status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Paths hold nothing secret here, but the terminal is for the visitor."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

"""A recipient with a browser: opens a link, asks for a code, types it in, reads, downloads. Cookies are kept by hand.

The portal's cookies are Secure; a browser takes them over http from localhost, common HTTP libraries do not.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

from tools.demo.house import DemoFailed
from tools.demo.portalpage import Form, Page, read_page

_CODE_SECONDS = 60.0
_HOPS = 5
Codes = Callable[[str], list[str]]
"""The codes that arrived so far by a channel (`mailbox` or `phone`), oldest first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer after its redirects."""

    status: int
    path: str
    body: bytes = field(repr=False)

    @property
    def page(self) -> Page:
        """As a page."""
        return read_page(self.body.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class Read:
    """A letter as its recipient read it on the portal; `files` are name and content."""

    page: Page
    channel: str
    files: tuple[tuple[str, bytes], ...] = field(repr=False)


class Visitor:
    """One browser."""

    def __init__(self, portal: str) -> None:
        parts = urlsplit(portal)
        self._host, self._port = parts.hostname or "localhost", parts.port or 80
        self._cookies: dict[str, str] = {}

    def read(self, link: str, codes: Codes) -> Read:
        """The whole road of a letter link, to the log-off."""
        page, channel = self._enter(link, codes)
        files = tuple((name, self._get(href).body) for href, name in page.files)
        self._send(page.form("/letter/close"), {})
        return Read(page, channel, files)

    def answer(self, link: str, codes: Codes, *, yes: bool) -> Page:
        """The whole road of a consent link; the page that thanks."""
        page, _ = self._enter(link, codes)
        return self._send(page.form("/consent/answer"), {"answer": "yes" if yes else "no"}).page

    def _enter(self, link: str, codes: Codes) -> tuple[Page, str]:
        """From a link past the code."""
        door = self._get(urlsplit(link).path).page
        ask = door.forms[0]
        channel = ask.fields.get("channel", "mailbox")
        before = len(codes(channel))
        typing = self._send(ask, {}).page.forms[0]
        refused = self._send(typing, {"code": "0000 0000"}, expect=422)
        code = _next_code(lambda: codes(channel)[before:])
        return self._send(refused.page.forms[0], {"code": code}).page, channel

    def _get(self, path: str) -> Answer:
        return self._ask("GET", path, None, 200)

    def _send(self, form: Form, fields: dict[str, str], expect: int = 200) -> Answer:
        return self._ask("POST", form.action, urlencode(form.fields | fields), expect)

    def _ask(self, method: str, path: str, body: str | None, expect: int) -> Answer:
        for _ in range(_HOPS):
            status, location, content = self._exchange(method, path, body)
            if status != 303:
                if status != expect:
                    raise DemoFailed(f"the portal answered {status} to {method} {_template(path)}")
                return Answer(status, path, content)
            method, path, body = "GET", urljoin(path, location), None
        raise DemoFailed("the portal sends in circles")

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        headers = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())} if self._cookies else {}
        )
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                self._keep(line)
            return response.status, response.headers.get("Location", ""), response.read()
        finally:
            connection.close()

    def _keep(self, line: str) -> None:
        pair, *attributes = [one.strip() for one in line.split(";")]
        name, _, value = pair.partition("=")
        if "max-age=0" in (one.lower() for one in attributes):
            self._cookies.pop(name, None)
        else:
            self._cookies[name] = value


def _next_code(arrived: Callable[[], list[str]]) -> str:
    end = time.monotonic() + _CODE_SECONDS
    while time.monotonic() < end:
        if found := arrived():
            return found[-1]
        time.sleep(0.1)
    raise DemoFailed("no code came")


def _template(path: str) -> str:
    """A path without its secret."""
    return "/".join(part if len(part) < 20 else "…" for part in path.split("/"))

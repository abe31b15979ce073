"""A recipient with the least of browsers: the link, the one-time code out of the captured mail, the letter."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode

from tests.support.live import MARIA, Live, until


class Browser:
    """Just enough of one: cookies and redirects over http.client."""

    def __init__(self, port: int) -> None:
        self._port, self._cookies = port, dict[str, str]()

    def get(self, path: str, form: dict[str, str] | None = None) -> str:
        connection = http.client.HTTPConnection("localhost", self._port, timeout=120)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form) if form is not None else None
        connection.request("POST" if body is not None else "GET", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for one in answer.headers.get_all("set-cookie") or []:
            name, _, value = one.partition(";")[0].partition("=")
            self._cookies[name] = value
        connection.close()
        assert answer.status in {200, 303}, (path, answer.status, text[-500:])
        return self.get(answer.headers["location"]) if answer.status == 303 else text


def form_in(page: str) -> str:
    found = re.search(r'name="form" value="([0-9a-f]+)"', page)
    assert found is not None, page
    return found[1]


def read_letter(live: Live, token: str) -> str:
    """Link, code, letter. The code is taken from the captured mail."""
    browser = Browser(live.portal)
    page = browser.get(f"/m/{token}")
    page = browser.get("/letter/code", {"form": form_in(page), "by": "mailbox", "channel": "mailbox"})

    def code() -> str | None:
        for one in live.captured():
            if one.recipient == MARIA and (found := re.search(rb"one-time code is: ([0-9 ]{8,9})", one.raw)):
                return found[1].decode()
        return None

    return browser.get("/letter/open", {"form": form_in(page), "code": until(code, why="no code came")})

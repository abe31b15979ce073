"""The review role beside a whole home: its desk with its own keys, its page on a loopback port, and staff with passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.app.review_role import front_of
from gateway.domain.desk import Deed, DeskRow
from gateway.flow.desk import StaffDesk
from gateway.flow.desk_text import ReviewText
from gateway.review.sessions import Session, Sessions
from gateway.web.settings import WebConfig
from tests.support.home import OFFICE, RESULTS, Home, mail
from tests.support.portal_house import Browser
from tests.support.served import on_loopback

STAFF, PASSWORD = "nurse.kim", "a long pass phrase"
OTHER = "dr.reed"
SENDER_ONLY = "lee"


def with_review(text: str) -> str:
    """The configuration with the page on."""
    return text + '\n[review]\nlisten = "127.0.0.1:0"\n'


class Office:
    """A practice whose staff review mail."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.home = Home(root, config=with_review, **options).people()
        inst = self.home.inst
        users = inst.users()
        users.add(STAFF, PASSWORD, [], staff=True)
        users.add(OTHER, PASSWORD, [], staff=True)
        users.add(SENDER_ONLY, PASSWORD, ["dr.lee@willow.example.org"])
        self.desk = StaffDesk(inst.store(), inst.vault(), inst.review_keys(), self.home.clock, self.home.tokens)
        self.sessions = Sessions(self.home.clock, self.home.tokens, 900.0, 8 * 3600.0)

    def held(self, subject: str = "Results", body: str = RESULTS, **more: Any) -> str:
        """A mail that waits for a person: about a patient, to somebody nobody knows."""
        message = self.home.submit(mail(OFFICE, subject, body, **more), OFFICE)
        self.home.settle()
        assert self.home.message(message).state.value == "held"
        return message

    def session(self, staff: str = STAFF) -> Session:
        """A session with its key, as after signing in."""
        return self.sessions.start(staff, self.home.inst.users().standing(staff))[1]

    def ask(self, deed: Deed, message: str, session: Session, reason: str = "", subject: str = "") -> DeskRow:
        """Ask, let the worker work, and look at the answer."""
        request = self.desk.ask(deed, message, subject, session.asker, reason)
        self.home.settle()
        row = self.desk.answer(request, session.asker.id)
        assert row is not None
        return row

    def text(self, message: str, session: Session) -> ReviewText:
        """What a session is shown of a mail."""
        found = self.desk.text(self.ask(Deed.READ, message, session), session.opener)
        assert found is not None
        return found

    def close(self) -> None:
        self.home.close()


@contextmanager
def page_of(office: Office) -> Iterator[int]:
    """Serve the office's page on a loop in a thread; yields its port."""
    config = WebConfig("http://127.0.0.1", form_bytes=16 * 1024)
    with on_loopback(front_of(office.home.inst, office.desk, office.sessions, config)) as port:
        yield port


def sign_in(port: int, name: str = STAFF, password: str = PASSWORD) -> Browser:
    """A browser that tried to sign in."""
    browser = Browser(port)
    browser.get("/")
    answer = browser.post("/sign-in", name=name, password=password)
    if answer.status == 303:
        browser.get("/mail")
    return browser


def press(browser: Browser, path: str, **form: str) -> str:
    """POST with the form token of the page before; the path of the request that it became."""
    answer = browser.post(path, **form)
    assert answer.status == 303, answer.text
    assert re.fullmatch(r"/asked/\w+", answer.headers["location"])
    return answer.headers["location"]

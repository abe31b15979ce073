"""The staff page's templates and words. Always escaped; a mail's text is text, never markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response


@dataclass(frozen=True, slots=True)
class Word:
    """Status, heading, and what to do."""

    status: int
    title: str
    todo: str


WORDS = {
    "signed_off": Word(403, "Please sign in", "You are not signed in, or your session has ended."),
    "cookies": Word(403, "Your browser takes no cookies", "Allow cookies for this page, then open it again."),
    "wait": Word(429, "Please wait", "There were too many wrong tries, or too many at once. Try again in some minutes."),
    "gone": Word(404, "This is not here any more", "The mail has left, was refused or has ended, or what you were shown has run out."),
    "later": Word(503, "Please try again later", "The gateway's database does not answer at the moment. Nothing was done."),
    "broken": Word(500, "This is not as it was sealed", "It is not shown, and nothing was done. Tell the administrator."),
}  # fmt: skip
ERRORS = {
    400: "Your browser sent something that this page does not understand.",
    403: "This did not come from a page of ours, so nothing was done. Sign in and try again.",
    404: "There is no such page.",
    405: "That is not possible here.",
    408: "That took too long. Go back and try again.",
    413: "That was too much for this page. Write a shorter reason.",
    415: "Your browser sent something that this page does not understand.",
    500: "Something went wrong. Whether anything was done, the list of mail shows.",
}


class Pages:
    """Renders the page. `size` writes bytes for people; `zone` is whose clock staff read."""

    def __init__(
        self, folder: Path, stylesheet: bytes, practice: str, zone: tzinfo, size: Callable[[int], str]
    ) -> None:  # fmt: skip
        self._environment = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )  # fmt: skip
        self._environment.filters.update(size=size, moment=self._moment)
        self._environment.globals.update(practice=practice)
        self.stylesheet, self._zone = stylesheet, zone

    def page(self, name: str, status: int = 200, **values: object) -> Response:
        """One template as an answer. `form` is the token of a session's forms, empty for who is not signed in."""
        return HTMLResponse(self._environment.get_template(name).render({"form": "", **values}), status)

    def word(self, reason: str, form: str = "") -> Response:
        """The page for one of the reasons why something is not shown or done."""
        one = WORDS[reason]
        return self.page("word.html", one.status, title=one.title, todo=one.todo, form=form)

    def error(self, status: int, headers: dict[str, str] | None = None) -> Response:
        """The page for an HTTP error."""
        todo = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        response = self.page("word.html", status, title="That did not work", todo=todo)
        response.headers.update(headers or {})
        return response

    def _moment(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%b %d, %Y, %I:%M %p}".replace(" 0", " ")

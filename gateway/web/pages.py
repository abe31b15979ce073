"""Pages: the templates of one folder, always escaped, filled with values and never with markup of a mail's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from gateway.web.words import ERRORS, REFUSALS, Refusal, wait_in_words


@dataclass(frozen=True, slots=True)
class Practice:
    """Whose portal this is, as recipients read it; `zone` is whose calendar days count."""

    name: str
    phone: str = ""
    zone: tzinfo = UTC


class Pages:
    """Renders the portal's pages. `warning` gives the consent warning's text for its version."""

    def __init__(self, folder: Path, practice: Practice, warning: Callable[[str], str]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(size=size_in_words, day=self._day, date=date_in_words)
        self._environment.globals.update(practice=practice)
        self.practice = practice
        self.warning = warning
        self.stylesheet = (folder / "portal.css").read_bytes()

    def text(self, name: str, **values: object) -> str:
        """One template as text."""
        return self._environment.get_template(name).render(values)

    def page(self, name: str, status: int = 200, **values: object) -> Response:
        """One template as an answer."""
        return HTMLResponse(self.text(name, **values), status)

    def refused(self, reason: str, *, back: str = "", retry_after: int = 0) -> Response:
        """The page for one of the refusal reasons; `back` is the first page of that road."""
        return self._refusal(REFUSALS[reason], back, retry_after)

    def error(self, status: int, headers: dict[str, str] | None = None) -> Response:
        """The page for an HTTP error."""
        response = self._refusal(ERRORS.get(status, ERRORS[500 if status >= 500 else 400]), "", 0)
        response.status_code = status
        response.headers.update(headers or {})
        return response

    def _day(self, at: datetime) -> str:
        """The practice's calendar day, as its mails name it."""
        return day_in_words(at.astimezone(self.practice.zone))

    def _refusal(self, one: Refusal, back: str, retry_after: int) -> Response:
        todo = wait_in_words(retry_after) or one.todo
        response = self.page("refused.html", one.status, refusal=one, todo=todo, back=back if one.again else "")
        if one.status in {429, 503}:
            response.headers["retry-after"] = str(retry_after or 60)
        return response


def size_in_words(size: int) -> str:
    """Bytes, for a person."""
    for unit, scale in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return "1 byte" if size == 1 else f"{size} bytes"


def day_in_words(day: datetime) -> str:
    """A date, for a person: March 2, 2026."""
    return f"{day:%B} {day.day}, {day.year}"


def date_in_words(header: str) -> str:
    """A Date header for a person, in its sender's time zone; as it stands when it cannot be read."""
    try:
        when = parsedate_to_datetime(header)
        return f"{day_in_words(when)}, {when:%I:%M %p}".replace(", 0", ", ")
    except (TypeError, ValueError, IndexError, OverflowError):
        return header

"""The gateway's own mail and text messages, from `templates/mail/<name>/{subject.txt,body.txt,body.html}`.

Every value that a template names must be given (StrictUndefined), HTML is escaped, and a Subject is one line. The words
are neutral: the gateway's own mail has no person's name and nothing of the mail that it speaks of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from gateway.domain.errors import ConfigError

TEMPLATES = Path(__file__).parents[2] / "templates"
"""Where a checkout keeps its templates; an installation names its own."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One finished text; `html` is empty where the template has none (text messages, a link's page). `text` has LF line ends."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


class Renderer:
    """Renders words from one directory of templates; holds no state beside the compiled templates."""

    def __init__(self, templates: Path = TEMPLATES, *, language: str = "en") -> None:
        """ConfigError when the directory has no `mail/`."""
        if not (templates / "mail").is_dir():
            raise ConfigError(f"{templates}: has no mail/ templates; name the directory that Sealgate came with")
        self._root = templates
        self._language = language
        loader = FileSystemLoader(templates)
        self._plain = Environment(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - plain text, never sent as HTML
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self._html = Environment(
            loader=loader, undefined=StrictUndefined, autoescape=True, keep_trailing_newline=True, auto_reload=False
        )

    def names(self) -> tuple[str, ...]:
        """Every mail that there is a template for."""
        return tuple(sorted(one.name for one in (self._root / "mail").iterdir() if (one / "body.txt").is_file()))

    def mail(self, name: str, **values: object) -> RenderedMail:
        """Render one mail; ConfigError names the template and a value that is missing, or a template that is not there."""
        if not _NAME.fullmatch(name) or not (self._root / "mail" / name / "body.txt").is_file():
            raise ConfigError(f"there is no mail template {name!r}; known are {', '.join(self.names())}")
        return RenderedMail(
            subject=_one_line(self._render(self._plain, f"mail/{name}/subject.txt", values)),
            text=self._render(self._plain, f"mail/{name}/body.txt", values),
            html=self._render(self._html, f"mail/{name}/body.html", values),
        )

    def _render(self, environment: Environment, path: str, values: dict[str, object]) -> str:
        if not (self._root / path).is_file():
            return ""
        try:
            return environment.get_template(path).render({"language": self._language, **values})
        except TemplateError as error:
            raise ConfigError(f"templates/{path}: {error}") from None


def _one_line(text: str) -> str:
    """A header value: no line ends or control characters, whatever the values held."""
    return _CONTROL.sub(" ", text).strip()

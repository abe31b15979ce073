"""What a mail itself shows, before anything is opened: the names of its files, as written, and its links."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.domain.threat import Threat, ThreatKind
from gateway.mime.entity import MESSAGES
from gateway.mime.fields import structured, unfold
from gateway.mime.limits import Limits
from gateway.mime.text import source_of
from gateway.mime.threats.links import deceives
from gateway.mime.threats.names import name_threats
from gateway.mime.tree import Part, Tree

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_NAMED = frozenset({"content-type", "content-disposition"})


def mail_threats(tree: Tree, limits: Limits, redirectors: Collection[str] = ()) -> list[Threat]:
    """The threats in names and links of a mail, those in mails inside it too."""
    found: dict[Threat, None] = {}
    for part in tree.walk():
        where = part.name or f"attachment:part-{part.path}"
        for kind in sorted({kind for name in _names(part) for kind in name_threats(name)}):
            found[Threat(kind, where)] = None
        page = part.media_type in _HTML and not part.children and part.body is not None
        if page and deceives(source_of(part, limits), redirectors):
            found[Threat(ThreatKind.DECEPTIVE_LINK, where)] = None
    return list(found)


def _names(part: Part) -> Iterator[str]:
    """Every name that a reader might give the file: of both fields, with the signs that a place name leaves out."""
    if part.media_type in MESSAGES or part.media_type.startswith("multipart/"):
        return
    yield part.file_name
    for field in part.headers:
        if field.name.lower() in _NAMED:
            params = structured(unfold(field.raw)).params
            yield from (value for name, value in params.items() if name in {"name", "filename"})

"""Files that a text holds in itself (data: URLs, ATTACH and PHOTO of calendars and cards), as leaves for the inspector."""

from __future__ import annotations

import html
from collections.abc import Sequence

from gateway.domain.finding import Gap, GapReason
from gateway.mime.cards import data_url
from gateway.mime.tree import MemoryBody, Part

File = tuple[str, bytes | None]
_MOST = 200


def data_urls(source: str, places: Sequence[tuple[int, int]]) -> list[File]:
    """Media type and bytes of the data: URLs that stand at these places in HTML."""
    return [data_url(html.unescape(source[start:end]).strip(" \t\r\n\"'")) for start, end in places[: _MOST + 1]]


def inner_parts(part: Part, name: str, files: Sequence[File]) -> tuple[list[Part], list[Gap]]:
    """A leaf `NAME/file-N` for each file; gaps for damaged ones and for those beyond two hundred."""
    found: list[Part] = []
    gaps: list[Gap] = []
    for number, (media_type, data) in enumerate(files, 1):
        inside = f"{name}/file-{number}"
        if number > _MOST:
            gaps.append(Gap(name, GapReason.TOO_MANY_PARTS))
            break
        if data is None:
            gaps.append(Gap(inside, GapReason.MALFORMED))
        elif data:
            path = f"{part.path}.file{number}"
            found.append(Part(path, inside, media_type, "", "", "", "", (), (), MemoryBody(data)))
    return found, gaps

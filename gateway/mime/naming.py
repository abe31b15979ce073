"""Place names of the contract: `body.plain`, `body.html`, `attachment:NAME`, nested with `/`, unique in one message."""

from __future__ import annotations

import re

_SHOWN_AS_BODY = {"text/plain": "body.plain", "text/html": "body.html"}
_ODD = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def place(prefix: str, path: str, media_type: str, file_name: str, disposition: str) -> str:
    """The place name of a leaf or an attached message, before `Namer` makes it unique."""
    if media_type in _SHOWN_AS_BODY and not file_name and disposition != "attachment":
        return prefix + _SHOWN_AS_BODY[media_type]
    return f"{prefix}attachment:{file_name or 'part-' + path}"


def clean(file_name: str, limit: int) -> str:
    """A file name as one piece of a place name: no `/`, no control or direction characters, at most `limit` long."""
    return _ODD.sub("", file_name.replace("/", "_").replace("\\", "_")).strip()[:limit]


class Namer:
    """Makes names unique by `#2`, `#3`, … in the order of the mail."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """`name`, or `name#N` if it was given before."""
        number = self._seen.get(name, 0) + 1
        self._seen[name] = number
        if number == 1:
            return name
        numbered = f"{name}#{number}"
        return numbered if numbered not in self._seen else self.unique(numbered)

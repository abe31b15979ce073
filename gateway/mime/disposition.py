"""What a recipient's system says of a mail: message disposition notifications, RFC 8098, and failures told as DSN (RFC 3464).

Values in, values out; whether it may be believed is for others. What cannot be read says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from gateway.mime.tree import Tree, content

_LONGEST = 64 * 1024
_FIELD = re.compile(rb"^([A-Za-z0-9-]{1,76})[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.MULTILINE)
_DISPOSITION = re.compile(r"[\w-]+/[\w-]+\s*;\s*([\w-]+)\s*(?:/\s*([\w,\s-]+))?", re.ASCII)
_ID = re.compile(r"<[!-;=?-~]{1,500}>")


class Said(StrEnum):
    """What became of the mail, as far as Direct asks."""

    PROCESSED = "processed"
    DISPATCHED = "dispatched"
    FAILED = "failed"


_TYPES = {
    "processed": Said.PROCESSED, "dispatched": Said.DISPATCHED, "displayed": Said.DISPATCHED, "failed": Said.FAILED,
    "denied": Said.FAILED, "deleted": Said.FAILED,
}  # fmt: skip
"""Disposition types, RFC 8098 3.2.6 and those of RFC 2298 that Direct keeps. Who displays a mail has it; `deleted` says nobody read it."""
_ACTIONS = {"failed": Said.FAILED, "delivered": Said.DISPATCHED, "relayed": None, "delayed": None, "expanded": None}


@dataclass(frozen=True, slots=True)
class Disposition:
    """One notification: what is said, and the Message-ID of the mail that it is said of, with its angle brackets."""

    said: Said
    original_id: str


def disposition(tree: Tree) -> Disposition | None:
    """The first notification of a report; None where there is none that can be read."""
    for part in tree.walk():
        if part.media_type in {"message/disposition-notification", "message/delivery-status"}:
            data, _ = content(part.body, _LONGEST)
            fields = _fields(data)
            said = _said(fields) if part.media_type.endswith("notification") else _action(fields)
            if said is not None:
                return Disposition(said, _original_id(fields))
    return None


def _fields(data: bytes) -> dict[str, str]:
    """The fields of all groups, the first of each name."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(data):
        text = re.sub(r"\s+", " ", value.decode("latin-1")).strip()
        found.setdefault(name.decode("ascii").lower(), text)
    return found


def _said(fields: dict[str, str]) -> Said | None:
    match = _DISPOSITION.match(fields.get("disposition", ""))
    if match is None:
        return None
    modifiers = {one.strip().lower() for one in (match[2] or "").split(",")}
    if modifiers & {"error", "failure", "failed"} or "failure" in fields or "error" in fields:
        return Said.FAILED
    return _TYPES.get(match[1].lower())


def _action(fields: dict[str, str]) -> Said | None:
    return _ACTIONS.get(fields.get("action", "").split(" ")[0].lower())


def _original_id(fields: dict[str, str]) -> str:
    """Direct's systems write a failure's id as X-Original-Message-ID, which the guide for delivery notification names."""
    for name in ("original-message-id", "x-original-message-id"):
        match = _ID.search(fields.get(name, ""))
        if match is not None:
            return match.group()
    return ""

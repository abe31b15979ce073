"""The capture folders, read as they grow: mail that left the gateway, and text messages."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cached_property
from pathlib import Path

_CODE = re.compile(r"code is:? (\d{4} ?\d{4})\b")


@dataclass(frozen=True)
class Relayed:
    """One mail that left, with the envelope's recipient."""

    number: int
    recipient: str
    raw: bytes = field(repr=False)

    @cached_property
    def message(self) -> EmailMessage:
        """Parsed."""
        found = message_from_bytes(self.raw, policy=default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def subject(self) -> str:
        """The open Subject."""
        return str(self.message["Subject"] or "")

    @cached_property
    def text(self) -> str:
        """The plain text that a mail program shows."""
        part = self.message.get_body(("plain", "html"))
        return str(part.get_content()) if part is not None and part.get_content_maintype() == "text" else ""

    @property
    def is_smime(self) -> bool:
        """Whether the body is encrypted."""
        return self.message.get_content_type() == "application/pkcs7-mime"

    def link(self, portal: str, kind: str) -> str:
        """The first portal link of a kind (`m` or `c`) in the text, or empty."""
        found = re.search(re.escape(f"{portal}/{kind}/") + r"[A-Za-z0-9_-]+", self.text)
        return found.group(0) if found else ""

    @property
    def code(self) -> str:
        """The one-time code in it, or empty."""
        return _first_code(self.text)


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One text message."""

    to: str
    text: str
    at: str

    @property
    def code(self) -> str:
        """The one-time code in it, or empty."""
        return _first_code(self.text)


class Outbox:
    """Reads both folders; a mail is read once."""

    def __init__(self, mails: Path, texts: Path) -> None:
        self._mails, self._texts = mails, texts
        self._known: dict[str, Relayed] = {}

    def mails(self) -> list[Relayed]:
        """All that left so far, oldest first. An .eml appears whole, after its envelope."""
        for path in self._mails.glob("*-*.eml"):
            if path.name not in self._known:
                envelope = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
                number = int(path.name.partition("-")[0])
                self._known[path.name] = Relayed(number, envelope["recipient"], path.read_bytes())
        return sorted(self._known.values(), key=lambda one: one.number)

    def mail(self, number: int) -> Relayed | None:
        """One mail."""
        return next((one for one in self.mails() if one.number == number), None)

    def texts(self) -> list[TextMessage]:
        """All text messages, oldest first."""
        rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._texts.glob("*.json"))]
        return [TextMessage(row["to"], row["text"], row["at"]) for row in rows]

    def codes(self, channel: str, to: Sequence[str]) -> list[str]:
        """The codes that went to a mailbox or a phone, oldest first."""
        if channel == "phone":
            return [one.code for one in self.texts() if one.to in to and one.code]
        return [one.code for one in self.mails() if one.recipient in to and one.code]


def _first_code(text: str) -> str:
    found = _CODE.search(text)
    return found.group(1) if found else ""

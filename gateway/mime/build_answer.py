"""A recipient's answer as a mail of ours: its text, then its files, streamed.

Written twice, by the portal while an upload comes in and by the worker that carries it; neither copies a header of the
other. Nothing of a part but its decoded bytes and a name made safe comes from outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

import pybase64

from gateway.mime.build import OuterHeaders, base64_lines, outer_block
from gateway.mime.headers import CRLF, write_attachment, write_date, write_parameters, write_text

SUBJECT = "Answer by secure link"
_TYPES = {
    "gif": "image/gif", "heic": "image/heic", "jpeg": "image/jpeg", "jpg": "image/jpeg", "pdf": "application/pdf",
    "png": "image/png",
}  # fmt: skip
"""What a file is said to be, by its ending; all else is bytes, whatever the browser called it."""
_LINES = 57 * 1024
"""Bytes that make whole lines of base64."""


class AnswerParts:
    """The parts of one answer between their boundaries, in order: `head`, then each `file` and its lines, `end`.
    `text` is a whole entity.
    """

    def __init__(self, text: bytes, seed: str) -> None:
        # Files are base64, which has no underscore, so only the text could meet the boundary.
        self._text = text if text.endswith(CRLF) else text + CRLF
        boundary, count = "", 0
        while not boundary or boundary.encode() in self._text:
            boundary = "=_" + hashlib.sha256(f"{count}:{seed}".encode()).hexdigest()[:40]
            count += 1
        self._boundary = boundary

    def head(self) -> bytes:
        """The end of the header block and the text."""
        fields = write_parameters("Content-Type", "multipart/mixed", {"boundary": self._boundary})
        return fields + CRLF + self._delimiter() + self._text

    def file(self, name: str) -> bytes:
        """The head of a file's part; its base64 lines follow."""
        ending = name.rpartition(".")[2].lower()
        head = write_parameters("Content-Type", _TYPES.get(ending, "application/octet-stream"), {})
        head += write_attachment(name) + b"Content-Transfer-Encoding: base64\r\n\r\n"
        return self._delimiter() + head

    def end(self) -> bytes:
        """The closing delimiter."""
        return b"--" + self._boundary.encode() + b"--\r\n"

    def _delimiter(self) -> bytes:
        return b"--" + self._boundary.encode() + CRLF


class Base64Lines:
    """Base64 in whole lines, pushed: what came in by and by."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> bytes:
        """The lines that are full by now."""
        self._held += data
        whole = len(self._held) - len(self._held) % _LINES
        lines = pybase64.encodebytes(bytes(self._held[:whole])).replace(b"\n", CRLF)
        del self._held[:whole]
        return lines

    def end(self) -> bytes:
        """The rest."""
        lines = pybase64.encodebytes(bytes(self._held)).replace(b"\n", CRLF)
        self._held.clear()
        return lines


def spooled_head(at: datetime) -> bytes:
    """The header block of an answer as it is kept, without an address: the portal knows none."""
    return write_text("Subject", SUBJECT) + write_date("Date", at) + b"MIME-Version: 1.0\r\n"


def answer_mail(outer: OuterHeaders, text: bytes, files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """The mail that carries an answer; `text` is a whole entity, `files` are names and contents, read as they are sent."""
    parts = AnswerParts(text, outer.message_id)
    yield outer_block(outer) + parts.head()
    for name, chunks in files:
        yield parts.file(name)
        yield from base64_lines(chunks)
    yield parts.end()

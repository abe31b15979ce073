"""A mail of a short open text with one protected file beside it, streamed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from gateway.mime.build import OuterHeaders, base64_lines, outer_block, text_or_html
from gateway.mime.headers import CRLF, write_attachment, write_parameters


def file_mail(
    outer: OuterHeaders, text: str, html: str, *, file_name: str, media_type: str, chunks: Iterable[bytes]
) -> Iterator[bytes]:
    """The mail in pieces; the file as base64. Its boundary follows from the Message-ID, so that a retry repeats it."""
    notice = text_or_html(text, html or None, outer.message_id + " notice")
    boundary, count = "", 0
    while not boundary or boundary.encode() in notice:
        boundary = "=_" + hashlib.sha256(f"{count}:file:{outer.message_id}".encode()).hexdigest()[:40]
        count += 1
    delimiter = b"--" + boundary.encode()
    head = write_parameters("Content-Type", "multipart/mixed", {"boundary": boundary})
    part = write_parameters("Content-Type", media_type, {"name": file_name}) + write_attachment(file_name)
    part += b"Content-Transfer-Encoding: base64\r\n\r\n"
    yield outer_block(outer) + head + CRLF + delimiter + CRLF + notice.removesuffix(CRLF) + CRLF
    yield delimiter + CRLF + part
    yield from base64_lines(chunks)  # no line of base64 begins with a boundary's dashes
    yield delimiter + b"--\r\n"

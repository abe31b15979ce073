"""What goes inside the practice of mail that came from outside: as it came, or as it was decrypted, with our marks in front.

Whatever calls itself X-Sealgate-… and came from outside is gone, from the mail's own header and from a decrypted one. The
protected header of an encrypted mail (RFC 9788 4) takes the place of the outer one; text, HTML and attachments are never
changed, and nothing is added to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gateway.domain.errors import InvalidAddress
from gateway.mime.build import base64_lines, text_part
from gateway.mime.build_original import HeaderBlock, RawField
from gateway.mime.headers import CRLF, HeaderRefused, write_parameters, write_text
from gateway.mime.limits import Limits
from gateway.mime.mailboxes import read_mailboxes
from gateway.mime.parse import parse

MARK, OWN_ID = "X-Sealgate-Verified", "X-Sealgate-Id"
_OURS = re.compile(rb"x-?sealgate")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_INVISIBLE = re.compile(rb"[^!-~]+")
_BROKEN = ("dkim-signature", "domainkey-signature", "arc-")
"""Signatures over the encrypted form: they say nothing of the decrypted one."""
_SHOWN = frozenset({
    "subject", "from", "sender", "reply-to", "to", "cc", "date", "message-id", "in-reply-to", "references", "keywords",
    "comments", "followup-to", "mail-followup-to", "thread-topic", "thread-index", "importance", "priority",
    "x-priority", "user-agent", "disposition-notification-to", "organization",
})  # fmt: skip
"""What people or their programs act on: with header protection it counts from inside alone (RFC 9788 4.1)."""
_NOT_FROM_INSIDE = frozenset({
    "received", "return-path", "delivered-to", "x-original-to", "authentication-results", "received-spf", "bcc",
    "resent-bcc", "hp-outer", "hp-obscured", "hp-removed", "autocrypt",
})  # fmt: skip
"""Trace that only servers write, and what header protection itself needs."""
_PASSIVE = frozenset({"text/plain", "image/png", "image/jpeg", "image/gif", "application/pdf"})


def marked(block: HeaderBlock, body: Iterable[bytes], marks: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """The mail as it came, in bounded memory, with our marks in front."""
    fields = _kept(block.fields)
    yield _front(marks) + _ended(b"".join(one.raw for one in fields)) + (block.end or CRLF)
    yield from body


def decrypted(
    outer: HeaderBlock, inner: HeaderBlock, protected: Sequence[RawField], body: bytes, marks: Sequence[tuple[str, str]],
    *, author: bool,
) -> Iterator[bytes]:  # fmt: skip
    """The mail as it was inside its encryption: MIME fields and body of `inner`, the outer header, and over it the `protected`
    fields, if there are any. A protected From counts only from a proven `author`, or where it names the outer one's address.
    """
    fields = _joined(outer, protected, author=author)
    structural, body = _carried(_kept([one for one in inner.fields if _is_structural(one)]), body)
    head = _ended(b"".join(one.raw for one in fields)) + b"MIME-Version: 1.0\r\n"
    yield _front(marks) + head + _ended(b"".join(one.raw for one in structural if one.name != "mime-version")) + CRLF
    yield body


def set_apart(
    outer: HeaderBlock, content: bytes, words: str, file_name: str, marks: Sequence[tuple[str, str]], boundary: str
) -> Iterator[bytes]:
    """Our words, and what was decrypted as a file that no program opens by itself; the outer header stays."""
    fields = [one for one in _kept(outer.fields) if not _is_structural(one) and not one.name.startswith(_BROKEN)]
    delimiter = b"--" + boundary.encode("ascii") + CRLF
    yield _front(marks) + _ended(b"".join(one.raw for one in fields)) + b"MIME-Version: 1.0\r\n"
    yield write_parameters("Content-Type", "multipart/mixed", {"boundary": boundary}) + CRLF
    yield delimiter + text_part("plain", words).removesuffix(CRLF) + CRLF + delimiter
    yield write_parameters("Content-Type", "application/octet-stream", {"name": file_name})
    yield write_parameters("Content-Disposition", "attachment", {"filename": file_name})
    yield b"Content-Transfer-Encoding: base64\r\n\r\n"
    yield from base64_lines((content,))
    yield delimiter.removesuffix(CRLF) + b"--\r\n"


def is_passive(block: HeaderBlock, body: bytes) -> bool:
    """Whether nothing in this entity makes a program fetch or run anything when it is shown: plain text, pictures, PDF,
    each read the same way by every reader.
    """
    whole = b"".join(one.raw for one in block.fields) + CRLF + body
    tree = parse(whole, Limits())
    leaves = [one for one in tree.walk() if not one.children]
    return not tree.gaps and all(one.media_type in _PASSIVE for one in leaves)


def sender_of(block: HeaderBlock) -> str:
    """The one address in From, as its key; empty where there is not exactly one that every reader sees."""
    found = [one for one in block.fields if one.name == "from"]
    try:
        addresses = read_mailboxes(found[0].value) if len(found) == 1 else []
    except InvalidAddress:
        return ""
    return str(addresses[0]) if len(addresses) == 1 else ""


def _joined(outer: HeaderBlock, protected: Sequence[RawField], *, author: bool) -> list[RawField]:
    outside = [one for one in _kept(outer.fields) if not _is_structural(one) and not one.name.startswith(_BROKEN)]
    if not protected:
        return outside
    inside = [
        one for one in _kept(protected)
        if one.name and not _is_structural(one) and one.name not in _NOT_FROM_INSIDE and not one.name.startswith(_BROKEN)
    ]  # fmt: skip
    inner = sender_of(HeaderBlock(tuple(protected)))
    same = inner and inner.lower() == sender_of(outer).lower()
    if not (author or same):
        inside = [one for one in inside if one.name not in {"from", "sender"}]
    named = {one.name for one in inside}
    hidden = _SHOWN if "from" in named else _SHOWN - {"from", "sender"}
    return [one for one in outside if one.name not in named | hidden] + [_whole(one) for one in inside]


def _kept(fields: Iterable[RawField]) -> list[RawField]:
    """All but what is ours to say, in whatever spelling, and lines at the front that would go on with our own field."""
    kept = [one for one in fields if not _OURS.match(_INVISIBLE.sub(b"", one.raw).lower())]
    while kept and kept[0].raw[:1] in (b" ", b"\t"):
        del kept[0]
    return kept


def _carried(structural: list[RawField], body: bytes) -> tuple[list[RawField], bytes]:
    """MIME fields and body as SMTP can carry them: whole lines, and binary in base64."""
    coding = next((one.value.lower() for one in structural if one.name == "content-transfer-encoding"), b"")
    if coding != b"binary" or any(one.value.lower().startswith(b"multipart/") for one in structural):
        return structural, _LINE_END.sub(CRLF, body)
    kept = [one for one in structural if one.name != "content-transfer-encoding"]
    field = RawField("content-transfer-encoding", b"Content-Transfer-Encoding: base64\r\n")
    return [*kept, field], b"".join(base64_lines((body,)))


def _front(marks: Sequence[tuple[str, str]]) -> bytes:
    if any(not name.startswith("X-Sealgate-") for name, _ in marks):
        raise HeaderRefused("a mark that is not ours")
    return b"".join(write_text(name, value) for name, value in marks)


def _whole(one: RawField) -> RawField:
    """With CRLF at every line end: the decrypted may have bare ones."""
    raw = re.sub(rb"\r?\n", CRLF, one.raw)
    return replace(one, raw=raw if raw.endswith(CRLF) else raw + CRLF)


def _ended(fields: bytes) -> bytes:
    return re.sub(rb"(?<!\r)\n", CRLF, fields if not fields or fields.endswith(b"\n") else fields + CRLF)


def _is_structural(one: RawField) -> bool:
    return one.name == "mime-version" or one.name.startswith("content-")

"""What the header block of one entity says about its body (RFC 2045 5 and 6, RFC 2183), doubts included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.domain.finding import GapReason
from gateway.mime.fields import structured, unfold
from gateway.mime.naming import clean
from gateway.mime.tree import Header

_TYPE = re.compile(r"[!#$%&'*+.^_`{|}~0-9a-z-]+/[!#$%&'*+.^_`{|}~0-9a-z-]+\Z")
_CONTENT_TYPE, _CODING, _DISPOSITION = "content-type", "content-transfer-encoding", "content-disposition"
_ENCRYPTED = frozenset(
    {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"}
)
_ELSEWHERE = frozenset({"message/partial", "message/external-body"})
_WORDLESS = frozenset({"boundary", "charset", "format", "delsp", "protocol", "micalg", "smime-type", "report-type",
                       "creation-date", "modification-date", "read-date", "size", "method", "component", "reply-type",
                       "start", "type", "number", "total", "id", "access-type", "header-protection", "x-unix-mode",
                       "x-apple-part-url", "protected-headers", "version", "differences"})  # fmt: skip
MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(frozen=True, slots=True)
class Entity:
    """The MIME fields of one entity; `doubts` are reasons to distrust them."""

    media_type: str
    charset: str
    coding: str
    file_name: str = field(repr=False)
    content_id: str = field(repr=False)
    disposition: str
    boundary: bytes = field(repr=False)
    doubts: tuple[GapReason, ...]

    @property
    def is_multipart(self) -> bool:
        """Whether the body is cut at boundary lines; without a boundary it cannot be."""
        return self.media_type.startswith("multipart/") and bool(self.boundary)

    @property
    def is_message(self) -> bool:
        """Whether the body is a whole mail."""
        return self.media_type in MESSAGES


def describe(headers: Sequence[Header], default: str, max_name: int) -> Entity:
    """Read the MIME fields; where one is repeated the first counts, and a different repetition is a doubt."""
    fields: dict[str, list[str]] = {}
    for each in headers:
        name = each.name.lower()
        if name.startswith("content-"):
            # The undecoded text: an encoded word inside a parameter is decoded after the parameters are cut apart.
            fields.setdefault(name, []).append(unfold(each.raw))
    once = (_CONTENT_TYPE, _CODING, _DISPOSITION)
    doubts = [GapReason.AMBIGUOUS for name in once if _differs(fields.get(name, ()))]
    kind = structured(fields.get(_CONTENT_TYPE, [""])[0])
    shown = structured(fields.get(_DISPOSITION, [""])[0])
    media_type = sane_type(kind.value) if kind.value else default
    if kind.ambiguous or shown.ambiguous:
        doubts.append(GapReason.AMBIGUOUS)
    coding = re.sub(r"\([^()]*\)|[\s;\"]", "", fields.get(_CODING, [""])[0]).lower()
    boundary = kind.params.get("boundary", "").rstrip().encode("utf-8", "replace")
    doubts += _doubts(media_type, coding, boundary)
    name = shown.params.get("filename") or kind.params.get("name", "")
    return Entity(
        media_type=media_type,
        charset=kind.params.get("charset", "").lower(),
        coding=coding,
        file_name=clean(name, max_name),
        content_id=fields.get("content-id", [""])[0].strip(" <>\t"),
        disposition=shown.value,
        boundary=boundary,
        doubts=tuple(doubts),
    )


def spare_words(headers: Sequence[Header], file_name: str) -> str:
    """Parameters of Content-Type and Content-Disposition that can hold words: a second name, unknown ones."""
    values = [
        value
        for each in headers
        if each.name.lower() in {_CONTENT_TYPE, _DISPOSITION}
        for name, value in structured(unfold(each.raw)).params.items()
        if name not in _WORDLESS and value and clean(value, len(file_name)) != file_name
    ]
    return "\n".join(dict.fromkeys(values))


def _differs(texts: Sequence[str]) -> bool:
    return len({" ".join(text.lower().split()) for text in texts}) > 1


def sane_type(text: str) -> str:
    """A media type in lower case; one that is none is plain text, RFC 2045 5.2."""
    return text if _TYPE.match(text) else "text/plain"


def _doubts(media_type: str, coding: str, boundary: bytes) -> list[GapReason]:
    doubts = []
    if media_type in _ENCRYPTED:
        doubts.append(GapReason.ENCRYPTED)
    if media_type in _ELSEWHERE:  # the text is in other mails, or on a server
        doubts.append(GapReason.UNKNOWN_TYPE)
    if media_type.startswith("multipart/"):
        if not boundary:
            doubts.append(GapReason.MALFORMED)
        elif not boundary.isascii() or coding == "base64":
            doubts.append(GapReason.AMBIGUOUS)
    return doubts

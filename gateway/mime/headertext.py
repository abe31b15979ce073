"""The words of header fields: those that people read, and those that stand in fields which programs write.

An address field gives its display names only: addresses are the envelope's matter. Unknown fields are read: what a
program puts there travels in the open. So do ids, dates and parameters; `traces` gives them as words, for a milder judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from gateway.mime.tree import Header

_ADDRESSES = frozenset(["from", "to", "cc", "bcc", "reply-to", "sender", "mail-followup-to", "mail-reply-to",
                        "resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to",
                        "disposition-notification-to", "return-receipt-to", "errors-to", "x-original-to", "apparently-to",
                        "return-path", "delivered-to", "envelope-to"])  # fmt: skip
_STRUCTURE = frozenset(["received", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
                        "content-transfer-encoding", "content-disposition", "content-id", "content-length", "content-language",
                        "content-md5", "dkim-signature", "domainkey-signature",
                        "authentication-results", "received-spf", "resent-date",
                        "resent-message-id", "thread-index", "precedence", "x-mailer", "user-agent", "importance",
                        "priority", "x-priority", "auto-submitted", "autocrypt", "openpgp", "lines", "status", "x-status",
                        "x-received", "x-originating-ip", "x-mimeole", "x-uidl", "x-mozilla-keys", "x-auto-response-suppress",
                        "x-gm-message-state", "x-cron-env", "x-loop", "x-beenthere"])  # fmt: skip
_NAMING = frozenset({"content-type", "content-disposition"})
_STRUCTURE_FAMILIES = ("arc-", "x-ms-", "x-microsoft-", "x-exchange-", "x-google-", "x-spam-", "x-mozilla-", "x-sealgate-",
                       "x-forefront-", "x-msmail-", "x-virus-", "x-assp-")  # fmt: skip
_ANGLES = re.compile(r"<[^<>\s]*@[^<>\s]*>|[<>]")
_WORD = re.compile(r"[^\s,;:()<>\"]+")
_WORDLESS = re.compile(r"[\s,;:()<>\"']+")
_MARKS = re.compile(r"(?<!\w)(?<!\d-)(\d{3}-\d{2}-\d{4})(?!\w|-\d)|[\W_]+")  # a number keeps the form it is known by
_TELLING = re.compile(r"[^\W\d_]{3}|\d{5}")
_FILE_NAME = r"\b(?:file)?name[*0-9]*=(?:\"[^\"\\]*\"|[^\s;\"()]*)"  # texts of their own
_GIVEN_WORDS = {
    "content-type": re.compile(
        r"(?i)\A\s*(?:text|multipart|message|image|audio|video|font|model|application)/(?:plain|html|calendar|mixed|alternative|"
        r"related|signed|report|encrypted|rfc822|delivery-status|pdf|png|jpeg|gif|octet-stream|pgp-signature|"
        r"(?:x-)?pkcs7-(?:mime|signature))(?=[\s;(]|\Z)|\b(?:boundary|charset|format|delsp|protocol|micalg|smime-type|type)[*0-9]*=|"
        + _FILE_NAME
    ),
    "content-disposition": re.compile(r"(?i)\A\s*(?:inline|attachment)\b|\b[a-z]{4,12}-date=|\bsize=|" + _FILE_NAME),
    "content-transfer-encoding": re.compile(r"(?i)\A\s*(?:7bit|8bit|binary|base64|quoted-printable)(?=[\s;(]|\Z)"),
    "mime-version": re.compile(r"\A\s*1\.0"),
}
_DATE = re.compile(
    r"(?i)(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? *)?\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} "
    r"\d{2,4} \d\d?:\d\d(?::\d\d)?(?: [+-]\d{4}| [a-z]{1,5})?(?: \([a-z]{1,5}\))?"
)


def words(headers: Sequence[Header]) -> Iterator[tuple[str, str]]:
    """Field name and text, in order, of every field of one header block that can hold words; `subject` apart."""
    for header in headers:
        name = header.name.lower()
        if name == "subject":
            yield "subject", header.text
        elif name in _ADDRESSES:
            names = display_names(header.text)
            if names:
                yield f"header:{header.name.replace('/', '_')}", names
        elif name not in _STRUCTURE and not name.startswith(_STRUCTURE_FAMILIES) and header.text:
            yield f"header:{header.name.replace('/', '_')}", header.text


def traces(headers: Sequence[Header], *, outermost: bool) -> Iterator[tuple[str, str]]:
    """Place and words of the fields that `words` leaves out: marks as spaces, dates and what the standards put there gone.

    `outermost`: the header of the mail itself, whose Received and X-Sealgate fields no recipient is sent.
    """
    for header in headers:
        name = header.name.lower()
        if (name not in _STRUCTURE and not name.startswith(_STRUCTURE_FAMILIES)) or (
            outermost and (name == "received" or name.startswith("x-sealgate-"))
        ):
            continue
        text = unquote(header.text, errors="replace") if name.startswith("content-") else header.text
        text = _GIVEN_WORDS[name].sub(" ", text) if name in _GIVEN_WORDS else text
        text = _MARKS.sub(lambda match: match.group(1) or " ", _DATE.sub(" ", text)).strip()
        if _TELLING.search(text):
            # Content-Type and Content-Disposition without more are the places of file names.
            own = f"{header.name.replace('/', '_')}{'/parameters' if name in _NAMING else ''}"
            yield f"header:{own}", text


def display_names(text: str) -> str:
    """What is left of an address list (RFC 5322 3.4) without its addresses: names, comments and group names."""
    pieces = _WORD.sub(_unless_address, _ANGLES.sub(" ", text)).split(",")
    names = (" ".join(piece.replace('"', " ").split()) for piece in pieces)
    return ", ".join(name for name in names if _WORDLESS.sub("", name))


def _unless_address(match: re.Match[str]) -> str:
    return " " if "@" in match.group()[1:-1] else match.group()

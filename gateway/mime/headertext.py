"""The words of header fields that people read. Trace and structure fields hold none; addresses are the envelope's matter.

An address field gives its display names only. Unknown fields are read: what a program puts there travels in the open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.mime.tree import Header

_ADDRESSES = frozenset(["from", "to", "cc", "bcc", "reply-to", "sender", "mail-followup-to", "mail-reply-to",
                        "resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to",
                        "disposition-notification-to", "return-receipt-to", "errors-to", "x-original-to", "apparently-to"])  # fmt: skip
_STRUCTURE = frozenset(["received", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
                        "content-transfer-encoding", "content-disposition", "content-id", "content-length", "content-language",
                        "content-md5", "return-path", "dkim-signature", "domainkey-signature",
                        "authentication-results", "received-spf", "delivered-to", "envelope-to", "resent-date",
                        "resent-message-id", "thread-index", "precedence", "x-mailer", "user-agent", "importance",
                        "priority", "x-priority", "auto-submitted", "autocrypt", "openpgp", "lines", "status", "x-status",
                        "x-received", "x-originating-ip", "x-mimeole", "x-uidl", "x-mozilla-keys", "x-auto-response-suppress",
                        "x-gm-message-state", "x-cron-env", "x-loop", "x-beenthere"])  # fmt: skip
_STRUCTURE_FAMILIES = ("arc-", "x-ms-", "x-microsoft-", "x-exchange-", "x-google-", "x-spam-", "x-mozilla-", "x-sealgate-",
                       "x-forefront-", "x-msmail-", "x-virus-", "x-assp-")  # fmt: skip
_ANGLES = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"[^\s,;:()<>\"]+")
_WORDLESS = re.compile(r"[\s,;:()<>\"']+")


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


def display_names(text: str) -> str:
    """What is left of an address list (RFC 5322 3.4) without its addresses: names, comments and group names."""
    pieces = _WORD.sub(_unless_address, _ANGLES.sub(" ", text)).split(",")
    names = (" ".join(piece.replace('"', " ").split()) for piece in pieces)
    return ", ".join(name for name in names if _WORDLESS.sub("", name))


def _unless_address(match: re.Match[str]) -> str:
    return " " if "@" in match.group()[1:-1] else match.group()

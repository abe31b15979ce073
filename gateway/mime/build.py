"""Outgoing mail, built anew from an allow-list: nothing of the sender's header can come along by oversight.

Everything is CRLF and 7bit (quoted-printable or base64 where the text needs it). The same arguments give the same
bytes, so that a retry repeats itself. `passthrough`, in build_passthrough, is the only road on which original bytes
travel; it is offered here too.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pybase64

from gateway.domain.address import Address
from gateway.mime.build_passthrough import passthrough
from gateway.mime.headers import (
    CRLF,
    HeaderRefused,
    checked,
    is_message_id,
    mailbox,
    write_addresses,
    write_date,
    write_ids,
    write_parameters,
    write_text,
)

__all__ = [
    "OuterHeaders", "RecipientStatus", "base64_lines", "confirmation_fields", "dsn", "outer_block", "passthrough", "smime_mail", "smime_part",
    "text_mail", "text_or_html", "text_part", "under", "visible_fields",
]  # fmt: skip

_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")
_AUTO_SUBMITTED = frozenset({"auto-generated", "auto-replied"})
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_BASE64_CHUNK = 57 * 1024
"""Bytes that make whole lines of 76 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterHeaders:
    """All that may stand outside (docs/security-model.md, What may leave in the open). Addresses travel without names.

    `date` needs a zone; `message_id`, `in_reply_to`, `references` keep their angle brackets; threading is only for mail
    of the gateway's own, which has `auto_submitted` (RFC 3834: auto-generated or auto-replied), and for a recipient's
    `answer` that it carries, which a person wrote.
    """

    from_: Address = field(repr=False)
    to: tuple[Address, ...] = field(repr=False)
    cc: tuple[Address, ...] = field(default=(), repr=False)
    date: datetime
    message_id: str
    subject: str = field(repr=False)
    sealgate_id: str
    auto_submitted: str | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    answer: bool = False
    confirm_to: Address | None = field(default=None, repr=False)
    """Direct: where the recipient's system says what became of the mail; an address made for this one."""

    def __post_init__(self) -> None:
        if self.auto_submitted is None and not self.answer and (self.in_reply_to or self.references):
            raise HeaderRefused("threading fields are only for the gateway's own mail")
        if self.auto_submitted is not None and self.auto_submitted not in _AUTO_SUBMITTED:
            raise HeaderRefused("Auto-Submitted: not a keyword of RFC 3834")
        if not _ID.fullmatch(self.sealgate_id):
            raise HeaderRefused("X-Sealgate-Id: not an id")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    """One recipient's fields of a DSN, RFC 3464 2.3. `diagnostic` is a code of ours, never a remote server's text."""

    final_recipient: Address = field(repr=False)
    action: str
    status: str
    diagnostic: str = ""
    last_attempt: datetime | None = None


def visible_fields(outer: OuterHeaders) -> list[bytes]:
    """The written fields that readers see and header protection speaks of: From, To, Cc, Date, Message-ID, Subject."""
    fields = [write_addresses("From", (outer.from_,))]
    if outer.to:
        fields.append(write_addresses("To", outer.to))
    if outer.cc:
        fields.append(write_addresses("Cc", outer.cc))
    if not outer.to and not outer.cc:
        fields.append(b"To: undisclosed-recipients:;\r\n")
    fields.append(write_date("Date", outer.date))
    fields.append(write_ids("Message-ID", (outer.message_id,)))
    fields.append(write_text("Subject", outer.subject))
    return fields


def outer_block(outer: OuterHeaders) -> bytes:
    """All of the outer fields but the MIME ones, without the empty line."""
    fields = [write_text("X-Sealgate-Id", outer.sealgate_id), *visible_fields(outer)]
    if outer.in_reply_to:
        fields.append(write_ids("In-Reply-To", (outer.in_reply_to,)))
    if outer.references:
        fields.append(write_ids("References", outer.references))
    if outer.auto_submitted:
        fields.append(write_text("Auto-Submitted", outer.auto_submitted))
    if outer.confirm_to is not None:
        fields += confirmation_fields(outer.confirm_to)
    return b"".join(fields) + b"MIME-Version: 1.0\r\n"


def confirmation_fields(to: Address) -> list[bytes]:
    """What asks for confirmations of a Direct message: RFC 8098 2, and the option of the Implementation Guide for Delivery
    Notification in Direct 1.0, which asks for `dispatched` (or `failed`) beside `processed`.
    """
    return [
        write_addresses("Disposition-Notification-To", (to,)),
        write_text("Disposition-Notification-Options", "X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true"),
    ]


def text_mail(outer: OuterHeaders, text: str, html: str | None = None) -> bytes:
    """A mail of text, with an HTML form beside it if given: notice, redacted letter, receipt, code."""
    return outer_block(outer) + text_or_html(text, html, outer.message_id)


def text_or_html(text: str, html: str | None, seed: str) -> bytes:
    """A whole entity of text, with an HTML form beside it if given; its boundary follows from `seed`."""
    plain = text_part("plain", text)
    if html is None:
        return plain
    return _multipart("alternative", {}, (plain, text_part("html", html)), seed=seed)


def dsn(
    outer: OuterHeaders,
    *,
    reporting_mta: str,
    original_message_id: str,
    recipients: Sequence[RecipientStatus],
    text: str,
    arrived: datetime | None = None,
) -> bytes:
    """A delivery status notification, RFC 3464, with our id, the sender's Message-ID, times and reasons; nothing else.

    An original Message-ID that is not one plain msg-id is left out rather than repeated.
    """
    if not recipients:
        raise HeaderRefused("a DSN needs a recipient")
    groups = [write_text("Reporting-MTA", f"dns; {_host(reporting_mta)}")]
    groups[0] += write_text("X-Sealgate-Id", outer.sealgate_id)
    if is_message_id(original_message_id):
        groups[0] += write_ids("X-Original-Message-ID", (original_message_id,))
    if arrived is not None:
        groups[0] += write_date("Arrival-Date", arrived)
    groups += [_status_fields(one) for one in recipients]
    report = b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + CRLF.join(groups)
    parts = (text_part("plain", text), report)
    return outer_block(outer) + _multipart("report", {"report-type": "delivery-status"}, parts, seed=outer.message_id)


def _host(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name):
        raise HeaderRefused("Reporting-MTA: not a host name")
    return name


def _status_fields(one: RecipientStatus) -> bytes:
    if one.action not in _ACTIONS or not _STATUS.fullmatch(one.status):
        raise HeaderRefused("a DSN's action or status is not one of RFC 3464")
    address = one.final_recipient
    kind = "rfc822" if address.is_ascii else "utf-8"
    written = mailbox(address) if address.is_ascii else _unitext(mailbox(address))
    fields = write_text("Final-Recipient", f"{kind}; {written}")
    fields += write_text("Action", one.action) + write_text("Status", one.status)
    if one.diagnostic:
        if not one.diagnostic.isascii():
            raise HeaderRefused("Diagnostic-Code: not ASCII")
        fields += write_text("Diagnostic-Code", f"smtp; {checked(one.diagnostic, 'Diagnostic-Code')}")
    if one.last_attempt is not None:
        fields += write_date("Last-Attempt-Date", one.last_attempt)
    return fields


def _unitext(text: str) -> str:
    """The utf-8-addr-unitext form that travels as ASCII, RFC 6533 3."""
    return "".join(char if char.isascii() and char not in "\\+=" else f"\\x{{{ord(char):X}}}" for char in text)


def smime_mail(
    outer: OuterHeaders, cms_der_chunks: Iterable[bytes], smime_type: str = "enveloped-data"
) -> Iterator[bytes]:
    """A mail whose whole body is CMS, RFC 8551 3.3, as base64 streamed in bounded memory."""
    return under(outer, smime_part(cms_der_chunks, smime_type))


def under(outer: OuterHeaders, entity: Iterable[bytes]) -> Iterator[bytes]:
    """A mail of a whole MIME entity, which brings its own MIME fields, under that open header."""
    return _with_head(outer_block(outer), entity)


def smime_part(cms_der_chunks: Iterable[bytes], smime_type: str) -> Iterator[bytes]:
    """An application/pkcs7-mime entity of CMS that hides its content, as base64 streamed in bounded memory."""
    if smime_type not in {"enveloped-data", "authEnveloped-data"}:
        raise HeaderRefused("smime-type: not one that hides the content")
    head = write_parameters("Content-Type", "application/pkcs7-mime", {"smime-type": smime_type, "name": "smime.p7m"})
    head += write_parameters("Content-Disposition", "attachment", {"filename": "smime.p7m"})
    return _with_head(head + b"Content-Transfer-Encoding: base64\r\n\r\n", base64_lines(cms_der_chunks))


def _with_head(head: bytes, body: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from body


def base64_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Base64 in lines of 76 characters with CRLF, in bounded memory."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        whole = len(held) - len(held) % _BASE64_CHUNK
        for start in range(0, whole, _BASE64_CHUNK):
            yield pybase64.encodebytes(bytes(held[start : start + _BASE64_CHUNK])).replace(b"\n", CRLF)
        if whole:
            del held[:whole]
    if held:
        yield pybase64.encodebytes(bytes(held)).replace(b"\n", CRLF)


def text_part(subtype: str, text: str) -> bytes:
    """A whole text entity, UTF-8, with its own header: 7bit, else quoted-printable, else base64 where that is shorter."""
    lines = [line.encode(errors="replace") for line in re.split(r"\r\n|\r|\n", text)]
    body = CRLF.join(lines)
    if not body.endswith(CRLF):
        body += CRLF
    charset = {"charset": "us-ascii" if body.isascii() else "utf-8"}
    if re.fullmatch(rb"(?:[\t -~]{0,900}\r\n)*", body):
        encoding, coded = b"7bit", body
    elif sum(byte > 127 for byte in body) * 3 > len(body):
        encoding, coded = b"base64", b"".join(base64_lines((body,)))
    else:
        soft = [binascii.b2a_qp(line, istext=False).replace(b"\n", CRLF) for line in body.split(CRLF)]
        encoding, coded = b"quoted-printable", CRLF.join(soft)
    head = write_parameters("Content-Type", f"text/{subtype}", charset)
    return head + b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + coded


def _multipart(subtype: str, parameters: dict[str, str], parts: Sequence[bytes], *, seed: str) -> bytes:
    """A multipart body whose boundary follows from `seed` and stands in no part."""
    boundary, count = "", 0
    while not boundary or any(boundary.encode() in part for part in parts):
        boundary = "=_" + hashlib.sha256(f"{count}:{seed}".encode()).hexdigest()[:40]
        count += 1
    head = write_parameters("Content-Type", f"multipart/{subtype}", {**parameters, "boundary": boundary})
    delimiter = b"--" + boundary.encode()
    pieces = [b"%s\r\n%s" % (delimiter, part.removesuffix(CRLF)) for part in parts]
    return head + CRLF + CRLF.join([*pieces, delimiter + b"--\r\n"])

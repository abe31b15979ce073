"""Mails whose sender wrote marks into every place that a header, a MIME structure, a calendar or a page of HTML has."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Mapping
from dataclasses import dataclass, field

HEADERS: dict[str, str] = {
    "thread-topic": "Thread-Topic: {0}", "thread-index": "Thread-Index: {0}", "references": "References: <{0}@example.org> <2.{0}@example.org>",
    "in-reply-to": "In-Reply-To: <{0}@example.org>", "received": "Received: from {0} ([10.0.0.9]) by {0}.example.org; Mon, 02 Mar 2026 09:00:00 +0000",
    "comments": "Comments: {0}", "keywords": "Keywords: {0}, other", "list-id": "List-Id: {0} <{0}.example.org>",
    "list-unsubscribe": "List-Unsubscribe: <mailto:{0}@example.org>", "list-post": "List-Post: <mailto:{0}@example.org>", "mailer": "X-Mailer: {0}",
    "agent": "User-Agent: {0}/1.0", "originating": "X-Originating-IP: [{0}]", "organization": "Organization: {0}",
    "reply-to": "Reply-To: {0} <{0}@example.org>", "sender": "Sender: {0} <dr.lee@willow.example.org>", "resent-from": "Resent-From: {0} <{0}@example.org>",
    "resent-to": "Resent-To: {0}@example.org", "resent-id": "Resent-Message-ID: <{0}@example.org>", "resent-date": "Resent-Date: Mon, 02 Mar 2026 09:00:00 +0000 ({0})",
    "return-path": "Return-Path: <{0}@example.org>", "autocrypt": "Autocrypt: addr={0}@example.org; keydata={0}", "dkim": "DKIM-Signature: v=1; d={0}.example.org; b={0}",
    "arc": "ARC-Seal: i=1; d={0}", "importance": "Importance: {0}", "receipt": "Disposition-Notification-To: {0} <{0}@example.org>",
    "language": "Content-Language: {0}", "exchange": "X-MS-Exchange-Organization-AuthAs: {0}", "any": "X-Whatever: {0}", "name of a field": "X-{0}: 1",
    "apparently-to": "Apparently-To: {0}@example.org", "bcc": "Bcc: {0} <{0}@example.org>", "resent-bcc": "Resent-Bcc: {0}@example.org",
    "spaced bcc": "BCC :\r\n\t{0}@example.org", "own field": "X-Sealgate-Note: {0}", "own id": "X-Sealgate-Id: {0}", "precedence": "Precedence: {0}",
    "hp-outer": "HP-Outer: Subject: {0}", "authentication": "Authentication-Results: {0}; none", "sensitivity": "Sensitivity: {0}", "no field": "{0} is no field",
}  # fmt: skip
TOP: dict[str, str] = {
    "from name": 'From: "{0}" <dr.lee@willow.example.org>', "from comment": "From: dr.lee@willow.example.org ({0})",
    "from words": "From: =?utf-8?q?{0}?= <dr.lee@willow.example.org>", "to name": 'To: "{0}, {0}" <{to}>', "to comment": "To: {to} (for {0})",
    "to group": "To: {0}: {to};", "to quoted local part": 'To: {to}, "{0} {0}"@example.org', "cc name": "Cc: {0} <{to}>",
    "subject": "Subject: {0}", "subject words": "Subject: =?utf-8?b?{b64}?=", "folded subject": "Subject: a\r\n {0}\r\n b",
    "date comment": "Date: Mon, 02 Mar 2026 09:00:00 +0000 ({0})", "message-id": "Message-ID: <{0}@example.org>",
    "odd message-id": "Message-ID: {0} <client@willow.example.org> {0}", "mime-version": "MIME-Version: 1.0 ({0})",
}  # fmt: skip
STRUCTURE = (
    "boundary", "type parameter", "preamble", "epilogue", "content-id", "description", "location", "file name", "file name 2231", "name parameter",
    "disposition parameter", "subtype", "charset", "nested boundary", "attached mail", "text file", "binary file",
    "calendar uid", "calendar attendee", "calendar summary", "calendar description", "calendar organizer", "calendar method", "vcard",
    "html comment", "html alt", "html hidden", "html title", "html link", "html style",
)  # fmt: skip
PLACES = (*HEADERS, *TOP, *STRUCTURE)
_DEFAULT = {
    "from": "From: Dr Lee <dr.lee@willow.example.org>", "to": "To: {to}", "subject": "Subject: Results", "mime-version": "MIME-Version: 1.0",
    "date": "Date: Mon, 02 Mar 2026 09:00:00 +0000", "message-id": "Message-ID: <client@willow.example.org>",
}  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    """A mail with a mark in each of some places. `body` is its text; `marks` says which mark stands where."""

    places: tuple[str, ...]
    to: str
    body: str
    extra: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)

    def mark(self, place: str) -> str:
        """The mark of a place: one word that no program writes by itself."""
        return f"zqx{PLACES.index(place):02d}vwk"

    def all_marks(self) -> dict[str, str]:
        """Mark by place."""
        return {one: self.mark(one) for one in self.places}

    def raw(self) -> bytes:
        """The whole mail."""
        written = dict(_DEFAULT)
        lines = [*self.extra]
        for place in self.places:
            mark = self.mark(place)
            if place in HEADERS:
                lines.append(HEADERS[place].format(mark))
            elif place in TOP:
                line = TOP[place].format(mark, to=self.to, b64=base64.b64encode(mark.encode()).decode())
                written[line.partition(":")[0].lower()] = line
        lines += [one.format(to=self.to) if "{to}" in one else one for one in written.values()]
        boundary = f"=_{self._at('boundary', 'part')}"
        parameter = self._if("type parameter", "; x-{0}={0}")
        lines.append(f'Content-Type: multipart/mixed; boundary="{boundary}"{parameter}')
        inner = [self._letter(), *self._files()]
        body = self._if("preamble", "{0}\r\n") + "".join(f"--{boundary}\r\n{one}\r\n" for one in inner)
        whole = "\r\n".join(lines) + "\r\n\r\n" + body + f"--{boundary}--\r\n" + self._if("epilogue", "{0}\r\n")
        return whole.encode()

    def _at(self, place: str, otherwise: str) -> str:
        return self.mark(place) if place in self.places else otherwise

    def _if(self, place: str, text: str) -> str:
        return text.replace("{0}", self.mark(place)) if place in self.places else ""

    def _letter(self) -> str:
        fields = self._if("content-id", "Content-ID: <{0}@example.org>\r\n") + self._if(
            "description", "Content-Description: {0}\r\n"
        )
        fields += self._if("location", "Content-Location: http://{0}.example.org/\r\n")
        charset = self._at("charset", "utf-8")
        plain = f"Content-Type: text/plain; charset={charset}\r\n{fields}\r\n{self.body}\r\n"
        pieces = [
            self._if("html comment", "<!-- {0} -->"), self._if("html alt", '<img alt="{0}" src="cid:x">'),
            self._if("html hidden", '<span style="display:none">{0}</span>'), self._if("html title", "<title>{0}</title>"),
            self._if("html link", '<a href="https://example.org/{0}">x</a>'), self._if("html style", "<style>.{0} {color: red}</style>"),
        ]  # fmt: skip
        if not any(pieces):
            return plain
        page = "<html><body><p>" + self.body.replace("\r\n", "<br>") + "</p>" + "".join(pieces) + "</body></html>"
        coded = quopri.encodestring(page.encode()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").decode()
        nested = f"=_{self._at('nested boundary', 'nested')}"
        html = (
            f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{coded}\r\n"
        )
        return f'Content-Type: multipart/alternative; boundary="{nested}"\r\n\r\n--{nested}\r\n{plain}\r\n--{nested}\r\n{html}\r\n--{nested}--\r\n'

    def _files(self) -> list[str]:
        files = []
        if self._any("file name", "name parameter", "disposition parameter", "text file"):
            name = self._at("file name", "note")
            files.append(
                f'Content-Type: text/plain; name="{self._at("name parameter", "note")}.txt"\r\nContent-Disposition: attachment; filename="{name}.txt"'
                + self._if("disposition parameter", "; x-note={0}") + "\r\n\r\n" + self._if("text file", "{0}") + "\r\n"
            )  # fmt: skip
        if self._any("file name 2231", "subtype", "binary file"):
            content = base64.b64encode(b"\0\1" + self._if("binary file", "{0}").encode()).decode()
            name = "".join(f"%{ord(one):02X}" for one in self._at("file name 2231", "blob"))
            files.append(
                f"Content-Type: application/x-{self._at('subtype', 'data')}\r\nContent-Disposition: attachment; filename*=utf-8''{name}.bin\r\n"
                f"Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
            )  # fmt: skip
        if "attached mail" in self.places:
            mark = self.mark("attached mail")
            files.append(
                f"Content-Type: message/rfc822\r\n\r\nFrom: {mark} <{mark}@example.org>\r\nSubject: {mark}\r\nTo: {mark}@example.org\r\n\r\n{mark}\r\n"
            )
        if any(one.startswith("calendar") for one in self.places):
            method = self._if("calendar method", "; method={0}")
            event = [
                "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{self._at('calendar uid', '1')}", "DTSTART:20260303T100000Z",
                f"ATTENDEE;CN={self._at('calendar attendee', 'x')}:mailto:{self._at('calendar attendee', 'x')}@example.org",
                f"ORGANIZER;CN=\"{self._at('calendar organizer', 'x')}\":mailto:x@example.org", f"SUMMARY:{self._at('calendar summary', 'x')}",
                f"DESCRIPTION:{self._at('calendar description', 'x')}", "END:VEVENT", "END:VCALENDAR",
            ]  # fmt: skip
            files.append(f"Content-Type: text/calendar; charset=utf-8{method}\r\n\r\n" + "\r\n".join(event) + "\r\n")
        if "vcard" in self.places:
            mark = self.mark("vcard")
            files.append(
                f"Content-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nFN:{mark}\r\nNOTE:{mark}\r\nEND:VCARD\r\n"
            )
        return files

    def _any(self, *places: str) -> bool:
        return any(one in self.places for one in places)

"""What became of each sample: what was sent, what travelled in the open, and what its recipient read.

One pass of `look` reads the outbox again and lets recipients open what has come for them: a link by the portal, S/MIME
with the colleague's key. It never answers a consent question by itself; that is for the visitor, or for `--once`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tools.demo import people
from tools.demo.colleague import Colleague
from tools.demo.house import DemoFailed, House
from tools.demo.letters import Letter
from tools.demo.outbox import Relayed
from tools.demo.visitor import Visitor

_PHONES = {one.email: one.phone for one in (*people.VERIFIED, *people.UNVERIFIED)}


@dataclass(frozen=True, slots=True)
class GotFile:
    """An attachment as it arrived, and whether it is what was sent, byte for byte."""

    name: str
    size: int
    same: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recipient read, and how it was opened."""

    how: str
    subject: str
    facts: tuple[tuple[str, str], ...]
    text: str
    files: tuple[GotFile, ...] = ()
    channel: str = ""
    signed: str = ""


@dataclass(slots=True)
class Exhibit:
    """One sample and what is known of it so far."""

    letter: Letter
    sent: bytes = field(default=b"", repr=False)
    message_id: str = ""
    """The gateway's number, from its reply to DATA."""
    wire: Relayed | None = None
    question: Relayed | None = None
    receipts: list[Relayed] = field(default_factory=list)
    reading: Reading | None = None
    trouble: str = ""

    @property
    def settled(self) -> bool:
        """Whether all came about that comes about without the visitor."""
        if self.trouble:
            return True
        if self.letter.expect == "consent" and self.wire is None:
            return self.question is not None and bool(self.receipts)
        return self.reading is not None


class Exhibition:
    """All samples. `look` may be called from any thread."""

    def __init__(self, house: House, colleague: Colleague, samples: Iterable[Letter]) -> None:
        self.house, self.colleague = house, colleague
        self.exhibits = tuple(Exhibit(one) for one in samples)
        self._lock = threading.Lock()

    def send(self, one: Exhibit, at: datetime) -> None:
        """Hand one sample in."""
        one.sent = one.letter.mail(at)
        one.message_id = self.house.submit(one.sent, one.letter.to).split()[-1]

    def look(self) -> None:
        """Take in what has come since. A recipient who cannot open theirs is told on the page, not hidden."""
        with self._lock:
            mails = self.house.outbox.mails()
            for one in self.exhibits:
                self._sort(one, mails)
                if one.wire is not None and one.reading is None and not one.trouble:
                    try:
                        one.reading = self._read(one, one.wire)
                    except (DemoFailed, LookupError, ValueError, OSError) as error:
                        one.trouble = f"could not be opened: {error}"

    def codes(self, address: str, channel: str) -> list[str]:
        """The codes that this recipient got."""
        to = [_PHONES[address]] if channel == "phone" else [address]
        return self.house.outbox.codes(channel, to)

    def _sort(self, one: Exhibit, mails: list[Relayed]) -> None:
        portal = self.house.portal
        mine = [mail for mail in mails if mail.recipient == one.letter.to]
        one.wire = next((mail for mail in mine if _carries(one.letter, mail, portal)), None)
        one.question = next((mail for mail in mine if mail.link(portal, "c")), None)
        one.receipts = [
            mail for mail in mails if mail.recipient == people.SENDER and one.letter.message_id.encode() in mail.raw
        ]  # fmt: skip

    def _read(self, one: Exhibit, wire: Relayed) -> Reading:
        if wire.is_smime:
            return self._by_smime(wire)
        link = wire.link(self.house.portal, "m")
        return self._by_link(one.letter, link) if link else _as_it_came(wire)

    def _by_link(self, letter: Letter, link: str) -> Reading:
        read = Visitor(self.house.portal).read(link, lambda channel: self.codes(letter.to, channel))
        sent = {one.name: one.content for one in letter.files}
        files = tuple(GotFile(name, len(content), sent.get(name) == content) for name, content in read.files)
        place = "phone" if read.channel == "phone" else "mailbox"
        how = f"opened the link, asked for a code, typed in the one that came to the {place}"
        return Reading(how, read.page.heading, tuple(read.page.facts.items()), read.page.letter, files, read.channel)

    def _by_smime(self, wire: Relayed) -> Reading:
        opened = self.colleague.open(wire.raw, self.house.gateway / "keys" / "ca.crt")
        found = opened.message
        part = found.get_body(("plain",))
        text = str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
        if part is not None and part.get_param("hp-legacy-display") == "1":
            text = text.partition("\n\n")[
                2
            ]  # RFC 9788 5.2: shown only by programs that do not know the protected Subject
        facts = tuple((name, str(found[name])) for name in ("From", "To", "Date") if found[name])
        how = "let the mail program decrypt it with the private key"
        return Reading(how, str(found["Subject"] or ""), facts, text, signed=opened.signed)


def _carries(letter: Letter, mail: Relayed, portal: str) -> bool:
    """Whether this mail is the letter's copy, and no code, question or receipt."""
    return mail.is_smime or bool(mail.link(portal, "m")) or mail.message["Message-ID"] == letter.message_id


def _as_it_came(wire: Relayed) -> Reading:
    facts = tuple((name, str(wire.message[name])) for name in ("From", "To", "Date"))
    return Reading("read it as ordinary mail", wire.subject, facts, wire.text)

"""`--once`: what the page shows, checked without a person. Every check looks at bytes, none at what the gateway says of itself."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tools.demo import people
from tools.demo.exhibition import Exhibit, Exhibition
from tools.demo.house import DemoFailed
from tools.demo.outbox import Relayed
from tools.demo.site import untouched
from tools.demo.visitor import Visitor

Say = Callable[[str], None]


class Proof:
    """Checks by name; each is True or False."""

    def __init__(self, shown: Exhibition, say: Say, end: float) -> None:
        self._shown, self._say, self._end = shown, say, end
        self._by = {one.letter.key: one for one in shown.exhibits}
        self.checks: dict[str, bool] = {}

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Look until it is so; DemoFailed at the end of the time."""
        while not done():
            if time.monotonic() > self._end:
                raise DemoFailed(f"{what} did not happen in time")
            time.sleep(0.2)
            self._shown.look()

    def run(self) -> None:
        """All checks that need the running gateway."""
        self.wait(lambda: all(one.settled for one in self._shown.exhibits), "everything being settled")
        for one in self._shown.exhibits:
            if one.trouble:
                self._say(f"  {one.letter.key}: {one.trouble}")
        self._note("nothing_failed", not any(one.trouble for one in self._shown.exhibits))
        self._consented(self._by["consented"])
        self._colleague(self._by["colleague"])
        self._sensitive(self._by["sensitive"])
        self._note("ordinary_mail_untouched", untouched(self._by["ordinary"]))
        self._unasked(self._by["unasked"])
        self._note("nothing_personal_in_the_open", self._nothing_in_the_open())

    def at_rest(self) -> None:
        """What the gateway's folder holds: data, keys, settings and its log."""
        words = [*self._secrets(), *(one.email for one in (*people.VERIFIED, *people.UNVERIFIED))]
        found = sorted({word for data in _contents(self._shown.house.gateway) for word in hidden(data, words)})
        for word in found:
            self._say(f"  found where it must not lie: {word}")
        self._note("nothing_readable_at_rest", not found)

    def log(self) -> None:
        """The log's proof, against the heads that were copied outside the database."""
        try:
            house = self._shown.house
            house.sealgate("audit", "verify", "--head", str(house.gateway / "audit-heads.jsonl"))
        except DemoFailed as error:
            self._say(f"  {error}")
            self._note("log_verified", False)
        else:
            self._note("log_verified", True)

    def note_stopped(self, *, in_order: bool) -> None:
        """How the gateway ended."""
        self._note("stopped_without_leftovers", in_order)

    def _consented(self, one: Exhibit) -> None:
        open_text = one.wire.text if one.wire else ""
        self._note("redacted_letter_in_the_open", "[name]" in open_text and "come to see us" in open_text)
        self._note(
            "link_opened_with_mailbox_code",
            _read_whole(one) and one.reading is not None and one.reading.channel == "mailbox",
        )
        self._note("attachments_identical", _files_whole(one))
        self.wait(lambda: _told_of_opening(one), "the receipt of the first opening")
        self._note("sender_told_of_opening", _told_of_opening(one))

    def _colleague(self, one: Exhibit) -> None:
        outside = one.wire.subject if one.wire else ""
        inside = one.reading.subject if one.reading else ""
        self._note("smime_decrypted", bool(one.wire and one.wire.is_smime) and _read_whole(one))
        self._note("real_subject_inside_only", inside == one.letter.subject and outside not in ("", inside))

    def _sensitive(self, one: Exhibit) -> None:
        open_text = one.wire.text if one.wire else ""
        told = [line for line in one.letter.text.splitlines() if len(line) > 12 and line in open_text]
        self._note("neutral_notice", bool(open_text) and not told and "[name]" not in open_text)
        self._note(
            "link_opened_with_phone_code",
            _read_whole(one) and one.reading is not None and one.reading.channel == "phone",
        )
        self._note("no_code_by_mail_to_unverified_address", not self._shown.codes(one.letter.to, "mailbox"))

    def _unasked(self, one: Exhibit) -> None:
        self._note("held_until_asked", one.wire is None and one.question is not None and bool(one.receipts))
        if one.question is None:
            return
        link = one.question.link(self._shown.house.portal, "c")
        self._say("  answering the question as the patient: yes")
        Visitor(self._shown.house.portal).answer(
            link, lambda channel: self._shown.codes(one.letter.to, channel), yes=True
        )
        self.wait(lambda: one.settled and one.wire is not None, "the held letter leaving")
        if one.trouble:
            self._say(f"  {one.letter.key}: {one.trouble}")
        self._note("left_after_consent", _read_whole(one))
        self._note("picture_identical", _files_whole(one))

    def _secrets(self) -> list[str]:
        return sorted({word for one in self._shown.exhibits for word in one.letter.secrets})

    def _nothing_in_the_open(self) -> bool:
        found = {word for mail in self._shown.house.outbox.mails() for word in _told(mail, self._secrets())}
        for word in sorted(found):
            self._say(f"  travelled in the open: {word}")
        return not found

    def _note(self, name: str, good: bool) -> None:
        self.checks[name] = good
        self._say(f"  {'ok  ' if good else 'FAIL'} {name.replace('_', ' ')}")


def hidden(data: bytes, words: Iterable[str]) -> Iterator[str]:
    """The words that are in the bytes in any case, as UTF-8, UTF-16, hex, percent or base64 at any offset."""
    lowered = data.lower()
    for word in words:
        plain = word.encode()
        forms = (plain, word.encode("utf-16-le"), word.encode("utf-16-be"), plain.hex().encode(), quote(word).encode())
        if any(form.lower() in lowered for form in forms) or any(form in data for form in _base64(plain)):
            yield word


def _base64(plain: bytes) -> Iterator[bytes]:
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + plain)
        # Without the characters that depend on what stands before and behind.
        yield whole[(0, 2, 3)[offset] : len(whole) - (0, 3, 2)[(offset + len(plain)) % 3]]


def _told(mail: Relayed, words: list[str]) -> Iterator[str]:
    """The words that a mail shows to whoever reads it on its way, encoded or decoded."""
    yield from hidden(mail.raw, words)
    for part in mail.message.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            yield from hidden(content if isinstance(content, bytes) else b"", words)


def _read_whole(one: Exhibit) -> bool:
    """Whether the recipient read the subject and every line that was sent."""
    if one.reading is None or one.reading.subject != one.letter.subject:
        return False
    read = " ".join(one.reading.text.split())
    return all(" ".join(line.split()) in read for line in one.letter.text.splitlines())


def _told_of_opening(one: Exhibit) -> bool:
    return any("opened" in mail.subject for mail in one.receipts)


def _files_whole(one: Exhibit) -> bool:
    """Whether every attachment arrived under its name, byte for byte."""
    got = one.reading.files if one.reading else ()
    return [file.name for file in got] == [file.name for file in one.letter.files] and all(file.same for file in got)


def _contents(folder: Path) -> Iterator[bytes]:
    """Of every file below it. The gateway works meanwhile: what it has just removed is passed over."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                if (path := Path(place, name)).is_file():
                    yield path.read_bytes()

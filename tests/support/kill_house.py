"""A running gateway under load whose processes are killed: two workers, both doors, the portal, a next hop, and people.

The people act as people do: a client sends again what got no 250; a recipient opens the link, asks for a code, tries again
when the portal was away; a patient answers; staff release. What they do is the same with and without deaths.
"""

from __future__ import annotations

import os
import random
import re
import smtplib
import ssl
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.adapters.clock import SystemClock
from gateway.domain.audit import EventKind
from gateway.domain.errors import PermanentError, TemporaryError
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.ports.vault import Seal
from tests.support.home import DOCTOR, GRACE, LUNCH, OFFICE, Home, code_in, mail
from tests.support.killed_role import Nursery
from tests.support.next_hop import NextHop, Taken
from tests.support.portal_house import Browser

PASSWORD = "correct horse battery"
GONE = "gone@example.com"
"""A mailbox that the next hop refuses for good."""
PACE: dict[str, dict[str, Any]] = {
    "worker": {"lease": 20.0, "poll": 0.05, "backoff": [0.2], "threads": 2}, "relay": {"final": 2.0}, "keys": {"epoch": 30.0},
}  # fmt: skip
_DOOR = [f"intake.{n}" for n in (1, 2, 3)]
POINTS = {
    "smtp": _DOOR,
    "inbound": _DOOR,
    "worker": [
        f"{step}.{n}"
        for step, last in (
            ("assess", 3), ("dispatch", 5), ("settle", 2), ("parcel", 3), ("notice", 4), ("code", 3), ("consent", 2),
            ("inbound", 3), ("epoch", 6), ("retain", 4),
        )
        for n in range(1, last + 1)
    ],
    "web": [*(f"pickup.{n}" for n in (1, 2, 3, 4)), *(f"answer.{n}" for n in (1, 2, 3))],
}  # fmt: skip
"""Every numbered step, by the role that takes it."""
ROLES = {"smtp": "smtp", "inbound": "inbound", "web": "web", "worker-a": "worker", "worker-b": "worker"}


_CODE, _LINK = re.compile(r"\b\d{4}[ -]?\d{4}\b"), re.compile(r"/[mc]/")


@dataclass
class Mail:
    """One mail on its way: what it is, whom it is for, what was seen of it."""

    kind: str
    to: list[str]
    body: str
    id: str = ""
    sent: int = 0
    """How often the client had to send it."""
    done: bool = False
    """Nobody has anything left to do about it."""
    browser: Browser | None = None
    asked: float = 0.0
    entered: int = 0
    """Codes that its recipient has had and tried."""
    turn: int = 0
    """Which of its links is tried next: a mail sent twice asks twice."""


@dataclass
class Tally:
    """What was seen, over all rounds."""

    rounds: int = 0
    accepted: int = 0
    sent_again: int = 0
    committed_without_250: int = 0
    duplicates: int = 0
    in_doubt: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    """Steps that a process was to die at and did not come to in its round."""
    ends: Counter[str] = field(default_factory=Counter)


class KillHouse:
    """The processes and the people. `round` is one load with some deaths; it checks nothing but that all comes to rest."""

    def __init__(self, root: Path) -> None:
        self.hop = NextHop()
        self.hop.refused.add(GONE)
        capture, relay = f"capture://{root}/outbox", f"smtp://127.0.0.1:{self.hop.port}"
        limits = "\n[limits]\ncodes_per_network = 100000\ncodes_per_address = 100000\nheld_per_sender = 100000\n"

        def config(text: str) -> str:
            assert "[limits]" not in text
            return text.replace(capture, relay) + limits

        self.home = Home(root, clock=SystemClock(), config=config)
        self.home.rooms.calendar.leave()  # it turns no epochs: the workers must not wait for its word
        self.home.add_certificate(GRACE)
        self.home.put_partner("Birch Clinic", "clinic.example.net")
        self.home.inst.users().add("lee", PASSWORD, [DOCTOR], ["treatment"])
        self.nurseries = {name: Nursery(root / f"{name}.err") for name in ROLES}
        self.points: dict[str, str] = {}
        self.ports: dict[str, int] = {}
        self.tally = Tally()
        self._number = self._since = 0
        self._known: set[str] = set()
        self._dice = random.Random(0)
        self._plans = 0
        """How many deaths may still be planned in this round."""

    def close(self) -> None:
        for one in self.nurseries.values():
            one.close()
        self.hop.close()
        self.home.close()

    # -- processes

    def start(self, name: str, point: str = "") -> None:
        """Start one process, perhaps to die at a point; one that dies before it is ready is started again, until it is."""
        for turn in range(20):
            planned = self._again(name) if turn else point
            nursery = self.nurseries[name]
            self.points[name] = planned
            nursery.start(
                ROLES[name], self.home.root / "sealgate.toml", planned, duties=0.5, silent=3.0, sections=PACE
            )  # fmt: skip
            ports = nursery.ready_or_ended()
            if ports is not None:
                self.ports |= {f"{ROLES[name]}.{profile}": one[0] for profile, one in ports.items()}
                return
            self._died(name)
        raise AssertionError(f"{name} does not start")

    def _died(self, name: str) -> None:
        self.tally.kills[f"{ROLES[name]} {self.points[name]}"] += 1
        self.points[name] = ""

    def unmet(self) -> set[str]:
        """The steps that no process has died at yet."""
        return {f"{role} {one}" for role, points in POINTS.items() for one in points} - self.tally.kills.keys()

    def look_after(self) -> None:
        """Start again what has died, as `serve` does."""
        for name, nursery in self.nurseries.items():
            if not nursery.lives():
                code = nursery.ended()
                assert code == -9, f"{name} ended with {code}"
                self._died(name)
                self.start(name, self._again(name))

    def kill(self, name: str) -> None:
        """End it wherever it is."""
        nursery = self.nurseries[name]
        if nursery.lives():
            nursery.kill()
        nursery.ended()
        self.tally.kills[f"{ROLES[name]} anywhere"] += 1
        self._missed(name)

    def _missed(self, name: str) -> None:
        if point := self.points.get(name):
            self.tally.missed[f"{ROLES[name]} {point}"] += 1
            self.points[name] = ""

    def leases_run_out(self) -> None:
        """As if the dead workers' leases had ended."""
        self.home.sql("UPDATE jobs SET lease_until = 1 WHERE lease_until IS NOT NULL")

    # -- people

    def load(self, dice: random.Random, kinds: list[str]) -> list[Mail]:
        """Mails of these kinds, each with people of its own."""
        made = []
        for kind in kinds:
            self._number += 1
            number = self._number
            if kind in {"pass", "bounced", "smime"}:
                to = {"pass": [OFFICE], "bounced": [OFFICE, GONE], "smime": [GRACE]}[kind]
                made.append(Mail(kind, to, LUNCH if kind != "smime" else _results("Maria Quintero", "MRN-4471203")))
                continue
            family, mrn = f"Quinby{_letters(number)}", f"MRN-{7000000 + number}"
            address = f"pat{number}@example.net"
            patient = self.home.patient("Pat", family, mrn, address)
            if kind in {"link", "returned"}:
                self.home.consent(patient, address)
            made.append(Mail(kind, [address], _results(f"Pat {family}", mrn)))
        dice.shuffle(made)
        return made

    def send(self, one: Mail) -> bool:
        """Submit by SMTP as a client does; True when the door said 250."""
        one.sent += 1
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = mail(one.to, "Results", one.body, number=self._number * 100 + one.sent)
        with suppress(OSError, smtplib.SMTPException):
            client = smtplib.SMTP("127.0.0.1", self.ports["smtp.submission"], timeout=30)
            try:
                client.starttls(context=context)
                client.login("lee", PASSWORD)
                client.mail(DOCTOR)
                for to in one.to:
                    assert client.rcpt(to)[0] == 250
                code, said = client.data(raw)
            finally:
                client.close()
            if code == 250:
                one.id = said.decode().split()[1]
                self.tally.accepted += 1
                self.tally.sent_again += one.sent - 1
                return True
        return False

    def act(self, one: Mail) -> None:
        """What the people do next about a mail, if it is time."""
        if one.done:
            return
        row = self.home.message(one.id)
        rows = self.home.deliveries(one.id)
        if any(each.state not in {"sent", "failed", "dropped"} for each in self.home.notices(one.id)):
            return  # whoever is told acts when it was told
        at_rest = row.state in {MessageState.SETTLED, MessageState.HELD, MessageState.STUCK}
        if one.kind in {"pass", "smime", "bounced"}:
            one.done = row.state is MessageState.SETTLED
        elif one.kind == "held":
            one.done = row.state is MessageState.HELD and self._asked(one) is not None
        elif one.kind in {"yes", "no"}:
            self._answer(one, row.state)
        elif one.kind == "released" and row.state is MessageState.HELD:
            with suppress(PermanentError, TemporaryError):
                self.home.rooms.review.release(rows[0].id, "ann", "he phoned")
        elif one.kind == "returned" and rows and rows[0].state is DeliveryState.DELIVERED:
            self._return(one)
        elif one.kind == "returned":
            one.done = bool(rows) and rows[0].state is DeliveryState.FAILED
        elif one.kind in {"link", "released"} and at_rest:
            self._pick_up(one)

    def _letter(self, one: Mail, kind: str) -> Taken | None:
        """The newest mail with a link that the hop took for its recipient."""
        found = [each for each in self._mailbox(one) if f"/{kind}/" in each.text]
        if kind == "m":
            found = [each for each in found if each.gateway_id == one.id]
        return found[one.turn % len(found)] if found else None

    def _mailbox(self, one: Mail) -> list[Taken]:
        """What its first recipient got in this round."""
        return [each for each in self.hop.taken[self._since :] if each.recipient == one.to[0]]

    def _asked(self, one: Mail) -> Taken | None:
        return self._letter(one, "c")

    def _answer(self, one: Mail, state: MessageState) -> None:
        if state is MessageState.SETTLED:
            one.done = True
            return
        asked = self._asked(one)
        if asked is None or state is not MessageState.HELD:
            return
        browser = self._proven(one, asked, "c", "/consent")
        if browser is not None:
            browser.get("/consent/question")
            browser.post("/consent/answer", answer=one.kind)

    def _pick_up(self, one: Mail) -> None:
        letter = self._letter(one, "m")
        if letter is None:
            return
        browser = self._proven(one, letter, "m", "/letter")
        if browser is not None:
            page = browser.get("/letter/read")
            one.done = page.status == 200 and "diabetes" in page.text and browser.get("/letter/save").status == 200

    def _proven(self, one: Mail, letter: Taken, kind: str, path: str) -> Browser | None:
        """A browser that gave the code; None while there is none, or the portal is away."""
        token = re.search(rf"/{kind}/([A-Za-z0-9_-]{{43}})", letter.text)
        assert token is not None
        with suppress(OSError):
            browser = Browser(self.ports["web.portal"])
            if browser.get(f"/{kind}/{token[1]}").status != 200:
                one.turn += 1
                return None
            codes = [each for each in self._mailbox(one) if _CODE.search(each.text) and not _LINK.search(each.text)]
            if len(codes) > one.entered:
                browser.get(f"{path}/enter?by=mailbox")
                answer = browser.post(f"{path}/open", code=code_in(codes[-1].text))
                one.entered = len(codes)
                if answer.status == 303:
                    return browser
            elif not one.asked or time.monotonic() - one.asked > 3.0:
                # As if the half minute between two codes had passed: a code that a death lost is asked for again.
                table = "parcels" if kind == "m" else "consent_requests"
                self.home.sql(f"UPDATE {table} SET code_next_at = NULL")
                one.asked = time.monotonic()
                browser.post(f"{path}/code", **({"channel": "mailbox"} if kind == "m" else {}))
        return None

    def _return(self, one: Mail) -> None:
        """A server further on returns the mail: its report goes to the delivery's own address, again until it got its 250."""
        [sender] = {each.sender for each in self._mailbox(one) if each.gateway_id == one.id}
        raw = (
            f"From: MAILER-DAEMON@next.example.net\r\nTo: {sender}\r\nSubject: failure\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; next.example.net\r\n\r\n"
            "Final-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        )
        if one.asked and time.monotonic() - one.asked < 3.0:
            return
        with suppress(OSError, smtplib.SMTPException):
            client = smtplib.SMTP("127.0.0.1", self.ports["inbound.inbound"], timeout=30)
            try:
                client.ehlo()
                client.mail("")
                client.rcpt(sender)
                if client.data(raw.encode())[0] == 250:
                    one.asked = time.monotonic()
            finally:
                client.close()

    # -- a round

    def round(self, dice: random.Random, kinds: list[str], deaths: int, seconds: float = 240.0) -> list[Mail]:
        """Send, let people act, kill and start again, until everything has come to rest; returns the accepted mails.

        `deaths` is how many may be planned; a worker that died as planned comes back with another step to die at.
        """
        self.tally.rounds += 1
        self._dice, self._plans = dice, deaths
        chosen = [name for name in dice.sample(list(ROLES), len(ROLES)) if deaths][:deaths]
        for name in chosen:
            if name in self.points:
                self.kill(name)
        # What has become old waits for those that are to die over it.
        self._age()
        self._since = len(self.hop.taken)
        mails = self.load(dice, kinds)
        for name in chosen:
            self.start(name, self._plan(ROLES[name]))
        for name in ROLES:
            if name not in self.points:
                self.start(name)
        for one in mails:
            while not self.send(one):
                assert one.sent < 100
                time.sleep(0.05)
                self.look_after()
        if deaths and dice.random() < 0.3:
            name = dice.choice(["worker-a", "worker-b", "web"])
            self.kill(name)
            self.start(name)
        end, nudged = time.monotonic() + seconds, 0.0
        while not all(one.done for one in mails) or not self._resting():
            self.look_after()
            for one in mails:
                with suppress(OSError):  # the portal may be away
                    self.act(one)
            if time.monotonic() - nudged > 4.0:
                nudged = time.monotonic()
                self._hand_over()
            assert time.monotonic() < end, (
                f"{[one for one in mails if not one.done]} {self.home.pending()} {self.why(mails)}"
            )
            time.sleep(0.05)
        return mails

    # -- the reckoning

    def ending(self, one: Mail) -> list[str]:
        """How a mail ended: each recipient's copy, the message, and what people were told."""
        rows = sorted(self.home.deliveries(one.id), key=lambda row: row.reply)
        copies = [f"{row.method.value if row.method else 'nothing'} {row.state.value}" for row in rows]
        told = sorted(f"told {row.kind} {row.state}" for row in self.home.notices(one.id))
        return [*copies, f"message {self.home.message(one.id).state.value}", *told]

    def reckon(self, mails: list[Mail]) -> None:
        """What must hold after a round, whatever died in it; counts what was seen."""
        taken = self.hop.taken[self._since :]
        accepted = {one.id for one in mails}
        rows = {row for (row,) in self.home.sql("SELECT id FROM messages WHERE direction = 'outbound'")} - self._known
        self._known |= rows
        assert accepted <= rows, "an accepted message was lost"
        extra = rows - accepted
        assert len(extra) <= sum(one.sent - 1 for one in mails), "a message that nobody sent"
        self.tally.committed_without_250 += len(extra)
        for message_id in extra:
            assert self.home.message(message_id).state in {MessageState.SETTLED, MessageState.HELD}
        for message_id in rows:
            self._count_copies(message_id, taken)
        for one in mails:
            self.tally.ends[f"{one.kind}: {', '.join(self.ending(one))}"] += 1
            for each in taken:
                if each.gateway_id == one.id and one.kind not in {"pass", "bounced"}:
                    assert b"diabetes" not in each.raw
                    assert b"Quin" not in each.raw
        people = {to for one in mails for to in one.to} | {DOCTOR, OFFICE, GRACE}
        assert {each.recipient for each in taken} <= people

    def _count_copies(self, message_id: str, taken: list[Taken]) -> None:
        with self.home.store.begin() as uow:
            log = [row.event for row in uow.audit.of_message(message_id)]
        copies = {row.id: [] for row in self.home.deliveries(message_id)} | {"": list[Taken]()}
        own = {row.id for row in self.home.notices(message_id)}
        for row in self.home.deliveries(message_id):
            to = str(self.home.address(row))
            copies[row.id] = [each for each in taken if each.gateway_id == message_id and each.recipient == to]
            if row.state is DeliveryState.DELIVERED:
                assert copies[row.id], "said to be delivered, and never taken"
            bounced = [event for event in log if event.delivery_id == row.id and event.kind is EventKind.BOUNCED]
            if row.state in {DeliveryState.REFUSED, DeliveryState.HELD} or (
                row.state is DeliveryState.FAILED and not bounced
            ):
                assert not copies[row.id], "both delivered and not"
        for delivery_id, of_one in copies.items():
            mails = of_one or [each for each in taken if not delivery_id and each.gateway_id in own]
            twice = len(mails) - len({each.message_id for each in mails})
            if delivery_id and mails:
                assert len({each.message_id for each in mails}) == 1, "a duplicate has another Message-ID"
            doubts = sum(
                bool(event.data.get("duplicate_possible")) for event in log if (event.delivery_id or "") == delivery_id
            )  # fmt: skip
            assert twice <= doubts, f"{twice} duplicates, {doubts} explained: {log}"
            self.tally.duplicates += twice
            self.tally.in_doubt += doubts

    def why(self, mails: list[Mail]) -> str:
        """What the log says of mails that did not come to rest."""
        return "\n".join(
            f"{one.kind} {self.home.message(one.id).state} {self.home.events(one.id)}" for one in mails if not one.done
        )

    def _hand_over(self) -> None:
        """What a dead worker left is taken over now: both are stopped whole, the leases end, both begin again."""
        left = self.home.sql("SELECT count(*) FROM jobs WHERE lease_until IS NOT NULL")[0][0]
        if not left:
            return
        for name in ("worker-a", "worker-b"):
            if self.nurseries[name].lives():
                self.nurseries[name].kill(15)
            if (code := self.nurseries[name].ended()) == -9:
                self._died(name)
            else:
                assert code == 0, f"{name} ended with {code}"
        self.leases_run_out()
        for name in ("worker-a", "worker-b"):
            self.start(name, self.points[name] or self._plan("worker"))

    def _again(self, name: str) -> str:
        """Where one that died is to die again: people would wait long for doors that do."""
        return self._plan("worker") if ROLES[name] == "worker" else ""

    def _plan(self, role: str) -> str:
        """Where a role dies next: one of the steps where it has died least often, nowhere when enough was planned."""
        if self._plans <= 0:
            return ""
        self._plans -= 1
        died = {one: self.tally.kills[f"{role} {one}"] for one in POINTS[role]}
        return self._dice.choice([one for one in POINTS[role] if died[one] == min(died.values())])

    def _resting(self) -> bool:
        """Whether nothing is due: what waits is the end of a hold, or its reminders."""
        pending = self.home.pending()
        return not {kind for kind, amount in pending.items() if amount} - {"expire", "remind"}

    def _age(self) -> None:
        """What lay there since the last round is old now: blobs without a row, links whose end has come, and the epoch."""
        # What a door leaves that died before its row.
        writer = self.home.vault.create(self.home.tokens.id(), Seal.MAIL)
        writer.write(b"nothing")
        writer.finish()
        self.home.sql("UPDATE epochs SET ends_at = 1 WHERE state = 'advertised'")
        old = time.time() - 3 * 3600
        known = {row for (row,) in self.home.sql("SELECT id FROM objects")}
        for path in (self.home.root / "data").rglob("*"):
            if path.is_file() and "blobs" in path.parts and path.name not in known:
                with suppress(OSError):
                    os.utime(path, (old, old))
        live = ", ".join(f"'{one.value}'" for one in (ParcelState.SEALED, ParcelState.OPENED))
        self.home.sql(f"UPDATE parcels SET expires_at = 1 WHERE state IN ({live})")


def _results(name: str, mrn: str) -> str:
    return f"Dear {name},\r\n\r\nyour blood test of March 3, 2026 shows diabetes. {mrn}. Please take metformin.\r\n\r\nDr Lee"


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(one)] for one in str(number))

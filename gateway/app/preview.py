"""What would become of a mail, decided by the worker's own steps, with nothing sent or kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.app.installation import Installation
from gateway.app.worker_role import Rooms
from gateway.domain.address import Address
from gateway.domain.decision import Action, Decision, Method, OpenText
from gateway.domain.envelope import Identity
from gateway.mime.build_original import without_tags
from gateway.mime.tree import MemorySink


@dataclass(frozen=True, slots=True)
class Previewed:
    """One recipient's decision, and the Subject that would travel in the open; None where nothing would be sent, or a
    masked one.
    """

    decision: Decision
    subject_out: str | None


class Preview:
    """Decides as a worker would, at this moment."""

    def __init__(self, home: Installation, rooms: Rooms) -> None:
        self._home, self._rooms = home, rooms
        self._facts, self._reader = home.facts(), home.reader()

    def decide(self, chunks: Iterable[bytes], sender: Address, recipients: Sequence[Address]) -> list[Previewed]:
        """One answer per recipient, in order. `sender` is taken to be authenticated."""
        at, assess = self._home.clock.now(), self._rooms.assess
        read = self._reader.read(chunks, MemorySink(), asked=assess.policy.threats)
        _, known = assess.known_patients()
        with self._home.store().begin() as uow:
            standings = [self._facts.standing(uow, one, self._facts.day(at)) for one in recipients]
        keys = [self._facts.key(one.target, at) for one in standings]
        author = read.claims.author or sender
        summary = assess.summary(read, self._identity(sender), author, known, standings, keys)
        bare = frozenset[str]()
        if assess.policy.may_redact(read.claims.requested):
            bare = assess.unredactable(read, summary, author, known, standings, keys)
        with self._home.store().begin() as uow:
            found = assess.decide(uow, summary, read.claims.patient_tags, author, standings, keys, at, bare)
        return [Previewed(one, self._subject(one, read.claims.subject)) for one in found]

    def _identity(self, sender: Address) -> Identity:
        """The account that may send as this address; without one, somebody who may, and may claim no purpose."""
        named = Identity("explain", "auth", frozenset({sender.key}))
        for user in self._home.users().users():
            one = Identity(user.name, "auth", user.may_send_as, user.purposes)
            if not user.disabled and one.may_use(sender):
                return one
        return named

    def _subject(self, decision: Decision, written: str) -> str | None:
        if decision.action is not Action.DELIVER or decision.method in {None, Method.REDACT}:
            return None
        if decision.method is not None and decision.method.keeps_bytes:
            return without_tags(written)
        practice = self._home.settings.practice
        if decision.method is not Method.LINK:
            return f"Secure message from {practice.name}"
        name = "link-letter" if decision.open_text is OpenText.LETTER else "link-notice"
        values = {"practice": practice.name, "phone": practice.phone, "link": "", "expires": "", "letter": ""}
        return self._home.renderer().mail(name, **values).subject

"""Passwords of encrypted PDF: the agreed phrase as it stands, or one made for a delivery: told by text message, or shown
behind a link that another channel than the mailbox opens.

1 a made password is committed, sealed to the epoch, beside the delivery: every retry has the same one
2 the text message has left, or the link's parcel is made; a PDF whose password cannot reach its reader does not leave at all
3 that is committed
Killed between 2 and 3: the same password is sent twice, or a new link replaces the first. It is forgotten in the transaction that records the relay's last
reply. Nothing of a password is ever in a mail, a log or an error.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import PermanentError, SealingFailed
from gateway.domain.patient import RecipientKind
from gateway.domain.protected import Protected
from gateway.flow import epochs
from gateway.flow.compose import Case, Words
from gateway.flow.facts import agreed_phrase, phone_on_record, proved_elsewhere
from gateway.flow.keys import WorkerKeys
from gateway.flow.parcels import Parcels
from gateway.flow.waiting import password_of, secret_context
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.notifier import Notifier
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.render.mail import Renderer
from gateway.seal.parcel import Manifest
from gateway.seal.passphrase import code, generated

_MADE, _TOLD = b"\x00", b"\x01"
PHRASE, SMS, PORTAL = "pdf.phrase", "pdf.sms", "pdf.portal"


def reference(delivery_id: str) -> str:
    """Four signs by which a reader tells which text message or page belongs to which PDF; they tell nothing else."""
    return hashlib.sha256(b"pdf reference " + delivery_id.encode()).hexdigest()[:4].upper()


@dataclass(frozen=True, slots=True)
class Passwords:
    """Finds, makes and tells passwords with a worker's keys."""

    store: Store
    keys: WorkerKeys = field(repr=False)
    notifier: Notifier | None
    renderer: Renderer
    clock: Clock
    tokens: Tokens
    words: Words
    parcels: Parcels
    language: str
    """Of the words that a page shows, for example `es`."""
    reached: Checkpoint = unobserved

    def of(self, case: Case) -> Protected[str]:
        """The password by the way that was decided on; SealingFailed where that way is not there (any more)."""
        reasons, standing = case.decided.row.reasons, case.standing
        if standing.kind is RecipientKind.PATIENT:
            phrase = agreed_phrase(standing) if PHRASE in reasons else None
            if phrase is not None:
                return phrase
            if SMS in reasons and self.notifier is not None and phone_on_record(standing):
                return Protected(self._made(case)[0])
            if PORTAL in reasons and self._proof(case):
                return Protected(self._made(case)[0])
        raise SealingFailed("there is no password for this PDF that its reader could have")

    def tell(self, case: Case) -> None:
        """Send the made password to the phone on record, unless it was sent before; TemporaryError when that must wait,
        SealingFailed when it cannot be.
        """
        row = case.decided.row
        if SMS not in row.reasons:
            return
        password, told = self._made(case)
        phone = phone_on_record(case.standing)
        if told:
            return
        if self.notifier is None or not phone:
            raise SealingFailed("there is no telephone that the password of this PDF could go to")
        self.reached("password.1")
        text = self.renderer.mail(
            "sms-password", practice=self.words.practice, password=password, reference=reference(row.id)
        ).text.strip()  # fmt: skip
        data = {"channel": "phone", "what": "password"}
        try:
            self.notifier.send(phone, text)
        except PermanentError as error:
            with self.store.begin() as uow:
                event = Event(EventKind.CODE_REFUSED, row.message_id, row.id, data={**data, "why": error.code})
                uow.audit.append(event, self.clock.now())
            raise SealingFailed("the password of this PDF cannot be sent to the telephone on record") from None
        self.reached("password.2")
        with self.store.begin() as uow:
            self._keep(uow, case, _TOLD, password)
            uow.audit.append(Event(EventKind.CODE_SENT, row.message_id, row.id, data=data), self.clock.now())
        self.reached("password.3")

    def show(self, case: Case) -> str:
        """The token of the link whose page shows the made password: the same at every try. SealingFailed where nothing but the
        mailbox could prove who asks for it.
        """
        row, proves = case.decided.row, self._proof(case)
        if PORTAL not in row.reasons or not proves:
            raise SealingFailed(
                "there is no other channel than the mailbox that could open the page of this PDF's password"
            )
        password, shown = self._made(case)
        token = self.parcels.token(row.id, proves, password=True) if shown else None
        if token is not None:
            return token
        self.reached("password.1")
        page = self.renderer.mail("page-password", password=password, reference=reference(row.id))
        letter = Manifest(page.subject, self.words.practice, "", "", "", page.text, "")
        token = self.parcels.make_password(case.decided, proves, letter)
        self.reached("password.2")
        with self.store.begin() as uow:
            self._keep(uow, case, _TOLD, password)
        self.reached("password.3")
        return token

    def _proof(self, case: Case) -> str:
        return proved_elsewhere(case.standing, text_messages=self.notifier is not None)

    def _made(self, case: Case) -> tuple[str, bool]:
        """The password made for this delivery, way and telephone, and whether it was told already. Another of these, another one."""
        delivery_id, whom = case.decided.row.id, _mark(case)
        with self.store.begin() as uow:
            held = uow.objects.secret(password_of(delivery_id))
            if held is not None:
                epoch, sealed = held
                where = secret_context(self.keys.installation, password_of(delivery_id), epoch)
                kept = epochs.private(self.keys, epoch).open(sealed, where).reveal()
                if kept[1:].startswith(whom):
                    return kept[1 + len(whom) :].decode(), kept[:1] == _TOLD
            shown = PORTAL in case.decided.row.reasons
            password = generated(self.tokens.secret, self.language) if shown else code(self.tokens.secret)
            self._keep(uow, case, _MADE, password)
        return password, False

    def _keep(self, uow: UnitOfWork, case: Case, told: bytes, password: str) -> None:
        holder = password_of(case.decided.row.id)
        epoch, public = epochs.current(uow, self.keys.calendar, self.keys.installation)
        kept = told + _mark(case) + password.encode()
        uow.objects.put_secret(holder, epoch, public.seal(kept, secret_context(self.keys.installation, holder, epoch)))


def _mark(case: Case) -> bytes:
    # A password that a page shows is never the one that a text message told, or was to tell.
    way = "portal " if PORTAL in case.decided.row.reasons else ""
    return hashlib.sha256((way + phone_on_record(case.standing)).encode()).digest()

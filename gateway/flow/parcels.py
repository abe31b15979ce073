"""Parcels: what a secure link opens. Made once per delivery, so that every retry sends the same link.

1 the parcel's id, its pepper on the shelf
2 one sealed object per decoded attachment, and the manifest, all durable
3 one transaction: rows, wraps under the kek, and S sealed to the epoch
After the relay's last reply only the recipient's mail has S; the worker's copy goes in the transaction that records it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import LimitExceeded, MalformedMail, PermanentError, SealingFailed, TemporaryError
from gateway.domain.finding import GapReason
from gateway.domain.protected import Protected
from gateway.domain.records import DeliveryRow, Holder, ParcelRow
from gateway.domain.states import ParcelState
from gateway.flow import epochs
from gateway.flow.custody import Custody, object_row
from gateway.flow.decisions import Decided
from gateway.flow.facts import Standing, proof
from gateway.flow.keys import WorkerKeys
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.reading import Read
from gateway.flow.waiting import password_of, secret_context
from gateway.mime.build_original import without_tags
from gateway.mime.build_passthrough import passthrough
from gateway.mime.headers import HeaderRefused
from gateway.mime.limits import Limits
from gateway.mime.text import source_of
from gateway.mime.tree import Part
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, Sealed, Vault
from gateway.seal import link
from gateway.seal.parcel import Enclosed, Manifest

_OPEN = {ParcelState.SEALED, ParcelState.OPENED}
_LATER = timedelta(microseconds=1)
"""What makes a link that was made again the delivery's latest, and yet keeps the beginning that `max_expiry` counts from."""
_MESSAGES = {"message/rfc822", "message/global"}
INCOMPLETE = {
    GapReason.TOO_MANY_PARTS, GapReason.TOO_DEEP, GapReason.TOO_LARGE, GapReason.MALFORMED, GapReason.AMBIGUOUS
}  # fmt: skip
"""What a mail has lost by being taken apart, or might have."""


class Parcels:
    """Makes parcels with a worker's keys."""

    def __init__(
        self, store: Store, vault: Vault, custody: Custody, keys: WorkerKeys, clock: Clock, tokens: Tokens, limits: Limits,
        life: timedelta, reached: Checkpoint = unobserved, *, reissue: bool = False,
    ) -> None:  # fmt: skip
        self._reached, self._reissue = reached, reissue
        self._store, self._vault, self._custody, self._keys = store, vault, custody, keys
        self._for_portal = ParcelSeal(keys.lookup, keys.installation)
        self._clock, self._tokens, self._limits, self._life = clock, tokens, limits, life

    def token(self, delivery_id: str, proves: str, *, password: bool = False) -> str | None:
        """The link's token while the delivery is in hand; None if there is no open parcel yet that asks for that proof, or it
        holds the password of a PDF and not the letter, or the other way round.
        """
        with self._store.begin() as uow:
            held, row = uow.objects.secret(delivery_id), uow.parcels.of_delivery(delivery_id)
            made = uow.objects.secret(password_of(delivery_id)) is not None
        if held is None or row is None or row.state not in _OPEN or row.proof != proves or made is not password:
            return None
        epoch, sealed = held
        return link.token(epochs.private(self._keys, epoch).open(sealed, self._link_context(delivery_id, epoch)))

    def expires(self, delivery_id: str) -> datetime:
        """When the parcel of a delivery ends; SealingFailed if there is none."""
        with self._store.begin() as uow:
            row = uow.parcels.of_delivery(delivery_id)
        if row is None:
            raise SealingFailed("a delivery by link has no parcel")
        return row.expires_at

    def make(
        self, decided: Decided, read: Read, standing: Standing, notices: Sequence[str],
        original: Callable[[], Iterator[bytes]],
    ) -> str:  # fmt: skip
        """Make the parcel of a delivery and return its token. Where the mail could not be taken apart whole, all of it
        is enclosed as one file too, so that nothing is lost.
        """

        def fill() -> tuple[Manifest, list[Sealed]]:
            enclosed = [self._enclose(part) for part in attachments(read, self._limits)]
            if not {one.reason for one in read.gaps}.isdisjoint(INCOMPLETE):
                enclosed.append(self._enclose_original(decided.row.message_id, original))
            return self._manifest(read, [one for _, one in enclosed], notices), [one for one, _ in enclosed]

        return self._make(decided, proof(standing, decided.target), fill)

    def make_password(self, decided: Decided, proves: str, shown: Manifest) -> str:
        """The same for the page that shows the password made for a delivery's PDF; that password goes on waiting."""
        return self._make(decided, proves, lambda: (shown, []), password=True)

    def _make(
        self, decided: Decided, proves: str, fill: Callable[[], tuple[Manifest, list[Sealed]]], *, password: bool = False
    ) -> str:  # fmt: skip
        at, parcel_id = self._clock.now(), self._tokens.id()
        secret, pepper = Protected(self._tokens.secret(link.SECRET_BYTES)), Protected(self._tokens.secret(32))
        self._keys.peppers.put(parcel_id, pepper)
        self._reached("parcel.1")
        kek = link.kek(secret, pepper, self._keys.installation, parcel_id)
        letter, enclosed = fill()
        manifest = self._seal_manifest(letter)
        self._reached("parcel.2")
        row = self._row(parcel_id, decided, secret, manifest, proves, at)
        row = replace(row, seal=self._for_portal.of(row, decided.row))
        with self._store.begin() as uow:
            now = uow.deliveries.get(decided.row.id, lock=True)
            if now is None or now.mac != decided.row.mac:
                raise TemporaryError("the copy was decided anew while its link was made")
            # Decided anew for another place or proof: a link that may have left before must not stay good.
            before = uow.parcels.of_delivery(decided.row.id)
            if before is not None and before.state in _OPEN:
                self.close(uow, before, ParcelState.REVOKED, at)
            epoch, public = epochs.current(uow, self._keys.calendar, self._keys.installation)
            for sealed in (manifest, *enclosed):
                uow.objects.add(object_row(sealed, decided.row.message_id, at))
                self._custody.to_parcel(uow, parcel_id, kek, sealed.object_id, sealed.key)
                if self._reissue:
                    self._custody.keep(uow, sealed.object_id, sealed.key, epoch, public)
            uow.parcels.add(row)
            sealed_secret = public.seal(secret.reveal(), self._link_context(decided.row.id, epoch))
            uow.objects.put_secret(decided.row.id, epoch, sealed_secret)
            if not password:  # of a PDF that this copy was to be before
                uow.objects.drop_secret(password_of(decided.row.id))
            data: dict[str, Scalar] = {
                "parcel": parcel_id,
                "enclosed": len(enclosed),
                "proof": row.proof,
                "until": row.expires_at.isoformat(),
            }
            uow.audit.append(Event(EventKind.PARCEL_SEALED, decided.row.message_id, decided.row.id, data=data), at)
        self._reached("parcel.3")
        if before is not None:
            self.burn(before.id)
        return link.token(secret)

    def again(self, uow: UnitOfWork, row: ParcelRow, delivery: DeliveryRow, at: datetime) -> str:
        """A new link to what an open parcel holds: new id, secret and pepper, the same end; the old one is closed, and
        `burn` is the caller's. Its secret waits for the mail that will carry it. PermanentError where no worker's wrap was
        kept, IntegrityError where the parcel is not as a worker left it.
        """
        self._for_portal.check(uow, row, delivery)
        keys = {one: self._custody.kept(uow, one) for one in self._objects(uow, row)}
        if not keys or any(one is None for one in keys.values()):
            raise PermanentError(
                f"parcel {row.id}: no key was kept for it (parcel.reissue); the sender can send the mail again"
            )
        new_id, secret, pepper = (
            self._tokens.id(),
            Protected(self._tokens.secret(link.SECRET_BYTES)),
            Protected(self._tokens.secret(32)),
        )
        self._keys.peppers.put(new_id, pepper)
        kek = link.kek(secret, pepper, self._keys.installation, new_id)
        self.close(uow, row, ParcelState.REVOKED, at)
        epoch, public = epochs.current(uow, self._keys.calendar, self._keys.installation)
        for object_id, key in keys.items():
            assert key is not None
            self._custody.to_parcel(uow, new_id, kek, object_id, key)
            self._custody.keep(uow, object_id, key, epoch, public)
        fresh = ParcelRow(
            id=new_id, delivery_id=row.delivery_id, message_id=row.message_id, state=ParcelState.SEALED,
            lookup=link.lookup(secret, self._keys.lookup, self._keys.installation), manifest_id=row.manifest_id,
            created_at=row.created_at + _LATER, expires_at=row.expires_at, proof=row.proof,
        )  # fmt: skip
        uow.parcels.add(replace(fresh, seal=self._for_portal.of(fresh, delivery)))
        uow.objects.put_secret(
            row.delivery_id, epoch, public.seal(secret.reveal(), self._link_context(row.delivery_id, epoch))
        )
        data: dict[str, Scalar] = {"parcel": new_id, "enclosed": len(keys) - 1, "proof": row.proof,
                                   "until": row.expires_at.isoformat(), "instead_of": row.id}  # fmt: skip
        uow.audit.append(Event(EventKind.PARCEL_SEALED, row.message_id, row.delivery_id, data=data), at)
        return new_id

    def waiting_token(self, uow: UnitOfWork, delivery_id: str) -> str | None:
        """The token of a delivery's link while its secret waits to be sent."""
        held = uow.objects.secret(delivery_id)
        if held is None:
            return None
        epoch, sealed = held
        return link.token(epochs.private(self._keys, epoch).open(sealed, self._link_context(delivery_id, epoch)))

    def rewrap(self, uow: UnitOfWork, delivery_id: str, old: str, sealed: bytes) -> None:
        """Move a link secret in hand to the present epoch; one that was forgotten meanwhile stays so."""
        secret = epochs.private(self._keys, old).open(sealed, self._link_context(delivery_id, old))
        epoch, public = epochs.current(uow, self._keys.calendar, self._keys.installation)
        fresh = public.seal(secret.reveal(), self._link_context(delivery_id, epoch))
        uow.objects.move_secret(delivery_id, old, epoch, fresh)

    def close(self, uow: UnitOfWork, row: ParcelRow, to: ParcelState, at: datetime) -> None:
        """End a parcel: state, sessions and wraps in this transaction. Call `burn` after it has committed."""
        self.shut(uow, row, to, at)
        kind = EventKind.PARCEL_EXPIRED if to is ParcelState.EXPIRED else EventKind.PARCEL_REVOKED
        uow.audit.append(Event(kind, row.message_id, row.delivery_id, data={"parcel": row.id}), at)

    def shut(self, uow: UnitOfWork, row: ParcelRow, to: ParcelState, at: datetime) -> None:
        """The same where the log tells of it already: a restore repeats what was done."""
        uow.parcels.move(row.id, to, at)
        uow.parcels.drop_sessions(parcel_id=row.id)
        uow.parcels.drop_code(row.id)
        held = self._objects(uow, row)
        uow.objects.drop_kind("parcel", held)
        uow.objects.drop_kind("reissue", held)
        uow.objects.drop_secret(row.delivery_id)

    def burn(self, parcel_id: str) -> None:
        """Destroy the pepper: no link, backup or replica opens the parcel any more."""
        self._keys.peppers.destroy(parcel_id)

    def _objects(self, uow: UnitOfWork, row: ParcelRow) -> list[str]:
        return uow.objects.held_by(Holder("parcel", row.id), limit=10000)

    def _row(
        self,
        parcel_id: str,
        decided: Decided,
        secret: Protected[bytes],
        manifest: Sealed,
        proves: str,
        at: datetime,
    ) -> ParcelRow:
        # A sender's X-Sealgate-Expires can only shorten.
        asked = timedelta(seconds=decided.row.expires_after) if decided.row.expires_after else self._life
        return ParcelRow(
            id=parcel_id, delivery_id=decided.row.id, message_id=decided.row.message_id, state=ParcelState.SEALED,
            lookup=link.lookup(secret, self._keys.lookup, self._keys.installation), manifest_id=manifest.object_id,
            created_at=at, expires_at=at + min(asked, self._life), proof=proves,
        )  # fmt: skip

    def _enclose(self, part: Part) -> tuple[Sealed, Enclosed]:
        assert part.body is not None
        return self._seal(part.body.chunks(), part.file_name or f"attachment-{part.path}", part.media_type)

    def _enclose_original(self, message_id: str, original: Callable[[], Iterator[bytes]]) -> tuple[Sealed, Enclosed]:
        try:
            return self._seal(passthrough(original(), sealgate_id=message_id), "original-message.eml", "message/rfc822")
        except (MalformedMail, LimitExceeded, HeaderRefused) as error:
            raise SealingFailed("a mail that cannot be taken apart cannot be enclosed as a whole either") from error

    def _seal(self, chunks: Iterable[bytes], name: str, media_type: str) -> tuple[Sealed, Enclosed]:
        writer, digest = self._vault.create(self._tokens.id(), Seal.ATTACHMENT), hashlib.sha256()
        try:
            for chunk in chunks:
                digest.update(chunk)
                writer.write(chunk)
        except BaseException:
            writer.abort()
            raise
        sealed = writer.finish()
        return sealed, Enclosed(
            sealed.object_id, name, media_type, sealed.length, digest.hexdigest(), sealed.commitment.hex()
        )

    def _seal_manifest(self, manifest: Manifest) -> Sealed:
        writer = self._vault.create(self._tokens.id(), Seal.MANIFEST)
        writer.write(manifest.encode())
        return writer.finish()

    def _manifest(self, read: Read, enclosed: Sequence[Enclosed], notices: Sequence[str]) -> Manifest:
        plain, html = bodies(read)
        return Manifest(
            subject=without_tags(read.claims.subject), sender=_field(read, "from"), to=_field(read, "to"),
            cc=_field(read, "cc"), date=read.claims.date,
            text=source_of(plain, self._limits) if plain else "", html=source_of(html, self._limits) if html else "",
            enclosed=tuple(enclosed), notices=tuple(notices),
        )  # fmt: skip

    def _link_context(self, delivery_id: str, epoch: str) -> bytes:
        return secret_context(self._keys.installation, delivery_id, epoch)


def close_open(store: Store, parcels: Parcels, delivery_id: str, at: datetime) -> None:
    """A copy that goes by another method than the link it was decided for before: that link must not stay good."""
    with store.begin() as uow:
        row = uow.parcels.of_delivery(delivery_id)
        if row is None or row.state not in _OPEN:
            return
        parcels.close(uow, row, ParcelState.REVOKED, at)
    parcels.burn(row.id)


def bodies(read: Read) -> tuple[Part | None, Part | None]:
    """The first plain and the first HTML body of the mail itself."""
    own = [one for one in _leaves(read.tree.root) if one.name.split("#", 1)[0] in {"body.plain", "body.html"}]
    plain = next((one for one in own if one.media_type == "text/plain"), None)
    html = next((one for one in own if one.media_type == "text/html"), None)
    return plain, html


def attachments(read: Read, limits: Limits) -> list[Part]:
    """Every leaf but the two bodies, and a body that is too long to show whole; an attached message is one whole."""
    longest = min(limits.max_text_bytes, limits.max_html_chars)
    shown = {id(one) for one in bodies(read) if one is not None and one.body and one.body.length <= longest}
    return [one for one in _leaves(read.tree.root) if id(one) not in shown and (one.body.length if one.body else 0)]


def _leaves(part: Part) -> Iterator[Part]:
    if part.body is not None and (not part.children or part.media_type in _MESSAGES):
        yield part
        return
    for child in part.children:
        yield from _leaves(child)


def _field(read: Read, name: str) -> str:
    header = next((one for one in read.tree.headers if one.name.lower() == name), None)
    return header.text.strip() if header else ""

"""Pickup: a recipient proves who they are, and what was sealed for them opens with the secret in their link.

1 a code is asked for: counted, its job queued
2 the proof: the shelf has given the pepper, nothing is written yet
3 one transaction: code used up, session, first opening with audit row and receipt's job; the cookie is not sent yet
4 a download is recorded, before its first byte
Killed after 3 the recipient asks for another code: the parcel is opened, nothing is lost and nothing else is recorded.

Rules: nothing is revealed before the decision that it rests on is read again under lock; wrong codes cost time, never a
message; the first opening, its audit row and the receipt's job are one transaction. Refusals are PickupRefused with one
of: unknown, expired, revoked, closed, throttled, wrong_code, checking, not_yet_allowed, restoring, gone,
logged_off; `write_back` has more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, PickupRefused, Quarantined
from gateway.domain.protected import Protected
from gateway.domain.records import JobKind, ParcelRow
from gateway.domain.states import ParcelState
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.pickup_reader import Download, Held, ParcelReader
from gateway.flow.pickup_rules import holds, known, proofs, stand
from gateway.flow.quarantine import quarantined
from gateway.flow.sessions import Sessions
from gateway.flow.throttle import Networks, PickupLimits, after_code, after_failure, code_holds, refuse_early
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.metrics import Limit
from gateway.ports.shelf import KeyShelf
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.seal import link
from gateway.seal.parcel import Manifest

_NOBODY = Protected(bytes(link.SECRET_BYTES))


@dataclass(frozen=True, slots=True)
class Door:
    """What a link leads to before any proof: how the recipient may prove themselves, and until when."""

    channels: tuple[str, ...]
    expires_at: datetime


class Pickup:
    """The portal's side of secure links. Every method is synchronous and safe in threads."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        peppers: KeyShelf,
        lookup_key: Protected[bytes],
        installation: str,
        clock: Clock,
        tokens: Tokens,
        limits: PickupLimits | None = None,
        reached: Checkpoint = unobserved,
    ) -> None:
        self._store, self._peppers, self._reached = store, peppers, reached
        self._lookup_key, self._installation, self._clock = lookup_key, installation, clock
        self._limits = limits or PickupLimits()
        self._networks = Networks(lookup_key, installation)
        self._seal = ParcelSeal(lookup_key, installation)
        self._sessions = Sessions(installation, clock, tokens, self._limits)
        self._reader = ParcelReader(store, vault, installation, clock)

    def ready(self) -> None:
        """Raise StoreUnavailable when the database does not answer, or came out of a backup that nobody has confirmed."""
        with self._store.begin() as uow:
            if quarantined(uow):
                raise Quarantined("the system was restored from a backup; `sealgate quarantine show` tells what waits")

    def find(self, token: str) -> Door:
        """What the link leads to; changes nothing."""
        with self._store.begin() as uow:
            row = known(uow, self._found(uow, token), self._clock.now())
            return Door(proofs(row), row.expires_at)

    def request_code(self, token: str, channel: str, network: str) -> None:
        """Ask a worker to send a one-time code by `mailbox` or `phone`."""
        now = self._clock.now()
        with self._store.begin() as uow:
            self._networks.refuse_busy(uow, network, "code", self._limits.codes_per_network, now)
            self._networks.count(uow, network, "code", now)
            row = self._found(uow, token, lock=True)
            if row is not None:
                stand(uow, row, now)
                if channel not in proofs(row) or channel == "staff":
                    raise PickupRefused("not_yet_allowed")
                refuse_early(row.code_next_at, now, Limit.CODES_PER_PARCEL)
                count, next_at = after_code(row, now, self._limits)
                uow.parcels.throttle(row.id, codes_sent=count, code_next_at=next_at)
                uow.jobs.add(JobKind.SEND_CODE, row.message_id, f"{row.id}:{channel}", now)
        if row is None:
            raise PickupRefused("unknown")
        self._reached("pickup.1")

    def prove(self, token: str, code: str, network: str) -> str:
        """Exchange link and code for a session; returns the secret of its cookie. One transaction claims it."""
        with self._store.begin() as uow:
            row = self._found(uow, token)
        # The shelf may be far away: it is asked outside the transaction. A pepper destroyed since then is harmless,
        # for the transaction reads the parcel's state again under lock.
        pepper = self._peppers.get(row.id) if row is not None else None
        self._reached("pickup.2")
        now, cookie = self._clock.now(), ""
        with self._store.begin() as uow:
            self._networks.refuse_busy(uow, network, "try", self._limits.tries_per_network, now)
            row = self._found(uow, token, lock=True)
            if row is None:
                self._networks.count(uow, network, "try", now)
                reason = "unknown"
            else:
                stand(uow, row, now)
                reason = self._judge(uow, row, code, network, now)
                if not reason:
                    secret = link.read_token(token) or _NOBODY
                    reason, cookie = self._claim(uow, row, secret, pepper, now)
        # What was counted or claimed is committed by now.
        if reason:
            raise PickupRefused(reason)
        self._reached("pickup.3")
        return cookie

    def view(self, cookie: str, *, touch: bool = True) -> Manifest:
        """The letter. `touch` restarts the idle clock; without it nothing is written."""
        return self._reader.letter(self._held(cookie, touch=touch))

    def save(self, cookie: str) -> Manifest:
        """The letter, to be kept by the recipient; recorded as a download."""
        held = self._held(cookie)
        letter = self._reader.letter(held)
        self._log_download(held.row, "letter")
        return letter

    def stream(self, cookie: str, index: int) -> Download:
        """Attachment number `index` (from 0), recorded before its first byte; PickupRefused `gone` when there is none."""
        held = self._held(cookie)
        enclosed = self._reader.letter(held).enclosed
        if not 0 <= index < len(enclosed):
            raise PickupRefused("gone")
        download = self._reader.attachment(held, enclosed[index])
        self._log_download(held.row, str(index))
        return download

    def writer(self, uow: UnitOfWork, cookie: str, *, lock: bool = False) -> tuple[ParcelRow, str]:
        """The parcel that a proven person writes an answer through, within the caller's transaction, and why it cannot be
        shown now, if so. Writing takes a person longer than the idle clock allows for reading, and shows nothing: the
        session's whole life counts.
        """
        now, session = self._clock.now(), self._sessions.find(uow, cookie, touch=False, idle=True)
        row = uow.parcels.get(session[0], lock=lock) if session else None
        if row is None:
            raise PickupRefused("logged_off")
        stand(uow, row, now)
        return row, self._obstacle(uow, row, now)

    def log_off(self, cookie: str) -> None:
        """End the session: the parcel's key under it goes with its row."""
        with self._store.begin() as uow:
            self._sessions.end(uow, cookie)

    def _found(self, uow: UnitOfWork, token: str, *, lock: bool = False) -> ParcelRow | None:
        # A token that cannot be read costs the same derivation and query as one that can.
        secret = link.read_token(token)
        row = uow.parcels.by_lookup(link.lookup(secret or _NOBODY, self._lookup_key, self._installation))
        if row is None or secret is None:
            return None
        return uow.parcels.get(row.id, lock=True) if lock else row

    def _judge(self, uow: UnitOfWork, row: ParcelRow, code: str, network: str, now: datetime) -> str:
        live = uow.parcels.code(row.id, lock=True)
        self._networks.refuse_tried(uow, network, live, row.failure_until, now)
        if code_holds(live, code, row.id, self._lookup_key, self._installation, proofs(row), now):
            return self._obstacle(uow, row, now)
        failures, until = after_failure(row, now, self._limits)
        uow.parcels.throttle(row.id, failures=failures, failure_until=until)
        self._networks.count_wrong(uow, network, live, self._limits, now)
        return "wrong_code"

    def _obstacle(self, uow: UnitOfWork, row: ParcelRow, now: datetime) -> str:
        """Why a parcel cannot be shown now: its decision is not a worker's last, or rests on older versions."""
        delivery = uow.deliveries.get(row.delivery_id)
        if delivery is None:
            return "gone"
        try:
            self._seal.check(uow, row, delivery)
        except IntegrityError:
            self._reader.alarm(uow, row, row.delivery_id)
            return "gone"
        if holds(uow, delivery.basis):
            return ""
        uow.jobs.add(JobKind.RECHECK, row.message_id, row.id, now)
        return "checking"

    def _claim(
        self, uow: UnitOfWork, row: ParcelRow, secret: Protected[bytes], pepper: Protected[bytes] | None, now: datetime
    ) -> tuple[str, str]:
        # Returns reason and cookie; one of them is empty.
        if pepper is None:
            return "gone", ""
        kek = link.kek(secret, pepper, self._installation, row.id)
        held = self._reader.held(uow, row, kek)
        if not self._reader.fits(held):
            self._reader.alarm(uow, row, row.manifest_id)
            return "gone", ""
        live = uow.parcels.code(row.id)
        uow.parcels.drop_code(row.id)
        uow.parcels.throttle(row.id, failures=0, codes_sent=0)
        first = row.state is ParcelState.SEALED
        if first:
            uow.parcels.move(row.id, ParcelState.OPENED, now)
            uow.jobs.add(JobKind.SEND_NOTICE, row.message_id, f"opened:{row.id}", now)
        data: dict[str, Scalar] = {
            "parcel": row.id,
            "first": first,
            "by": live.channel if live else "",
            "failures": row.failures,
        }
        uow.audit.append(Event(EventKind.PARCEL_OPENED, row.message_id, row.delivery_id, "recipient", data), now)
        return "", self._sessions.start(uow, row.id, kek)

    def _held(self, cookie: str, *, touch: bool = True) -> Held:
        now = self._clock.now()
        with self._store.begin() as uow:
            session = self._sessions.find(uow, cookie, touch=touch)
            row = uow.parcels.get(session[0]) if session else None
            if session is None or row is None:
                raise PickupRefused("logged_off")
            stand(uow, row, now)
            obstacle = self._obstacle(uow, row, now)
            held = None if obstacle else self._reader.held(uow, row, session[1])
        if held is None:
            raise PickupRefused(obstacle)
        return held

    def _log_download(self, row: ParcelRow, index: str) -> None:
        now = self._clock.now()
        data = {"parcel": row.id, "index": index}
        with self._store.begin() as uow:
            event = Event(EventKind.PARCEL_DOWNLOAD, row.message_id, row.delivery_id, "recipient", data)
            uow.audit.append(event, now)
        self._reached("pickup.4")

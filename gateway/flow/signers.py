"""Who signs a mail: the sender's own certificate, else their domain's, else one that the built-in CA issues at first use.

A certificate that is over, was replaced or revoked signs nothing. The built-in CA renews what it issued 30 days before
its end; what another authority issued is never replaced by its work: without a good one nothing is signed, and nothing leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, SealingFailed
from gateway.flow.own_keys import OwnKeys, Places, no_places
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.ca import Issuer, issue
from gateway.seal.columns import BlindIndex, Columns
from gateway.seal.own_keys import SEALED, KeyRing, Life, OwnKey, OwnName, Purpose
from gateway.seal.private_keys import KeyAlgorithm, SigningPrivateKey, key_id, make_key, pkcs8
from gateway.seal.smime import Signer
from gateway.seal.smime_signature import SigningKey

RENEW = timedelta(days=30)
_DAMAGED: dict[str, Scalar] = {"code": IntegrityError.code, "step": "sender certificate"}


@dataclass(frozen=True, slots=True)
class Signers:
    """Finds or issues the signer of an address. `issues` is False where the practice wants no certificate of the built-in CA;
    by itself that issues for addresses of these `domains` alone, the practice's own: it vouches for no stranger whose mail a server inside
    sends on.
    """

    store: Store
    columns: Columns = field(repr=False)
    index: BlindIndex = field(repr=False)
    ca: tuple[x509.Certificate, SigningPrivateKey] = field(repr=False)
    places: Places = field(default=no_places, repr=False)
    crl_url: str | None = None
    issues: bool = True
    domains: frozenset[str] = frozenset()

    @property
    def keys(self) -> OwnKeys:
        """The rows that it reads and writes."""
        return OwnKeys(self.store, self.columns, self.index, self.places)

    def signer(self, address: Address, at: datetime) -> Signer:
        """The signer for this From address at that time; SealingFailed where none may sign, TemporaryError where the place
        of its key does not answer.
        """
        with self.store.begin() as uow:
            found = self._found(uow, address, at)
            if found is None:
                found = self._renewed(uow, address, at)
        return self.opened(found)

    def lacking(self, address: Address, at: datetime) -> bool:
        """Whether this author never had a certificate here, and would be issued none. One that was revoked or is over is no lack:
        `signer` says so, and the mail waits for the next.
        """
        if self._vouched_for(address):
            return False
        try:
            with self.store.begin() as uow:
                rings = [self.keys.ring(uow, name) for name in (address, address.domain)]
            return all(one.signer(at) is None for one in rings)
        except (SealingFailed, IntegrityError):
            return False

    def opened(self, key: OwnKey) -> Signer:
        """The signer of a key that is there."""
        private = self._signing(key)
        if not isinstance(private, SigningKey):
            raise SealingFailed("an own key is of a kind that cannot sign mail")
        return Signer(key.certificate, private, key.chain[1:])

    def new(
        self, name: OwnName, at: datetime, purpose: Purpose = Purpose.SIGN, algorithm: KeyAlgorithm = KeyAlgorithm.EC_P256
    ) -> OwnKey:  # fmt: skip
        """A key with a certificate of the built-in CA, not yet in any row."""
        private = make_key(algorithm)
        return self.certified(
            name, OwnKey(key_id(private.public_key()), purpose, Life.WAITING, SEALED, at, pkcs8(private)), private, at
        )

    def certified(self, name: OwnName, key: OwnKey, private: SigningPrivateKey, at: datetime) -> OwnKey:
        """That key with a certificate of the built-in CA."""
        if not self.issues:
            raise SealingFailed(
                "this sender has no certificate, and own_keys.built_in_ca is off; `sealgate keys request` asks for one"
            )
        certificate = issue(Issuer(*self.ca, self.crl_url), name, private.public_key(), key.purpose, at)
        return replace(key, chain=(certificate, self.ca[0]), built_in=True)

    def _found(self, uow: UnitOfWork, address: Address, at: datetime) -> OwnKey | None:
        """The key that signs now; None where the built-in CA must issue one."""
        for name in (address, address.domain):
            key = self._ring(uow, name, at).signer(at)
            if key is not None:
                return None if key.built_in and name == address and _ends_soon(key, at) else key
        return None

    def _renewed(self, uow: UnitOfWork, address: Address, at: datetime) -> OwnKey:
        uow.register.alone()
        again = self._found(uow, address, at)  # another worker may just have done it
        if again is not None:
            return again
        ring = self._ring(uow, address, at)
        key = self._next(address, ring.signer(at), at)
        if key not in ring.keys:
            self.keys.activate(uow, ring, key, EventKind.KEY_MADE, at)
        return key

    def _next(self, address: Address, active: OwnKey | None, at: datetime) -> OwnKey:
        """What follows a key of the built-in CA. One in a token gets a new certificate, if nothing is encrypted to the old one."""
        if active is None and self.issues and not self._vouched_for(address):
            raise SealingFailed(
                "the author is not of the practice's own domains, and has no certificate here to sign with"
            )
        if active is None or active.place == SEALED:
            both = active is not None and active.purpose.reads
            return self.new(address, at, *((Purpose.BOTH, KeyAlgorithm.RSA_3072) if both else ()))
        if not active.purpose.reads:
            return self.certified(address, active, self._signing(active), at)
        if active.at_work(at):
            return active
        raise SealingFailed("the certificate of this sender is over; `sealgate keys rotate` makes the next one")

    def _vouched_for(self, address: Address) -> bool:
        """Whether the built-in CA issues for this address by itself."""
        return self.issues and address.domain in self.domains

    def _signing(self, key: OwnKey) -> SigningPrivateKey:
        private = self.keys.private(key)
        if not isinstance(private, SigningPrivateKey):
            raise SealingFailed("an own key is of a kind that cannot sign")
        return private

    def _ring(self, uow: UnitOfWork, name: OwnName, at: datetime) -> KeyRing:
        try:
            return self.keys.ring(uow, name)
        except IntegrityError:
            if self.keys.was_imported(uow, name):
                raise  # what another authority issued is never replaced by the built-in one's work
            uow.audit.append(Event(EventKind.INTEGRITY, data=_DAMAGED), at)
            return self.keys.salvaged(uow, name)


def _ends_soon(key: OwnKey, at: datetime) -> bool:
    until = key.until
    return until is None or until - RENEW <= at

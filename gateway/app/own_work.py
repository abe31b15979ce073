"""What `sealgate keys` does with own mail keys: make, request, take the answer, rotate, revoke; each with its row of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography import x509

from gateway.app.installation import Installation
from gateway.domain.address import Address
from gateway.domain.audit import EventKind
from gateway.domain.errors import ConfigError, IntegrityError, SealingFailed
from gateway.flow.own_keys import OwnKeys
from gateway.ports.store import UnitOfWork
from gateway.seal.own_keys import SEALED, KeyRing, Life, OwnKey, OwnName, Purpose
from gateway.seal.private_keys import KeyAlgorithm, PrivateKey, SigningPrivateKey, can_sign, key_id, make_key, pkcs8
from gateway.seal.requests import answer_for, chain_of, misfit, request

WHY = {one.value: one for one in x509.ReasonFlags if one is not x509.ReasonFlags.remove_from_crl}
"""Codes of reasons, RFC 5280 5.3.1, as `cryptography` writes them (`keyCompromise`)."""


@dataclass(frozen=True)
class OwnWork:
    """The commands' half of own mail keys, for the person named as `by`."""

    home: Installation
    by: str

    @property
    def keys(self) -> OwnKeys:
        """The rows."""
        return self.home.own().keys()

    def rings(self) -> list[KeyRing]:
        """Every own name's keys."""
        with self.home.store().begin() as uow:
            return self.keys.rings(uow)

    def generate(self, name: OwnName, purpose: Purpose, algorithm: KeyAlgorithm, place: str) -> OwnKey:
        """A new key with a certificate of the built-in authority, at work at once."""
        self._own(name)
        at = self.home.clock.now()
        key, private = self._made(purpose, algorithm, place)
        key = self.home.own().signers().certified(name, key, private, at)
        with self.home.store().begin() as uow:
            self.keys.activate(uow, self._ring(uow, name), key, EventKind.KEY_MADE, at, self.by)
        return key

    def requested(
        self, name: OwnName, purpose: Purpose, algorithm: KeyAlgorithm, place: str, existing: str | None = None
    ) -> tuple[OwnKey, x509.CertificateSigningRequest]:
        """A key that waits (a new one, or one that is in a token or key service already), and the request for its certificate."""
        self._own(name)
        if existing is not None:
            private: PrivateKey = self.home.own().places.open(existing)
            if not isinstance(private, SigningPrivateKey):
                raise ConfigError("--key: is of a kind that cannot sign; name another one")
            key = OwnKey(key_id(private.public_key()), purpose, Life.WAITING, existing, self.home.clock.now())
        else:
            key, private = self._made(purpose, algorithm, place)
        with self.home.store().begin() as uow:
            ring = self._ring(uow, name)
            if ring.key(key.id) is not None:
                raise ConfigError("this address or domain has that key already; `sealgate keys list` shows it")
            self.keys.keep(uow, ring.waiting(key), EventKind.KEY_MADE, key, self.home.clock.now(), actor=self.by)
        return key, request(name, private, key)

    def answered(self, certificates: Sequence[x509.Certificate]) -> list[tuple[OwnName, OwnKey]]:
        """Put every waiting key to work that one of these certificates is for. ConfigError with the reason when it is for a
        key that waits and does not serve it.
        """
        taken = list[tuple[OwnName, OwnKey]]()
        with self.home.store().begin() as uow:
            uow.register.alone()
            for ring in self.keys.rings(uow):
                for key in ring.keys:
                    certificate = answer_for(key, certificates) if key.life is Life.WAITING else None
                    if certificate is not None:
                        taken.append((ring.name, self._taken(uow, ring.name, key, certificate, certificates)))
        return taken

    def brought(
        self, private: PrivateKey, certificates: Sequence[x509.Certificate], name: OwnName, purpose: Purpose
    ) -> OwnKey:
        """A key pair that comes from elsewhere, with its certificate."""
        self._own(name)
        if not isinstance(private, SigningPrivateKey) or not can_sign(private.public_key()):
            raise ConfigError("the key is too short, or of a kind that Sealgate does not use")
        key = OwnKey(
            key_id(private.public_key()), purpose, Life.WAITING, SEALED, self.home.clock.now(), pkcs8(private)
        )  # fmt: skip
        certificate = answer_for(key, certificates)
        if certificate is None:
            raise ConfigError("none of the certificates is for this private key; bring the pair of one request")
        with self.home.store().begin() as uow:
            uow.register.alone()
            return self._taken(uow, name, key, certificate, certificates)

    def revoke(self, key_id_or_fingerprint: str, why: str) -> tuple[OwnName, OwnKey]:
        """Take a key back: it signs nothing from now on. ConfigError when there is none of that beginning, or several."""
        found = [
            (ring.name, key) for ring in self.rings() for key in ring.keys if key.id.startswith(key_id_or_fingerprint)
        ]
        if len(found) != 1 or len(key_id_or_fingerprint) < 8:
            raise ConfigError(
                "name exactly one own key, by 8 or more characters of the id that `sealgate keys list` shows"
            )
        [(name, key)] = found
        if key.life is Life.REVOKED:
            raise ConfigError("this key is revoked already")
        at = self.home.clock.now()
        with self.home.store().begin() as uow:
            uow.register.alone()
            ring = self._ring(uow, name).revoked(key.id, why, at)
            self.keys.keep(uow, ring, EventKind.KEY_REVOKED, key, at, actor=self.by, why=why)
        return name, key

    def _taken(
        self,
        uow: UnitOfWork,
        name: OwnName,
        key: OwnKey,
        certificate: x509.Certificate,
        given: Sequence[x509.Certificate],
    ) -> OwnKey:
        at = self.home.clock.now()
        reason = misfit(name, key, certificate, at)
        chain = chain_of(certificate, given)
        if reason or chain is None:
            raise ConfigError(reason or "the certificate's authority is missing; put its chain into the same file")
        key = replace(key, chain=chain, built_in=False)
        self.keys.activate(uow, self._ring(uow, name), key, EventKind.KEY_IMPORTED, at, self.by)
        return key

    def _made(self, purpose: Purpose, algorithm: KeyAlgorithm, place: str) -> tuple[OwnKey, SigningPrivateKey]:
        at, own = self.home.clock.now(), self.home.own()
        if purpose.reads and algorithm is KeyAlgorithm.ED25519:
            raise ConfigError("an Ed25519 key only signs; choose an EC or RSA kind for reading")
        if place == "token":
            if self.home.settings.own_keys.token is None:
                raise ConfigError("own_keys.token: is not set; write the URI of the token there")
            where = own.places.make_in_token(self.home.settings.own_keys.token, algorithm, self.home.tokens.secret(16))
            private = own.places.open(where)
            if not isinstance(private, SigningPrivateKey):
                raise ConfigError("the token's key is of a kind that cannot sign")
            return OwnKey(key_id(private.public_key()), purpose, Life.WAITING, where, at), private
        made = make_key(algorithm)
        where, secret = (own.places.make_file(made), b"") if place == "file" else (SEALED, pkcs8(made))
        return OwnKey(key_id(made.public_key()), purpose, Life.WAITING, where, at, secret), made

    def _ring(self, uow: UnitOfWork, name: OwnName) -> KeyRing:
        """The name's keys, or what is left of them: a person who makes a new key mends what was put back."""
        try:
            return self.keys.ring(uow, name)
        except IntegrityError:
            return self.keys.salvaged(uow, name)

    def _own(self, name: OwnName) -> None:
        domain = name.domain if isinstance(name, Address) else name
        if domain not in self.home.settings.practice.own_domains:
            raise SealingFailed("this is not in practice.own_domains; only the practice's own names get a key")

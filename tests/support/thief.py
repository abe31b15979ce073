"""A thief of everything: snapshots and backups of the data of every date, the shelf, every key file. Knows the code.

Each wrap is tried with every key under every context that the code could have bound it to, and some that it could not.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.tokens import SystemTokens
from gateway.domain.errors import SealgateError
from gateway.domain.protected import Protected
from gateway.domain.records import Holder
from gateway.flow.custody import record_context, wrap_context
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.columns import Columns, derive
from gateway.seal.context import context
from gateway.seal.hybrid import OpenWith
from gateway.seal.objects import open_object
from gateway.seal.openpgp_packets import Tag, dearmoured, packets
from tests.support.fakes import FakeClock

_HPKE_BYTES = 96
_SIZES = {16, 24, 32}
_OPENPGP = {Tag.SECRET_KEY, Tag.SECRET_SUBKEY}
Wrap = tuple[str, str, str, bytes]
"""Object, kind of holder, which one, sealed bytes."""


@dataclass(frozen=True)
class Loot:
    """One copy of the data directory: a snapshot with its WAL, or a backup. `shelf` is the shelf of that moment."""

    name: str
    folder: Path
    shelf: Path | None = None

    def rows(self, statement: str) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "sealgate.db")) as database:
            return database.execute(statement).fetchall()

    def wraps(self) -> set[Wrap]:
        return set(self.rows("SELECT object_id, kind, holder, sealed FROM wraps"))


class Thief:
    """`shelf` and `keys` are directories as they were stolen; `links` are tokens, `offline` the archive's private keys."""

    def __init__(
        self, installation: str, shelf: Path, keys: Path, *, links: Sequence[str] = (), offline: Sequence[OpenWith] = ()
    ) -> None:
        self.installation, self.links = installation, links
        secrets = [FileShelf(shelf / part, SystemTokens(FakeClock())) for part in ("epochs", "peppers")]
        self.shelf = {
            name: found.reveal() for one in secrets for name in one.names() if (found := one.get(name)) is not None
        }  # fmt: skip
        self.files = {path.name: list(_secrets_in(path)) for path in sorted(keys.rglob("*")) if path.is_file()}
        self.raw = [*self.shelf.values(), *itertools.chain.from_iterable(self.files.values())]
        self.private = [OpenWith(Protected(one)) for one in self.raw if len(one) == _HPKE_BYTES] + list(offline)
        self.symmetric = [one for one in self.raw if len(one) in _SIZES] + [bytes(32)]
        self.tried: dict[Wrap, list[Protected[bytes]]] = {}
        self._read: dict[str, bytes] = {}

    def opened(self, loot: Loot, blobs: Iterable[Loot] = ()) -> dict[str, bytes]:
        """Everything that opens in one copy, by object id, `record:` and `secret:`; content is looked for in all `blobs`."""
        found: dict[str, bytes] = {}
        tokens = [*self.links]
        for delivery, epoch, sealed in loot.rows("SELECT delivery_id, epoch, sealed FROM secrets"):
            for secret in self._by_private(
                sealed, {context(self.installation, Seal.LINK, delivery, "delivery", epoch)}
            ):
                found[f"secret:{delivery}"] = secret.reveal()
                tokens.append(link.token(secret))
        for message, epoch, record in loot.rows("SELECT id, epoch, record FROM messages"):
            for one in self._by_private(record, {record_context(self.installation, message, epoch)}):
                found[f"record:{message}"] = one.reveal()
        named = {row[0]: row[1:] for row in loot.rows("SELECT id, purpose, part, commitment FROM objects")}
        ids = self._ids(loot)
        for wrap in sorted(loot.wraps()):
            keys = self._any_key(wrap, ids) + list(self._by_links(tokens, wrap))
            for key in keys:
                purpose, part, commitment = named[wrap[0]]
                found[wrap[0]] = self._content([loot, *blobs], wrap[0], Seal(purpose), part, key, commitment)
        return found

    def columns(self, loot: Loot) -> Iterator[bytes]:
        """The plaintext of every sealed column of mail that opens with the stolen column key."""
        columns = Columns(Protected(self.files["columns.key"][0]), self.installation)
        places = [
            ("delivery.recipient", "SELECT id, recipient FROM deliveries"), ("notice.to", 'SELECT id, "to" FROM notices'),
            ("delivery.target", "SELECT id, target FROM deliveries"), ("message.sender", "SELECT id, sender FROM messages"),
        ]  # fmt: skip
        for name, statement in places:
            for row_id, sealed in loot.rows(statement):
                if sealed:
                    yield columns.open(name, row_id, sealed)

    def _any_key(self, wrap: Wrap, ids: tuple[str, ...]) -> list[Protected[bytes]]:
        if wrap not in self.tried:
            object_id, kind, holder, sealed = wrap
            right = wrap_context(self.installation, object_id, Holder(kind, holder))
            bounds = {right, *self._contexts(object_id, kind, holder, ids)}
            found = list(self._by_private(sealed, bounds))
            found += self._by_secret(self.symmetric, sealed, bounds)
            found += self._by_secret(self._derived(object_id, holder), sealed, {right})
            self.tried[wrap] = found
        return self.tried[wrap]

    def _contexts(self, object_id: str, kind: str, holder: str, ids: tuple[str, ...]) -> Iterator[bytes]:
        for one in ("epoch", "parcel", "archive", "reissue", "session"):
            for name in ids:
                yield wrap_context(self.installation, object_id, Holder(one, name))
        for purpose in Seal:
            for part, epoch in itertools.product(("", f"{kind}:{holder}", holder), ("", holder)):
                yield context(self.installation, purpose, object_id, part, epoch)

    def _derived(self, object_id: str, holder: str) -> Iterator[bytes]:
        peppers: list[bytes | None] = [None, bytes(32), *(one for one in self.shelf.values() if len(one) == 32)]
        for root, purpose, name in itertools.product(self.symmetric, Seal, (object_id, holder)):
            info = context(self.installation, purpose, name)
            yield from (derive(Protected(root), info, salt) for salt in peppers)

    def _by_private(self, sealed: bytes, bounds: set[bytes]) -> Iterator[Protected[bytes]]:
        for key, bound in itertools.product(self.private, bounds):
            with suppress(SealgateError):
                yield key.open(sealed, bound)

    @staticmethod
    def _by_secret(keys: Iterable[bytes], sealed: bytes, bounds: set[bytes]) -> Iterator[Protected[bytes]]:
        for key, bound in itertools.product(keys, bounds):
            with suppress(SealgateError):
                yield link.unwrap(Protected(key), sealed, bound)

    def _by_links(self, tokens: Sequence[str], wrap: Wrap) -> Iterator[Protected[bytes]]:
        """With the secret of a link: under every pepper that is left, and under none."""
        object_id, kind, holder, sealed = wrap
        if kind != "parcel":
            return
        bound = wrap_context(self.installation, object_id, Holder(kind, holder))
        peppers = [b"", bytes(32), *(one for one in self.shelf.values() if len(one) == 32)]
        for token, pepper in itertools.product(tokens, peppers):
            secret = link.read_token(token)
            assert secret is not None
            with suppress(SealgateError):
                yield link.unwrap(link.kek(secret, Protected(pepper), self.installation, holder), sealed, bound)

    def _content(
        self, loot: Sequence[Loot], object_id: str, purpose: Seal, part: str, key: Protected[bytes], commitment: bytes
    ) -> bytes:
        """What decrypts, whether or not the gateway would call it whole, from the first copy that has the blob."""
        if self._read.get(object_id):
            return self._read[object_id]
        for one in loot:
            read = b""
            with suppress(SealgateError):
                blob = FileBlobStore(one.folder / "blobs", FakeClock()).read(object_id)
                for chunk in open_object(blob, key, context(self.installation, purpose, object_id, part), commitment):
                    read += chunk
            if read:
                self._read[object_id] = read
                return read
        return b""

    def _ids(self, loot: Loot) -> tuple[str, ...]:
        names = [one for (one,) in loot.rows("SELECT id FROM epochs UNION SELECT id FROM parcels")]
        return ("", "practice", "escrow", *names)


def _secrets_in(path: Path) -> Iterator[bytes]:
    """Every secret that a key file may mean: its base64, its hex, the raw private key of its PEM or OpenPGP block, its own bytes."""
    data = path.read_bytes()
    if b"PGP PRIVATE KEY" in data:
        secrets = [one.body for one in packets(dearmoured(data, "PRIVATE KEY BLOCK")) if one.tag in _OPENPGP]
        # The secret number is an MPI before the checksum at the end, in one byte order or the other (RFC 9580 5.5.3).
        for body in secrets:
            yield body[-34:-2]
            yield body[-34:-2][::-1]
    elif b"PRIVATE KEY" in data:
        key = load_pem_private_key(data, None)
        if isinstance(key, Ed25519PrivateKey):
            yield key.private_bytes_raw()
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            yield key.private_numbers().private_value.to_bytes(48, "big")[-32:]
    with suppress(binascii.Error, ValueError):
        yield base64.b64decode(data.strip(), validate=True)
    if len(data) in _SIZES | {_HPKE_BYTES}:
        yield data

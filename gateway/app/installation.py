"""One installation: its settings, and adapters, keys and rooms built from them when they are first asked for.

A role asks only for what it may hold, so it needs only its own files: nothing is opened before it is named here. Nor is it
imported: what one role or command has no use for would cost the start of each.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from zoneinfo import ZoneInfo

from gateway.adapters.blobs.sealing import SealingVault
from gateway.adapters.choose import open_blobs, open_shelf, open_store
from gateway.adapters.clock import Anchor, SteadyClock
from gateway.adapters.metrics import PrometheusMetrics
from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
from gateway.app import keyfiles
from gateway.app.keyfiles import Authority, KeyFiles
from gateway.app.passwords import with_password
from gateway.config.load import load
from gateway.config.model import Settings
from gateway.domain.errors import SealgateError
from gateway.domain.protected import Protected
from gateway.flow.keys import DoorKeys, WorkerKeys
from gateway.flow.room import IntakeLimits
from gateway.flow.timekeeping import ANCHOR
from gateway.ports.clock import Clock
from gateway.ports.notifier import Notifier
from gateway.ports.shelf import KeyShelf
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, Vault
from gateway.seal.columns import BlindIndex, Columns, Mac

if TYPE_CHECKING:
    from cryptography import x509

    from gateway.adapters.clamd import Clamd
    from gateway.adapters.inspector import BoxedInspector
    from gateway.adapters.keydirectory import StoreDirectory
    from gateway.adapters.keydirectory.harvested import HarvestDirectory
    from gateway.adapters.keydirectory.resolver import Resolver
    from gateway.adapters.keydirectory.trust import Trust
    from gateway.adapters.passwords import PasswordFile
    from gateway.app.own import Own
    from gateway.flow.desk import ReviewKeys
    from gateway.flow.facts import Facts
    from gateway.flow.reading import Reader
    from gateway.flow.register import Register
    from gateway.phi.scan import Scanner
    from gateway.policy.model import Policy
    from gateway.render.mail import Renderer
    from gateway.seal.private_keys import PrivateKey

T = TypeVar("T")


_STARTED = ("inspector", "key_directory", "store")
"""Parts with something to end: processes, threads, connections."""


class Installation:
    """Settings with everything that they describe. Each part is built once; `close` ends what was started."""

    def __init__(
        self, settings: Settings, config: Path, *, clock: Clock | None = None, tokens: Tokens | None = None
    ) -> None:
        self.settings, self.config = settings, config
        self.clock: Clock = clock or SteadyClock()
        self.tokens: Tokens = tokens or SystemTokens(self.clock)
        self._files = KeyFiles(settings.keys.dir)
        self._built: dict[str, object] = {}

    @classmethod
    def load(cls, config: Path) -> Installation:
        """Read the configuration; ConfigError says what to mend. Opens nothing that it names."""
        return cls(load(config), config.resolve())

    def with_store(self, store: SqlStore) -> Installation:
        """The same settings and keys over another database: for trying things out beside the real one."""
        other = Installation(self.settings, self.config, clock=self.clock, tokens=self.tokens)
        other._built["store"] = store
        return other

    @property
    def id(self) -> str:
        """The installation's name in every context."""
        return self.settings.practice.id

    def today(self) -> date:
        """The practice's calendar day."""
        return self.clock.now().astimezone(ZoneInfo(self.settings.practice.time_zone)).date()

    def close(self) -> None:
        """End what was started: the inspector's launcher, the database's connections."""
        for name in _STARTED:
            if (close := getattr(self._built.get(name), "close", None)) is not None:
                close()
        self._built.clear()

    # What lies on disk or in a database

    def store(self) -> SqlStore:
        """The database."""
        one = self.settings.store
        return self._once(
            "store", lambda: self._in_time(open_store(with_password(one.url, one.password_file, "store"), self.tokens, self.metrics()))
        )  # fmt: skip

    def _in_time(self, store: SqlStore) -> SqlStore:
        """The clock goes on from what the gateway knew last, whatever the system's says (a first start knows nothing)."""
        if isinstance(self.clock, SteadyClock):
            with suppress(SealgateError), store.begin() as uow:
                known = Anchor.read(uow.setting(ANCHOR))
                if known is not None:
                    self.clock.remember(known)
        return store

    def vault(self) -> Vault:
        """Sealed objects."""
        blobs = self.settings.blobs.url
        return self._once(
            "vault", lambda: SealingVault(open_blobs(blobs, self.clock), self.id, self.tokens.secret)
        )  # fmt: skip

    def epoch_keys(self) -> KeyShelf:
        """The epochs' part of the key shelf: workers only."""
        return self._once("epochs", lambda: self._shelf("epochs"))

    def peppers(self) -> KeyShelf:
        """The parcel peppers' part of the key shelf: workers and the portal."""
        return self._once("peppers", lambda: self._shelf("peppers"))

    # Keys, by role

    def door_keys(self) -> DoorKeys:
        """For smtp and inbound: `intake.key`, `calendar.pub`."""
        return self._intake_keys(keyfiles.INTAKE)

    def answer_keys(self) -> DoorKeys:
        """For the portal: `answer.key`, `calendar.pub`. What it signs counts for answers by link alone."""
        return self._intake_keys(keyfiles.ANSWER)

    def _intake_keys(self, name: str) -> DoorKeys:
        signer = self._files.signer(name)
        senders = Mac(Protected(signer.private_bytes_raw()), self.id, Seal.INTAKE)
        return DoorKeys(self.id, signer.sign, self._files.verifier(keyfiles.CALENDAR), senders)

    def review_keys(self) -> ReviewKeys:
        """For the review role: `review.key`, `calendar.pub`."""
        from gateway.flow.desk import ReviewKeys

        signer = self._files.signer(keyfiles.REVIEW)
        return ReviewKeys(self.id, signer.sign, signer.public_key(), self._files.verifier(keyfiles.CALENDAR))

    def worker_keys(self) -> WorkerKeys:
        """For workers: everything but `intake.key`, `answer.key` and the archive's private keys."""
        return self._once("worker_keys", self._worker_keys)

    def lookup_key(self) -> Protected[bytes]:
        """For workers and the portal: `lookup.key`."""
        return self._files.secret(keyfiles.LOOKUP)

    def bounce_mac(self) -> Mac:
        """For workers and inbound: `bounce.key`."""
        return Mac(self._files.secret(keyfiles.BOUNCE), self.id, Seal.BOUNCE)

    def columns(self) -> Columns:
        """For workers: `columns.key`."""
        return self._once("columns", lambda: Columns(self._files.secret(keyfiles.COLUMNS), self.id))

    def index(self) -> BlindIndex:
        """For workers: `index.key`."""
        return self._once("index", lambda: BlindIndex(self._files.secret(keyfiles.INDEX), self.id))

    def ca(self) -> Authority:
        """For workers: `ca.key`, `ca.crt`."""
        place = self.settings.own_keys.ca_key
        return self._once(
            "ca", lambda: self._files.authority((lambda: self.own().places.open(place)) if place else None)
        )

    def own(self) -> Own:
        """For workers: the practice's own mail keys."""
        from gateway.app.own import Own

        return self._once("own", lambda: Own(self.settings, self.store, self.columns, self.index, self.ca))

    def own_decryption(self) -> list[tuple[x509.Certificate, PrivateKey]]:
        """For workers: own certificates that inbound mail may be encrypted to, with their keys; replaced and revoked ones too,
        until 30 days after their end. Begins a transaction of its own.
        """
        return self.own().keys().decryption(self.clock.now())

    def _worker_keys(self) -> WorkerKeys:
        signer, archive = self._files.signer(keyfiles.CALENDAR), self.settings.archive
        return WorkerKeys(
            installation=self.id,
            intake=self._files.verifier(keyfiles.INTAKE),
            answer=self._files.verifier(keyfiles.ANSWER),
            epochs=self.epoch_keys(),
            peppers=self.peppers(),
            columns=self.columns(),
            index=self.index(),
            decision=Mac(self._files.secret(keyfiles.DECISION), self.id, Seal.DECISION),
            bounce=self.bounce_mac(),
            lookup=self.lookup_key(),
            sign=signer.sign,
            calendar=signer.public_key(),
            review=self._files.verifier(keyfiles.REVIEW) if self.settings.review.listen is not None else None,
            archive=tuple(
                (keyfiles.archive_name(one), keyfiles.archive_public(one))
                for one in (self.settings.keys.archive_public if archive.enabled else ())
            ),
        )

    # Rooms

    def register(self) -> Register:
        """Patients, partners and consents, with the workers' column and index keys."""
        from gateway.flow.register import Register

        return Register(self.columns(), self.index())

    def policy(self) -> Policy:
        """The policy file as it is now."""
        from gateway.config.policy_file import load_policy

        return load_policy(self.settings.policy.file)

    def key_directory(self) -> Resolver:
        """Every directory of recipients' keys, in the order of `[keys] directories`."""
        from gateway.app.readers import make_key_directory

        return self._once("key_directory", lambda: make_key_directory(self))

    def imported_keys(self) -> StoreDirectory:
        """Imported certificates and keys alone."""
        from gateway.adapters.keydirectory import StoreDirectory

        return StoreDirectory(self.store(), self.columns(), self.index(), self.trust())

    def harvested_keys(self) -> HarvestDirectory:
        """Certificates out of verified signed mail."""
        from gateway.adapters.keydirectory.harvested import HarvestDirectory

        return HarvestDirectory(self.store(), self.columns(), self.index(), self.trust())

    def facts(self) -> Facts:
        """What policy asks about people and keys."""
        from gateway.app import openpgp_method
        from gateway.app.readers import no_tls_route
        from gateway.flow.facts import Facts

        one = self.settings.practice
        return Facts(
            self.register(), self.key_directory(), frozenset(one.own_domains), ZoneInfo(one.time_zone), no_tls_route,
            openpgp=openpgp_method.offered(self.settings), text_messages=self.settings.notifier.url is not None,
            direct=self.settings.direct.enabled,
        )  # fmt: skip

    def renderer(self) -> Renderer:
        """The gateway's own words."""
        from gateway.render.mail import Renderer

        return self._once("renderer", lambda: Renderer(language=self.settings.practice.language))

    def inspector(self, meanwhile: Callable[[], object] | None = None) -> BoxedInspector:
        """The sandbox for untrusted documents, `meanwhile` done while it loads; ConfigError where it is weaker than the setting asks."""
        from gateway.app.sandboxed import start_inspector

        return self._once("inspector", lambda: start_inspector(self.settings.sandbox, meanwhile))

    def open_no_documents(self) -> None:
        """For commands that read no mail, such as a restore: no sandbox is started, and every document would be a gap."""
        from gateway.adapters.inspector.closed import ClosedInspector

        self._built["inspector"] = ClosedInspector()

    def scanner(self) -> Scanner:
        """The detector with its committed data."""
        return _scanner()

    def reader(self) -> Reader:
        """Reads and judges mails."""
        from gateway.app.readers import make_reader

        return make_reader(self)

    def viruses(self) -> Clamd | None:
        """The virus scanner, if there is one; whether it is asked is for the policy to say."""
        one = self.settings.clamd
        if one.url is None:
            return None
        from gateway.adapters.clamd import open_clamd

        return open_clamd(one.url, one.message.total_seconds(), one.stream_bytes, self.metrics())

    def intake_limits(self) -> IntakeLimits:
        """How much may be in hand, whichever door it comes in by."""
        one = self.settings.limits
        return IntakeLimits(one.spool_bytes, one.recipient_bytes, one.spool_bytes_per_sender, one.held_per_sender)

    def metrics(self) -> PrometheusMetrics:
        """What this process counts."""
        return self._once("metrics", PrometheusMetrics)

    def users(self) -> PasswordFile:
        """Who may submit."""
        from gateway.adapters.passwords import PasswordFile

        return self._once("users", lambda: PasswordFile(self.settings.users.file))

    def notifier(self) -> Notifier | None:
        """Text messages, if the practice sends any."""
        one = self.settings.notifier
        if one.url is None:
            return None
        from gateway.adapters.notifier import choose_notifier

        secret = Protected(keyfiles.read_private(one.secret_file).strip()) if one.secret_file is not None else None
        return choose_notifier(one.url, secret, self.clock, self.tokens)

    def trust(self) -> Trust:
        """Whom the installation believes about recipients' keys."""
        from gateway.app import directories

        return self._once("trust", lambda: directories.trust(self.settings, self.tokens.secret))

    def _shelf(self, part: str) -> KeyShelf:
        one = self.settings.shelf
        return open_shelf(with_password(one.url, one.password_file, "shelf"), part, self.tokens)

    def _once(self, name: str, build: Callable[[], T]) -> T:
        if name not in self._built:
            self._built[name] = build()
        return cast("T", self._built[name])


@cache
def _scanner() -> Scanner:
    from gateway.phi.scan import Scanner

    return Scanner.load()

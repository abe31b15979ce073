"""`sealgate.toml` as one frozen value. Each key's meaning stands at its field; the reference page is made from it."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from gateway.config.directories import LOCAL_PLACES, DirectorySection, RevocationSection, TrustSection
from gateway.config.doors import InboundSection, ReviewSection, SmtpSection, WebSection
from gateway.config.inspection import ClamdSection, SandboxSection
from gateway.config.outgoing import DirectSection, DkimSection
from gateway.config.own_keys import OwnKeysSection
from gateway.config.rooms import (
    ArchiveSection,
    AuditSection,
    BackupSection,
    BlobsSection,
    KeysSection,
    LimitsSection,
    MetricsSection,
    NotifierSection,
    OpenPgpSection,
    ParcelSection,
    PolicySection,
    RelaySection,
    RetentionSection,
    ShelfSection,
    StoreSection,
    UsersSection,
    WorkerSection,
)
from gateway.config.sealing import SealSection
from gateway.config.section import Section
from gateway.config.values import Domain, Mailbox

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class PracticeSection(Section):
    """`[practice]`: whose gateway this is."""

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{2,39}$", description="Name of this installation in keys and logs; never change it."
    )
    name: str = Field(
        min_length=1,
        max_length=80,
        description="The practice's name as recipients read it, in Subjects too; choose one that names no specialty.",
    )
    own_domains: tuple[Domain, ...] = Field(min_length=1, description="Domains of the practice's own addresses.")
    postmaster: Mailbox = Field(description="Sender of the gateway's own mail, and where failures are reported.")
    portal_url: str = Field(description="Where recipients reach the portal, `https://secure.example.org`.")
    phone: str = Field(
        default="", max_length=40, description="Telephone number shown to recipients who have questions."
    )
    language: str = Field(
        default="en", pattern=r"^[a-z]{2}(-[A-Z]{2})?$", description="Language of notices and portal."
    )
    time_zone: str = Field(
        default="UTC", description="Whose calendar days count for consents and deadlines, `America/New_York`."
    )

    @field_validator("portal_url")
    @classmethod
    def _https(cls, value: str) -> str:
        parts = urlsplit(value)
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("an address such as https://secure.example.org is needed")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("it must begin with https://; http:// serves only on this machine itself")
        return value.rstrip("/")

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError('a time zone such as "America/New_York" is needed') from None
        return value

    @field_validator("name", "phone")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if any(not one.isprintable() for one in value):
            raise ValueError("it must be one line of printable characters: it stands in mail headers")
        return value


class Settings(Section):
    """The whole file."""

    practice: PracticeSection
    smtp: SmtpSection = SmtpSection()
    inbound: InboundSection = InboundSection()
    web: WebSection = WebSection()
    review: ReviewSection = ReviewSection()
    worker: WorkerSection = WorkerSection()
    store: StoreSection
    blobs: BlobsSection
    shelf: ShelfSection
    relay: RelaySection
    dkim: DkimSection = DkimSection()
    direct: DirectSection = DirectSection()
    notifier: NotifierSection = NotifierSection()
    keys: KeysSection
    seal: SealSection = SealSection()
    directory: dict[str, DirectorySection] = Field(default={}, description="Directories on the network, by name.")
    trust: dict[str, TrustSection] = Field(default={}, description="Authorities by recipients' domain.")
    revocation: RevocationSection = RevocationSection()
    openpgp: OpenPgpSection = OpenPgpSection()
    own_keys: OwnKeysSection = OwnKeysSection()
    parcel: ParcelSection = ParcelSection()
    archive: ArchiveSection = ArchiveSection()
    retention: RetentionSection = RetentionSection()
    policy: PolicySection
    audit: AuditSection
    backup: BackupSection
    sandbox: SandboxSection = SandboxSection()
    clamd: ClamdSection = ClamdSection()
    limits: LimitsSection = LimitsSection()
    metrics: MetricsSection = MetricsSection()
    users: UsersSection

    @model_validator(mode="before")
    @classmethod
    def _sections_with_paths(cls, data: object) -> object:
        """Sections whose defaults are paths are read from an empty table, so that they resolve against the file."""
        if not isinstance(data, dict):
            return data
        return {
            **{name: {} for name in ("store", "blobs", "shelf", "relay", "keys", "policy", "audit", "backup", "users")},
            **data,
        }

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.archive.enabled and not self.keys.archive_public:
            raise ValueError("archive.enabled needs keys.archive_public: without a public key nothing can be archived")
        places = {*LOCAL_PLACES, *self.directory}
        if set(self.keys.directories) - places or set(self.directory) - set(self.keys.directories):
            raise ValueError(
                "keys.directories and the [directory.NAME] tables must name each other: it is the order of asking"
            )
        if set(self.directory) & set(LOCAL_PLACES):
            raise ValueError("no [directory.NAME] may be called imported or folder: these are the local ones")
        if self.direct.enabled and not self.inbound.listen:
            raise ValueError(
                "direct.enabled needs inbound.listen: what recipients' systems confirm comes in by that door"
            )
        if self.direct.enabled and not any(one.direct for one in self.trust.values()):
            raise ValueError("direct.enabled needs a [trust.NAME] with direct = true: the authorities of a community")
        if self.web.metrics is not None and self.metrics.web not in (None, self.web.metrics):
            raise ValueError("web.metrics and metrics.web name two places for the same; keep metrics.web")
        if self.worker.lease < self.relay.longest:
            minutes = -(-self.relay.longest.total_seconds() // 60)
            raise ValueError(
                f'worker.lease must be at least "{minutes:.0f}m", the sum of the time-outs that relay.timeout and relay.final '
                "give one try, or another worker would take over a mail that is still being sent"
            )
        strangers = [one for one in self.inbound.relayed if one.rpartition("@")[2] not in self.practice.own_domains]
        if strangers:
            raise ValueError(
                f"inbound.relayed: {strangers[0]} is of no domain in practice.own_domains; mail is relayed to the practice alone"
            )
        if self.inbound.relayed and self.relay.internal is None:
            raise ValueError(
                "inbound.relayed needs relay.internal: decrypted mail goes to the practice's own server alone"
            )
        https = self.practice.portal_url.startswith("https:")
        if https and not self.web.behind_proxy and not (self.web.tls_certificate and self.web.tls_key):
            raise ValueError("web needs tls_certificate and tls_key, or behind_proxy naming the proxy that ends TLS")
        return self

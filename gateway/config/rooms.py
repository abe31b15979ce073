"""Sections for what works behind the doors: worker, stores, keys, relay, links, log, limits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.config.values import Duration, FilePath, Listen, Mailbox, Size, Url

CONNECT_SECONDS, WAIT_SECONDS = 30.0, 60.0
"""For connecting, greeting and TLS, each; and for a free connection when all are busy."""

SIX_YEARS = timedelta(days=2192)
"""Six years with two leap days."""


class WorkerSection(Section):
    """`[worker]`: the processes that read, decide, seal and relay."""

    threads: int = Field(default=4, ge=1, le=256, description="Steps that one worker process runs at the same time.")
    lease: Duration = Field(
        default=timedelta(minutes=45),
        description="How long a claimed step belongs to its worker; outlives the relay's time-outs (see `[relay]`).",
    )
    poll: Duration = Field(default=timedelta(seconds=1), description="How often an idle worker looks for work.")
    backoff: tuple[Duration, ...] = Field(
        default=tuple(timedelta(minutes=one) for one in (1, 5, 15, 60, 240)),
        min_length=1,
        description="Waits between tries of one delivery; the last one repeats.",
    )
    give_up: Duration = Field(
        default=timedelta(days=2), description="A delivery that the next hop defers for this long fails, with a DSN."
    )
    hold: Duration = Field(
        default=timedelta(days=5),
        description="Greatest age of held mail; then it is refused and the sender told that nothing was sent.",
    )
    consent: Duration = Field(
        default=timedelta(days=14), description="Greatest age of mail that awaits a patient's consent."
    )
    stuck: Duration = Field(default=timedelta(days=7), description="Greatest age of mail that no step can finish.")
    reminders: tuple[Duration, ...] = Field(
        default=(timedelta(days=1), timedelta(days=3)),
        description="When the sender of held mail is reminded, from its beginning.",
    )


class StoreSection(Section):
    """`[store]`: the database."""

    url: Url = Field(
        default="sqlite:///data/sealgate.db", description="`sqlite:///path` or `postgresql+psycopg://user@host/name`."
    )
    password_file: FilePath | None = Field(default=None, description="File with the database password.")


class BlobsSection(Section):
    """`[blobs]`: sealed objects."""

    url: Url = Field(default="file:///./data/blobs", description="`file:///path`.")


class ShelfSection(Section):
    """`[shelf]`: the key shelf with epoch keys and parcel peppers. Never in a data backup."""

    url: Url = Field(
        default="file:///./shelf",
        description="`file:///path`, or `postgresql+psycopg://user@host/name` of a server that archives nothing.",
    )
    password_file: FilePath | None = Field(default=None, description="File with its password.")


class RelaySection(Section):
    """`[relay]`: the next hop."""

    url: Url = Field(
        default="capture:///./data/outbox",
        description="`smtp+starttls://user@host:587`, `smtps://host:465` or `capture:///dir`.",
    )
    internal: Url | None = Field(
        default=None, description="Next hop for replies, receipts and DSN to the practice; none takes `url`."
    )
    password_file: FilePath | None = Field(default=None, description="File with the password for `url`.")
    ca_file: FilePath | None = Field(
        default=None,
        description="Authorities that the next hop's certificate is checked against; none takes the system's.",
    )
    helo: str = Field(default="", description="Our name in EHLO; empty for smtp.hostname.")
    connections: int = Field(default=4, ge=1, description="Connections kept to the next hop.")
    timeout: Duration = Field(default=timedelta(minutes=5), description="Time for one reply of the next hop.")
    final: Duration = Field(
        default=timedelta(minutes=10),
        ge=timedelta(minutes=1),
        description="Time for the reply to the final dot (RFC 5321 4.5.3.2.6 says 10 minutes); that much of the lease is left when the dot is sent.",
    )

    @property
    def longest(self) -> timedelta:
        """The longest that a try waits for the next hop: a free connection, connecting, greeting and TLS, EHLO, MAIL,
        RCPT and DATA, and the reply to the final dot. The body's own time is bounded by the lease, checked before the dot.
        """
        return timedelta(seconds=WAIT_SECONDS + 3 * CONNECT_SECONDS) + 4 * self.timeout + self.final


class NotifierSection(Section):
    """`[notifier]`: text messages with one-time codes."""

    url: Url | None = Field(
        default=None, description="`capture:///dir` or an `https://` webhook; none sends no text messages."
    )
    secret_file: FilePath | None = Field(default=None, description="File with the key that signs webhook requests.")


class KeysSection(Section):
    """`[keys]`: where keys lie. Each role is given only its own files (keys/README.md)."""

    dir: FilePath = Field(default=Path("keys"), description="Directory of this installation's own keys.")
    epoch: Duration = Field(default=timedelta(days=1), description="How long one epoch key takes new mail.")
    archive_public: tuple[FilePath, ...] = Field(
        default=(), description="Public archive keys: the practice's and the escrow's."
    )
    directories: tuple[str, ...] = Field(
        default=("imported", "folder", "harvested"),
        description="Where recipients' keys are looked for, in this order: `imported`, `folder` (`recipients`), `harvested` (out of "
        "signed mail, docs/inbound.md), and the names of `[directory.NAME]` tables. The first valid key wins (docs/directories.md).",
    )
    lookup: Duration = Field(default=timedelta(seconds=15), description="Time for all directories together.")
    remember: Duration = Field(
        default=timedelta(hours=1),
        le=timedelta(days=1),
        description="How long a valid key from the network counts without being asked for again: one that is withdrawn there may be "
        "used for so long.",
    )
    remember_none: Duration = Field(
        default=timedelta(minutes=15), le=timedelta(days=1), description="The same where there was no valid key."
    )
    recipients: FilePath | None = Field(
        default=None,
        description="Directory of recipients' certificates, ADDRESS.pem or DOMAIN.pem, and OpenPGP keys, ADDRESS.asc or .pgp.",
    )
    trust: FilePath | None = Field(
        default=None, description="Authorities that recipients' certificates must come from, PEM."
    )


class OpenPgpSection(Section):
    """`[openpgp]`: PGP/MIME, signed by the practice's own key (docs/openpgp.md)."""

    enabled: bool = Field(
        default=True, description="Whether OpenPGP is a method at all; it also needs gpg and `keys/openpgp.key`."
    )
    engine: Literal["gpg", "sequoia"] = Field(
        default="gpg",
        description="`gpg`: a process for each message. `sequoia`: messages up to 1 MiB in the worker itself, the rest by gpg.",
    )
    program: str = Field(default="gpg", min_length=1, description="GnuPG 2.2 or newer: its name or path.")
    hidden_recipients: bool = Field(
        default=False,
        description="Leave the recipient's key id out of messages; their program then tries every key it has.",
    )


class ParcelSection(Section):
    """`[parcel]`: secure links."""

    expiry: Duration = Field(
        default=timedelta(days=14), description="How long a link opens, unless the sender asks for less."
    )
    max_expiry: Duration = Field(default=timedelta(days=90), description="The longest that staff may extend a link to.")
    code_life: Duration = Field(default=timedelta(minutes=10), description="How long a one-time code is good.")
    codes: int = Field(
        default=5, ge=1, description="Codes sent for one parcel within code_window; more are slowed down, never a loss."
    )
    code_window: Duration = Field(default=timedelta(hours=1), description="See `codes`.")
    code_tries: int = Field(
        default=5, ge=1, description="Wrong codes within code_window before a network that gave one must wait."
    )

    answers: bool = Field(
        default=True, description="Whether recipients can answer, with files, on the page of an opened link."
    )
    answer_bytes: Size = Field(
        default=25 * 1024**2, description="Bytes of all answers to one link, files and text together."
    )
    answer_files: int = Field(default=10, ge=0, description="Files in one answer.")
    answer_characters: int = Field(default=100_000, ge=1, description="Characters of text in one answer.")

    reissue: bool = Field(
        default=False,
        description="Keep a worker's key to each open link until it ends, so that `sealgate parcel reissue` can replace a lost one; "
        "until then whoever steals shelf and data together reads it.",
    )
    reminders: tuple[Duration, ...] = Field(
        default=(),
        description="When a recipient who has not opened is reminded, from the delivery; none by default. A reminder has no link.",
    )

    @model_validator(mode="after")
    def _expiry_within_bound(self) -> Self:
        if self.expiry > self.max_expiry:
            raise ValueError("expiry is longer than max_expiry; shorten it")
        return self


class ArchiveSection(Section):
    """`[archive]`: sealed copies for the six-year record, opened only with a key kept elsewhere."""

    enabled: bool = Field(
        default=False, description="Keep an archive copy of what was sent; needs keys.archive_public."
    )


class RetentionSection(Section):
    """`[retention]`: what is left of a mail after it was settled, and for how long. A legal hold keeps it longer."""

    messages: Duration = Field(
        default=timedelta(days=30),
        description="From settling: addresses, decisions, ended links and notices are deleted then. The log stays.",
    )
    archive: Duration = Field(
        default=SIX_YEARS,
        description="From archiving: six years at least (45 CFR 164.316(b)(2)(i)), then the archive's keys to the mail are dropped.",
    )

    @model_validator(mode="after")
    def _lawful(self) -> Self:
        if self.archive < SIX_YEARS:
            raise ValueError('archive is at least "2192d": six years (45 CFR 164.316(b)(2)(i))')
        return self


class PolicySection(Section):
    """`[policy]`."""

    file: FilePath = Field(default=Path("policy.toml"), description="The practice's rules.")


class AuditSection(Section):
    """`[audit]`: signed heads of the log."""

    head_files: tuple[FilePath, ...] = Field(
        default=(Path("audit-heads.jsonl"),),
        description="Files outside the store that each signed head is appended to.",
    )
    head_syslog: Url | None = Field(
        default=None,
        description="Log server that each head is sent to: `udp://host:514`, `tcp://host:601` or `unix:///dev/log`.",
    )
    head_bucket: str | None = Field(
        default=None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#]*)?(\?[^#]*)?$",
        description="Object store with locks that each head is put into: `s3://bucket/prefix`, where needed with "
        "`?region=…&endpoint=https://…`. The bucket has Object Lock on; credentials are those of the account, never here.",
    )
    head_bucket_keep: Duration = Field(
        default=SIX_YEARS, description="How long each head there is locked, in mode COMPLIANCE."
    )
    head_mail: Mailbox | None = Field(
        default=None, description="Address outside the practice's systems that the newest head is mailed to."
    )
    head_mail_every: Duration = Field(
        default=timedelta(days=1), description="How often it is mailed, if there are new rows."
    )
    every_rows: int = Field(default=1000, ge=1, description="A head at the latest after so many rows.")
    every: Duration = Field(
        default=timedelta(seconds=10), description="A head at the latest after this long, if there are new rows."
    )


class BackupSection(Section):
    """`[backup]`: sealed backups, and the journal that a restore replays."""

    public_key: FilePath | None = Field(
        default=None, description="Public half of the offline backup key; without it `sealgate backup` refuses."
    )
    keep: int = Field(
        default=14, ge=1, description="Backups kept in one directory; `sealgate backup` removes older ones."
    )
    shelf_keep: Duration = Field(
        default=timedelta(days=7),
        description="How long a backup's copy of the key shelf is kept, at most 7 days; the next backup overwrites older ones.",
    )
    journal_files: tuple[FilePath, ...] = Field(
        default=(Path("journal.jsonl"),),
        description="Files outside the store, better on another machine, that each row of the log is copied to.",
    )

    @model_validator(mode="after")
    def _shelf_is_short_lived(self) -> Self:
        if self.shelf_keep > timedelta(days=7):
            raise ValueError("shelf_keep is at most 7d: a copy of the shelf that lives on undoes the forgetting")
        return self


class LimitsSection(Section):
    """`[limits]`: bounds of the whole installation. `[smtp.limits]` bounds one client."""

    spool_bytes: Size = Field(default=20 * 1024**3, description="Sealed mail in hand; beyond, 452.")
    spool_bytes_per_sender: Size = Field(default=2 * 1024**3, description="The same for one sender.")
    held_per_sender: int = Field(default=200, ge=1, description="Held messages of one sender; beyond, 452.")
    recipient_bytes: Size = Field(
        default=5 * 1024**3, description="Recipients times size of one message, before it is split."
    )
    codes_per_address: int = Field(
        default=10, ge=1, description="One-time codes sent to one mailbox or phone within an hour."
    )
    codes_per_network: int = Field(
        default=60, ge=1, description="One-time codes asked for from one network address within an hour."
    )


class MetricsSection(Section):
    """`[metrics]`: where each role shows /metrics, on a port of its own; none switches it off. Best on loopback."""

    smtp: Listen | None = Field(default=None, description="The smtp role's, `127.0.0.1:9101`.")
    inbound: Listen | None = Field(default=None, description="The inbound role's.")
    worker: Listen | None = Field(default=None, description="The worker role's.")
    web: Listen | None = Field(default=None, description="The web role's.")
    review: Listen | None = Field(default=None, description="The review role's.")


class UsersSection(Section):
    """`[users]`: who may submit."""

    file: FilePath = Field(
        default=Path("users.toml"), description="Password file (argon2id), written by `sealgate user`."
    )

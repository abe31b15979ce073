"""Port: counting. What may be counted stands in the tables below, and labels come from fixed sets: no ids, no personal data.

How to count: a room takes `metrics: Metrics = uncounted` and says `metrics.refused(Limit.SPOOL_BYTES)` where a limit
turns somebody away, `metrics.level(Limit.STREAMS, n)` where its present use changes, and `metrics.count(Count.…)` for
anything else. A new limit gets a member of `Limit`, its row in `LIMITS` and a line in `tests/promises/limits.toml`; a new
event a member of `Count` and its row in `COUNTS`; a role's other present values are in `GAUGES`. The reference docs/reference/metrics.md is made from these tables.
Counting never fails and never decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from gateway.domain.threat import ThreatKind
from gateway.ports.threats import Answer


class Limit(StrEnum):
    """What is bounded; the value is the label `limit` of the three families `sealgate_limit…`."""

    SPOOL_BYTES = "spool_bytes"
    SPOOL_BYTES_PER_SENDER = "spool_bytes_per_sender"
    HELD_PER_SENDER = "held_per_sender"
    RECIPIENT_BYTES = "recipient_bytes"
    CODES_PER_PARCEL = "codes"
    CODE_TRIES = "code_tries"
    CODES_PER_ADDRESS = "codes_per_address"
    CODES_PER_NETWORK = "codes_per_network"
    STREAMS = "streams"
    WEB_CONNECTIONS = "web_connections"
    MESSAGE_BYTES = "message_bytes"
    RECIPIENTS = "recipients"
    CONNECTIONS = "connections"
    CONNECTIONS_PER_ADDRESS = "connections_per_address"
    MESSAGES_PER_CONNECTION = "messages_per_connection"
    COMMANDS_PER_MINUTE = "commands_per_minute"
    ERRORS_PER_CONNECTION = "errors_per_connection"
    COMMAND_LINE_BYTES = "command_line_bytes"
    SILENCE = "silence"
    DATA_RATE = "data_rate"
    PASSWORD_TRIES = "auth_tries_per_connection"  # noqa: S105 - a name, no password
    PASSWORD_FAILURES = "auth_failures_per_address"  # noqa: S105
    ACCOUNT_FAILURES = "auth_failures_per_account"
    PASSWORD_CHECKS = "password_checks"  # noqa: S105
    RECEIVED_HEADERS = "received_headers"
    LONG_INSPECTIONS = "long_inspections"
    ANSWER_BYTES = "answer_bytes"
    ANSWER_FILES = "answer_files"
    ANSWER_CHARACTERS = "answer_characters"


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit: the settings that make it, what is refused beyond it, and whether its present use is shown."""

    settings: tuple[str, ...]
    """As `table.key`; the first one is shown as `sealgate_limit`. `smtp.limits` stands for `inbound.limits` too."""
    beyond: str
    measured: bool = False


LIMITS: Mapping[Limit, Bound] = MappingProxyType(
    {
        Limit.SPOOL_BYTES: Bound(
            ("limits.spool_bytes",), "452 4.3.1 at MAIL (SIZE= counts), within DATA or at its end", measured=True
        ),
        Limit.SPOOL_BYTES_PER_SENDER: Bound(
            ("limits.spool_bytes_per_sender",), "452 4.3.1; the use shown is the greatest sender's", measured=True
        ),
        Limit.HELD_PER_SENDER: Bound(
            ("limits.held_per_sender",), "452 4.3.1; the use shown is the greatest sender's", measured=True
        ),
        Limit.RECIPIENT_BYTES: Bound(
            ("limits.recipient_bytes",), "452 4.5.3 at RCPT where SIZE= was given, else 552 5.3.4 within DATA"
        ),
        Limit.CODES_PER_PARCEL: Bound(("parcel.codes", "parcel.code_window"), "the next code waits"),
        Limit.CODE_TRIES: Bound(("parcel.code_tries",), "the next try waits"),
        Limit.CODES_PER_ADDRESS: Bound(("limits.codes_per_address",), "no code is sent"),
        Limit.CODES_PER_NETWORK: Bound(("limits.codes_per_network",), "429 with Retry-After"),
        Limit.STREAMS: Bound(("web.streams",), "503 with Retry-After", measured=True),
        Limit.WEB_CONNECTIONS: Bound(("web.connections",), "503 before the request is read"),
        Limit.MESSAGE_BYTES: Bound(("smtp.limits.message_bytes", "smtp.limits.swallow_bytes"), "552 5.3.4"),
        Limit.RECIPIENTS: Bound(("smtp.limits.recipients",), "452 4.5.3"),
        Limit.CONNECTIONS: Bound(("smtp.limits.connections",), "421 4.7.0", measured=True),
        Limit.CONNECTIONS_PER_ADDRESS: Bound(("smtp.limits.connections_per_address",), "421 4.7.0"),
        Limit.MESSAGES_PER_CONNECTION: Bound(("smtp.limits.messages_per_connection",), "421 4.7.0"),
        Limit.COMMANDS_PER_MINUTE: Bound(("smtp.limits.commands_per_minute",), "421 4.7.0"),
        Limit.ERRORS_PER_CONNECTION: Bound(("smtp.limits.errors_per_connection",), "421 4.7.0"),
        Limit.COMMAND_LINE_BYTES: Bound(("smtp.limits.command_line_bytes",), "500 5.5.6"),
        Limit.SILENCE: Bound(("smtp.limits.command", "smtp.limits.greeting", "smtp.limits.handshake"), "421 4.4.2"),
        Limit.DATA_RATE: Bound(
            ("smtp.limits.data_bytes_per_second", "smtp.limits.data_grace", "smtp.limits.data"), "421 4.4.2"
        ),
        Limit.PASSWORD_TRIES: Bound(("smtp.limits.auth_tries_per_connection",), "421 4.7.0"),
        Limit.PASSWORD_FAILURES: Bound(
            ("smtp.limits.auth_failures_per_address", "smtp.limits.auth_window"), "454 4.7.0 without looking"
        ),
        Limit.ACCOUNT_FAILURES: Bound(
            ("smtp.limits.auth_failures_per_account",), "454 4.7.0 without looking, from addresses new to the account"
        ),
        Limit.PASSWORD_CHECKS: Bound(
            ("smtp.limits.password_checks", "smtp.limits.password_queue"), "454 4.7.0", measured=True
        ),
        Limit.LONG_INSPECTIONS: Bound(
            ("sandbox.long_children", "sandbox.quick_bytes", "sandbox.quick"),
            "nobody is refused: the mail waits in the queue of those that take long",
            measured=True,
        ),
        Limit.ANSWER_BYTES: Bound(
            ("parcel.answer_bytes",), "413 before the upload is read where it was announced, else while it comes"
        ),
        Limit.ANSWER_FILES: Bound(("parcel.answer_files",), "413 when the next file begins"),
        Limit.ANSWER_CHARACTERS: Bound(("parcel.answer_characters",), "413 before any file is read"),
        Limit.RECEIVED_HEADERS: Bound(("smtp.limits.received_headers", "smtp.limits.header_bytes"), "554 5.4.6"),
    }
)


class Count(StrEnum):
    """What else is counted; the value is the metric's name, to which Prometheus adds `_total`."""

    SMTP_MESSAGES = "sealgate_smtp_messages"
    UNAUTHENTICATED = "sealgate_unauthenticated"
    IN_DOUBT = "sealgate_relay_in_doubt"
    LONG_TRANSACTIONS = "sealgate_long_transactions"
    THREATS = "sealgate_threats"
    VIRUS_SCANS = "sealgate_virus_scans"


@dataclass(frozen=True, slots=True)
class Counted:
    """One counter: what it counts, and the name and the only values of its label, if it has one."""

    help: str
    label: str = ""
    values: tuple[str, ...] = ()


COUNTS: Mapping[Count, Counted] = MappingProxyType(
    {
        Count.SMTP_MESSAGES: Counted("Messages that got their 250."),
        Count.UNAUTHENTICATED: Counted(
            "Things that clients without proof of identity did in vain; counted, no row of the log is written.",
            "action",
            (
                "smtp.password",
                "smtp.command",
                "smtp.recipient",
                "portal.link",
                "portal.code",
                "portal.throttled",
                "review.password",
            ),
        ),
        Count.IN_DOUBT: Counted(
            "Attempts taken up again although the next hop may have the mail: at most a duplicate."
        ),
        Count.LONG_TRANSACTIONS: Counted(
            "Transactions of the database that were held for more than a second, or ended for they did not end.",
            "end",
            ("its_own", "undone"),
        ),
        Count.THREATS: Counted(
            "Mails in which a threat of that kind was found, each time that one was judged.",
            "kind",
            tuple(one.value for one in ThreatKind),
        ),
        Count.VIRUS_SCANS: Counted(
            "Answers of clamd, one a part of a mail.",
            "answer",
            tuple(one.value for one in Answer),
        ),
    }
)


class Gauge(StrEnum):
    """What else has a present value; the value is the metric's name. Shown once it is known."""

    CERTIFICATE_ENDS = "sealgate_certificate_not_after_seconds"


GAUGES: Mapping[Gauge, str] = MappingProxyType(
    {
        Gauge.CERTIFICATE_ENDS: "When the certificate that this role shows ends, in seconds since 1970; less `time()`: "
        "the seconds that it has left.",
    }
)


class Metrics(Protocol):
    """Takes counts. Thread-safe, cheap, never raises; a value that no table knows is counted under `other`."""

    def refused(self, limit: Limit) -> None:
        """Somebody was turned away by this limit."""
        ...

    def level(self, limit: Limit, use: float) -> None:
        """How much of a measured limit is in use now, in the unit of its setting."""
        ...

    def count(self, what: Count, value: str = "") -> None:
        """It happened once; `value` is one of its label's."""
        ...


class Uncounted:
    """Counts nothing."""

    def refused(self, limit: Limit) -> None:
        """Nothing."""

    def level(self, limit: Limit, use: float) -> None:
        """Nothing."""

    def count(self, what: Count, value: str = "") -> None:
        """Nothing."""


uncounted = Uncounted()

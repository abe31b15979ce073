"""The door's limits, each with a default. All are per process; none can be switched off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Limits of one door. Times are seconds, sizes bytes."""

    message_bytes: int = 157_286_400
    """Greatest message, announced as SIZE and enforced while reading: 150 MiB, 100 MiB of attachment in base64."""
    swallow_bytes: int = 16_777_216
    """How far past a refusal DATA is still read, so that the client sees the reply; beyond, the line is cut."""
    recipients: int = 100
    """Recipients of one message; the next gets 452 4.5.3 (RFC 5321 4.5.3.1.8 asks for at least 100)."""
    connections: int = 500
    """Connections in all."""
    connections_per_address: int = 50
    """Connections from one network address."""
    messages_per_connection: int = 1000
    """Messages (MAIL commands) on one connection, then 421."""
    commands_per_minute: int = 3000
    """Commands a minute on one connection, then 421."""
    errors_per_connection: int = 20
    """Refused commands on one connection, then 421."""
    command_line_bytes: int = 4096
    """Longest command line; RFC 5321 4.5.3.1.4 asks for 512 and extensions add to it; AUTH may need more."""
    command_seconds: float = 300.0
    """How long the client may take for one whole command line (RFC 5321 4.5.3.2.7)."""
    greeting_seconds: float = 60.0
    """How long a connection may stay without a good MAIL command (inbound: a good RCPT): TLS, EHLO and AUTH included."""
    handshake_seconds: float = 30.0
    """How long a TLS handshake may take."""
    data_seconds: float = 3600.0
    """How long one DATA may take in all."""
    data_grace_seconds: float = 60.0
    """How long DATA may be slower than `data_bytes_per_second`; also how long it may be silent at its beginning."""
    data_bytes_per_second: int = 4096
    """The slowest DATA that is served, on average after the grace: the answer to slow loris."""
    auth_tries_per_connection: int = 3
    """Wrong passwords on one connection, then 421."""
    auth_failures_per_address: int = 20
    """Wrong passwords from one network address within `auth_window_seconds`, then 454 without looking."""
    auth_failures_per_account: int = 100
    """Wrong passwords for one account, from wherever, within `auth_window_seconds`; then 454 for addresses from which
    nobody has logged in to it, so that guessing from many places ends and the owner is not shut out."""
    auth_window_seconds: float = 900.0
    """How long a wrong password counts."""
    password_checks: int = 2
    """Passwords checked in parallel (each about 30 ms and 19 MiB)."""
    password_queue: int = 16
    """Password checks that wait beside those that run; beyond, 454 4.7.0."""
    finish_threads: int = 8
    """Messages made durable in parallel; they share group commits."""
    received_headers: int = 50
    """More Received fields than this are a loop: 554 5.4.6 (RFC 5321 6.3)."""
    header_bytes: int = 262_144
    """Longest header block: what the door cannot read to its end could name another author."""

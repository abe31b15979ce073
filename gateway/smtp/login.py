"""AUTH PLAIN and LOGIN (RFC 4954, RFC 4616), only under TLS, with limits on guessing."""

from __future__ import annotations

import base64
import binascii

from gateway.domain.envelope import Identity
from gateway.smtp.connection import Connection, code_of, log
from gateway.smtp.gate import Busy, Throttled
from gateway.smtp.inlet import LineTooLong
from gateway.smtp.replies import REPLIES, Answer

_RESPONSE_BYTES = 12_288
"""RFC 4954 4: the longest base64 line of an exchange."""


class _Refused(Exception):
    """The exchange ended without a password to check; carries the reply."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


async def auth(connection: Connection, argument: str) -> Answer:
    """AUTH mechanism [initial-response]."""
    refusal = _not_now(connection)
    if refusal:
        return REPLIES[refusal]
    mechanism, _, initial = argument.partition(" ")
    try:
        if mechanism.upper() == "PLAIN":
            name, password = await _plain(connection, initial)
        elif mechanism.upper() == "LOGIN":
            name, password = await _login(connection, initial)
        else:
            return REPLIES["auth.mechanism"]
    except _Refused as refused:
        return REPLIES[refused.reply]
    return await _check(connection, name, password)


def _not_now(connection: Connection) -> str:
    if not connection.profile.authenticates:
        return "command.absent"
    if not connection.tls:
        return "auth.tls"
    if not connection.extended:
        return "helo.first"
    if connection.identity is not None or connection.mail is not None:
        return "command.order"
    # The client must wait for our challenge or verdict (RFC 4954 4); what it sent ahead may be a password.
    if connection.inlet.waiting:
        return "command.pipelined"
    return "auth.throttled" if connection.house.gate.guessed_too_often(connection.address) else ""


async def _plain(connection: Connection, initial: str) -> tuple[str, str]:
    words = (_decoded(initial) if initial else await _asked(connection, b"")).split("\0")
    if len(words) != 3:
        raise _Refused("auth.encoding")
    acting_for, name, password = words
    if acting_for not in {"", name}:
        # Acting for somebody else is not offered: as good as a wrong password, and said the same way.
        raise _Refused("auth.wrong")
    return name, password


async def _login(connection: Connection, initial: str) -> tuple[str, str]:
    name = _decoded(initial) if initial else await _asked(connection, b"Username:")
    return name, await _asked(connection, b"Password:")


async def _asked(connection: Connection, challenge: bytes) -> str:
    connection.say(f"334 {base64.b64encode(challenge).decode()}")
    try:
        line = await connection.read_line(_RESPONSE_BYTES)
    except LineTooLong as error:
        raise _Refused("auth.long") from error
    if line is None:
        raise ConnectionResetError
    if line.strip() == b"*":
        raise _Refused("auth.aborted")
    return _decoded(line.strip().decode("latin-1"))


def _decoded(text: str) -> str:
    try:
        return "" if text == "=" else base64.b64decode(text.encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _Refused("auth.encoding") from error


async def _check(connection: Connection, name: str, password: str) -> Answer:
    identity: Identity | None
    try:
        identity = await connection.house.gate.authenticate(connection.address, name, password)
    except Throttled:
        return REPLIES["auth.throttled_account"]
    except Busy:
        return REPLIES["auth.busy"]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the password file, nobody gets in
        log.error("passwords cannot be checked: %s", code_of(error))
        return REPLIES["auth.unavailable"]
    if identity is None:
        connection.wrong_passwords += 1
        if connection.wrong_passwords >= connection.limits.auth_tries_per_connection:
            return REPLIES["limit.auth"]
        return REPLIES["auth.wrong"]
    connection.identity = identity
    connection.trusted()
    return REPLIES["auth.ok"]

"""The command table, and the commands that carry no mail: greetings, STARTTLS, and the small talk of SMTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.smtp.connection import Connection
from gateway.smtp.house import Handler
from gateway.smtp.login import auth
from gateway.smtp.receive import data
from gateway.smtp.replies import REPLIES, Answer
from gateway.smtp.transaction import mail, rcpt


async def helo(connection: Connection, argument: str) -> Answer:
    """HELO (RFC 5321 4.1.1.1): a client without extensions."""
    if not argument:
        return REPLIES["command.syntax"]
    if connection.inlet.waiting:
        return REPLIES["command.pipelined"]
    connection.ehlo, connection.extended, connection.mail = argument, False, None
    return Answer(250, "", connection.house.config.hostname)


async def ehlo(connection: Connection, argument: str) -> Answer | None:
    """EHLO: says what is offered here and now; AUTH only under TLS, and only where passwords are asked for."""
    if not argument:
        return REPLIES["command.syntax"]
    if connection.inlet.waiting:
        # The answer says what may be sent at all, so it comes last in a group (RFC 2920 3.1).
        return REPLIES["command.pipelined"]
    connection.ehlo, connection.extended, connection.mail = argument, True, None
    lines = [
        connection.house.config.hostname,
        "PIPELINING",
        f"SIZE {connection.limits.message_bytes}",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
    ]
    if connection.house.context is not None and not connection.tls:
        lines.append("STARTTLS")
    if connection.profile.authenticates and connection.tls and connection.identity is None:
        lines.append("AUTH PLAIN LOGIN")
    connection.say("\r\n".join(f"250-{line}" for line in lines) + "\r\n250 HELP")
    return None


async def starttls(connection: Connection, argument: str) -> Answer | None:
    """STARTTLS (RFC 3207). Whatever came in clear after it is never read as commands: the connection is closed."""
    if argument:
        return REPLIES["command.syntax"]
    if connection.house.context is None:
        return REPLIES["command.absent"]
    if connection.tls:
        return REPLIES["command.order"]
    # No more clear text from here on: what the socket still holds goes to the handshake, and fails it.
    connection.transport.pause_reading()
    if connection.inlet.waiting:
        return REPLIES["tls.injected"]
    connection.say(REPLIES["tls.go"])
    if not await connection.upgrade():
        raise ConnectionResetError
    return None


async def noop(_connection: Connection, _argument: str) -> Answer:
    """NOOP."""
    return REPLIES["ok"]


async def rset(connection: Connection, argument: str) -> Answer:
    """RSET: forget the transaction."""
    if argument:
        return REPLIES["command.syntax"]
    connection.mail = None
    return REPLIES["ok"]


async def leave(_connection: Connection, argument: str) -> Answer:
    """QUIT."""
    return REPLIES["command.syntax"] if argument else REPLIES["bye"]


async def explain(_connection: Connection, _argument: str) -> Answer:
    """HELP: names no product."""
    return REPLIES["help"]


async def vrfy(_connection: Connection, _argument: str) -> Answer:
    """VRFY: tells nobody who is there (RFC 5321 7.3)."""
    return REPLIES["vrfy"]


async def absent(_connection: Connection, _argument: str) -> Answer:
    """A known command that is not offered."""
    return REPLIES["command.absent"]


COMMANDS: Mapping[str, Handler] = MappingProxyType(
    {
        "HELO": helo,
        "EHLO": ehlo,
        "STARTTLS": starttls,
        "AUTH": auth,
        "MAIL": mail,
        "RCPT": rcpt,
        "DATA": data,
        "RSET": rset,
        "NOOP": noop,
        "QUIT": leave,
        "HELP": explain,
        "VRFY": vrfy,
        "EXPN": absent,
        "BDAT": absent,
        "TURN": absent,
        "ETRN": absent,
    }
)

"""One table: error code -> SMTP code, enhanced status (RFC 3463), plain words. Every reply with a failure comes from here.

The words are for the person who reads the bounce of their mail client; they never quote the mail, its addresses, or the
inside of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.domain.errors import LimitExceeded, MailRefused, SealgateError
from gateway.ports.metrics import Limit


@dataclass(frozen=True, slots=True)
class Answer:
    """One SMTP reply. `closes` ends the connection after it."""

    code: int
    status: str
    words: str
    closes: bool = False
    name: str = field(default="", compare=False)
    """Its key in the table."""

    def __str__(self) -> str:
        return f"{self.code} {self.status} {self.words}".replace("  ", " ")

    @property
    def refuses(self) -> bool:
        """Whether it counts as an error of the client; what is temporary is no fault of theirs."""
        return self.code >= 500


_TABLE: Mapping[str, Answer] = {
    # Good ones
    "ok": Answer(250, "2.0.0", "OK"),
    "sender.ok": Answer(250, "2.1.0", "OK"),
    "recipient.ok": Answer(250, "2.1.5", "OK"),
    "bye": Answer(221, "2.0.0", "Bye", closes=True),
    "help": Answer(214, "2.0.0", "RFC 5321 explains this service"),
    "vrfy": Answer(252, "2.5.0", "Send some mail and see"),
    "tls.go": Answer(220, "2.0.0", "Ready to start TLS"),
    "auth.ok": Answer(235, "2.7.0", "Authentication successful"),
    "data.go": Answer(354, "", "End data with <CRLF>.<CRLF>"),
    # Protocol
    "command.unknown": Answer(500, "5.5.1", "Command not recognized"),
    "command.absent": Answer(502, "5.5.1", "Command not offered here"),
    "command.syntax": Answer(501, "5.5.4", "Syntax error in parameters"),
    "command.line": Answer(500, "5.5.2", "Command lines end with CRLF and hold no control characters"),
    "command.long": Answer(500, "5.5.6", "Command line too long"),
    "command.order": Answer(503, "5.5.1", "Bad sequence of commands"),
    "command.parameter": Answer(555, "5.5.4", "Parameter not recognized"),
    "command.pipelined": Answer(554, "5.5.0", "Data sent before its turn", closes=True),
    "command.foreign": Answer(554, "5.5.0", "This is a mail service", closes=True),
    "helo.first": Answer(503, "5.5.1", "Send EHLO first"),
    "data.no_recipient": Answer(554, "5.5.1", "No valid recipients"),
    # Identity
    "tls.required": Answer(530, "5.7.0", "Must issue a STARTTLS command first"),
    "tls.injected": Answer(554, "5.5.0", "Data sent before the TLS handshake", closes=True),
    "auth.required": Answer(530, "5.7.0", "Authentication required"),
    "auth.tls": Answer(538, "5.7.11", "Encryption required for requested authentication mechanism"),
    "auth.mechanism": Answer(504, "5.5.4", "Mechanism not offered"),
    "auth.aborted": Answer(501, "5.7.0", "Authentication aborted"),
    "auth.encoding": Answer(501, "5.5.2", "Cannot decode the response"),
    "auth.long": Answer(500, "5.5.6", "Authentication exchange line is too long"),
    "auth.wrong": Answer(535, "5.7.8", "Authentication credentials invalid"),
    "auth.busy": Answer(454, "4.7.0", "Too many password checks at the moment, try again shortly"),
    "auth.throttled": Answer(454, "4.7.0", "Too many wrong passwords, try again later"),
    "auth.throttled_account": Answer(454, "4.7.0", "Too many wrong passwords, try again later"),
    "auth.unavailable": Answer(454, "4.7.0", "Temporary authentication failure"),
    "client.unknown": Answer(550, "5.7.1", "This machine may not send through this service"),
    "sender.not_yours": Answer(550, "5.7.1", "You may not send as this address"),
    "sender.null": Answer(550, "5.7.1", "The null reverse-path is not accepted here"),
    "from.not_yours": Answer(550, "5.7.1", "You may not send with this address in the From or Sender header"),
    "from.twice": Answer(550, "5.7.1", "More than one From or Sender header"),
    "from.unreadable": Answer(550, "5.6.0", "The From or Sender header cannot be read as e-mail addresses"),
    # Addresses
    "address.invalid": Answer(553, "5.1.3", "Malformed address"),
    "address.sender": Answer(553, "5.1.7", "Malformed sender address"),
    "address.routed": Answer(553, "5.1.3", "Addresses with % or ! before the @ are not accepted"),
    "address.utf8": Answer(553, "5.6.7", "This address needs the SMTPUTF8 parameter"),
    "recipient.unknown": Answer(550, "5.1.1", "No such address here"),
    "limit.recipients": Answer(452, "4.5.3", "Too many recipients, send the rest in another message"),
    # Message
    "limit.message_bytes": Answer(552, "5.3.4", "Message is larger than this service accepts"),
    "message.line_ends": Answer(
        550, "5.6.0", "Message has a bare CR or LF, or a line that begins with NUL; lines must end with CRLF"
    ),
    "message.loop": Answer(
        554, "5.4.6", "The message goes in circles: it was here before, or has too many Received headers"
    ),
    "header.long": Answer(552, "5.3.4", "The header of the message is longer than this service reads"),
    "mail.refused": Answer(550, "5.6.0", "Message refused"),
    "mail.malformed": Answer(550, "5.6.0", "Message cannot be read"),
    # Us
    "store.unavailable": Answer(451, "4.3.0", "Cannot take mail safely at the moment, try again later"),
    "store.sync_failed": Answer(451, "4.3.0", "Cannot take mail safely at the moment, try again later"),
    "not_ready": Answer(451, "4.3.0", "Not taking mail at the moment, try again later"),
    "temporary": Answer(451, "4.3.0", "Temporary failure, try again later"),
    "limit": Answer(452, "4.3.1", "No room at the moment, try again later"),
    "limit.spool_bytes": Answer(452, "4.3.1", "No room for more mail at the moment, try again later"),
    "limit.spool_bytes_per_sender": Answer(
        452, "4.3.1", "Too much of your mail is in hand, try again when some of it has left"
    ),
    "limit.held_per_sender": Answer(
        452, "4.3.1", "Too many of your messages are held, have them released or refused and try again"
    ),
    "limit.recipient_bytes": Answer(
        552, "5.3.4", "Message is too large for so many recipients, send to fewer at a time"
    ),
    "limit.recipients_of_size": Answer(
        452, "4.5.3", "Too many recipients for a message of this size, send the rest in another message"
    ),
    "limit.connections": Answer(421, "4.7.0", "Too many connections, try again later", closes=True),
    "limit.connections_per_address": Answer(
        421, "4.7.0", "Too many connections from your network address, try again later", closes=True
    ),
    "limit.displaced": Answer(421, "4.7.0", "Too many connections and nothing sent on this one", closes=True),
    "limit.messages": Answer(421, "4.7.0", "Too many messages on one connection", closes=True),
    "limit.commands": Answer(421, "4.7.0", "Too many commands, slow down", closes=True),
    "limit.errors": Answer(421, "4.7.0", "Too many errors", closes=True),
    "limit.auth": Answer(421, "4.7.0", "Too many wrong passwords", closes=True),
    "timeout": Answer(421, "4.4.2", "Time-out, closing connection", closes=True),
    "too_slow": Answer(421, "4.4.2", "Message data came too slowly, closing connection", closes=True),
    "too_long": Answer(552, "5.3.4", "Message is larger than this service accepts", closes=True),
    "closing": Answer(421, "4.3.2", "Service shutting down, try again later", closes=True),
    "unready": Answer(421, "4.3.2", "Not taking mail at the moment, try again later", closes=True),
}

REPLIES: Mapping[str, Answer] = {name: replace(answer, name=name) for name, answer in _TABLE.items()}

MET: Mapping[str, Limit] = {
    "limit.spool_bytes": Limit.SPOOL_BYTES,
    "limit.spool_bytes_per_sender": Limit.SPOOL_BYTES_PER_SENDER,
    "limit.held_per_sender": Limit.HELD_PER_SENDER,
    "limit.recipient_bytes": Limit.RECIPIENT_BYTES,
    "limit.recipients_of_size": Limit.RECIPIENT_BYTES,
    "limit.message_bytes": Limit.MESSAGE_BYTES,
    "limit.recipients": Limit.RECIPIENTS,
    "limit.connections": Limit.CONNECTIONS,
    "limit.connections_per_address": Limit.CONNECTIONS_PER_ADDRESS,
    "limit.displaced": Limit.CONNECTIONS,
    "limit.messages": Limit.MESSAGES_PER_CONNECTION,
    "limit.commands": Limit.COMMANDS_PER_MINUTE,
    "limit.errors": Limit.ERRORS_PER_CONNECTION,
    "command.long": Limit.COMMAND_LINE_BYTES,
    "auth.long": Limit.COMMAND_LINE_BYTES,
    "timeout": Limit.SILENCE,
    "too_slow": Limit.DATA_RATE,
    "limit.auth": Limit.PASSWORD_TRIES,
    "auth.throttled": Limit.PASSWORD_FAILURES,
    "auth.throttled_account": Limit.ACCOUNT_FAILURES,
    "auth.busy": Limit.PASSWORD_CHECKS,
    "message.loop": Limit.RECEIVED_HEADERS,
    "header.long": Limit.RECEIVED_HEADERS,
}
"""Replies that say that a limit was met."""


def accepted(message_id: str) -> Answer:
    """The reply that promises durability, with the id that `sealgate why` takes."""
    return Answer(250, "2.0.0", message_id)


def answer_for(error: BaseException) -> Answer:
    """Translate an error by its code; what the table does not know is temporary, so that nobody loses mail over it."""
    if isinstance(error, LimitExceeded):
        return REPLIES.get(f"limit.{error.which}", REPLIES["limit"])
    if isinstance(error, MailRefused):
        return REPLIES.get(error.reason, REPLIES["mail.refused"])
    if isinstance(error, SealgateError):
        return REPLIES.get(error.code, REPLIES["temporary"])
    return REPLIES["temporary"]

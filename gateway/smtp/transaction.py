"""MAIL and RCPT: who sends to whom, and whether they may. No policy: only identity, syntax and limits."""

from __future__ import annotations

from gateway.domain.address import Address
from gateway.domain.envelope import Identity
from gateway.domain.errors import InvalidAddress
from gateway.smtp.connection import Connection, code_of, log
from gateway.smtp.house import Mail
from gateway.smtp.paths import BadArgument, BadParameter, Path, read_address, read_path
from gateway.smtp.replies import REPLIES, Answer, answer_for
from gateway.smtp.settings import Profile

_MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "AUTH"})


async def mail(connection: Connection, argument: str) -> Answer:
    """MAIL FROM:<sender> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [AUTH=…] (RFC 5321 4.1.1.2)."""
    refusal = _may_send(connection)
    if refusal:
        return REPLIES[refusal]
    identity = connection.identity
    assert identity is not None
    try:
        path = read_path(argument, "FROM:", _MAIL_PARAMETERS if connection.extended else frozenset())
    except BadArgument:
        return REPLIES["command.syntax"]
    except BadParameter:
        return REPLIES["command.parameter"]
    refusal = _parameters(connection, path)
    if refusal:
        return REPLIES[refusal]
    smtputf8 = "SMTPUTF8" in path.parameters
    sender: Address | None = None
    if path.text:
        try:
            sender = read_address(path.text, smtputf8=smtputf8)
        except InvalidAddress:
            return REPLIES["address.sender"]
        if sender is None:
            return REPLIES["address.utf8"]
    refusal = _send_as(connection, identity, sender)
    if refusal:
        return REPLIES[refusal]
    size = int(path.parameters.get("SIZE") or 0)
    try:
        connection.house.intake.admit(identity, size)
    except Exception as error:  # noqa: BLE001 - nothing was promised; the table knows what to say
        log.warning("intake has no room: %s", code_of(error))
        return answer_for(error)
    connection.messages += 1
    connection.mail = Mail(sender, smtputf8, size)
    if connection.profile is not Profile.INBOUND:
        connection.proven()
    return REPLIES["sender.ok"]


def _may_send(connection: Connection) -> str:
    if not connection.ehlo:
        return "helo.first"
    if connection.needs_tls and not connection.tls:
        return "tls.required"
    if connection.identity is None:
        return "auth.required" if connection.profile.authenticates else "client.unknown"
    if connection.mail is not None:
        return "command.order"
    if connection.messages >= connection.limits.messages_per_connection:
        return "limit.messages"
    return "" if connection.house.intake.ready() else "not_ready"


def _parameters(connection: Connection, path: Path) -> str:
    given = path.parameters
    if (given.get("BODY", "7BIT") or "").upper() not in {"7BIT", "8BITMIME"}:
        return "command.syntax"
    if given.get("SMTPUTF8") is not None or ("AUTH" in given and given["AUTH"] is None):
        return "command.syntax"
    if "SIZE" in given:
        size = given["SIZE"] or ""
        if not (size.isascii() and size.isdigit() and len(size) <= 20):
            return "command.syntax"
        if int(size) > connection.limits.message_bytes:
            return "limit.message_bytes"
    return ""


def _send_as(connection: Connection, identity: Identity, sender: Address | None) -> str:
    """RFC 6409 6.1. Inbound mail claims nothing: what it says it is from has no weight."""
    if connection.profile is Profile.INBOUND:
        return ""
    if sender is None:
        return "" if connection.null_sender else "sender.null"
    return "" if identity.may_use(sender) else "sender.not_yours"


async def rcpt(connection: Connection, argument: str) -> Answer:
    """RCPT TO:<recipient> (RFC 5321 4.1.1.3)."""
    transaction = connection.mail
    if transaction is None:
        return REPLIES["command.order"]
    try:
        path = read_path(argument, "TO:", frozenset())
        recipient = _recipient(connection, path.text, smtputf8=transaction.smtputf8)
    except BadArgument:
        return REPLIES["command.syntax"]
    except BadParameter:
        return REPLIES["command.parameter"]
    except InvalidAddress:
        return REPLIES["address.invalid"]
    if recipient is None:
        return REPLIES["address.utf8"]
    if "%" in recipient.local or "!" in recipient.local:
        # Some mail servers read these as a route to another domain than the one that policy judged.
        return REPLIES["address.routed"]
    if connection.profile is Profile.INBOUND and not connection.house.accepts(recipient):
        return REPLIES["recipient.unknown"]
    if recipient.key not in transaction.recipients:
        if len(transaction.recipients) >= connection.limits.recipients:
            return REPLIES["limit.recipients"]
        if not connection.house.intake.fits(len(transaction.recipients) + 1, transaction.size):
            return REPLIES["limit.recipients_of_size" if transaction.recipients else "limit.recipient_bytes"]
        transaction.recipients[recipient.key] = recipient
    if connection.profile is Profile.INBOUND and not connection.house.guessable(recipient):
        # Only now has a stranger shown something: an address that nobody can guess.
        connection.proven()
    return REPLIES["recipient.ok"]


def _recipient(connection: Connection, text: str, *, smtputf8: bool) -> Address | None:
    if connection.profile is Profile.INBOUND and text.lower() == "postmaster":
        # RFC 5321 4.5.1: postmaster without a domain is ours.
        text = f"postmaster@{connection.house.config.hostname}"
    return read_address(text, smtputf8=smtputf8)

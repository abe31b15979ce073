"""One SMTP connection: aiosmtpd's protocol with its own input, its own command loop and a fixed cost of set-up.

Stock aiosmtpd inspects every member on every connection, reads DATA a line at a time, and logs addresses and content;
here the loop reads from `Inlet`, looks commands up in one table, and counts what a client may do. Nothing is logged but
codes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Mapping
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from gateway.domain.envelope import Identity
from gateway.domain.errors import SealgateError
from gateway.ports.metrics import Count
from gateway.smtp.house import House, Mail
from gateway.smtp.inlet import Inlet, LineTooLong
from gateway.smtp.replies import MET, REPLIES, Answer
from gateway.smtp.settings import Profile
from gateway.smtp.tls import client_names

log = logging.getLogger("sealgate.smtp")

_REPLIES_WAITING = 65_536
"""Bytes of replies that a client may leave unread before it is not served on."""
_LINGER = 10.0
"""Seconds that a client has to take the last reply."""
_FOREIGN = frozenset({"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI", "HOST:"})
"""First words of HTTP: a browser that was sent here must not have the rest of its request read as commands."""
_IN_VAIN: Mapping[str, str] = {
    **dict.fromkeys(("auth.wrong", "limit.auth", "auth.throttled", "auth.throttled_account"), "smtp.password"),
    "recipient.unknown": "smtp.recipient",
}


class Connection(SMTP):
    """The state of one connection. Command handlers are functions that take it (see `commands.py`)."""

    def __init__(self, house: House, profile: Profile, loop: asyncio.AbstractEventLoop) -> None:
        # Not SMTP.__init__: it costs more than the rest of a small mail. What it would set and the
        # inherited connection_made, connection_lost and time-out use is set here.
        asyncio.StreamReaderProtocol.__init__(self, None, loop=loop)  # type: ignore[arg-type]  # no StreamReader: Inlet
        self.loop = loop
        self._timeout_duration = house.config.limits.greeting_seconds
        self._timeout_handle: asyncio.TimerHandle | None = None
        self._original_transport = None
        self._tls_protocol = None
        self._handler_coroutine: asyncio.Task[None] | None = None
        self.transport: Any = None
        self.session = None
        self.envelope = None
        self.house = house
        self.limits = house.config.limits
        self.profile = profile
        self.inlet = Inlet()
        self.address = ""
        self.tls = False
        self.ehlo = ""
        self.extended = False
        self.identity: Identity | None = None
        self.null_sender = profile is Profile.INBOUND
        self.needs_tls = profile.authenticates
        self.mail: Mail | None = None
        self.messages = 0
        self.wrong_passwords = 0
        self.at_prompt = False
        self._errors = 0
        self._minute = 0.0
        self._commands = 0
        self.refusal = ""
        self.handshake: asyncio.Task[None] | None = None

    # The protocol, as asyncio calls it.

    def arrive(self, address: str) -> bool:
        """Count it in, before anything is read; False when there is no room (`depart` takes it off all the same)."""
        self.address = address
        self.refusal = self.house.gate.enter(address, self)
        self.house.connections.add(self)
        return not self.refusal

    def depart(self) -> None:
        """Count it out, once."""
        if self in self.house.connections:
            self.house.connections.discard(self)
            self.house.gate.leave(self.address, self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start its task; with implicit TLS it has arrived before the handshake."""
        stream = cast("asyncio.Transport", transport)
        if self not in self.house.connections:
            peer = transport.get_extra_info("peername")
            self.arrive(str(peer[0]) if isinstance(peer, tuple) else "")
        self.inlet.attach(stream)
        self.tls = self.profile is Profile.SUBMISSIONS
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count it out; a message that has not ended is forgotten by its own task."""
        self.depart()
        self.inlet.feed_eof()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        self.inlet.feed(data)

    def eof_received(self) -> bool:
        """A half-closed connection is served to the end of what it sent; TLS knows no half."""
        self.inlet.feed_eof()
        return not self.tls

    def _timeout_cb(self) -> None:
        self.say(REPLIES["timeout"])
        self._hang_up()

    # Output.

    def say(self, answer: Answer | str) -> None:
        """Write one reply (or several lines); a refusal is counted."""
        if isinstance(answer, Answer):
            self._count(answer)
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(f"{answer}\r\n".encode())

    def _count(self, answer: Answer) -> None:
        if answer.name in MET:
            self.house.metrics.refused(MET[answer.name])
        if answer.code >= 400 and (self.identity is None or self.profile is Profile.INBOUND):
            self.house.metrics.count(Count.UNAUTHENTICATED, _IN_VAIN.get(answer.name, "smtp.command"))
        elif answer.refuses and self.identity is not None:
            self.house.refused(self.identity, answer.name)

    async def _settled(self) -> None:
        """Wait for a client that does not read its replies, but not for ever."""
        if self.transport is not None and self.transport.get_write_buffer_size() > _REPLIES_WAITING:
            async with asyncio.timeout(self.limits.command_seconds):
                await self._drain_helper()  # type: ignore[attr-defined]  # asyncio's flow control

    def _hang_up(self) -> None:
        """Close after the last reply; a client that does not take it is not waited for."""
        transport = self.transport
        if transport is None:
            return
        transport.close()
        waiting = transport.get_write_buffer_size()
        if waiting > _REPLIES_WAITING:
            transport.abort()
        elif waiting:
            self.loop.call_later(_LINGER, transport.abort)

    # The life of a connection.

    async def _handle_client(self) -> None:
        try:
            await self._serve()
        except TimeoutError:
            self.say(REPLIES["timeout"])
        except (ConnectionError, ssl.SSLError):
            log.debug("connection ended by the peer")
        except Exception as error:  # noqa: BLE001 - the last line: no fault of ours may leave a client without a reply
            log.error("connection failed: %s", code_of(error))
            self.say(Answer(421, "4.3.0", "Temporary failure, try again later", closes=True))
        finally:
            self._hang_up()

    async def _serve(self) -> None:
        refusal = self._turned_away()
        if refusal:
            self.say(REPLIES[refusal])
            return
        self._identify()
        self.say(f"220 {self.house.config.hostname} ESMTP")
        while True:
            answer = await self._next()
            if answer is not None:
                self.say(answer)
                if answer.closes:
                    return
                if answer.refuses:
                    self._errors += 1
                if self._errors > self.limits.errors_per_connection:
                    self.say(REPLIES["limit.errors"])
                    return
            await self._settled()
            if self.house.draining:
                self.say(REPLIES["closing"])
                return

    def _turned_away(self) -> str:
        if self.refusal:
            return self.refusal
        if self.house.draining:
            return "closing"
        return "" if self.house.intake.ready() else "unready"

    async def _next(self) -> Answer | None:
        """Read and carry out one command; the end of input is a silent goodbye."""
        try:
            line = await self.read_line(self.limits.command_line_bytes)
        except LineTooLong:
            return REPLIES["command.long"]
        if line is None:
            raise ConnectionResetError
        if self._too_fast():
            return REPLIES["limit.commands"]
        text = _command(line)
        if text is None:
            return REPLIES["command.line"]
        verb, _, argument = text.partition(" ")
        if verb.upper() in _FOREIGN:
            return REPLIES["command.foreign"]
        if self.ehlo and not self.extended and self.inlet.waiting and verb.upper() != "QUIT":
            # After HELO nothing may be sent before the reply (RFC 5321 4.1.1, RFC 2920 3).
            return REPLIES["command.pipelined"]
        handler = self.house.commands.get(verb.upper())
        return await handler(self, argument) if handler is not None else REPLIES["command.unknown"]

    async def read_line(self, limit: int) -> bytes | None:
        """The next line; TimeoutError when the client takes too long over the whole of it."""
        self.at_prompt = True
        try:
            async with asyncio.timeout(self.limits.command_seconds):
                return await self.inlet.line(limit)
        finally:
            self.at_prompt = False

    def _too_fast(self) -> bool:
        now = self.loop.time()
        if now - self._minute >= 60.0:
            self._minute, self._commands = now, 0
        self._commands += 1
        return self._commands > self.limits.commands_per_minute

    def proven(self) -> None:
        """The client has shown that it may send: it need not hurry any more."""
        self.trusted()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()

    def trusted(self) -> None:
        """The client has shown who it is: it is not sent away to make room for others."""
        self.house.gate.proven(self.address, self)

    def displace(self) -> None:
        """The door is full and nothing was sent on this connection: somebody else gets its place."""
        self.say(REPLIES["limit.displaced"])
        self._hang_up()
        if self.handshake is not None:
            self.handshake.cancel()

    def cut(self) -> None:
        """The deadline has come."""
        if self.handshake is not None:
            self.handshake.cancel()
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        """The door drains: say goodbye now if nothing is under way, else after this command."""
        if self.at_prompt:
            self.say(REPLIES["closing"])
            self._hang_up()

    async def upgrade(self) -> bool:
        """Put TLS between us and the peer; False when the handshake fails. All that was said before is forgotten.

        The caller has paused reading, and nothing that came in clear may wait (RFC 3207 4.2).
        """
        context, plain = self.house.context, self.transport
        if context is None or self.inlet.waiting:
            return False
        self.inlet.attach(None)
        secure = None
        try:
            secure = await self.loop.start_tls(
                plain, self, context, server_side=True, ssl_handshake_timeout=self.limits.handshake_seconds
            )
        except (ssl.SSLError, OSError):
            with contextlib.suppress(OSError):
                plain.abort()
        if secure is None:
            # A handshake that never ended, or that we ended ourselves, is not reported to the protocol above it.
            self.connection_lost(None)
            return False
        self.transport = secure
        self.inlet.attach(secure)
        self.tls, self.ehlo, self.extended, self.mail = True, "", False, None
        self._identify()
        return True

    def _identify(self) -> None:
        """Who this is without a password: a smarthost client by certificate, else by network; anyone for inbound."""
        if self.profile is Profile.INBOUND:
            self.identity = Identity("", "peer")
        if self.profile is not Profile.SMARTHOST:
            return
        names = client_names(self.transport.get_extra_info("ssl_object")) if self.tls else None
        clients = self.house.config.clients
        shown = next((one for one in clients if names is not None and one.shows(*names)), None)
        listed = shown or next((one for one in clients if one.at(self.address)), None)
        if listed is not None:
            self.identity = listed.identity("certificate" if shown else "network")
            self.null_sender = listed.null_sender
            self.needs_tls = listed.require_tls


def _command(line: bytes) -> str | None:
    """The text of a command line, None for one that is not clean: bare LF, control characters, not UTF-8."""
    if not line.endswith(b"\r\n"):
        return None
    try:
        text = line[:-2].decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text.rstrip(" ") if text.isprintable() else None


def code_of(error: BaseException) -> str:
    """What may be logged of an error: its stable code or its type, never its text."""
    return error.code if isinstance(error, SealgateError) else type(error).__name__

"""One kept connection to the next hop: aiosmtplib with its DATA step replaced by one that streams.

Stock aiosmtplib runs two regular expressions over the whole body and hands it to the socket in one piece; here a chunk
is sent when the one before was taken. Runs in the relay's event loop.
"""

from __future__ import annotations

import asyncio
import re
import ssl

import aiosmtplib

from gateway.adapters.relay.names import Unresolved
from gateway.adapters.relay.options import Hop, RelayOptions
from gateway.ports.relay import Outcome, Reply

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")


class Unusable(Exception):
    """The hop cannot be used now; nothing of the message was sent. Carries the reply to report."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.stored)
        self.reply = reply


class HopSession(aiosmtplib.SMTP):
    """A connection to the hop. `open_data`, `send`, `end_data` in turn; after any failure it is dropped, never reused."""

    def __init__(self, hop: Hop, options: RelayOptions, context: ssl.SSLContext | None) -> None:
        super().__init__(
            hostname=hop.host,
            port=hop.port,
            local_hostname=options.hostname,
            timeout=options.connect_seconds,
            use_tls=hop.tls == "implicit",
            start_tls=False,
            tls_context=context,
        )
        self._hop = hop
        self._options = options
        self._final: asyncio.Task[aiosmtplib.SMTPResponse] | None = None
        self.messages = 0
        self.idle_since = 0.0
        self.tls_name = ""

    async def open(self) -> None:
        """Connect, verify TLS, greet and log in; Unusable when any of it fails."""
        try:
            await self.connect()
            await self.ehlo()
            if self._hop.tls == "starttls":
                if not self.supports_extension("starttls"):
                    raise Unusable(Reply(Outcome.TEMPORARY, 0, "4.7.10", "the hop does not offer STARTTLS"))
                await self.starttls()
                await self.ehlo()
            self.timeout = self._options.command_seconds
            if self._hop.user and self._hop.password is not None:
                await self.login(self._hop.user, self._hop.password.reveal())
        except Unusable:
            self.close()
            raise
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self.close()
            raise Unusable(_trouble(error)) from error
        tls = self.get_transport_info("ssl_object")
        if tls is not None:
            self.tls_name = f"{tls.version()} {tls.cipher()[0]}"
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport):
            # Every chunk waits until the one before has left: memory stays at one chunk, and `send` means sent.
            # Not 0: asyncio's TLS pauses at "no less than high", so that 0 would pause an empty buffer, for good.
            transport.set_write_buffer_limits(high=1, low=0)

    async def alive(self) -> bool:
        """Ask with RSET, which also clears what a refused message left behind."""
        try:
            return (await self.execute_command(b"RSET")).code == 250
        except (aiosmtplib.SMTPException, OSError):
            self.drop()
            return False

    async def open_data(self) -> Reply | None:
        """DATA; None when the hop wants the body, else its refusal."""
        response = await self.execute_command(b"DATA")
        if response.code != 354:
            return self.reply(response)
        assert self.protocol is not None
        # Listening from now on: a hop that answers before the end is heard, not mispaired with a later command.
        self._final = asyncio.ensure_future(self.protocol.read_response(timeout=None))
        return None

    async def send(self, chunk: bytes) -> None:
        """Send some of the body and wait until it has left; ConnectionError or TimeoutError when it does not."""
        if self._final is None or self._final.done() or self.protocol is None:
            raise ConnectionResetError("the hop answered before the end of the message")
        self.protocol.write(chunk)
        async with asyncio.timeout(self._options.chunk_seconds):
            await self.protocol._drain_helper()  # noqa: SLF001 - aiosmtplib has flow control and does not use it

    def early(self) -> Reply | None:
        """What the hop said before the end of the message; acceptance is not believed then."""
        if self._final is None or not self._final.done() or self._final.cancelled() or self._final.exception():
            return None
        reply = self.reply(self._final.result())
        if reply.outcome is Outcome.ACCEPTED:
            return Reply(Outcome.TEMPORARY, 0, "4.5.0", "the hop accepted before the end of the message", self.tls_name)
        return reply

    async def end_data(self) -> Reply:
        """The final dot, and the hop's verdict. Trouble from here on leaves it in doubt (TEMPORARY)."""
        assert self._final is not None
        if self._final.done():
            raise ConnectionResetError("the hop answered before the end of the message")
        assert self.protocol is not None
        self.protocol.write(b".\r\n")
        async with asyncio.timeout(self._options.final_seconds):
            response = await self._final
        self._final = None
        self.messages += 1
        if response.code == 421:
            self.drop()
        return self.reply(response)

    def drop(self) -> None:
        """End the connection at once, without a dot and without QUIT."""
        if self._final is not None:
            self._final.cancel()
            self._final = None
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        self.close()

    def reply(self, response: aiosmtplib.SMTPResponse) -> Reply:
        """An SMTP response as the port's reply."""
        return read_reply(response.code, response.message, self.tls_name)


def read_reply(code: int, text: str, tls: str) -> Reply:
    """Outcome by the code's first digit, enhanced status from the text where it agrees (RFC 2034 4)."""
    kinds = {2: Outcome.ACCEPTED, 5: Outcome.PERMANENT}
    found = _STATUS.match(text)
    agrees = found is not None and found.group(1) == str(code // 100)
    status = found.group() if found is not None and agrees else f"{code // 100 if code // 100 in {2, 5} else 4}.0.0"
    return Reply(kinds.get(code // 100, Outcome.TEMPORARY), code, status, text, tls)


def _trouble(error: BaseException) -> Reply:
    """What went wrong before a message was offered: never its fault, so never permanent."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, ssl.SSLError):
            return Reply(Outcome.TEMPORARY, 0, "4.7.5", "TLS to the hop could not be verified")
        if isinstance(chain, Unresolved):
            return Reply(Outcome.TEMPORARY, 0, "4.4.3", "the hop's name cannot be resolved now")
        chain = chain.__cause__ or chain.__context__
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Reply(Outcome.TEMPORARY, error.code, "4.7.8", error.message)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Reply(Outcome.TEMPORARY, max(0, error.code), "4.3.2", error.message)
    if isinstance(error, TimeoutError):
        return Reply(Outcome.TEMPORARY, 0, "4.4.1", "the hop did not answer in time")
    return Reply(Outcome.TEMPORARY, 0, "4.4.1", type(error).__name__)

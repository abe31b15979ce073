"""DATA: reads the message in chunks, in bounded memory, and hands it to intake as it comes.

Once something is wrong the rest is swallowed up to the true end of data, so that the client hears one clear refusal
and nothing of the message can be taken for commands.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.domain.envelope import Direction, Envelope
from gateway.ports.metrics import Count
from gateway.smtp.connection import Connection, code_of, log
from gateway.smtp.dotted import DottedBody
from gateway.smtp.header_watch import HeaderWatch
from gateway.smtp.house import Mail
from gateway.smtp.inlet import Inlet
from gateway.smtp.limits import DoorLimits
from gateway.smtp.ports import Acceptance
from gateway.smtp.replies import REPLIES, Answer, accepted, answer_for
from gateway.smtp.settings import Profile


async def data(connection: Connection, argument: str) -> Answer:
    """DATA (RFC 5321 4.1.1.4). 250 is said only when `Acceptance.finish` has returned."""
    transaction = connection.mail
    if argument:
        return REPLIES["command.syntax"]
    if transaction is None:
        return REPLIES["command.order"]
    connection.mail = None
    if connection.inlet.waiting:
        # DATA ends a group of pipelined commands (RFC 2920 3.1); this would be a body, or commands, out of turn.
        return REPLIES["command.pipelined"]
    if not transaction.recipients:
        return REPLIES["data.no_recipient"]
    envelope = _envelope(connection, transaction)
    try:
        acceptance = connection.house.intake.begin(envelope)
    except Exception as error:  # noqa: BLE001 - nothing was promised; the table knows what to say
        log.warning("intake did not begin: %s", code_of(error))
        return answer_for(error)
    connection.say(REPLIES["data.go"])
    # Whoever sends to an address that anybody knows is hurried until here; from here on by the least rate of DATA.
    connection.proven()
    identity = None if connection.profile is Profile.INBOUND else envelope.identity
    watch = HeaderWatch(identity, connection.limits.header_bytes, connection.limits.received_headers)
    return await _Reception(acceptance, watch, connection.limits).run(connection)


def _envelope(connection: Connection, transaction: Mail) -> Envelope:
    assert connection.identity is not None
    return Envelope(
        direction=Direction.INBOUND if connection.profile is Profile.INBOUND else Direction.OUTBOUND,
        identity=connection.identity,
        sender=transaction.sender,
        recipients=tuple(transaction.recipients.values()),
        client=connection.address,
        received_at=connection.house.clock.now(),
        smtputf8=transaction.smtputf8,
        tls=connection.tls,
    )


class _Reception:
    """One message between 354 and the reply to its end."""

    def __init__(self, acceptance: Acceptance, watch: HeaderWatch, limits: DoorLimits) -> None:
        self._acceptance: Acceptance | None = acceptance
        self._watch = watch
        self._limits = limits
        self._body = DottedBody()
        self._size = 0
        self._swallowed = 0
        self._refusal: Answer | None = None

    async def run(self, connection: Connection) -> Answer:
        """Read to the end and make it durable. A connection that dies before the end leaves nothing behind."""
        try:
            cut = await self._read(connection.inlet)
        finally:
            if not self._body.ended:
                self._abort()
        if cut is not None:
            return cut
        self._watch.close()
        if self._watch.verdict:
            self._refuse(REPLIES[self._watch.verdict])
        if self._refusal is not None or self._acceptance is None:
            return self._refusal or REPLIES["temporary"]
        return await self._finish(connection, self._acceptance)

    async def _read(self, inlet: Inlet) -> Answer | None:
        """Read up to the end of data; a reply when the line is cut before it."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        came = 0
        while not self._body.ended:
            # One line is drawn for all of it: a sender that stays above the least rate never meets it.
            allowed = self._limits.data_grace_seconds + came / self._limits.data_bytes_per_second
            try:
                async with asyncio.timeout_at(start + min(allowed, self._limits.data_seconds)):
                    chunk = await inlet.chunk()
            except TimeoutError:
                return REPLIES["too_slow"]
            if not chunk:
                raise ConnectionResetError
            came += len(chunk)
            self._take(self._body.feed(chunk))
            if self._swallowed > self._limits.swallow_bytes and self._refusal is not None and not self._body.ended:
                return replace(self._refusal, closes=True)
        inlet.put_back(self._body.rest)
        return None

    def _take(self, decoded: bytes) -> None:
        self._size += len(decoded)
        if self._refusal is not None or self._acceptance is None:
            self._swallowed += len(decoded)
            return
        self._watch.feed(decoded)
        if self._body.bare:
            self._refuse(REPLIES["message.line_ends"])
        elif self._size > self._limits.message_bytes:
            self._refuse(REPLIES["limit.message_bytes"])
        elif self._watch.verdict:
            self._refuse(REPLIES[self._watch.verdict])
        elif decoded:
            try:
                self._acceptance.write(decoded)
            except Exception as error:  # noqa: BLE001 - nothing was promised; the table knows what to say
                log.warning("intake did not take the message: %s", code_of(error))
                self._refuse(answer_for(error))

    def _refuse(self, answer: Answer) -> None:
        if self._refusal is None:
            self._refusal = answer
        self._abort()

    def _abort(self) -> None:
        if self._acceptance is not None:
            self._acceptance.abort()
            self._acceptance = None

    async def _finish(self, connection: Connection, acceptance: Acceptance) -> Answer:
        # From here on the message is intake's: if the client goes away now it may become durable unheard, and the
        # client's second try is a duplicate, never a loss (RFC 1047).
        self._acceptance = None
        work = connection.loop.run_in_executor(connection.house.gate.finishers, acceptance.finish)
        try:
            message_id = await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_noted)
            raise
        except Exception as error:  # noqa: BLE001 - nothing was promised; the table knows what to say
            log.error("intake did not finish: %s", code_of(error))
            acceptance.abort()
            return answer_for(error)
        connection.house.metrics.count(Count.SMTP_MESSAGES)
        return accepted(message_id)


def _noted(work: asyncio.Future[str]) -> None:
    """Look at the outcome of a message whose client has gone, so that it is logged once and not by the loop."""
    error = None if work.cancelled() else work.exception()
    if error is not None:
        log.error("intake did not finish: %s", code_of(error))

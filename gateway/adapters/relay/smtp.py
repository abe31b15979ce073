"""Relay by SMTP to a smarthost: verified TLS, kept connections, streamed bodies, no dot without the caller's consent.

The body is read in the caller's thread (it may decrypt), the network lives in one event loop in one thread. TLS that
cannot be verified, a hop that cannot be reached and every time-out are TEMPORARY: the message waits, it never goes
another way.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import TypeVar

import aiosmtplib

from gateway.adapters.relay.names import ResolvingLoop
from gateway.adapters.relay.options import Hop, RelayOptions, read_hop
from gateway.adapters.relay.pool import Pool
from gateway.adapters.relay.session import HopSession, Unusable
from gateway.adapters.relay.stuffing import StuffedBody
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.ports.relay import Consignment, Outcome, Reply

T = TypeVar("T")

_CHUNK = 262_144
_PATH = re.compile(r"[^\s<>@\x00-\x20\x7f]+@[^\s<>@\x00-\x20\x7f]+")


class SmtpRelay:
    """The port `Relay` over `smtp+starttls://`, `smtps://` and (this machine only) `smtp://`."""

    def __init__(self, url: str, options: RelayOptions) -> None:
        """ConfigError for a URL that is wrong or would be unsafe."""
        self._hop = read_hop(url)
        context = _client_context(self._hop)
        self._loop = ResolvingLoop(options.resolve, options.resolve_seconds)
        self._pool = Pool(self._hop, options, context)
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()

    def deliver(self, consignment: Consignment, before_dot: Callable[[], None]) -> Reply:
        """See ports.relay.Relay. Errors of the body and of `before_dot` go on to the caller, without a dot sent."""
        if consignment.require_tls and not self._hop.tls:
            return Reply(Outcome.TEMPORARY, 0, "4.7.10", "this hop has no TLS")
        sender = _reverse_path(consignment)
        try:
            session, refusal = self._run(self._offer(consignment, sender))
        except Unusable as unusable:
            return unusable.reply
        except aiosmtplib.SMTPException as error:
            return Reply(Outcome.TEMPORARY, 0, "4.4.2", type(error).__name__)
        if refusal is not None:
            return refusal
        try:
            return self._body(session, consignment.body, before_dot)
        except BaseException:
            self._later(self._pool.give_up, session)
            raise

    def close(self) -> None:
        """Drop kept connections and end the thread; a delivery under way ends as TEMPORARY, without its dot."""
        if self._loop.is_closed():
            return
        self._run(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self, work: Coroutine[object, object, T]) -> T:
        """Run in the loop and wait; a relay that was closed meanwhile is a lost connection."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except (CancelledError, RuntimeError) as error:
            work.close()
            raise aiosmtplib.SMTPServerDisconnected("the relay is closed") from error

    def _later(self, action: Callable[[HopSession], None], session: HopSession) -> None:
        # After close() the loop is gone, and every connection with it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action, session)

    async def _end_all(self) -> None:
        await self._pool.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _offer(self, consignment: Consignment, sender: str) -> tuple[HopSession, Reply | None]:
        """A session at 354, or the refusal. A kept connection that died unnoticed is replaced once: nothing was sent."""
        session = await self._pool.take()
        reused = session.messages > 0
        while True:
            try:
                refusal = _unsupported(session, consignment, sender) or await _envelope(session, consignment, sender)
            except (aiosmtplib.SMTPException, OSError) as error:
                self._pool.give_up(session)
                if not reused:
                    raise Unusable(Reply(Outcome.TEMPORARY, 0, "4.4.2", type(error).__name__)) from error
                session, reused = await self._pool.take(fresh=True), False
                continue
            except BaseException:
                self._pool.give_up(session)
                raise
            if refusal is not None:
                await self._after_refusal(session)
            return session, refusal

    async def _after_refusal(self, session: HopSession) -> None:
        if session.is_connected and await session.alive():
            self._pool.give_back(session)
        else:
            self._pool.give_up(session)

    def _body(self, session: HopSession, body: Iterable[bytes], before_dot: Callable[[], None]) -> Reply:
        """Send the body; a reply that ends it early means that no dot was sent and the connection is gone."""
        stuffed = StuffedBody()
        limit = _size_limit(session)
        for chunk in _pieces(body):
            piece = stuffed.feed(chunk)
            refusal = _unfit(stuffed, session, limit) or self._send(session, piece)
            if refusal is not None:
                return self._dropped(session, refusal)
        last = stuffed.close()
        refusal = _unfit(stuffed, session, limit) or (self._send(session, last) if last else None)
        if refusal is not None:
            return self._dropped(session, refusal)
        before_dot()
        return self._end(session)

    def _send(self, session: HopSession, piece: bytes) -> Reply | None:
        try:
            if piece:
                self._run(session.send(piece))
        except (aiosmtplib.SMTPException, OSError) as error:
            return session.early() or Reply(Outcome.TEMPORARY, 0, "4.4.2", type(error).__name__, session.tls_name)
        return session.early()

    def _end(self, session: HopSession) -> Reply:
        try:
            reply = self._run(session.end_data())
        except (aiosmtplib.SMTPException, OSError) as error:
            doubt = Reply(Outcome.TEMPORARY, 0, "4.4.2", type(error).__name__, session.tls_name, in_doubt=True)
            return self._dropped(session, session.early() or doubt)
        self._later(self._pool.give_back, session)
        return reply

    def _dropped(self, session: HopSession, reply: Reply) -> Reply:
        self._later(self._pool.give_up, session)
        return reply


def _client_context(hop: Hop) -> ssl.SSLContext | None:
    """TLS that verifies chain and host name; ConfigError for a CA file that cannot be read."""
    if not hop.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=str(hop.ca) if hop.ca is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"relay: cannot read ca {hop.ca}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reverse_path(consignment: Consignment) -> str:
    if consignment.sender_text is None:
        return "" if consignment.sender is None else str(consignment.sender)
    if not _PATH.fullmatch(consignment.sender_text):
        raise InvalidAddress("the reverse-path is not an address")
    return consignment.sender_text


def _unsupported(session: HopSession, consignment: Consignment, sender: str) -> Reply | None:
    """RFC 6531 3.2: what needs SMTPUTF8 does not go to a hop without it."""
    if _needs_utf8(consignment, sender) and not session.supports_extension("smtputf8"):
        return Reply(Outcome.PERMANENT, 550, "5.6.7", "the hop does not offer SMTPUTF8", session.tls_name)
    return None


def _needs_utf8(consignment: Consignment, sender: str) -> bool:
    return consignment.smtputf8 or not sender.isascii() or not consignment.recipient.is_ascii


async def _envelope(session: HopSession, consignment: Consignment, sender: str) -> Reply | None:
    """MAIL, RCPT, DATA; None at 354, else the refusal."""
    words = [b"MAIL", b"FROM:<" + sender.encode() + b">"]
    if session.supports_extension("8bitmime"):
        words.append(b"BODY=8BITMIME")
    if _needs_utf8(consignment, sender):
        words.append(b"SMTPUTF8")
    for command in (words, [b"RCPT", b"TO:<" + str(consignment.recipient).encode() + b">"]):
        response = await session.execute_command(*command)
        if response.code // 100 != 2:
            return session.reply(response)
    return await session.open_data()


def _size_limit(session: HopSession) -> int:
    """The hop's announced SIZE in bytes, 0 for none (RFC 1870 4)."""
    words = session.esmtp_extensions.get("size", "").split()
    return int(words[0]) if words and words[0].isascii() and words[0].isdigit() else 0


def _unfit(body: StuffedBody, session: HopSession, limit: int) -> Reply | None:
    if body.bare:
        return Reply(Outcome.PERMANENT, 550, "5.6.0", "the body has a bare CR or LF", session.tls_name)
    if body.eight_bit and not session.supports_extension("8bitmime"):
        return Reply(Outcome.PERMANENT, 550, "5.6.3", "the hop does not offer 8BITMIME", session.tls_name)
    if limit and body.length > limit:
        return Reply(Outcome.PERMANENT, 552, "5.3.4", "larger than the hop accepts", session.tls_name)
    return None


def _pieces(body: Iterable[bytes]) -> Iterator[bytes]:
    """The body in pieces of a good size: each costs a change of threads."""
    waiting = bytearray()
    for chunk in body:
        if len(chunk) >= _CHUNK and not waiting:
            for start in range(0, len(chunk), _CHUNK):
                yield chunk[start : start + _CHUNK]
            continue
        waiting += chunk
        while len(waiting) >= _CHUNK:
            yield bytes(waiting[:_CHUNK])
            del waiting[:_CHUNK]
    if waiting:
        yield bytes(waiting)

"""A scripted SMTP peer on loopback, in a thread of its own: each step can refuse, stall or die."""

from __future__ import annotations

import asyncio
import ssl
import threading
from dataclasses import dataclass, field

from gateway.domain.address import Address
from gateway.ports.relay import Consignment

OFFER = ("SIZE 1000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


@dataclass
class Script:
    """Replies by step (`greet`, `ehlo`, `mail`, `rcpt`, `data`, `dot`, `rset`, `starttls`). `DROP` closes, `STALL` waits, `CUT x` says x and closes.
    `drop_after` closes after so many body bytes; `early` is said in the middle of the body.
    """

    offer: tuple[str, ...] = OFFER
    replies: dict[str, str] = field(default_factory=dict)
    drop_after: int = 0
    early: str = ""
    slow: float = 0.0
    die_after_dot_reply: bool = False
    context: ssl.SSLContext | None = None
    implicit: bool = False
    offer_tls: bool = True


class Peer:
    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.lines: list[str] = []
        self.bodies: list[bytes] = []
        self.partial = b""
        self.connections = 0
        self.open = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task] = set()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    async def _start(self) -> asyncio.Server:
        context = self.script.context if self.script.implicit else None
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22, ssl=context)

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, step: str, usual: str) -> None:
        text = self.script.replies.get(step, usual)
        if text == "DROP":
            writer.transport.abort()
            raise ConnectionError
        if text.startswith("CUT "):
            writer.write(text.removeprefix("CUT ").encode())
            await writer.drain()
            raise ConnectionError
        if text == "STALL":
            await asyncio.sleep(60)
        writer.write(text.encode() + b"\r\n")
        await writer.drain()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = self.script.implicit
        await self._say(writer, "greet", "220 peer ESMTP")
        while True:
            line = (await reader.readuntil(b"\r\n")).decode().rstrip()
            self.lines.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                offer = [*self.script.offer]
                if self.script.context is not None and self.script.offer_tls and not secure:
                    offer.append("STARTTLS")
                await self._say(writer, "ehlo", "\r\n".join(["250-peer", *(f"250-{x}" for x in offer), "250 HELP"]))
            elif verb == "STARTTLS":
                await self._say(writer, "starttls", "220 go")
                assert self.script.context is not None
                await writer.start_tls(self.script.context)
                secure = True
            elif verb == "AUTH":
                await self._say(writer, "auth", "235 2.7.0 ok")
            elif verb == "QUIT":
                await self._say(writer, "quit", "221 bye")
                return
            elif verb == "DATA":
                await self._say(writer, "data", "354 go")
                if not self.script.replies.get("data", "354").startswith("354"):
                    continue
                body = await self._body(reader, writer)
                self.bodies.append(body)
                await self._say(writer, "dot", "250 2.0.0 queued as 1")
                if self.script.die_after_dot_reply:
                    writer.transport.abort()
                    return
            else:
                await self._say(writer, verb.lower(), "250 2.1.0 ok")

    async def _body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Raw bytes up to the final dot, still stuffed."""
        got = b"\r\n"
        while not got.endswith(b"\r\n.\r\n"):
            data = await reader.read(65536)
            if not data:
                raise ConnectionError
            got += data
            self.partial = got[2:]
            if self.script.slow:
                await asyncio.sleep(self.script.slow)
            if self.script.early:
                await self._say(writer, "early", self.script.early)
                self.script.early = ""
            if self.script.drop_after and len(got) > self.script.drop_after:
                writer.transport.abort()
                raise ConnectionError
        return got[2:-3]


def consignment(body: bytes | list[bytes] = b"Subject: x\r\n\r\nhello\r\n", **kwargs) -> Consignment:
    fields = {
        "sender": Address.parse("lee@practice.example"),
        "sender_text": None,
        "recipient": Address.parse("b@example.net"),
        "body": [body] if isinstance(body, bytes) else body,
        **kwargs,
    }
    return Consignment(**fields)

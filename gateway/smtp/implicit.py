"""Listeners with TLS from the first byte: each connection is counted when it is accepted, not when its handshake has ended.

asyncio's own TLS server shows a connection only after the handshake: who never begins one would cost a file and a TLS
state each and be counted nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from gateway.smtp.connection import Connection
from gateway.smtp.replies import REPLIES

_PAUSE = 0.1
"""Seconds before accepting is tried again when the system has no more files."""


class ImplicitTls:
    """One listening socket; the part of `asyncio.Server` that the door uses."""

    def __init__(
        self, listening: socket.socket, connect: Callable[[], Connection], context: ssl.SSLContext, seconds: float
    ) -> None:
        """`seconds` is how long a handshake may take."""
        self.sockets = (listening,)
        self._connect, self._context, self._seconds = connect, context, seconds
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """Accept no more; handshakes under way are the connections' own."""
        self._accepting.cancel()
        self.sockets[0].close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, peer = await loop.sock_accept(self.sockets[0])
            except OSError:
                await asyncio.sleep(_PAUSE)
                continue
            connection = self._connect()
            if connection.arrive(str(peer[0])):
                connection.handshake = loop.create_task(self._shake(connection, sock))
            else:
                # Nothing can be said before TLS, and a handshake is what there is no room for.
                connection.say(REPLIES[connection.refusal])
                connection.depart()
                sock.close()

    async def _shake(self, connection: Connection, sock: socket.socket) -> None:
        made = False
        try:
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: connection, sock, ssl=self._context, ssl_handshake_timeout=self._seconds
                )
                made = True
        finally:
            connection.handshake = None
            if not made:
                connection.depart()
                sock.close()


async def listen_tls(
    host: str, port: int, connect: Callable[[], Connection], context: ssl.SSLContext, seconds: float
) -> ImplicitTls:
    """Open the socket; OSError when it cannot be had."""
    family, kind, protocol, _, place = (
        await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(place)
        listening.listen(512)
    except OSError:
        listening.close()
        raise
    return ImplicitTls(listening, connect, context, seconds)

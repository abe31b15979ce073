"""A small DNS server on loopback for tests: answers each question with what a function makes of it, by UDP and TCP."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import dns.flags
import dns.message

Reply = Callable[[dns.message.Message], dns.message.Message | bytes | None]
"""The answer; bytes go as they are; None says nothing."""


def _both() -> tuple[socket.socket, socket.socket]:
    """A port that is free for TCP may be somebody's for UDP: then another one."""
    while True:
        streams = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(streams.getsockname())
        except OSError:
            streams.close()
            datagrams.close()
        else:
            return streams, datagrams


@contextlib.contextmanager
def dns_server(reply: Reply) -> Iterator[int]:
    """Serve until the block ends; the port is for both UDP and TCP."""
    streams, datagrams = _both()
    port = streams.getsockname()[1]

    def answer(data: bytes) -> bytes | None:
        made = reply(dns.message.from_wire(data))
        return made if made is None or isinstance(made, bytes) else made.to_wire(max_size=65535)

    def by_udp() -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = datagrams.recvfrom(4096)
                if not data:
                    return
                made = answer(data)
                if made is not None and len(made) > 1232:
                    short = dns.message.make_response(dns.message.from_wire(data))
                    short.flags |= dns.flags.TC
                    made = short.to_wire()
                if made is not None:
                    datagrams.sendto(made, peer)

    def by_tcp() -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = streams.accept()
                with one, contextlib.suppress(OSError, struct.error):
                    one.settimeout(20)
                    size = struct.unpack("!H", one.recv(2))[0]
                    made = answer(one.recv(size))
                    if made is not None:
                        one.sendall(struct.pack("!H", len(made)) + made)

    for each in (by_udp, by_tcp):
        threading.Thread(target=each, daemon=True).start()
    try:
        yield port
    finally:
        for one in (datagrams, streams):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

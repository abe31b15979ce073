"""Small web servers on loopback that tests talk to: answers by path, at a pace, over TLS where asked."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[bytes], tuple[int, bytes]]


@dataclass
class Served:
    """A server that runs: its port, what it was asked, and what it answers by path (without the query)."""

    port: int = 0
    pages: dict[str, bytes | Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    redirect: str = ""
    trickle: float = 0.0
    """Seconds between single bytes of the body."""


@contextlib.contextmanager
def web_server(context: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve until the block ends."""
    state = Served()
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            state.asked.append(self.path)
            page = state.pages.get(self.path.partition("?")[0])
            status, data = page(body) if callable(page) else (200, page) if page is not None else (404, b"")
            status = 302 if state.redirect else status
            self.send_response(status)
            if state.redirect:
                self.send_header("Location", state.redirect)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if not state.trickle:
                self.wfile.write(data)
            for one in data if state.trickle else b"":
                with contextlib.suppress(OSError):
                    self.wfile.write(bytes([one]))
                if over.wait(state.trickle):
                    return

        def log_message(self, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            pass

        def get_request(self):
            sock, peer = super().get_request()
            if context is not None:
                sock.settimeout(60)
                sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            return sock, peer

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        over.set()
        server.shutdown()
        server.server_close()

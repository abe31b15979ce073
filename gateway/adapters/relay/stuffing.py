"""The body on its way out: dots stuffed, chunk by chunk, and checked, because nobody else will (RFC 5321 4.5.2)."""

from __future__ import annotations


class StuffedBody:
    """Encoder of one body. A bare CR or LF sets `bare`: such a body is never ended with a dot (SMTP smuggling)."""

    __slots__ = ("_context", "_held", "bare", "eight_bit", "length")

    def __init__(self) -> None:
        self._context = b"\r\n"
        self._held = b""
        self.bare = False
        self.eight_bit = False
        self.length = 0

    def feed(self, chunk: bytes) -> bytes:
        """Encode the next bytes. A CR at the end waits for its LF."""
        data = self._held + chunk
        self.length += len(chunk)
        self._held = b"\r" if data.endswith(b"\r") else b""
        if self._held:
            data = data[:-1]
        if not data:
            return b""
        self.eight_bit = self.eight_bit or not data.isascii()
        whole = data.count(b"\r\n")
        if data.count(b"\r") != whole or data.count(b"\n") != whole:
            self.bare = True
        joined = self._context + data
        self._context = joined[-2:]
        return joined.replace(b"\r\n.", b"\r\n..")[2:]

    def close(self) -> bytes:
        """What must still be said before the final dot: a last line gets its end."""
        if self._held:
            self.bare = True
        return b"" if self._context == b"\r\n" else b"\r\n"

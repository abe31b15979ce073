"""The body of DATA: finds CRLF.CRLF, takes the stuffed dots out, and notices every bare CR or LF (RFC 5321 2.3.8, 4.5.2).

Works on chunks of any size with the same result: what could be the beginning of an end of data is held back. Only
CRLF.CRLF ends a message; whatever else looks like an end makes it unfit (SMTP smuggling), and so does a NUL at the beginning
of a line or behind its first dot, because a server that drops it would see a lone dot there.
"""

from __future__ import annotations

END = b"\r\n.\r\n"
_VEILED = (b"\r\n\x00", b"\r\n.\x00")


class DottedBody:
    """Decoder of one DATA. `feed` until `ended`; `rest` is what followed the end, `bare` whether the body is unfit."""

    __slots__ = ("_context", "bare", "ended", "rest")

    def __init__(self) -> None:
        # Two bytes that were given out already (at first the CRLF of the DATA command), then what is held back.
        self._context = b"\r\n"
        self.ended = False
        self.bare = False
        self.rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Decode the next bytes; returns what is certain by now."""
        data = self._context + chunk
        end = data.find(END)
        if end >= 0:
            self.ended = True
            self.rest = data[end + len(END) :]
            return self._decoded(data, end + 2)
        held = _held(data)
        # A held CRLF is content whatever follows; a lone CR is not yet known to be half of a CRLF.
        cut = len(data) - held + (2 if held >= 2 else 0)
        self._context = data[cut - 2 :]
        return self._decoded(data, cut)

    def _decoded(self, data: bytes, cut: int) -> bytes:
        whole = data.count(b"\r\n", 2, cut)
        if data.count(b"\r", 2, cut) != whole or data.count(b"\n", 2, cut) != whole:
            self.bare = True
        if any(data.find(one, 0, cut) >= 0 for one in _VEILED):
            self.bare = True
        stuffed = data if cut == len(data) else data[:cut]
        return stuffed.replace(b"\r\n.", b"\r\n")[2:]


def _held(data: bytes) -> int:
    """How many of the last bytes could begin an end of data."""
    for length in (4, 3, 2, 1):
        if data.endswith(END[:length]):
            return length
    return 0

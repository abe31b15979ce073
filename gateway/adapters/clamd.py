"""clamd over a unix socket or loopback TCP: INSTREAM for content, PING and VERSION for `sealgate check` (clamd(8)).

One connection a stream, one deadline for all of it. Its "OK" is believed word by word and nothing else is; what is longer
than our own bound is never sent, because clamd calls clean what it skips.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from gateway.domain.errors import ConfigError
from gateway.ports.metrics import Count, Metrics, uncounted
from gateway.ports.threats import Answer

_CHUNK = 64 * 1024
_REPLY = 4096
_LENGTH = struct.Struct("!I")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BEYOND = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")
"""What it says, if it is told to, of what it did not look into."""
_TOO_LONG = "INSTREAM size limit exceeded. ERROR"
_VERSION = re.compile(r"ClamAV (\d{1,3}(?:\.\d{1,4}){1,3}[^\s/]{0,40})(?:/(\d{1,9})/([A-Za-z0-9: ]{10,40}))?")
_TEST = "".join(("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*")).encode()
"""The file that every scanner knows and that harms nobody (eicar.org)."""


class _Late(Exception):
    """The time is over."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a clamd says of itself: its signatures' number and date are None where it has none of the project's."""

    engine: str
    signatures: int | None
    made: datetime | None


class Clamd:
    """Asks one clamd; safe in threads, holds no connection."""

    def __init__(
        self, address: str | tuple[str, int], seconds: float, stream_bytes: int, metrics: Metrics = uncounted,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._address, self._seconds, self._stream_bytes = address, seconds, stream_bytes
        self._metrics, self._clock = metrics, clock

    @property
    def seconds(self) -> float:
        """The longest that all streams of one message may take."""
        return self._seconds

    def scan(self, chunks: Iterable[bytes], length: int, seconds: float) -> Answer:
        """Judge one stream of `length` bytes within that many seconds. Never raises but what `chunks` raises."""
        answer = Answer.BEYOND if length > self._stream_bytes else self._ask(chunks, length, seconds)
        self._metrics.count(Count.VIRUS_SCANS, answer.value)
        return answer

    def ping(self, seconds: float) -> bool:
        """Whether it is there and well."""
        return self._say(b"PING", seconds) == "PONG"

    def version(self, seconds: float) -> Version | None:
        """What it is; None when it does not say."""
        found = _VERSION.fullmatch(self._say(b"VERSION", seconds))
        if found is None:
            return None
        return Version(found[1], int(found[2]) if found[2] else None, _day(found[3] or ""))

    def knows_the_test_file(self, seconds: float) -> bool:
        """Whether it has signatures at all: without any it calls everything clean."""
        return self._ask([_TEST], len(_TEST), seconds) is Answer.FOUND

    def _say(self, command: bytes, seconds: float) -> str:
        deadline = self._clock() + seconds
        try:
            with self._connected(deadline) as line:
                line.sendall(b"z" + command + b"\0")
                return self._reply(line, deadline)
        except (OSError, _Late):
            return ""

    def _ask(self, chunks: Iterable[bytes], length: int, seconds: float) -> Answer:
        deadline = self._clock() + seconds
        try:
            with self._connected(deadline) as line:
                whole = self._send(line, chunks, length, deadline)
                reply = self._reply(line, deadline)
        except (TimeoutError, _Late):
            return Answer.TIMED_OUT
        except OSError:
            return Answer.FAILED
        answer = _read(reply)
        return Answer.FAILED if answer is Answer.CLEAN and not whole else answer

    def _connected(self, deadline: float) -> socket.socket:
        if isinstance(self._address, tuple):
            return socket.create_connection(self._address, self._left(deadline))
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(self._left(deadline))
            line.connect(self._address)
        except BaseException:
            line.close()
            raise
        return line

    def _send(self, line: socket.socket, chunks: Iterable[bytes], length: int, deadline: float) -> bool:
        """Whether all of it was taken; False when it hung up before, and may have said why."""
        sent = 0
        pieces = (memoryview(one)[at : at + _CHUNK] for one in chunks for at in range(0, len(one), _CHUNK))
        if not self._sent(line, b"zINSTREAM\0", deadline):
            return False
        for piece in pieces:
            sent += len(piece)
            if sent > length or not self._sent(line, _LENGTH.pack(len(piece)), deadline, piece):
                return False
        return self._sent(line, _LENGTH.pack(0), deadline) and sent == length

    def _sent(self, line: socket.socket, head: bytes, deadline: float, body: bytes | memoryview = b"") -> bool:
        try:
            for part in (head, body):
                if len(part):  # an empty one after the last length meets a scanner that has answered and hung up
                    line.settimeout(self._left(deadline))
                    line.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def _reply(self, line: socket.socket, deadline: float) -> str:
        """The one answer: ended by a NUL, and then the end of the connection. Empty for anything else."""
        said = bytearray()
        while len(said) <= _REPLY:
            line.settimeout(self._left(deadline))
            try:
                more = line.recv(_REPLY)
            except ConnectionResetError:  # it closed on what we still sent; what it said came before
                more = b""
            if not more:
                break
            said += more
        if len(said) > _REPLY or not said.endswith(b"\0") or said.count(b"\0") != 1:
            return ""
        return said[:-1].decode("utf-8", "replace")

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock()
        if left <= 0:
            raise _Late
        return left


def open_clamd(url: str, seconds: float, stream_bytes: int, metrics: Metrics = uncounted) -> Clamd:
    """The clamd at `unix:///path` or `tcp://127.0.0.1:3310`; ConfigError for anywhere else, since mail goes there in clear."""
    parts = urlsplit(url)
    try:
        port = parts.port or 3310
    except ValueError:
        port = 0
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return Clamd(parts.path, seconds, stream_bytes, metrics)
    if parts.scheme == "tcp" and parts.hostname in _LOOPBACK and port and parts.path in {"", "/"}:
        return Clamd((parts.hostname, port), seconds, stream_bytes, metrics)
    raise ConfigError(
        "clamd.url: unix:///path/of/socket or tcp://127.0.0.1:3310 is needed; mail is handed over in clear, so it must be "
        "this machine"
    )


def _read(reply: str) -> Answer:
    if reply == "stream: OK":
        return Answer.CLEAN
    if reply == _TOO_LONG:
        return Answer.BEYOND
    if reply.startswith("stream: ") and reply.endswith(" FOUND"):
        return Answer.BEYOND if reply.removeprefix("stream: ").startswith(_BEYOND) else Answer.FOUND
    return Answer.FAILED


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007 - it names no zone; days are what counts
    except ValueError:
        return None

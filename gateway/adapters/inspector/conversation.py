"""The worker's talk with one child, under one deadline, in bounded memory, believing nothing it has not checked."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from gateway.adapters.inspector import protocol
from gateway.adapters.inspector.limits import BoxLimits
from gateway.adapters.inspector.protocol import BadFrame
from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.domain.threat import Threat
from gateway.ports.inspector import Edit, Inspection, Specimen

_EPITAPH_SECONDS = 1.0
"""How long the launcher may take to say how a child ended."""


class ChildLost(Exception):
    """No more is to be had of this child: `reason` for the part in hand, `after` for the ones behind it."""

    def __init__(self, reason: GapReason, *, after: GapReason | None = None, launcher_alive: bool = True) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.after = after or reason
        self.launcher_alive = launcher_alive


class Conversation:
    """One message with one child. Every wait ends at the deadline on `clock` (seconds, monotonic)."""

    def __init__(
        self, data: socket.socket, status: socket.socket, limits: BoxLimits, clock: Callable[[], float]
    ) -> None:
        self._data = data
        self._status = status
        self._limits = limits
        self._clock = clock
        self._deadline = 0.0
        self._text_left = limits.text_bytes
        self._answers_left = limits.answers

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Turn away; the launcher kills the child if it has not ended by itself."""
        self._data.close()
        self._status.close()

    def greet(self) -> frozenset[str]:
        """Wait for the child and start the message's clock; the sandbox layers that it reports. ChildLost."""
        self._deadline = self._clock() + self._limits.start_seconds
        try:
            tag, payload = self._receive(protocol.READY_BYTES)
        except (BadFrame, _TooMuch):
            raise ChildLost(GapReason.SCANNER_FAILED) from None
        if tag != protocol.READY:
            raise ChildLost(GapReason.SCANNER_FAILED)
        self._deadline = self._clock() + self._limits.message_seconds
        return frozenset(payload.decode("ascii", "replace").split(","))

    def ask(self, specimen: Specimen, tag: bytes = protocol.SPECIMEN) -> Inspection:
        """Send one specimen and hear what it holds. ChildLost when the child fails; what `chunks` raises passes."""
        opening = protocol.pack_specimen(specimen.part, specimen.media_type, specimen.file_name)
        if opening is None:
            return _only(specimen, GapReason.TOO_LARGE)
        self._send(protocol.frame(tag, opening))
        if not self._hand_over(specimen.chunks):
            return _only(specimen, GapReason.TOO_LARGE)
        return self._answer(specimen.part)

    def rewrite(self, specimen: Specimen, edits: Sequence[Edit]) -> bytes | None:
        """The document that the child makes of this one and the edits, or None. Raises as `ask`."""
        opening = protocol.pack_specimen(specimen.part, specimen.media_type, specimen.file_name)
        if opening is None:
            return None
        self._send(protocol.frame(protocol.REWRITE, opening))
        if not self._hand_over(iter([protocol.pack_edits(edits)])) or not self._hand_over(specimen.chunks):
            return None
        made = bytearray()
        try:
            while True:
                tag, payload = self._receive(max(protocol.DATA_BYTES, protocol.PART_BYTES + 64))
                if tag == protocol.DONE:
                    return bytes(made) or None
                if tag != protocol.COPY or len(made) + len(payload) > self._limits.specimen_bytes:
                    return None
                made += payload
        except (BadFrame, _TooMuch):
            raise ChildLost(GapReason.CRASHED) from None

    def _hand_over(self, chunks: Iterator[bytes]) -> bool:
        """Send bytes to their end; False, and they are taken back, when they are more than the limit."""
        sent = 0
        for piece in _pieces(chunks):
            sent += len(piece)
            if sent > self._limits.specimen_bytes:
                self._send(protocol.frame(protocol.DROP))
                return False
            self._send(protocol.HEADER.pack(protocol.DATA, len(piece)))
            self._send(piece)
        self._send(protocol.frame(protocol.END))
        return True

    def _answer(self, part: str) -> Inspection:
        texts: list[TextPart] = []
        gaps: list[Gap] = []
        threats: list[Threat] = []
        try:
            while True:
                # names of gaps count too; one frame of a gap or of the end must always fit
                tag, payload = self._receive(max(self._text_left, protocol.PART_BYTES + 64))
                if tag == protocol.DONE and not payload:
                    return Inspection(tuple(texts), tuple(gaps), tuple(threats))
                if tag == protocol.THREAT:
                    if len(threats) == protocol.THREATS:
                        raise BadFrame("more threats than a part may have")
                    threats.append(protocol.unpack_threat(payload, part))
                    continue
                self._text_left = max(0, self._text_left - len(payload))
                self._answers_left -= 1
                if self._answers_left < -1:  # the gap that says "too many" is one more
                    raise _TooMuch
                if tag == protocol.TEXT:
                    texts.append(protocol.unpack_text(payload, part))
                elif tag == protocol.GAP:
                    gaps.append(protocol.unpack_gap(payload, part))
                else:
                    raise BadFrame("READY twice")
        except BadFrame:
            raise ChildLost(GapReason.CRASHED) from None
        except _TooMuch:
            raise ChildLost(GapReason.TOO_LARGE, after=GapReason.CRASHED) from None

    def _receive(self, limit: int) -> tuple[bytes, bytes]:
        tag, length = protocol.HEADER.unpack(self._exactly(protocol.HEADER.size))
        if tag not in protocol.ANSWERS:
            raise BadFrame("unknown tag")
        if length > limit:
            raise _TooMuch
        return tag, self._exactly(length)

    def _exactly(self, amount: int) -> bytes:
        data = bytearray()  # grows with what came, not with what was announced
        while len(data) < amount:
            try:
                self._data.settimeout(self._left())
                more = self._data.recv(min(amount - len(data), protocol.DATA_BYTES))
            except TimeoutError:
                raise ChildLost(GapReason.TIMED_OUT) from None
            except OSError:
                more = b""
            if not more:
                raise self._epitaph()
            data += more
        return bytes(data)

    def _send(self, data: bytes | memoryview) -> None:
        try:
            self._data.settimeout(self._left())
            self._data.sendall(data)
        except TimeoutError:
            raise ChildLost(GapReason.TIMED_OUT) from None
        except OSError:
            raise self._epitaph() from None

    def _left(self) -> float:
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _epitaph(self) -> ChildLost:
        """How the child ended, in the launcher's words; those of the child count for nothing."""
        self._status.settimeout(_EPITAPH_SECONDS)
        try:
            words = self._status.recv(protocol.STATUS.size)
        except TimeoutError:  # it lives, but has closed its socket
            return ChildLost(GapReason.CRASHED)
        except OSError:
            words = b""
        if len(words) != protocol.STATUS.size:
            return ChildLost(GapReason.SCANNER_FAILED, launcher_alive=False)
        return ChildLost(_reason(*protocol.STATUS.unpack(words)))


class _TooMuch(Exception):
    """The child announces more than the limits allow."""


def _reason(how: int, wait_status: int) -> GapReason:
    if how == protocol.KILLED:
        return GapReason.TIMED_OUT
    if how == protocol.NOT_FORKED:
        return GapReason.SCANNER_FAILED
    if os.WIFSIGNALED(wait_status):
        by_signal = {signal.SIGXCPU: GapReason.TIMED_OUT, signal.SIGKILL: GapReason.OUT_OF_MEMORY}
        return by_signal.get(signal.Signals(os.WTERMSIG(wait_status)), GapReason.CRASHED)
    if os.WEXITSTATUS(wait_status) == protocol.EXIT_MEMORY:
        return GapReason.OUT_OF_MEMORY
    return GapReason.CRASHED


def _only(specimen: Specimen, reason: GapReason) -> Inspection:
    return Inspection(gaps=(Gap(specimen.part, reason),))


def _pieces(chunks: Iterator[bytes]) -> Iterator[memoryview]:
    """The content in frames' size, without joining or copying."""
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), protocol.DATA_BYTES):
            yield view[start : start + protocol.DATA_BYTES]

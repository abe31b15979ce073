"""One child: confines itself, then reads the specimens of one message and answers each before it takes the next.

It uses nothing but read and write on one socket. Whatever a reader raises is a gap of that part.
"""

from __future__ import annotations

import io
import os
import signal
from typing import NoReturn

from gateway.adapters.inspector import kernel, protocol
from gateway.adapters.inspector.limits import BoxLimits
from gateway.adapters.inspector.preload import Loaded, Read
from gateway.adapters.inspector.protocol import BadFrame
from gateway.adapters.inspector.sandbox import KEPT_DESCRIPTORS, confine, in_order
from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.redaction.table import rewritten, units

_SOCKET = KEPT_DESCRIPTORS - 1


def run(
    data: int, loaded: Loaded, limits: BoxLimits, inherited: frozenset[str], parent: int, *, hasty: bool
) -> NoReturn:
    """Serve one message on the descriptor `data` and end; called in a fresh fork, never returns."""
    code = protocol.EXIT_SANDBOX
    try:
        _forget_launcher(data)
        layers = confine(limits, parent) | inherited
        code = 1
        _send(protocol.READY, ",".join((*in_order(layers), *loaded.instruments.names())).encode("ascii"))
        _serve(loaded, limits, hasty=hasty)
        code = 0
    except MemoryError:
        code = protocol.EXIT_MEMORY
    except BaseException:  # noqa: BLE001,S110 - nobody is left to tell; the exit code says it
        pass
    finally:
        os._exit(code)


def _forget_launcher(data: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(data, _SOCKET)
    kernel.close_from(KEPT_DESCRIPTORS)
    os.environ.clear()


def _serve(loaded: Loaded, limits: BoxLimits, *, hasty: bool) -> None:
    budget = Budget(instruments=loaded.instruments, hasty=hasty, pictures_left=limits.pictures)
    budget.characters_left = min(budget.characters_left, limits.text_bytes)
    text_left = limits.text_bytes
    answers_left = limits.answers
    while (opening := _receive()) is not None:
        tag, payload = opening
        if tag not in {protocol.SPECIMEN, protocol.UNITS, protocol.REWRITE}:
            raise BadFrame("a specimen was due")
        part, media_type, file_name = protocol.unpack_specimen(payload)
        edits = _content(limits.specimen_bytes) if tag == protocol.REWRITE else b""
        data = _content(limits.specimen_bytes) if edits is not None else None
        if data is None:  # the worker took it back
            continue
        if tag == protocol.REWRITE:
            _rewrite(media_type, file_name, data, edits, budget)
            continue
        texts, gaps = _judge(units if tag == protocol.UNITS else loaded.read, part, media_type, file_name, data, budget)
        del data
        for body in protocol.pack_threats(part, budget.threats):
            _send(protocol.THREAT, body)
        budget.threats.clear()
        frames = _frames(part, texts, gaps, text_left, answers_left)
        for answer, body in frames:
            _send(answer, body)
            text_left -= len(body)
        answers_left -= len(frames)
        _send(protocol.DONE)


def _judge(
    read: Read, part: str, media_type: str, file_name: str, data: bytes | GapReason, budget: Budget
) -> tuple[list[TextPart], list[Gap]]:
    if isinstance(data, GapReason):
        return [], [Gap(part, data)]
    try:
        return read(part, media_type, file_name, data, budget)
    except MemoryError:
        return [], [Gap(part, GapReason.OUT_OF_MEMORY)]
    except Exception:  # noqa: BLE001 - hostile bytes may raise anything
        return [], [Gap(part, GapReason.MALFORMED)]


def _rewrite(
    media_type: str, file_name: str, data: bytes | GapReason, edits: bytes | GapReason | None, budget: Budget
) -> None:
    """Send the copy, or nothing but the end: whoever asked knows what that means."""
    made = b""
    if isinstance(data, bytes) and isinstance(edits, bytes):
        try:
            made = rewritten(media_type, file_name, data, protocol.unpack_edits(edits), budget)
        except Exception:  # noqa: BLE001 - hostile bytes may raise anything
            made = b""
    for start in range(0, len(made), protocol.DATA_BYTES):
        _send(protocol.COPY, made[start : start + protocol.DATA_BYTES])
    _send(protocol.DONE)


def _frames(
    part: str, texts: list[TextPart], gaps: list[Gap], text_left: int, answers_left: int
) -> list[tuple[bytes, bytes]]:
    """The answer within what is left of the message's limits, or the one gap that says it was not."""
    try:
        frames = [(protocol.TEXT, protocol.pack_text(each)) for each in texts]
        frames += [(protocol.GAP, protocol.pack_gap(each)) for each in gaps]
        fits = len(frames) <= answers_left and sum(len(body) for _, body in frames) <= text_left
    except MemoryError:
        return [(protocol.GAP, protocol.pack_gap(Gap(part, GapReason.OUT_OF_MEMORY)))]
    except ValueError:  # a name inside an archive that no frame can carry
        fits = False
    return frames if fits else [(protocol.GAP, protocol.pack_gap(Gap(part, GapReason.TOO_LARGE)))]


def _content(limit: int) -> bytes | GapReason | None:
    """One specimen's bytes, None when it was taken back, or why they could not be held."""
    whole = io.BytesIO()
    trouble: GapReason | None = None
    while (received := _receive()) is not None:
        tag, payload = received
        if tag == protocol.DROP:
            return None
        if tag == protocol.END:
            return trouble or whole.getvalue()
        if tag != protocol.DATA:
            raise BadFrame("data was due")
        if trouble:
            continue
        try:
            whole.write(payload)
        except MemoryError:
            trouble = GapReason.OUT_OF_MEMORY
        if whole.tell() > limit:
            trouble = GapReason.TOO_LARGE
        if trouble:
            whole = io.BytesIO()
    raise BadFrame("the stream ended inside a specimen")


def _receive() -> tuple[bytes, bytes] | None:
    head = _exactly(protocol.HEADER.size)
    if not head:
        return None
    tag, length = protocol.HEADER.unpack(head)
    if length > max(protocol.DATA_BYTES, protocol.SPECIMEN_BYTES):
        raise BadFrame("a frame too long")
    payload = _exactly(length)
    if len(payload) != length:
        raise BadFrame("the stream ended inside a frame")
    return tag, payload


def _exactly(amount: int) -> bytes:
    """That many bytes; fewer only at the end of the stream."""
    data = bytearray()
    while len(data) < amount and (more := os.read(_SOCKET, amount - len(data))):
        data += more
    return bytes(data)


def _send(tag: bytes, payload: bytes = b"") -> None:
    rest = memoryview(protocol.frame(tag, payload))
    while rest:
        rest = rest[os.write(_SOCKET, rest) :]

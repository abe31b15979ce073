"""Our own streaming reader: cuts a mail into decoded leaves in bounded memory, whatever its size (RFC 2046 5.1).

The result does not depend on how the bytes arrive. Only LF ends a line; a bare CR where it could matter is a doubt.
Boundary lines of an outer multipart end everything inside it. No content raises; what is odd is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.domain.finding import GapReason
from gateway.mime.levels import Message
from gateway.mime.limits import Limits
from gateway.mime.targets import Progress
from gateway.mime.tree import PartSink, Tree

_STEP = 64 * 1024


def split(chunks: Iterable[bytes], sink: PartSink, limits: Limits) -> Tree:
    """Take a mail apart into `sink`. Errors of the source or the sink pass through, after open leaves are aborted."""
    progress = Progress(sink, limits)
    message = Message(progress, path="1", prefix="", depth=0)
    left = limits.max_message_bytes
    try:
        for chunk in chunks:
            view = memoryview(chunk)
            for start in range(0, min(len(view), left), _STEP):
                message.feed(bytes(view[start : min(start + _STEP, left)]))
            if len(view) > left:
                progress.gap("message", GapReason.TOO_LARGE)
                break
            left -= len(view)
        root = message.finish()
    except BaseException:
        progress.abort()
        raise
    return Tree(root, root.headers, tuple(progress.gaps), message.header_length, tuple(progress.margins))

"""The state machine of the splitter: one `Message` per mail or attached mail, one frame per open multipart.

Bytes are pushed in; a line is looked at only where it can be a boundary line, so that large attachments cost two
substring searches a block. What could still become a boundary line is held back until it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.domain.finding import GapReason
from gateway.mime.codings import decoder
from gateway.mime.entity import Entity, describe
from gateway.mime.headblock import HeadBlock
from gateway.mime.naming import place
from gateway.mime.targets import Discard, Leaf, Margin, Progress, Target
from gateway.mime.tree import Body, Header, Part

_TAIL = re.compile(rb"(?:\r\n|\r|\n)-?\Z")


@dataclass(slots=True)
class Frame:
    """One open multipart."""

    path: str
    headers: tuple[Header, ...]
    entity: Entity
    default: str
    opener: bytes
    children: list[Part] = field(default_factory=list)
    count: int = 0
    closed: bool = False


class Message:
    """Reads one mail, at `depth` containers inside the whole; `prefix` begins the names of everything inside."""

    def __init__(self, progress: Progress, *, path: str, prefix: str, depth: int) -> None:
        self._progress = progress
        self._limits = progress.limits
        self._prefix = prefix
        self._depth = depth
        self._path = path
        self._default = "text/plain"
        self._frames: list[Frame] = []
        self._buffer = bytearray()
        self._head: HeadBlock | None = HeadBlock(progress.limits)
        self._skipping = False
        self._at_line_start = True
        self._target: Target = Discard()
        self._root: Part | None = None
        self.header_length = 0
        self._counting = True

    def feed(self, data: bytes) -> None:
        """Take some bytes."""
        self._buffer += data
        self._run(final=False)

    def finish(self) -> Part:
        """The mail has ended; its tree."""
        self._run(final=True)
        if self._head is not None:
            self._begin_body()
        self._target.finish()
        self._target = Discard()
        while self._frames:
            self._pop()
        assert self._root is not None
        return self._root

    def _run(self, *, final: bool) -> None:
        while self._buffer:
            going = self._read_head(final=final) if self._head is not None else self._read_body(final=final)
            if not going:
                return

    # -- header blocks

    def _read_head(self, *, final: bool) -> bool:
        """Read lines of the header block; False if more bytes are needed."""
        assert self._head is not None
        end = self._buffer.find(b"\n", 0, self._limits.max_header_line)
        if end < 0 and len(self._buffer) < self._limits.max_header_line and not final:
            return False
        whole = end >= 0 or len(self._buffer) < self._limits.max_header_line
        size = end + 1 if end >= 0 else min(len(self._buffer), self._limits.max_header_line)
        line = bytes(self._buffer[:size])
        if self._skipping:  # the rest of a line that was over the limit
            self._skipping = not whole
            self._drop(size)
            return True
        if self._frames and line.startswith(b"--") and self._boundary(line) is not None:
            self._begin_body()
            return True
        verdict = self._head.take(line, whole=whole)
        if verdict == "body":
            self._begin_body()
            return True
        self._skipping = not whole
        self._drop(size)
        if verdict == "end":
            self._begin_body()
        return True

    def _drop(self, size: int) -> None:
        if self._counting:
            self.header_length += size
        del self._buffer[:size]

    def _begin_body(self) -> None:
        assert self._head is not None
        head, self._head = self._head, None
        self._counting = False
        self._skipping = False
        self._at_line_start = True
        headers = head.headers()
        entity = describe(headers, self._default, self._limits.max_name)
        path = self._path
        doubts = [*head.doubts, *entity.doubts]
        deep = self._depth + len(self._frames) >= self._limits.max_depth
        if (entity.is_multipart or entity.is_message) and deep:
            doubts.append(GapReason.TOO_DEEP)
        name = self._name(entity, path)
        for reason in doubts:
            self._progress.gap(name or f"part-{path}", reason)
        if entity.is_multipart and not deep:
            self._push(path, headers, entity)
        elif entity.is_message and not deep:
            self._target = _Inside(self, path, name, headers, entity)
        else:
            self._target = Leaf(
                self._progress, path, decoder(entity.coding), self._leaf_done(path, name, headers, entity)
            )

    def _name(self, entity: Entity, path: str) -> str:
        if entity.is_multipart:
            return ""
        named = place(self._prefix, path, entity.media_type, entity.file_name, entity.disposition)
        return self._progress.names.unique(named)

    def _push(self, path: str, headers: tuple[Header, ...], entity: Entity) -> None:
        opener = b"--" + entity.boundary
        if any(frame.opener == opener for frame in self._frames):
            self._progress.gap(f"part-{path}", GapReason.AMBIGUOUS)
        default = "message/rfc822" if entity.media_type == "multipart/digest" else "text/plain"
        self._frames.append(Frame(path, headers, entity, default, opener))
        self._target = Margin(self._progress, f"{path}.preamble", self._prefix)

    # -- bodies

    def _read_body(self, *, final: bool) -> bool:
        """Hand on what is surely body, and act on the next boundary line; False if more bytes are needed."""
        buffer = self._buffer
        if not self._frames:
            self._hand_on(len(buffer))
            return False
        openers = tuple(frame.opener for frame in self._frames)
        longest = max(map(len, openers))
        for at, bare in self._candidates():
            if len(buffer) - at >= longest and not buffer.startswith(openers, at):
                continue
            if bare:  # a bare CR ends lines for some readers
                if buffer.startswith(openers, at):
                    self._progress.gap(f"part-{self._frames[-1].path}", GapReason.AMBIGUOUS)
                elif not final:
                    self._hand_on(at - 1)
                    return False
                continue
            end = buffer.find(b"\n", at, at + self._limits.max_boundary_line)
            if end < 0 and not final and len(buffer) - at < self._limits.max_boundary_line:
                self._hand_on(self._break_before(at))
                return False
            if end < 0:
                end = min(len(buffer), at + self._limits.max_boundary_line) - 1
            found = self._boundary(bytes(buffer[at : end + 1]))
            if found is not None:
                self._hand_on(self._break_before(at), end + 1)
                self._cut(*found)
                return True
        tail = None if final else _TAIL.search(buffer, max(0, len(buffer) - 3))
        hyphen = not final and self._at_line_start and buffer == b"-"
        self._hand_on(0 if hyphen else tail.start() if tail else len(buffer))
        return False

    def _candidates(self) -> Iterator[tuple[int, bool]]:
        """Where lines begin with two hyphens, in order, and whether only a bare CR is before them."""
        buffer = self._buffer
        if self._at_line_start and buffer.startswith(b"--"):
            yield 0, False
        feed, bare = buffer.find(b"\n--"), buffer.find(b"\r--")
        while feed >= 0 or bare >= 0:
            if bare < 0 or 0 <= feed < bare:
                yield feed + 1, False
                feed = buffer.find(b"\n--", feed + 1)
            else:
                yield bare + 1, True
                bare = buffer.find(b"\r--", bare + 1)

    def _break_before(self, at: int) -> int:
        """Where the line break that belongs to a boundary line at `at` begins, RFC 2046 5.1.1."""
        before = bytes(self._buffer[max(0, at - 2) : at])
        if before.endswith(b"\r\n"):
            return at - 2
        return at - 1 if before.endswith((b"\n", b"\r")) else at

    def _hand_on(self, size: int, drop: int | None = None) -> None:
        if size:
            self._target.feed(bytes(self._buffer[:size]))
            self._at_line_start = False
        del self._buffer[: size if drop is None else drop]

    def _boundary(self, line: bytes) -> tuple[Frame, bool] | None:
        """The frame whose boundary line this is, innermost first, and whether it closes; None for other lines."""
        text = line.rstrip(b" \t\r\n")
        doubtful = False
        for frame in reversed(self._frames):
            if not text.startswith(frame.opener):
                continue
            rest = text[len(frame.opener) :]
            if rest in {b"", b"--"}:
                if frame.closed:  # its boundary again, after its end: some readers go on there
                    self._progress.gap(f"part-{frame.path}", GapReason.AMBIGUOUS)
                    continue
                return frame, rest == b"--"
            doubtful = True
        if doubtful:
            self._progress.gap(f"part-{self._frames[-1].path}", GapReason.AMBIGUOUS)
        return None

    def _cut(self, frame: Frame, closes: bool) -> None:
        self._target.finish()
        self._target = Discard()
        while self._frames[-1] is not frame:
            self._pop()
        if closes:
            frame.closed = True
            self._at_line_start = True
            self._target = Margin(self._progress, f"{frame.path}.epilogue", self._prefix)
            return
        frame.count += 1
        self._progress.parts += 1
        self._path = f"{frame.path}.{frame.count}"
        self._default = frame.default
        if self._progress.parts >= self._limits.max_parts:
            self._progress.gap("message", GapReason.TOO_MANY_PARTS)
            self._frames_end()
            return
        self._head = HeadBlock(self._limits)

    def _frames_end(self) -> None:
        # Nothing after this point is looked at: without frames a body has no end, and it goes nowhere.
        while self._frames:
            self._pop()
        self._target = Discard()

    def _pop(self) -> None:
        frame = self._frames.pop()
        if not frame.children:
            self._progress.gap(f"part-{frame.path}", GapReason.MALFORMED)
        entity = frame.entity
        self._add(
            Part(
                frame.path, "", entity.media_type, entity.charset, entity.file_name, entity.content_id,
                entity.disposition, frame.headers, tuple(frame.children), None,
            )
        )  # fmt: skip

    def _add(self, part: Part) -> None:
        if self._frames:
            self._frames[-1].children.append(part)
        elif self._root is None:
            self._root = part

    def _leaf_done(
        self, path: str, name: str, headers: tuple[Header, ...], entity: Entity
    ) -> Callable[[Body, bool], None]:
        def done(body: Body, damaged: bool) -> None:
            if damaged:
                known = entity.coding == "base64"
                self._progress.gap(name, GapReason.MALFORMED if known else GapReason.UNDECODABLE)
            self._add(
                Part(
                    path, name, entity.media_type, entity.charset, entity.file_name, entity.content_id,
                    entity.disposition, headers, (), body,
                )
            )  # fmt: skip

        return done

    def inside(self, path: str, name: str) -> Message:
        """A reader for a mail attached to this one."""
        depth = self._depth + len(self._frames) + 1
        return Message(self._progress, path=f"{path}.1", prefix=f"{name}/", depth=depth)

    @property
    def is_attached(self) -> bool:
        """Whether this mail is itself inside another."""
        return bool(self._prefix)

    @property
    def progress(self) -> Progress:
        """What all levels share."""
        return self._progress

    def add(self, part: Part) -> None:
        """Take a finished part."""
        self._add(part)


class _Inside:
    """The body of an attached mail: read as a mail, and kept whole if it is not inside another attached mail."""

    def __init__(self, outer: Message, path: str, name: str, headers: tuple[Header, ...], entity: Entity) -> None:
        self._outer = outer
        self._path, self._name, self._headers, self._entity = path, name, headers, entity
        self._decoder = decoder(entity.coding)
        self._message = outer.inside(path, name)
        self._writer = None if outer.is_attached else outer.progress.open(path)

    def feed(self, data: bytes) -> None:
        """Decode and read."""
        self._take(self._decoder.feed(data))

    def _take(self, data: bytes) -> None:
        if data:
            self._message.feed(data)
            if self._writer is not None:
                self._writer.write(data)

    def finish(self) -> None:
        """Read the rest and hand the part over."""
        self._take(self._decoder.finish())
        root = self._message.finish()
        progress, entity = self._outer.progress, self._entity
        if self._decoder.damaged:
            progress.gap(self._name, GapReason.MALFORMED)
        body = progress.close(self._writer) if self._writer is not None else None
        self._outer.add(
            Part(
                self._path, self._name, entity.media_type, entity.charset, entity.file_name, entity.content_id,
                entity.disposition, self._headers, (root,), body,
            )
        )  # fmt: skip

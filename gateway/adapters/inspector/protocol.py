"""What the worker and a child say to each other: frames of a tag, a length and bytes, each tag with its greatest size.

Nothing in a frame can name code, a type or a size beyond the limits, so a subverted child can lie about its texts and
no more. Strings are UTF-8 that lets lone surrogates through, because mail has them.

Worker: SPECIMEN, DATA*, then END or DROP, for each part; then the end of the stream.
Child: READY; then for each part THREAT*, TEXT*, GAP*, DONE.

For a redacted copy the worker says UNITS instead, and is answered in the same way with the texts of the copy; or REWRITE,
DATA*, END (the edits, as JSON), DATA*, END (the document), and is answered COPY*, DONE, or GAP, DONE.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.domain.threat import Threat, ThreatKind
from gateway.ports.inspector import Edit

SPECIMEN, DATA, END, DROP = b"S", b"D", b"E", b"A"
UNITS, REWRITE = b"U", b"W"
READY, TEXT, GAP, THREAT, COPY, DONE = b"R", b"T", b"G", b"X", b"C", b"Z"

ANSWERS = frozenset((READY, TEXT, GAP, THREAT, COPY, DONE))

HEADER = struct.Struct("!cI")
DATA_BYTES = 64 * 1024
SPECIMEN_BYTES = 16 * 1024
PART_BYTES = 16 * 1024
THREATS = 64
"""Threats of one part; where there are more, each kind is said once of the part."""
READY_BYTES = 1024
_LENGTHS = struct.Struct("!HHH")
_PART = struct.Struct("!H")

REQUEST = struct.Struct("!d?")
"""To the launcher, with the two descriptors (data, status): the seconds that the child may live, and whether it is to put
off what takes long (pictures of pages).
"""

STATUS = struct.Struct("!Bi")
"""From the launcher on the status socket when the child has ended: one of the three below, and its wait status."""
ENDED, KILLED, NOT_FORKED = 0, 1, 2

EXIT_MEMORY = 71
EXIT_SANDBOX = 72


class BadFrame(Exception):
    """The other side did not keep to the protocol."""


def encode(text: str) -> bytes:
    """A string as it travels."""
    return text.encode("utf-8", "surrogatepass")


def decode(data: bytes | memoryview) -> str:
    """A string that travelled; BadFrame when it is not UTF-8."""
    try:
        return str(data, "utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise BadFrame("not UTF-8") from None


def frame(tag: bytes, payload: bytes = b"") -> bytes:
    """One frame."""
    return HEADER.pack(tag, len(payload)) + payload


def pack_specimen(part: str, media_type: str, file_name: str) -> bytes | None:
    """The payload of SPECIMEN, or None when the names are longer than a frame may be."""
    fields = [encode(each) for each in (part, media_type, file_name)]
    if sum(map(len, fields)) + _LENGTHS.size > SPECIMEN_BYTES:
        return None
    return _LENGTHS.pack(*map(len, fields)) + b"".join(fields)


def unpack_specimen(payload: bytes) -> tuple[str, str, str]:
    """Part, media type and file name; BadFrame when the lengths do not fit."""
    if len(payload) < _LENGTHS.size:
        raise BadFrame("short specimen")
    first, second, third = _LENGTHS.unpack_from(payload)
    rest = payload[_LENGTHS.size :]
    if first + second + third != len(rest):
        raise BadFrame("lengths of a specimen")
    return decode(rest[:first]), decode(rest[first : first + second]), decode(rest[first + second :])


def pack_text(text: TextPart) -> bytes:
    """The payload of TEXT: the part's length, the part, the text. ValueError when the part's name is too long."""
    return _named(text.part) + encode(text.text)


def pack_gap(gap: Gap) -> bytes:
    """The payload of GAP: the part's length, the part, the reason. ValueError when the part's name is too long."""
    return _named(gap.part) + gap.reason.value.encode("ascii")


def pack_threats(part: str, threats: Sequence[Threat]) -> list[bytes]:
    """The payloads of THREAT for one part: within the limit, and never fewer kinds than were found."""
    said = list(dict.fromkeys(threats))
    if len(said) > THREATS or any(len(encode(one.part)) > PART_BYTES for one in said):
        said = [Threat(kind, part) for kind in sorted({one.kind for one in said})]
    return [_named(one.part) + one.kind.value.encode("ascii") for one in said]


def pack_edits(edits: Sequence[Edit]) -> bytes:
    """Edits as JSON."""
    return json.dumps([[one.unit, one.start, one.end, one.text] for one in edits]).encode("ascii")


def unpack_edits(data: bytes) -> list[Edit]:
    """What `pack_edits` wrote; BadFrame for anything else."""
    try:
        return [Edit(int(unit), int(start), int(end), str(text)) for unit, start, end, text in json.loads(data)]
    except (ValueError, TypeError) as error:
        raise BadFrame("edits that are none") from error


def _named(part: str) -> bytes:
    name = encode(part)
    if len(name) > PART_BYTES:
        raise ValueError("name of a part too long")
    return _PART.pack(len(name)) + name


def _unnamed(payload: bytes, within: str) -> tuple[str, memoryview]:
    view = memoryview(payload)
    if len(view) < _PART.size:
        raise BadFrame("short answer")
    (length,) = _PART.unpack_from(view)
    if length > PART_BYTES or length + _PART.size > len(view):
        raise BadFrame("length of a part's name")
    part = decode(view[_PART.size : _PART.size + length])
    if part != within and not part.startswith(within + "/"):
        raise BadFrame("an answer about another part")
    return part, view[_PART.size + length :]


def unpack_text(payload: bytes, within: str) -> TextPart:
    """A text of the part `within` or of something in it; BadFrame otherwise."""
    part, rest = _unnamed(payload, within)
    return TextPart(part, decode(rest))


def unpack_gap(payload: bytes, within: str) -> Gap:
    """A gap of the part `within` or of something in it; BadFrame otherwise, and for an unknown reason."""
    part, rest = _unnamed(payload, within)
    try:
        return Gap(part, GapReason(decode(rest)))
    except ValueError:
        raise BadFrame("unknown reason") from None


def unpack_threat(payload: bytes, within: str) -> Threat:
    """A threat in the part `within` or in something in it; BadFrame otherwise, and for an unknown kind."""
    part, rest = _unnamed(payload, within)
    try:
        return Threat(ThreatKind(decode(rest)), part)
    except ValueError:
        raise BadFrame("unknown kind of threat") from None

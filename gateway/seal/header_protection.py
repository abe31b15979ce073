"""RFC 9788: the real header inside the protected payload, a neutral one outside, and `HP-Outer` that says what was outside.

The header confidentiality policy is that of the outer mail: Subject neutral, addresses without names, a Message-ID of
the gateway's. For readers that do not know header protection a legacy display of the Subject stands at the head of the
text where it can be put there safely (legacy_display); the real header is inside in any case. Bcc, X-Sealgate-*,
Received, trace and signature fields and our Subject tags are never copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from gateway.domain.errors import LimitExceeded, SealingFailed
from gateway.mime.build import OuterHeaders, text_part, visible_fields
from gateway.mime.build_original import HEADER_LIMIT, TAGGED, HeaderBlock, RawField, read_block, untagged, without_tags
from gateway.mime.build_passthrough import leaves_nowhere
from gateway.mime.headers import CRLF, write_parameters
from gateway.seal.legacy_display import PREFIX, with_legacy_display

_TRACE = frozenset({
    "return-path", "delivered-to", "x-original-to", "dkim-signature", "domainkey-signature", "authentication-results",
    "received-spf", "hp-outer", "hp-obscured", "hp-removed",
})  # fmt: skip
_TYPE = re.compile(
    rb"(?is)\A(content-type[ \t]*:(?:[ \t]|\r\n[ \t])*[!#-'*+.0-9A-Z^_`{|}~-]+/[!#-'*+.0-9A-Z^_`{|}~-]+)"
)
_HP = re.compile(rb'(?is)("(?:[^"\\]|\\.)*")|;(?:\s)*hp(?:-legacy-display)?\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^;\s]*)')
_TYPE_LIMIT = 8192
_DEFAULT_TYPE = RawField("content-type", b'Content-Type: text/plain; charset="us-ascii"\r\n')


def protected_payload(
    raw_chunks: Iterable[bytes],
    outer: OuterHeaders,
    *,
    subject: str | None = None,
    notices: Sequence[str] = (),
    boundary_random: bytes = b"",
    header_limit: int = HEADER_LIMIT,
) -> Iterator[bytes]:
    """The Cryptographic Payload of the original mail under the header `outer`, CRLF, in bounded memory.

    `subject` replaces the inner Subject; tags are removed in any case. `notices` are statements that must travel with the
    mail (42 CFR 2.32): they become a text part before the original body, for which `boundary_random` gives 16 random
    bytes. Raises LimitExceeded or MalformedMail for a header that cannot be read, before the first byte.
    """
    # The header is read before line ends are mended: a bare CR in it must be refused, not become a line of its own.
    block, rest = read_block(raw_chunks, header_limit)
    block = HeaderBlock(tuple(RawField(one.name, _whole_lines(one.raw)) for one in block.fields), CRLF)
    body = canonical(rest)
    head = b"MIME-Version: 1.0\r\n" + _message_fields(block, subject) + _hp_outer(outer)
    structural = _structural(block)
    inner, prefix = block.first("subject"), b""
    if inner is not None:
        text = without_tags(inner.text if subject is None else subject)
        if text != outer.subject:
            prefix, body = _take(body, PREFIX)
            structural, prefix = with_legacy_display(structural, prefix, text)
    if notices:
        return _with_notices(head, structural, prefix, body, notices, boundary_random)
    fields = b"".join(with_hp(one) if one.name == "content-type" else one.raw for one in structural)
    return _chain(head + fields + CRLF + prefix, body)


def _message_fields(block: HeaderBlock, subject: str | None) -> bytes:
    """The Non-Structural fields that go inside, as they were written."""
    inside = [one for one in block.fields if one.name and not _is_structural(one) and not _stays_out(one)]
    written = [untagged(one, subject) if one.name in TAGGED else one.raw for one in inside]
    return b"".join(written)


def _whole_lines(raw: bytes) -> bytes:
    """A field's bytes with CRLF, the last line end included."""
    mended = _LINE_END.sub(CRLF, raw)
    return mended if mended.endswith(CRLF) else mended + CRLF


def _stays_out(one: RawField) -> bool:
    return leaves_nowhere(one) or one.name in _TRACE or one.name.startswith("arc-")


def _is_structural(one: RawField) -> bool:
    """RFC 9788 1.8: MIME-Version and everything whose name begins with Content-."""
    return one.name == "mime-version" or one.name.startswith("content-")


def _hp_outer(outer: OuterHeaders) -> bytes:
    """One HP-Outer for each field that stands outside, RFC 9788 2.2."""
    return b"".join(b"HP-Outer: " + one for one in visible_fields(outer))


def _structural(block: HeaderBlock) -> list[RawField]:
    """The payload's own MIME fields, the first of each name, since readers differ on a second one; a Content-Type is
    added where the original has none (RFC 2045 5.2).
    """
    firsts = {one.name: one for one in reversed(block.fields) if _is_structural(one) and one.name != "mime-version"}
    fields = [one for one in block.fields if firsts.get(one.name) is one]
    fields = [RawField(one.name, _without_hp(one.raw)) if one.name == "content-type" else one for one in fields]
    if not any(one.name == "content-type" for one in fields):
        fields.insert(0, _DEFAULT_TYPE)
    return fields


def with_hp(content_type: RawField) -> bytes:
    """The Content-Type field with `hp="cipher"` right behind the type, whatever follows.

    A field whose type cannot be read is replaced by text/plain, which is what RFC 2045 5.2 makes of it.
    """
    match = _TYPE.match(content_type.raw)
    if match is None:
        return b'Content-Type: text/plain; charset="us-ascii"; hp="cipher"\r\n'
    return match.group(1) + b'; hp="cipher"' + content_type.raw[match.end() :]


def _without_hp(raw: bytes) -> bytes:
    """A Content-Type without hp parameters of the sender's, which would speak of another header than ours."""
    if len(raw) > _TYPE_LIMIT:
        raise LimitExceeded("limits.header_bytes", "the Content-Type field is longer than a reader would take")
    return _HP.sub(lambda found: found.group(1) or b"", raw)


def _with_notices(
    head: bytes,
    structural: Sequence[RawField],
    prefix: bytes,
    body: Iterator[bytes],
    notices: Sequence[str],
    seed: bytes,
) -> Iterator[bytes]:
    """multipart/mixed of the notices and the original body."""
    if len(seed) < 16:
        raise SealingFailed("notices need 16 random bytes for their boundary")
    boundary = "=_" + seed.hex()
    delimiter = b"--" + boundary.encode() + CRLF
    kind = write_parameters("Content-Type", "multipart/mixed", {"hp": "cipher", "boundary": boundary})
    original = b"".join(one.raw for one in structural)
    notice = text_part("plain", "\n\n".join(notices)).removesuffix(CRLF)
    front = b"".join([head, kind, CRLF, delimiter, notice, CRLF, delimiter, original, CRLF, prefix])
    return _chain(front, body, CRLF + delimiter.removesuffix(CRLF) + b"--\r\n")


def _take(body: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """About `size` bytes from the front of the body, and the rest."""
    front = bytearray()
    for chunk in body:
        front += chunk
        if len(front) >= size:
            break
    return bytes(front), body


def _chain(front: bytes, body: Iterator[bytes], end: bytes = b"") -> Iterator[bytes]:
    yield front
    yield from body
    if end:
        yield end


def canonical(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks with every line end as CRLF (RFC 8551 3.1.1); a CR at the edge of a chunk waits for the next."""
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = data[-1:] if data.endswith(b"\r") else b""
        if held:
            data = data[:-1]
        if data:
            yield data if _is_canonical(data) else _LINE_END.sub(CRLF, data)
    if held:
        yield CRLF


_LINE_END = re.compile(rb"\r\n|\r|\n")


def _is_canonical(data: bytes) -> bool:
    # Single bytes are found several times as fast as pairs or patterns are.
    return data.replace(b"\r", b"").replace(b"\n", CRLF) == data

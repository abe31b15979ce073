"""What a Direct message signs and encrypts: the whole mail as one message/rfc822 (Applicability Statement 1.3 2; RFC 8551 3.1).

The mail inside keeps its header, so that Subject and threads are hidden and whole; only its From is the practice's Direct
address, to which a recipient can answer, and it asks for confirmations itself, since recipients' systems look there.
Fields that leave nowhere, trace and signature fields stay out, and our Subject tags are removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.build import confirmation_fields, text_part
from gateway.mime.build_original import HEADER_LIMIT, TAGGED, read_block, untagged
from gateway.mime.build_passthrough import leaves_nowhere
from gateway.mime.headers import CRLF, write_addresses, write_parameters
from gateway.seal.header_protection import canonical

_OURS = frozenset({
    "from", "sender", "reply-to", "return-path", "delivered-to", "x-original-to", "dkim-signature", "domainkey-signature",
    "authentication-results", "received-spf", "disposition-notification-to", "disposition-notification-options",
    "return-receipt-to", "mime-version",
})  # fmt: skip
"""Fields of the original that are written anew or speak of another road."""
_WRAPPED = b"Content-Type: message/rfc822\r\n\r\n"


def direct_payload(
    raw_chunks: Iterable[bytes],
    *,
    sender: Address,
    confirm_to: Address,
    notices: Sequence[str] = (),
    boundary_random: bytes = b"",
    header_limit: int = HEADER_LIMIT,
) -> Iterator[bytes]:
    """The message/rfc822 entity of the original mail, CRLF, in bounded memory.

    `notices` are statements that must travel with the mail (42 CFR 2.32): a text part before the original body, for which
    `boundary_random` gives 16 random bytes. LimitExceeded or MalformedMail, before the first byte, for a header that cannot be read.
    """
    block, rest = read_block(raw_chunks, header_limit)
    if any(not one.name for one in block.fields) or not block.fields:
        raise SealingFailed("a mail whose header has lines that are no fields cannot be wrapped")
    body = canonical(rest)
    kept = [
        one
        for one in block.fields
        if one.name not in _OURS and not one.name.startswith("arc-") and not leaves_nowhere(one)
    ]
    structural = {one.name: one for one in reversed(kept) if one.name.startswith("content-")}
    head = [write_addresses("From", (sender,)), *confirmation_fields(confirm_to)]
    head += [_whole(untagged(one) if one.name in TAGGED else one.raw) for one in kept if one.name not in structural]
    content = b"".join(_whole(one.raw) for one in kept if structural.get(one.name) is one)
    head.append(b"MIME-Version: 1.0\r\n")
    if not notices:
        return _chain(_WRAPPED + b"".join(head) + content + CRLF, body)
    return _with_notices(b"".join(head), content, body, notices, boundary_random)


def _with_notices(
    head: bytes, content: bytes, body: Iterator[bytes], notices: Sequence[str], seed: bytes
) -> Iterator[bytes]:
    if len(seed) < 16:
        raise SealingFailed("notices need 16 random bytes for their boundary")
    boundary = "=_" + seed.hex()
    delimiter = b"--" + boundary.encode() + CRLF
    kind = write_parameters("Content-Type", "multipart/mixed", {"boundary": boundary})
    notice = text_part("plain", "\n\n".join(notices)).removesuffix(CRLF)
    front = b"".join([_WRAPPED, head, kind, CRLF, delimiter, notice, CRLF, delimiter, content, CRLF])
    return _chain(front, body, CRLF + delimiter.removesuffix(CRLF) + b"--\r\n")


def _whole(raw: bytes) -> bytes:
    """A field with CRLF throughout, its last line end included."""
    mended = b"".join(canonical([raw]))
    return mended if mended.endswith(CRLF) else mended + CRLF


def _chain(front: bytes, body: Iterator[bytes], end: bytes = b"") -> Iterator[bytes]:
    yield front
    yield from body
    if end:
        yield end

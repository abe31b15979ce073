"""The road of `pass` and `tls`: the sender's own bytes, less what may leave nowhere.

Bcc, Resent-Bcc, X-Sealgate-* and the client's Received fields go; X-Sealgate-Id is put in front; the Subject changes
only where one of our tags must be removed. Everything else, and every byte of the body, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.domain.errors import MalformedMail
from gateway.mime.build_original import HEADER_LIMIT, TAGGED, RawField, read_block, untagged
from gateway.mime.headers import CRLF, HeaderRefused, checked, write_text

_DROPPED = frozenset({"bcc", "resent-bcc", "received"})
_SIGNATURES = ("dkim-signature", "domainkey-signature", "arc-")


def leaves_nowhere(one: RawField) -> bool:
    """Whether a field of the sender is dropped on every road."""
    return one.name in _DROPPED or one.name.startswith("x-sealgate-")


def passthrough(
    raw_chunks: Iterable[bytes], *, sealgate_id: str, subject: str | None = None, header_limit: int = HEADER_LIMIT
) -> Iterator[bytes]:
    """The original mail in bounded memory; `subject` replaces the Subject, and tags are removed from it in any case.

    Where the Subject changes, DKIM and ARC fields go too, since they no longer hold. Raises LimitExceeded,
    MalformedMail, or HeaderRefused before the first byte is handed out.
    """
    if subject is not None:
        checked(subject, "Subject")
    if not sealgate_id or not sealgate_id.isascii() or " " in sealgate_id:
        raise HeaderRefused("X-Sealgate-Id: not an id")
    mark = write_text("X-Sealgate-Id", sealgate_id)
    block, body = read_block(raw_chunks, header_limit)
    kept = [one for one in block.fields if not leaves_nowhere(one)]
    if not kept:
        raise MalformedMail("the mail has no header that could leave")
    fields = [untagged(one, subject) if one.name in TAGGED else one.raw for one in kept]
    if any(new != one.raw for new, one in zip(fields, kept, strict=True)):
        fields = [new for new, one in zip(fields, kept, strict=True) if not one.name.startswith(_SIGNATURES)]
    if not fields[-1].endswith(b"\n"):
        fields[-1] += CRLF
    return _chain(mark + b"".join(fields) + (block.end or CRLF), body)


def _chain(head: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from body

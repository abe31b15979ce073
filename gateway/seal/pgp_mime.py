"""PGP/MIME, RFC 3156 4: a mail whose whole body is one OpenPGP message, in armour, streamed in bounded memory.

Signed and encrypted at once (RFC 3156 6.2), the form that every program reads; what is inside has header protection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.domain.errors import SealingFailed
from gateway.mime.build import OuterHeaders, outer_block
from gateway.mime.headers import CRLF, write_parameters
from gateway.seal.openpgp_packets import armoured


def pgp_mail(outer: OuterHeaders, message: Iterable[bytes], boundary_random: bytes) -> Iterator[bytes]:
    """The mail around a binary OpenPGP message; `boundary_random` gives 16 random bytes."""
    if len(boundary_random) < 16:
        raise SealingFailed("the boundary needs 16 random bytes")
    boundary = "=_" + boundary_random.hex()
    delimiter = b"--" + boundary.encode() + CRLF
    kind = {"protocol": "application/pgp-encrypted", "boundary": boundary}
    head = b"".join([
        outer_block(outer), write_parameters("Content-Type", "multipart/encrypted", kind), CRLF,
        delimiter, b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n",
        delimiter, write_parameters("Content-Type", "application/octet-stream", {"name": "encrypted.asc"}),
        write_parameters("Content-Disposition", "inline", {"filename": "encrypted.asc"}), CRLF,
    ])  # fmt: skip
    return _whole(head, message, b"\r\n" + delimiter.removesuffix(CRLF) + b"--\r\n")


def _whole(head: bytes, message: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    yield head
    yield from armoured("MESSAGE", message)
    yield end

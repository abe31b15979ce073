"""Whether a whole mail is encrypted or signed: by its root alone. RFC 8551 3 (S/MIME), RFC 1847 and RFC 3156 (PGP/MIME).

An encrypted part inside a larger structure is none of these, and nothing ever opens it (EFAIL: what would be joined with
the plain parts round it would tell them). What two readers could take for different roots is no encrypted root either.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto

from gateway.domain.errors import MalformedMail
from gateway.domain.finding import GapReason
from gateway.mime.build_original import HeaderBlock, RawField, read_block
from gateway.mime.codings import decode_all
from gateway.mime.entity import describe
from gateway.mime.fields import header, structured, unfold

_CMS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_CMS_SIGNATURE = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_MAX_NAME = 200
_PGP_MIME, _PGP_SIGNATURE = "application/pgp-encrypted", "application/pgp-signature"


class RootKind(Enum):
    """What the whole of a mail is."""

    PLAIN = auto()
    CMS = auto()
    """One CMS object: enveloped, signed, or something else."""
    CMS_SIGNED = auto()
    """multipart/signed with a CMS signature."""
    PGP_SIGNED = auto()
    """multipart/signed of PGP/MIME."""
    PGP = auto()
    """multipart/encrypted of PGP/MIME."""


@dataclass(frozen=True, slots=True)
class Root:
    """The root's MIME fields, as far as opening needs them."""

    kind: RootKind
    media_type: str
    coding: str
    boundary: bytes = field(default=b"", repr=False)
    micalg: str = ""


def root_of(block: HeaderBlock) -> Root:
    """What kind of mail this header begins."""
    headers = tuple(
        header(one.name.encode("latin-1"), one.raw.partition(b":")[2].rstrip(b"\r\n"))
        for one in block.fields if one.name.startswith("content-")
    )  # fmt: skip
    entity = describe(headers, "text/plain", _MAX_NAME)
    types = [one for one in headers if one.name == "content-type"]
    params = structured(unfold(types[0].raw)).params if types else {}
    kind = _kind(entity.media_type, params.get("protocol", "").lower(), entity.file_name.lower())
    if GapReason.AMBIGUOUS in entity.doubts or len(types) > 1:
        kind = RootKind.PLAIN
    return Root(kind, entity.media_type, entity.coding, entity.boundary, params.get("micalg", ""))


def _kind(media_type: str, protocol: str, file_name: str) -> RootKind:
    if media_type in _CMS or (media_type == "application/octet-stream" and file_name.endswith(".p7m")):
        return RootKind.CMS
    if media_type == "multipart/signed" and protocol in _CMS_SIGNATURE:
        return RootKind.CMS_SIGNED
    if media_type == "multipart/signed" and protocol == _PGP_SIGNATURE:
        return RootKind.PGP_SIGNED
    if media_type == "multipart/encrypted" and protocol == _PGP_MIME:
        return RootKind.PGP
    return RootKind.PLAIN


def decoded(coding: str, body: bytes) -> bytes:
    """The bytes behind a transfer encoding; MalformedMail for an unknown one."""
    data, whole = decode_all(coding, body)
    if not whole and coding not in {"base64", "quoted-printable"}:
        raise MalformedMail("a transfer encoding that nobody knows")
    return data


def halves(boundary: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The two parts of a multipart/signed or multipart/encrypted, byte for byte; MalformedMail unless there are just two."""
    if not boundary:
        raise MalformedMail("a multipart without its boundary")
    line = rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    marks = list(re.finditer(line, body))
    if len(marks) < 3 or any(one[1] for one in marks[:2]) or not marks[2][1]:
        raise MalformedMail("not the two parts that there should be")
    first, second = body[marks[0].end() : marks[1].start()], body[marks[1].end() : marks[2].start()]
    return re.sub(rb"\A\r?\n", b"", first), re.sub(rb"\A\r?\n", b"", second)


def signed_halves(root: Root, body: bytes) -> tuple[bytes, bytes, bytes]:
    """The two parts of a multipart/signed, byte for byte, and the signature that the second one holds; MalformedMail where
    readers could differ on what these are.
    """
    if root.coding not in _IDENTITY:
        raise MalformedMail("a multipart in a transfer encoding, which some readers decode")
    first, second = halves(root.boundary, body)
    types = _CMS_SIGNATURE if root.kind is RootKind.CMS_SIGNED else {_PGP_SIGNATURE}
    return first, second, _signature_of(second, types)


def _signature_of(part: bytes, types: Collection[str]) -> bytes:
    block, body = read_block([part])
    root = root_of(block)
    if root.media_type not in types:
        raise MalformedMail("the second part is no signature")
    return decoded(root.coding, b"".join(body))


def pgp_message(boundary: bytes, body: bytes) -> bytes:
    """The OpenPGP message of a multipart/encrypted, RFC 3156 4: armour or binary."""
    control, data = halves(boundary, body)
    first, rest = read_block([control])
    if root_of(first).media_type != _PGP_MIME or not re.match(rb"(?i)\s*version\s*:\s*1\b", b"".join(rest)):
        raise MalformedMail("not the control part of PGP/MIME")
    block, message = read_block([data])
    return decoded(root_of(block).coding, b"".join(message))


def entity_of(content: bytes) -> tuple[HeaderBlock, bytes]:
    """Header and body of what was inside: content without a MIME header is plain text as it stands."""
    block, body = read_block([content])
    if any(one.name == "content-type" for one in block.fields):
        return block, b"".join(body)
    if not block.fields or any(not one.name for one in block.fields) or not block.end:
        return HeaderBlock((RawField("content-type", b"Content-Type: text/plain\r\n"),)), content
    return block, b"".join(body)

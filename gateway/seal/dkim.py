"""DKIM signatures, RFC 6376 with RFC 8301 (SHA-256, no small keys) and RFC 8463 (Ed25519): relaxed/relaxed, whole body.

The body is hashed while it streams by, so the signature can be made without holding it; `l=` is never written, and each
field that a reader shows is signed once more than it is there, so that nobody can add a second one. Verifying is the
recipients' matter and none of this room's.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.build_original import HeaderBlock, RawField
from gateway.mime.headers import CRLF, FIELD_NAME

DkimPrivateKey = rsa.RSAPrivateKey | Ed25519PrivateKey

SIGNED = (
    "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Auto-Submitted",
    "Disposition-Notification-To",
)  # fmt: skip
"""Fields that are signed where they are there, RFC 6376 5.4.1."""
OVERSIGNED = frozenset({
    "from", "reply-to", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type",
    "content-transfer-encoding",
})  # fmt: skip
"""Fields of which no further one can be added without breaking the signature, RFC 6376 8.15."""
RSA_BITS = 2048

_WSP = re.compile(rb"[ \t]+")
_BLANK_LINES = CRLF * 4096


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One published key: `selector._domainkey.domain`."""

    domain: str
    selector: str
    key: DkimPrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.key, rsa.RSAPrivateKey) and self.key.key_size < RSA_BITS:
            raise SealingFailed(f"a DKIM key of RSA needs {RSA_BITS} bits")

    @property
    def algorithm(self) -> str:
        """The tag a=."""
        return "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"


@dataclass(frozen=True, slots=True)
class DkimRecord:
    """What must stand in the DNS for a key: the TXT record's name and its text, RFC 6376 3.6."""

    name: str
    text: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The text in the pieces of at most 255 characters that one TXT record is made of."""
        return tuple(self.text[start : start + 255] for start in range(0, len(self.text), 255))


def dkim_record(key: DkimKey) -> DkimRecord:
    """The record that publishes the key: SubjectPublicKeyInfo for RSA, the bare 32 bytes for Ed25519 (RFC 8463 4)."""
    public = key.key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        kind, data = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        kind, data = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = f"v=DKIM1; h=sha256; k={kind}; p={base64.b64encode(data).decode('ascii')}"
    return DkimRecord(f"{key.selector}._domainkey.{key.domain}", text)


def keys_for(author: Address, keys: Sequence[DkimKey]) -> tuple[DkimKey, ...]:
    """The keys whose domain is the author's or lies above it; of several such domains the nearest one's keys."""
    aligned = [one for one in keys if author.domain == one.domain or author.domain.endswith(f".{one.domain}")]
    nearest = max((len(one.domain) for one in aligned), default=0)
    return tuple(one for one in aligned if len(one.domain) == nearest)


class BodyHash:
    """SHA-256 of a body in relaxed form, RFC 6376 3.4.4, in bounded memory. The body must have CRLF line ends throughout."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._space = False
        self._ends = 0
        self._any = False

    def update(self, data: bytes) -> None:
        """Take the next bytes. White space and empty lines wait until something follows them; a chunk never ends within CRLF."""
        text = _WSP.sub(b" ", b" " + data if self._space else data).replace(b" \r\n", CRLF)
        self._space = text.endswith(b" ")
        text = text.removesuffix(b" ")
        body = text.rstrip(CRLF)
        ends = (len(text) - len(body)) // 2
        if not body:
            self._ends += ends
            return
        self._empty_lines()
        self._hash.update(body)
        self._any, self._ends = True, ends

    def digest(self) -> bytes:
        """The hash of all that was taken; empty lines at the end do not count."""
        whole = self._hash.copy()
        if self._any:
            whole.update(CRLF)
        return whole.digest()

    def _empty_lines(self) -> None:
        while self._ends:
            now = min(self._ends, len(_BLANK_LINES) // 2)
            self._hash.update(_BLANK_LINES[: 2 * now])
            self._ends -= now


def signature_fields(
    block: HeaderBlock, body_hash: bytes, keys: Sequence[DkimKey], at: datetime, names: Sequence[str] = SIGNED
) -> bytes:
    """A DKIM-Signature field for each key, to be put before the header that it signs; SealingFailed if one cannot be made."""
    if any(not FIELD_NAME.fullmatch(one) for one in names) or "from" not in {one.lower() for one in names}:
        raise SealingFailed("the names of fields to sign are not such, or From is not among them")
    if any(not one.name for one in block.fields):
        raise SealingFailed("a header with a line that is no field cannot be signed")
    signed = _signed_names(block, names)
    text = b"".join(_relaxed(one) + CRLF for one in _chosen(block, signed))
    return b"".join(_signature(text, body_hash, one, at, signed) for one in keys)


def _signed_names(block: HeaderBlock, names: Sequence[str]) -> list[str]:
    """The tag h=: each name as often as it is there, and once more where a further one would mislead."""
    there = [one.name for one in block.fields]
    found: list[str] = []
    for name in dict.fromkeys(one.lower() for one in (*names, *sorted(OVERSIGNED))):
        found += [name] * (there.count(name) + (name in OVERSIGNED))
    return found


def _chosen(block: HeaderBlock, signed: Sequence[str]) -> list[RawField]:
    """The fields in the order of h=, those of one name from the bottom up (RFC 6376 5.4.2); one that is not there is empty."""
    left = {name: [one for one in block.fields if one.name == name] for name in set(signed)}
    return [left[name].pop() for name in signed if left[name]]


def _relaxed(one: RawField) -> bytes:
    """A field in relaxed form, without its line end, RFC 6376 3.4.2."""
    value = re.sub(rb"\r?\n", b"", one.raw.partition(b":")[2])
    return one.name.encode("ascii") + b":" + _WSP.sub(b" ", value).strip(b" ")


def _signature(text: bytes, body_hash: bytes, key: DkimKey, at: datetime, signed: Sequence[str]) -> bytes:
    tags = [
        "v=1", f"a={key.algorithm}", "c=relaxed/relaxed", f"d={key.domain}", f"s={key.selector}", f"t={int(at.timestamp())}",
        f"bh={base64.b64encode(body_hash).decode('ascii')}", *_folded_names(signed),
    ]  # fmt: skip
    head = "DKIM-Signature: " + ";\r\n\t".join(tags) + ";\r\n\tb="
    unsigned = RawField("dkim-signature", head.encode("ascii"))
    data = hashlib.sha256(text + _relaxed(unsigned)).digest()
    if isinstance(key.key, rsa.RSAPrivateKey):
        signature = key.key.sign(text + _relaxed(unsigned), padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = key.key.sign(data)
    value = base64.b64encode(signature).decode("ascii")
    lines = [value[start : start + 72] for start in range(0, len(value), 72)]
    return unsigned.raw + "\r\n\t".join(lines).encode("ascii") + CRLF


def _folded_names(signed: Sequence[str]) -> list[str]:
    lines, line = [], "h="
    for number, name in enumerate(signed):
        piece = name + (":" if number < len(signed) - 1 else "")
        if len(line) + len(piece) > 74:
            lines.append(line)
            line = ""
        line += piece
    return ["\r\n\t".join([*lines, line])]

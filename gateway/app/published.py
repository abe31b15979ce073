"""What others need of the practice's own keys, as files to be put on a web server and into DNS zones; nothing of it is secret."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.wkd import zbase32
from gateway.app import keyfiles
from gateway.app.authority import issuers
from gateway.app.installation import Installation
from gateway.app.own_work import WHY
from gateway.domain.address import Address
from gateway.domain.errors import StoreUnavailable
from gateway.seal.ca import Revoked, revocation_list
from gateway.seal.own_keys import KeyRing, Life, OwnKey

_CERT_PKIX = 1
"""RFC 4398 2.1."""
_SMIMEA = "3 0 0"
"""RFC 8162, as in RFC 6698 2.1: this very certificate, whole, unhashed."""


def publish(home: Installation, rings: Sequence[KeyRing], folder: Path) -> list[Path]:
    """Write everything into `folder`, over what a former run wrote; returns the files. StoreUnavailable when it cannot be."""
    written = []
    for name, data in _files(home, rings):
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError as error:
            raise StoreUnavailable(f"{path}: cannot be written ({error.strerror})") from None
        written.append(path)
    return written


def _files(home: Installation, rings: Sequence[KeyRing]) -> Iterator[tuple[str, bytes]]:
    at, keys = home.clock.now(), [(ring, key) for ring in rings for key in ring.keys if key.chain]
    for stem, ca in issuers(home):
        over = [_entry(key) for _, key in keys if key.life is Life.REVOKED and _issued(key.certificate, ca.certificate)]
        yield f"{stem}.crt", ca.certificate.public_bytes(Encoding.DER)
        yield f"{stem}.crl", revocation_list(ca, over, at).public_bytes(Encoding.DER)
    current = [(ring, key) for ring, key in keys if key.life is Life.ACTIVE and key.at_work(at)]
    for ring, key in current:
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in key.chain)
        yield f"certificates/{ring.name}-{key.id[:8]}.pem", pem
    records: dict[str, list[str]] = {}
    for ring, key in current:
        if isinstance(ring.name, Address):
            records.setdefault(ring.name.domain, []).extend(_records(ring.name, key))
    if home.settings.openpgp.enabled and (home.settings.keys.dir / keyfiles.OPENPGP).exists():
        yield from _openpgp(home, records)
    for domain, lines in sorted(records.items()):
        yield f"dns/{domain}.zone", "".join(f"{one}\n" for one in sorted(lines)).encode()


def _entry(key: OwnKey) -> Revoked:
    ended = key.ended_at or key.made_at
    return Revoked(key.certificate.serial_number, ended, WHY.get(key.why, x509.ReasonFlags.unspecified))


def _records(address: Address, key: OwnKey) -> Iterator[str]:
    """SMIMEA and CERT for certificates that mail can be encrypted to; others are of no use to who looks there."""
    if key.purpose.reads:
        der = key.certificate.public_bytes(Encoding.DER)
        yield f"{_hashed(address)}._smimecert.{address.domain}. IN SMIMEA {_SMIMEA} {der.hex()}"
        if all(one.isalnum() or one in "-_+" for one in address.local) and address.is_ascii:
            text = base64.b64encode(der).decode()
            yield f"{address.local}.{address.domain}. IN CERT {_CERT_PKIX} 0 0 {text}"


def _openpgp(home: Installation, records: dict[str, list[str]]) -> Iterator[tuple[str, bytes]]:
    """The practice's OpenPGP key where WKD's advanced and direct method, and OPENPGPKEY (RFC 7929), look for it."""
    address, public = home.settings.practice.postmaster, keyfiles.KeyFiles(home.settings.keys.dir).openpgp().public
    if f"<{address}>".encode() not in public:
        return  # the key's user id names another address; WKD clients would refuse it (draft-koch 3.1)
    name = zbase32(hashlib.sha1(address.local.lower().encode(), usedforsecurity=False).digest())
    for base in (f".well-known/openpgpkey/{address.domain}", ".well-known/openpgpkey"):
        yield f"{base}/hu/{name}", public
        yield f"{base}/policy", b""
    record = f"{_hashed(address)}._openpgpkey.{address.domain}. IN OPENPGPKEY {base64.b64encode(public).decode()}"
    records.setdefault(address.domain, []).append(record)


def _hashed(address: Address) -> str:
    """RFC 8162 3 and RFC 7929 3: 28 octets of the local part's SHA-256."""
    return hashlib.sha256(address.local.encode()).digest()[:28].hex()


def _issued(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True

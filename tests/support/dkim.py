"""The other side of our DKIM signatures: dkimpy, with the DNS as a table."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.seal.dkim import DkimKey, dkim_record
from tests.support.home import PRACTICE


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """One key for the whole run."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ed25519_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def both(domain: str) -> tuple[DkimKey, DkimKey]:
    """Two keys of a domain that sign side by side."""
    return DkimKey(domain, "r1", rsa_key()), DkimKey(domain, "e1", ed25519_key())


def write_key(path: Path, key: rsa.RSAPrivateKey | Ed25519PrivateKey) -> Path:
    """The key as a file that `[dkim]` takes."""
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return path


def verify(mail: bytes, keys: Sequence[DkimKey]) -> list[bool]:
    """What dkimpy says of each DKIM-Signature of the mail, from the top."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dkim

        table = {f"{one.name}.".encode(): one.text.encode() for one in map(dkim_record, keys)}
        verifier = dkim.DKIM(mail)
        count = sum(name.lower() == b"dkim-signature" for name, _ in verifier.headers)
        found = []
        for index in range(count):
            try:
                found.append(verifier.verify(index, dnsfunc=lambda name, timeout=5: table.get(bytes(name))))
            except dkim.DKIMException:
                found.append(False)
        return found


def sign(mail: bytes, key: DkimKey, *, canonicalize: bytes = b"relaxed") -> bytes:
    """The mail with a signature that dkimpy made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dkim

        pem = key.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        field = dkim.sign(
            mail, key.selector.encode(), key.domain.encode(), pem, canonicalize=(canonicalize, canonicalize),
            include_headers=[b"From", b"To", b"Subject", b"Date", b"Message-ID"],
        )  # fmt: skip
    return bytes(field) + mail


def with_keys(folder: Path) -> Callable[[str], str]:
    """What makes `sealgate.toml` one with a key of each kind."""
    rsa_file, ed_file = write_key(folder / "r.key", rsa_key()), write_key(folder / "e.key", ed25519_key())
    return lambda text: (
        text
        + "".join(
            f'\n[[dkim.keys]]\ndomain = "{PRACTICE}"\nselector = "{selector}"\nfile = "{file}"\n'
            for selector, file in (("r1", rsa_file), ("e1", ed_file))
        )
    )

"""The practice's DKIM keys: files that only workers may read, and what the DNS must say of each."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.app.keyfiles import read_private
from gateway.config.outgoing import DkimKeySection, DkimSection
from gateway.domain.errors import ConfigError
from gateway.seal.dkim import RSA_BITS, DkimKey, DkimRecord, dkim_record

__all__ = ["DkimRecord", "dkim_keys", "dkim_record", "dkim_records"]


def dkim_keys(section: DkimSection) -> tuple[DkimKey, ...]:
    """The keys of `[dkim]`, for workers; ConfigError for a file that cannot be used."""
    return tuple(_key(one) for one in section.keys)


def dkim_records(section: DkimSection) -> tuple[DkimRecord, ...]:
    """The TXT records that publish the keys of `[dkim]`."""
    return tuple(dkim_record(one) for one in dkim_keys(section))


def _key(one: DkimKeySection) -> DkimKey:
    key = _private(one.file)
    if isinstance(key, Ed25519PrivateKey):
        return DkimKey(one.domain, one.selector, key)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS:
        return DkimKey(one.domain, one.selector, key)
    raise ConfigError(
        f"dkim.keys: {one.file} is neither an RSA key of {RSA_BITS} bits or more nor an Ed25519 key; make a new one"
    )


def _private(path: Path) -> object:
    try:
        return load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError):
        raise ConfigError(
            f"dkim.keys: {path} is not a private key in PEM without password; name the right file"
        ) from None

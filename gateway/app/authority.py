"""A new certificate for the built-in authority, with a new key in its file, or over the key in the token that the settings name.

The old pair stays beside it under its own name: what it issued stays good, and its revocation list is still signed.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from gateway.adapters.durable import sync_folder
from gateway.app import keyfiles
from gateway.app.installation import Installation
from gateway.app.new_files import write_new
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import ConfigError, StoreUnavailable
from gateway.seal.ca import Issuer, certify_ca
from gateway.seal.private_keys import KeyAlgorithm, SigningPrivateKey, make_key

_OLD = "ca-old-"


def rotate_authority(home: Installation, by: str) -> x509.Certificate:
    """Make it; ConfigError where the key's place does not serve, StoreUnavailable where the files cannot be written."""
    folder, place, at = home.settings.keys.dir, home.settings.own_keys.ca_key, home.clock.now()
    key = home.own().places.open(place) if place else make_key(KeyAlgorithm.EC_P256)
    if not isinstance(key, SigningPrivateKey):
        raise ConfigError("own_keys.ca_key: is of a kind that cannot sign; name another key")
    made = certify_ca(f"{home.settings.practice.name} mail signing"[:64].strip(), key, at)
    try:
        _set_aside(folder)
        if not place:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_new(folder / f"{keyfiles.CA}.key", pem)
        write_new(folder / f"{keyfiles.CA}.crt", made.public_bytes(Encoding.PEM), 0o644)
    except OSError as error:
        raise StoreUnavailable(f"{folder}: the authority cannot be written ({error.strerror})") from None
    with home.store().begin() as uow:
        uow.audit.append(Event(EventKind.KEY_MADE, actor=by, data={"name": keyfiles.CA}), at)
    return made


def issuers(home: Installation) -> list[tuple[str, Issuer]]:
    """The authority and those before it whose keys are there, each with the name of its files."""
    folder, one = home.settings.keys.dir, home.ca()
    found = [(keyfiles.CA, Issuer(one.certificate, one.key))]
    for path in sorted(folder.glob(f"{_OLD}*.key")):
        certificate = x509.load_pem_x509_certificate(keyfiles.read_file(path.with_suffix(".crt")))
        key = load_pem_private_key(keyfiles.read_private(path), password=None)
        if not isinstance(key, SigningPrivateKey) or key.public_key() != certificate.public_key():
            raise ConfigError(f"{path}: does not belong to the certificate beside it; put back the pair")
        found.append((path.stem, Issuer(certificate, key)))
    return found


def _set_aside(folder: Path) -> None:
    certificate, key = folder / f"{keyfiles.CA}.crt", folder / f"{keyfiles.CA}.key"
    if certificate.exists():
        read = x509.load_pem_x509_certificate(keyfiles.read_file(certificate))
        old = folder / f"{_OLD}{read.fingerprint(hashes.SHA256()).hex()[:8]}"
        if key.exists():
            key.rename(old.with_suffix(".key"))
        certificate.rename(old.with_suffix(".crt"))
        sync_folder(folder)

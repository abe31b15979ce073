"""The first files of an installation, as `sealgate init` writes them. A file that exists is kept and named, never replaced.

1 configuration and policy, from the starter texts
2 keys, each pair whole or not at all; the archive's private halves into a folder that the practice takes away
3 users file, data directories, the database's tables, and one event a key in its log
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.adapters.durable import make_folder
from gateway.app import keyfiles
from gateway.app.installation import Installation
from gateway.app.new_files import write_new
from gateway.config.load import load
from gateway.config.model import Settings
from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import ConfigError, StoreUnavailable
from gateway.ports.clock import Clock
from gateway.ports.tokens import Tokens
from gateway.seal import hybrid, openpgp_own
from gateway.seal.ca import make_ca
from gateway.seal.openpgp_packets import armoured

OFFLINE = "OFFLINE-move-these-away"
_DAYS = 365
_README = """These are the private keys of the archive and of the backups. Whoever has an archive key and the data can read
every archived mail; whoever has backup.key and a backup has the register and, for some days, the mail that was in hand.

0. Move backup.key to where a restore can fetch it and nobody else; not to where the backups are.
1. Move archive-practice.key to a medium that the practice keeps locked away (two copies, in two places).
2. Give archive-escrow.key to whoever keeps it for the practice: a lawyer, a bank's safe, a second site.
3. Delete this folder. `sealgate check` warns for as long as it is on this machine.

The gateway needs only archive-practice.pub, archive-escrow.pub and backup.pub, which are in the keys directory.
To open an archived mail, bring one key back for as long as that takes: sealgate archive open MESSAGE-ID --key FILE
"""


@dataclass(slots=True)
class Created:
    """What was written, and what was there already."""

    made: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)

    def text(self, path: Path, content: str | bytes | Callable[[], bytes], mode: int = 0o600) -> bool:
        """Write a file that is not there; True if it was written. Its bytes and name are on the disk afterwards."""
        if path.exists():
            self.kept.append(path)
            return False
        data = content() if callable(content) else content
        try:
            write_new(path, data.encode() if isinstance(data, str) else data, mode)
        except OSError as error:
            raise StoreUnavailable(f"{path}: cannot be written ({error.strerror})") from None
        self.made.append(path)
        return True


def create(
    folder: Path,
    config_text: Callable[[], str],
    policy_text: str,
    *,
    clock: Clock,
    tokens: Tokens,
    self_signed: bool = False,
) -> Created:
    """Make the installation in `folder`; ConfigError when an existing configuration is wrong or keys of existing data
    are missing, StoreUnavailable when the directory cannot be written.
    """
    done = Created()
    _folder(folder)
    done.text(folder / "sealgate.toml", lambda: config_text().encode())
    settings = load(folder / "sealgate.toml")
    done.text(settings.policy.file, policy_text)
    keys = settings.keys.dir
    _folder(keys)
    _refuse_new_roots_for_old_data(settings)
    for name in (keyfiles.INTAKE, keyfiles.ANSWER, keyfiles.CALENDAR, keyfiles.REVIEW):
        _signing_pair(done, keys, name)
    for name in keyfiles.SECRETS:
        done.text(keys / name, lambda: base64.b64encode(tokens.secret(keyfiles.SECRET_BYTES)) + b"\n")
    _authority(done, keys, settings.practice.name, clock.now())
    _openpgp(done, keys, settings, clock.now())
    for public in settings.keys.archive_public:
        _offline_pair(done, folder / OFFLINE, public)
    if settings.backup.public_key is not None:
        signer = keyfiles.public_key(keys / f"{keyfiles.CALENDAR}.pub").public_bytes_raw()
        _offline_pair(done, folder / OFFLINE, settings.backup.public_key, base64.b64encode(signer) + b"\n")
    if self_signed and settings.smtp.tls_certificate is not None and settings.smtp.tls_key is not None:
        _loopback_tls(done, settings.smtp.tls_certificate, settings.smtp.tls_key, clock.now())
    done.text(settings.users.file, b"")
    for path in _data_folders(settings):
        _folder(path)
    _database(done, Installation(settings, folder / "sealgate.toml", clock=clock, tokens=tokens))
    return done


def database_file(settings: Settings) -> Path | None:
    """The database's file, if it is one."""
    scheme, _, rest = settings.store.url.partition("://")
    return Path(unquote(rest.removeprefix("/"))) if scheme == "sqlite" else None


def _database(done: Created, installation: Installation) -> None:
    """Make the tables, and record every private key that was made."""
    store = installation.store()
    store.create_schema()
    try:
        with store.begin() as uow:
            for path in done.made:
                if path.suffix == ".key":
                    uow.audit.append(Event(EventKind.KEY_MADE, data={"name": path.stem}), installation.clock.now())
    finally:
        store.close()


def _data_folders(settings: Settings) -> list[Path]:
    database = database_file(settings)
    urls = [urlsplit(one) for one in (settings.blobs.url, settings.shelf.url) if one.startswith("file://")]
    folders = [Path(unquote(one.path)) for one in urls]
    return [*([database.parent] if database else []), *folders]


def _refuse_new_roots_for_old_data(settings: Settings) -> None:
    """New root keys over an old database would make its register unreadable for good."""
    database = database_file(settings)
    missing = [name for name in keyfiles.SECRETS if not (settings.keys.dir / name).exists()]
    if missing and database is not None and database.exists():
        raise ConfigError(
            f"{settings.keys.dir / missing[0]}: is missing, but {database} was sealed with it; bring the key back"
        )


def _signing_pair(done: Created, keys: Path, name: str) -> None:
    private, public = keys / f"{name}.key", keys / f"{name}.pub"
    if not private.exists() and public.exists():
        done.kept.append(public)  # a node that holds only the public half
        return
    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if not done.text(private, pem):
        made = keyfiles.KeyFiles(keys).signer(name)
    done.text(public, made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)


def _authority(done: Created, keys: Path, practice: str, at: datetime) -> None:
    certificate, key = keys / f"{keyfiles.CA}.crt", keys / f"{keyfiles.CA}.key"
    if certificate.exists() or key.exists():
        done.kept += [one for one in (certificate, key) if one.exists()]
        return
    made, private = make_ca(f"{practice} mail signing"[:64].strip(), at)
    done.text(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    done.text(certificate, made.public_bytes(Encoding.PEM), 0o644)


def _openpgp(done: Created, keys: Path, settings: Settings, at: datetime) -> None:
    """The practice's OpenPGP key, and its public half for whoever is to verify or answer."""
    private, public = keys / keyfiles.OPENPGP, keys / keyfiles.OPENPGP_PUBLIC
    if public.exists() and not private.exists():
        done.kept.append(public)  # a node that holds only the public half
        return
    postmaster = Address.parse(str(settings.practice.postmaster))

    def made() -> bytes:
        own = openpgp_own.generate(settings.practice.name, postmaster, at)
        return b"".join(armoured("PRIVATE KEY BLOCK", [own.secret.reveal()]))

    done.text(private, made)
    done.text(public, lambda: b"".join(armoured("PUBLIC KEY BLOCK", [keyfiles.KeyFiles(keys).openpgp().public])), 0o644)


def make_backup_pair(settings: Settings, folder: Path) -> Created:
    """A backup key for an installation that has none: the private half into `folder`'s directory of keys to be moved away."""
    done = Created()
    if settings.backup.public_key is None:
        raise ConfigError('backup.public_key: is not set; write public_key = "keys/backup.pub" under [backup]')
    signer = keyfiles.public_key(settings.keys.dir / f"{keyfiles.CALENDAR}.pub").public_bytes_raw()
    _offline_pair(done, folder / OFFLINE, settings.backup.public_key, base64.b64encode(signer) + b"\n")
    return done


def _offline_pair(done: Created, offline: Path, public: Path, beside: bytes = b"") -> None:
    """A pair whose private half is kept elsewhere; a backup's also says `beside` whose signature a backup must bear."""
    private = offline / f"{public.stem}.key"
    if public.exists() or private.exists():
        done.kept += [one for one in (public, private) if one.exists()]
        return
    _folder(offline)
    secret, open_half = hybrid.generate()
    done.text(private, base64.b64encode(secret.reveal()) + b"\n" + beside)
    if not (offline / "README.txt").exists():
        done.text(offline / "README.txt", _README)
    done.text(public, base64.b64encode(open_half) + b"\n", 0o644)


def _loopback_tls(done: Created, certificate: Path, key: Path, at: datetime) -> None:
    """A certificate for this machine only, so that things can be tried out."""
    if certificate.exists() or key.exists():
        done.kept += [one for one in (certificate, key) if one.exists()]
        return
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ip_address(one)) for one in ("127.0.0.1", "::1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(at + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    done.text(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    done.text(certificate, made.public_bytes(Encoding.PEM), 0o644)


def _folder(path: Path) -> None:
    try:
        make_folder(path)
    except OSError as error:
        raise StoreUnavailable(f"{path}: cannot be made ({error.strerror})") from None

"""What `sealgate check` looks at: every file and store that the configuration names, in the order in which a role needs them.

A problem keeps some role from starting; a warning weakens a promise, and says which.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.adapters.clock import SteadyClock
from gateway.app import directories, keyfiles, openpgp_method
from gateway.app.certificates import SOON
from gateway.app.clamd_settings import clamd_warnings
from gateway.app.created import OFFLINE, database_file
from gateway.app.direct_files import direct_senders
from gateway.app.dkim_files import dkim_keys
from gateway.app.installation import Installation
from gateway.app.outside import log_watch
from gateway.app.own_ends import own_key_warnings
from gateway.app.sealed import sealing_warnings
from gateway.domain.errors import ConfigError, SealgateError
from gateway.flow.quarantine import quarantined
from gateway.ports.clock import Clock

_PING_SECONDS = 10.0
_OLD = timedelta(days=7)


@dataclass(slots=True)
class Checkup:
    """Sentences in the order found; `layers` are those of the sandbox."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    layers: tuple[str, ...] = ()

    def attempt(self, step: Callable[[], object]) -> bool:
        """Run a step; its error is a problem."""
        try:
            step()
        except SealgateError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            return False
        return True


def examine(home: Installation, swaps: str = "/proc/swaps") -> Checkup:
    """Try everything once. Makes no file but the directories that the stores make for themselves."""
    found = Checkup()
    found.attempt(lambda: _inspect(found, home))
    found.attempt(lambda: _viruses(found, home))
    for keys in (home.door_keys, home.worker_keys, home.ca, home.key_directory, home.notifier, home.users().users):
        found.attempt(keys)
    found.attempt(lambda: _openpgp(found, home))
    found.attempt(lambda: _review(found, home))
    found.attempt(lambda: dkim_keys(home.settings.dkim))
    found.attempt(lambda: found.warnings.extend(own_key_warnings(home)))
    found.attempt(lambda: direct_senders(home.settings.direct))
    for pair in _tls_pairs(home):
        found.attempt(partial(_tls, found, *pair, home.clock))
    found.attempt(lambda: _store(found, home))
    found.attempt(lambda: _shelf(found, home))
    found.attempt(home.vault)
    found.warnings += _clock(home.clock)
    found.warnings += _weaknesses(home)
    found.warnings += sealing_warnings(home.settings.seal)
    found.warnings += directories.weaknesses(home.settings)
    found.warnings += _swap(Path(swaps))
    return found


def _inspect(found: Checkup, home: Installation) -> None:
    found.layers = home.inspector().layers()
    found.warnings += _unread(home.inspector().instruments())
    if home.settings.sandbox.mode == "weak":
        found.warnings.append(
            'sandbox.mode is "weak": documents may be opened with fewer layers than docs/security-model.md promises'
        )


def _viruses(found: Checkup, home: Installation) -> None:
    """The policy, and the virus scanner where there is one: that it answers, and knows anything."""
    required, scanner = home.policy().threats.clamd, home.viruses()
    said = found.problems if required else found.warnings
    if scanner is None:
        if required:
            said.append(
                'policy.toml requires clamd, and clamd.url names none: all mail is held; name it, or write clamd = "off"'
            )
        else:
            found.warnings.append(
                "clamd is off: attachments are judged by what they are made of, and no virus scanner looks at them"
            )
        return
    if not scanner.ping(_PING_SECONDS):
        said.append(f"clamd.url: {home.settings.clamd.url} does not answer{'; all mail is held' if required else ''}")
        return
    if not scanner.knows_the_test_file(_PING_SECONDS):
        said.append("clamd does not know the EICAR test file: it has no signatures, and calls everything clean")
    found.warnings += clamd_warnings()
    version = scanner.version(_PING_SECONDS)
    if version is None or version.made is None:
        found.warnings.append("clamd names no database of signatures: see that freshclam runs")
    elif home.clock.now().replace(tzinfo=None) - version.made > _OLD:
        found.warnings.append(f"clamd's signatures are of {version.made.date()}: see that freshclam runs")
    if not required:
        found.warnings.append('clamd.url is set, but policy.toml says clamd = "off": it is not asked')


def _unread(instruments: frozenset[str]) -> list[str]:
    """What the children cannot open on this machine."""
    missing: list[str] = []
    if not any(one.startswith("ocr-") for one in instruments):
        missing.append("pictures and scanned pages are not read, each counts as PHI: install tesseract-ocr")
    elif "ocr-spa" not in instruments:
        missing.append("pictures are read as English only: tesseract-ocr-spa adds Spanish")
    if "libarchive" not in instruments:
        missing.append("archives other than ZIP are not read, each counts as PHI: install libarchive13")
    return missing


def _store(found: Checkup, home: Installation) -> None:
    with home.store().begin() as uow:
        quarantine = quarantined(uow)
        advertised = any(row.state == "advertised" for row in uow.epochs.all())
    found.problems += home.store().problems()
    found.warnings += home.store().warnings()
    if quarantine:
        found.warnings.append(
            "the system came out of a backup and is in quarantine: no mail is taken, shown or sent until "
            "`sealgate quarantine confirm`; `sealgate quarantine show` tells what waits"
        )
    alarm = log_watch(home).look_whole()
    if alarm:
        found.problems.append(alarm)
    if not home.settings.audit.head_files:
        found.warnings.append("audit.head_files names no file: no worker notices that an older database was put back")
    if not advertised:
        found.warnings.append("no epoch key is advertised yet: the door answers 451 until a worker has run")


def _shelf(found: Checkup, home: Installation) -> None:
    for part in (home.epoch_keys(), home.peppers()):
        found.problems += [one for one in part.problems() if one not in found.problems]


def _review(found: Checkup, home: Installation) -> None:
    """The page for staff, where there is one: its key, and somebody who may come in."""
    if home.settings.review.listen is None:
        return
    own, known = home.review_keys().own, home.worker_keys().review
    if own != known:
        raise ConfigError(f"{home.settings.keys.dir / 'review.pub'}: does not belong to review.key; put back the pair")
    if not any(one.staff and not one.disabled for one in home.users().users()):
        found.warnings.append(
            "review.listen is set, but nobody of the users file is of the staff: nobody can sign in there"
        )


def _tls_pairs(home: Installation) -> Iterator[tuple[Path, Path]]:
    one = home.settings
    pairs = [
        (one.smtp.tls_certificate, one.smtp.tls_key),
        (one.inbound.tls_certificate, one.inbound.tls_key),
        (one.web.tls_certificate, one.web.tls_key),
        (one.review.tls_certificate, one.review.tls_key),
    ]
    yield from dict.fromkeys((a, b) for a, b in pairs if a is not None and b is not None)


def _tls(found: Checkup, certificate: Path, key: Path, clock: Clock) -> None:
    """A server's certificate: warnings, and ConfigError when it cannot be used at all."""
    try:
        chain = x509.load_pem_x509_certificates(keyfiles.read_file(certificate))
        private = load_pem_private_key(keyfiles.read_private(key), password=None)
    except (ValueError, TypeError):
        raise ConfigError(f"{certificate}: certificate and key must be PEM without password") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if chain[0].public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        raise ConfigError(f"{key}: does not belong to {certificate.name}; put the pair of one request there")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ConfigError(f"{certificate}: cannot serve TLS ({error.reason}); have it issued anew") from None
    found.warnings += _dates(certificate, chain[0], clock.now())


def _dates(path: Path, certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    if certificate.not_valid_after_utc < now:
        yield f"{path}: expired on {certificate.not_valid_after_utc.date()}; clients will refuse it"
    elif certificate.not_valid_after_utc - now < SOON:
        yield f"{path}: expires on {certificate.not_valid_after_utc.date()}"
    if certificate.issuer == certificate.subject:
        yield f"{path}: is self-signed; recipients' browsers will refuse it"


def _openpgp(found: Checkup, home: Installation) -> None:
    """The own key and the program of OpenPGP, or why the method is not offered."""
    one = home.settings.openpgp
    if openpgp_method.offered(home.settings):
        openpgp_method.engine(home.settings)
    elif one.enabled:
        found.warnings.append(
            f"OpenPGP is not offered: it needs the program {one.program} and keys/openpgp.key; install GnuPG, and let "
            "`sealgate init` make the key"
        )


def _weaknesses(home: Installation) -> Iterator[str]:
    one = home.settings
    yield from _offline_keys(home)
    if one.relay.url.startswith("capture:"):
        yield "relay.url is a capture folder: nothing leaves this machine, and the captured mail lies there readable"
    if one.notifier.url is not None and one.notifier.url.startswith("capture:"):
        yield "notifier.url is a capture folder: codes are written there, no text message is sent"
    if one.parcel.reissue:
        yield (
            "parcel.reissue is on: until a link ends, a thief of shelf and data opens what it holds, although it was "
            "delivered; without it nothing that the servers keep does"
        )
    if not one.archive.enabled:
        yield "archive.enabled is off: sent mail cannot be produced for the six-year record"


def _offline_keys(home: Installation) -> Iterator[str]:
    """Private halves of archive and backups where the data lies: then whoever steals this volume reads them."""
    database = database_file(home.settings)
    volumes = {
        path.stat().st_dev for path in (home.settings.keys.dir, *([database] if database else [])) if path.exists()
    }  # fmt: skip
    for folder in (home.config.parent / OFFLINE, home.settings.keys.dir):
        for path in sorted([*folder.glob("archive-*.key"), *folder.glob("backup*.key")]) if folder.is_dir() else ():
            near = "on the same volume as the data" if path.stat().st_dev in volumes else "on this machine"
            yield f"{path}: an offline private key is {near}; move it away (README.txt beside it says how)"


def _clock(clock: Clock) -> Iterator[str]:
    """A wall clock that jumped is believed after an hour; until then deadlines go on by the clock that nobody can set."""
    off = clock.off if isinstance(clock, SteadyClock) else timedelta(0)
    if off:
        way = "ahead of" if off > timedelta(0) else "behind"
        yield (
            f"the system's clock is {abs(off).total_seconds() / 3600:.1f} h {way} what this gateway knows; set it right: when it "
            "stays so for an hour it is believed, and holds, links and keys whose time is over by it end"
        )


def _swap(swaps: Path) -> Iterator[str]:
    """Swap that is neither zram nor an encrypted device can keep plaintext."""
    try:
        names = [line.split()[0] for line in swaps.read_text().splitlines()[1:] if line.strip()]
    except OSError:
        return
    for name in names:
        if not name.startswith(("/dev/zram", "/dev/mapper/", "/dev/dm-")):
            yield f"swap on {name} may be unencrypted: plaintext of mail in hand could reach the disk"

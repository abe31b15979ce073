"""`sealgate keys`: the installation's own keys, and recipients' certificates and OpenPGP keys."""

from __future__ import annotations

from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.adapters.keydirectory.answers import is_authority, parse_certificates
from gateway.adapters.keydirectory.harvested import SOURCE as HARVESTED
from gateway.adapters.keydirectory.imported import OPENPGP_SOURCE
from gateway.app import keyfiles
from gateway.app.created import make_backup_pair
from gateway.app.dkim_files import dkim_records
from gateway.app.installation import Installation
from gateway.cli.console import AddressType, actor, config_option, json_option, no, opened, read_input, show, table
from gateway.cli.openpgp_keys import import_openpgp, is_openpgp, openpgp_row
from gateway.cli.own_keys import COMMANDS, PURPOSE, import_own, own_mail_keys
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.own_keys import Purpose
from gateway.seal.smime_certificates import addresses_of


@click.group()
def keys() -> None:
    """The installation's own keys, and recipients' certificates."""


for _one in COMMANDS:
    keys.add_command(_one)


@keys.command(name="list")
@config_option
@json_option
def list_keys(config: Path, as_json: bool) -> None:
    """Own key files (never their content), own mail keys with their state, and every imported certificate."""
    with opened(config) as home:
        own = [
            _own(path)
            for path in sorted(home.settings.keys.dir.glob("*"))
            if path.suffix in {".key", ".pub", ".crt", ".asc"}
        ]
        mail, imported = own_mail_keys(home), _imported(home)
    table([*own, *mail, *imported], as_json=as_json, none="there are no keys; `sealgate init` makes them")


@keys.command(name="import")
@click.argument("file", metavar="FILE")
@click.option("--address", type=AddressType(), help="Take it for this address only (it must stand in the SAN).")
@click.option("--key", "private", help="Private key (PEM) of an own address or domain, whose certificate FILE is.")
@click.option("--for", "purpose", type=PURPOSE, default="sign", show_default=True, help="With --key: what it is for.")
@config_option
@json_option
def import_keys(
    file: str, address: Address | None, private: str | None, purpose: str, config: Path, as_json: bool
) -> None:
    """Import recipients' S/MIME certificates (PEM or DER) for the addresses in their SAN, or OpenPGP keys for the addresses
    in their user ids; or an authority's answer to `keys request`, with its chain, for the own key that waits for it.
    """
    content = read_input(file)
    if is_openpgp(content):
        with opened(config) as home:
            _told(import_openpgp(home, file, content, address), as_json=as_json)
        return
    try:
        read = parse_certificates(content)
    except ValueError:
        raise ConfigError(f"{file}: holds no certificate; export it as PEM or DER") from None
    with opened(config) as home:
        own = import_own(home, file, read, private, Purpose(purpose))
    if own:
        _told(own, as_json=as_json)
        return
    certificates = [one for one in read if not is_authority(one)]
    if not certificates:
        raise ConfigError(f"{file}: holds only an authority's certificate; name authorities in keys.trust")
    with opened(config) as home:
        at, directory = home.clock.now(), home.imported_keys()
        wanted = []
        for number, certificate in enumerate(certificates, start=1):
            where = f"{file}: certificate {number}" if len(certificates) > 1 else file
            for one in _wanted(certificate, address, where):
                answer = directory.answer(certificate, one, at)
                if answer.state is not KeyState.VALID:
                    no(f"{where}: {answer.reason}; ask the recipient for another one")
                wanted.append((certificate, one))
        with home.store().begin() as uow:
            found = [directory.put(uow, certificate, one, "import", at, actor()) for certificate, one in wanted]
    _told(found, as_json=as_json)


def _told(found: list[str], *, as_json: bool) -> None:
    for fingerprint in found:
        if as_json:
            show({"fingerprint": fingerprint})
        else:
            click.echo(f"imported {fingerprint}")


@keys.command(name="find")
@click.argument("address", type=AddressType())
@click.option(
    "--kind",
    type=click.Choice([one.value for one in KeyKind]),
    default=KeyKind.SMIME.value,
    show_default=True,
    help="What kind of key.",
)
@config_option
@json_option
def find_keys(address: Address, kind: str, config: Path, as_json: bool) -> int:
    """Ask every directory for the key of a recipient's ADDRESS now, and show each answer and why.

    Nothing remembered is used. Exit status 1 if no directory has a valid key.
    """
    with opened(config) as home:
        answers = home.key_directory().each(address, home.clock.now(), KeyKind(kind))
    if not answers:
        no("no directory is asked for this domain; `[keys] directories` and each one's `domains` say which are")
    table([_found(one) for one in answers], as_json=as_json, none="")
    return int(all(one.state is not KeyState.VALID for one in answers))


def _found(one: KeyAnswer) -> dict[str, object]:
    return {
        "directory": one.source,
        "state": one.state.value,
        "fingerprint": one.fingerprint,
        "capabilities": sorted(one.capabilities),
        "reason": one.reason,
    }


@keys.command()
@click.argument("fingerprint")
@config_option
def remove(fingerprint: str, config: Path) -> None:
    """Remove an imported recipient's certificate or OpenPGP key, by the FINGERPRINT that `keys list` shows."""
    with opened(config) as home:
        directory = home.imported_keys()
        with home.store().begin() as uow:
            count = directory.remove(uow, fingerprint.lower(), home.clock.now(), actor())
    if not count:
        no("no imported certificate or key has this fingerprint; `sealgate keys list` shows them")
    click.echo(f"removed {fingerprint.lower()}")


@keys.command(name="dkim")
@config_option
@json_option
def dkim(config: Path, as_json: bool) -> None:
    """Print the TXT records that publish the keys of `[dkim]`, in the form of a zone file."""
    with opened(config) as home:
        records = dkim_records(home.settings.dkim)
    if not records:
        no("dkim.keys names no key: signing is left to the next hop")
    for one in records:
        if as_json:
            show({"name": one.name, "type": "TXT", "text": one.text})
        else:
            click.echo(f"{one.name}. IN TXT ( " + " ".join(f'"{piece}"' for piece in one.strings) + " )")


@keys.command(name="backup")
@config_option
def backup_pair(config: Path) -> None:
    """Make the pair of `[backup] public_key` where it is missing; move its private half away at once."""
    with opened(config) as home:
        done = make_backup_pair(home.settings, home.config.parent)
    for path in done.made:
        click.echo(f"made  {path}")
    for path in done.kept:
        click.echo(f"kept  {path} (it was there)")


def _wanted(certificate: x509.Certificate, address: Address | None, where: str) -> list[Address]:
    named = addresses_of(certificate)
    if not named:
        no(f"{where}: names no e-mail address in its SAN; ask the recipient for one that does")
    if address is None:
        return named
    if address.key not in {one.key for one in named}:
        no(f"{where}: its SAN names another e-mail address than --address")
    return [address]


def _own(path: Path) -> dict[str, object]:
    until = None
    if path.suffix == ".crt":
        try:
            until = x509.load_pem_x509_certificate(keyfiles.read_file(path)).not_valid_after_utc
        except ValueError:
            raise ConfigError(f"{path}: is not a certificate in PEM; put back the right file") from None
    what = {".key": "private", ".pub": "public", ".crt": "certificate", ".asc": "OpenPGP key, public"}[path.suffix]
    return {"key": path.name, "kind": f"own {what}", "addresses": [], "until": until, "state": None}


def _imported(home: Installation) -> list[dict[str, object]]:
    directory = home.imported_keys()
    with home.store().begin() as uow:
        rows = uow.register.recipient_keys()
    found = {
        row.fingerprint: directory.certificate(row) for row in rows if row.source not in {OPENPGP_SOURCE, HARVESTED}
    }
    harvest = home.harvested_keys()
    found |= {row.fingerprint: harvest.certificate(row) for row in rows if row.source == HARVESTED}
    by_harvest = {row.fingerprint for row in rows if row.source == HARVESTED}
    openpgp = {row.fingerprint: directory.openpgp_key(row) for row in rows if row.source == OPENPGP_SOURCE}
    return [
        {
            "key": fingerprint,
            "kind": f"recipient's certificate{', out of signed mail' if fingerprint in by_harvest else ''}",
            "addresses": [str(one) for one in addresses_of(certificate)],
            "until": certificate.not_valid_after_utc,
        }
        for fingerprint, certificate in found.items()
    ] + [openpgp_row(fingerprint, key, home.clock.now()) for fingerprint, key in openpgp.items()]


def _hex(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()

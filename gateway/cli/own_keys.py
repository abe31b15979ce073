"""`sealgate keys` for the practice's own mail keys: generate, request, rotate, revoke, publish, and their part of list and import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from gateway.adapters.keydirectory.answers import is_authority
from gateway.app import keyfiles
from gateway.app.authority import rotate_authority
from gateway.app.installation import Installation
from gateway.app.own_work import WHY, OwnWork
from gateway.app.published import publish
from gateway.cli.console import actor, config_option, json_option, no, opened, show
from gateway.domain.errors import ConfigError, InvalidAddress, SealingFailed
from gateway.seal.own_keys import OwnKey, OwnName, Purpose, own_name
from gateway.seal.private_keys import KeyAlgorithm, PrivateKey
from gateway.seal.smime_certificates import addresses_of

T = TypeVar("T")
PURPOSE = click.Choice([one.value for one in Purpose])
_KIND = click.Choice([one.value for one in KeyAlgorithm])
_PLACE = click.Choice(["sealed", "file", "token"])
_NEW = click.Path(path_type=Path, dir_okay=False)


class OwnNameType(click.ParamType[OwnName]):
    """An own address or domain."""

    name = "address-or-domain"

    def convert(
        self, value: str | OwnName, param: click.Parameter | None, ctx: click.Context | None
    ) -> OwnName:  # fmt: skip
        """Read it strictly."""
        try:
            return own_name(str(value))
        except InvalidAddress as error:
            self.fail(str(error), param, ctx)


_name = click.argument("name", type=OwnNameType(), metavar="NAME")
_purpose = click.option("--for", "purpose", type=PURPOSE, default="sign", show_default=True, help="What it is for.")
_kind = click.option("--kind", type=_KIND, help="Kind of key; ec-p256 for signing, rsa-3072 where it also reads.")
_place = click.option(
    "--in", "place", type=_PLACE, default="sealed", show_default=True,
    help="Where it lies: sealed in the database, in a file of keys/mail, or in the token of own_keys.token.",
)  # fmt: skip


@click.command()
@_name
@_purpose
@_kind
@_place
@click.option("--out", type=_NEW, help="Write the certificate there (PEM, new file).")
@config_option
@json_option
def generate(
    name: OwnName, purpose: str, kind: str | None, place: str, out: Path | None, config: Path, as_json: bool
) -> None:  # fmt: skip
    """Make a key of the practice's own address or domain NAME, certified by the built-in authority. A signing key that is
    there is shown, not replaced: `keys rotate` does that. Senders without one get it with their first mail.
    """
    wanted = Purpose(purpose)
    _absent(out)
    with opened(config) as home:
        work = OwnWork(home, actor())
        found = _at_work(home, work, name, wanted) if kind is None and place == "sealed" else None
        key = found or _permitted(lambda: work.generate(name, wanted, _algorithm(kind, wanted), place))
    _made(name, key, out, as_json=as_json)


@click.command()
@_name
@click.option("--out", type=_NEW, required=True, help="Write the request there (PKCS #10, PEM, new file).")
@_purpose
@_kind
@_place
@click.option("--key", "existing", metavar="URI", help="A key that is there: pkcs11:… or awskms:///ID?region=….")
@config_option
def request(
    name: OwnName, out: Path, purpose: str, kind: str | None, place: str, existing: str | None, config: Path
) -> None:  # fmt: skip
    """Ask a public authority for a certificate of NAME: the key waits here, `keys import` takes the answer."""
    wanted = Purpose(purpose)
    _absent(out)
    with opened(config) as home:
        key, made = _permitted(
            lambda: OwnWork(home, actor()).requested(name, wanted, _algorithm(kind, wanted), place, existing)
        )
    _write(out, made.public_bytes(Encoding.PEM))
    click.echo(f"key {key.id[:16]} waits; send {out} to the authority, then: sealgate keys import ANSWER.pem")


@click.command()
@click.argument("name", type=OwnNameType(), metavar="[NAME]", required=False)
@click.option("--authority", is_flag=True, help="The built-in authority itself; what the old one issued stays good.")
@_kind
@_place
@config_option
@json_option
def rotate(
    name: OwnName | None, authority: bool, kind: str | None, place: str, config: Path, as_json: bool
) -> None:  # fmt: skip
    """Replace NAME's newest key by a new one of the built-in authority. The old one is kept for reading until it ends. A
    certificate of another authority is replaced by `keys request` and `keys import`.
    """
    if authority == (name is not None):
        raise click.UsageError("name an address or domain, or --authority")
    with opened(config) as home:
        work = OwnWork(home, actor())
        if name is None:
            click.echo(f"authority: new certificate until {rotate_authority(home, actor()).not_valid_after_utc.date()}; "
                       "restart the workers, then sealgate keys publish")  # fmt: skip
            return
        active = _active(work, name)
        if active is None:
            no("this address or domain has no key at work; `sealgate keys generate` makes one")
        if not active.built_in:
            no("its certificate is another authority's: use `sealgate keys request`, and import the answer")
        algorithm = _algorithm(kind, active.purpose)
        key = _permitted(lambda: work.generate(name, active.purpose, algorithm, place))
    _made(name, key, None, as_json=as_json)


@click.command()
@click.argument("key")
@click.option(
    "--reason", type=click.Choice(sorted(WHY)), default="unspecified", show_default=True, help="RFC 5280 5.3.1."
)
@config_option
def revoke(key: str, reason: str, config: Path) -> None:
    """Revoke an own mail KEY, by the id that `keys list` shows: it signs nothing any more, and stands in the next list."""
    with opened(config) as home:
        name, found = OwnWork(home, actor()).revoke(key.lower(), reason)
    tell = "publish the new list: sealgate keys publish DIR" if found.built_in else "revoke it at its authority too"
    click.echo(f"revoked {found.id[:16]} of {name}; {tell}; a new one: sealgate keys generate, or keys request")


@click.command(name="publish")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@config_option
def publish_keys(folder: Path, config: Path) -> None:
    """Write into FOLDER what others need: the authority's certificate and revocation list, own certificates, a Web Key
    Directory, and DNS records (SMIMEA, CERT, OPENPGPKEY). Nothing in it is secret.
    """
    with opened(config) as home:
        for path in publish(home, OwnWork(home, actor()).rings(), folder):
            click.echo(path)


COMMANDS = (generate, request, rotate, revoke, publish_keys)


def own_mail_keys(home: Installation) -> list[dict[str, object]]:
    """The rows of `keys list`."""
    return [
        {
            "key": key.id, "kind": f"own mail key ({key.purpose})", "addresses": [str(ring.name)], "until": key.until,
            "state": key.life.value, "place": key.place.partition(":")[0], "built_in": key.built_in,
        }
        for ring in OwnWork(home, actor()).rings() for key in ring.keys
    ]  # fmt: skip


def import_own(
    home: Installation, file: str, certificates: Sequence[x509.Certificate], private: str | None, purpose: Purpose
) -> list[str]:  # fmt: skip
    """What `keys import` takes for own keys; empty where the certificates are other people's."""
    work, domains = OwnWork(home, actor()), set(home.settings.practice.own_domains)
    if private is not None:
        name = next(iter(one for cert in certificates if not is_authority(cert) for one in addresses_of(cert)), None)
        if name is None:
            no(f"{file}: names no e-mail address in its SAN")
        key = _private(Path(private))
        return [_permitted(lambda: work.brought(key, certificates, name, purpose)).id]
    taken = work.answered(certificates)
    if taken:
        return [key.id for _, key in taken]
    people = [one for cert in certificates if not is_authority(cert) for one in addresses_of(cert)]
    if people and all(one.domain in domains for one in people):
        no(f"{file}: is for the practice's own address, and no own key that waits has this public key; bring the answer to "
           "the request of `sealgate keys request`, or the private key with --key")  # fmt: skip
    return []


def _private(path: Path) -> PrivateKey:
    try:
        found = load_pem_private_key(keyfiles.read_private(path), password=None)
    except (ValueError, TypeError):
        raise ConfigError(f"{path}: is not a private key in PEM without password; convert it first") from None
    if not isinstance(found, PrivateKey):
        raise ConfigError(f"{path}: is a key of a kind that Sealgate cannot use")
    return found


def _at_work(home: Installation, work: OwnWork, name: OwnName, purpose: Purpose) -> OwnKey | None:
    active, now = _active(work, name), home.clock.now()
    return active if active is not None and active.at_work(now) and active.purpose is purpose else None


def _active(work: OwnWork, name: OwnName) -> OwnKey | None:
    same = [one for one in work.rings() if str(one.name).casefold() == str(name).casefold()]
    active = [key for ring in same for key in ring.keys if key.life == "active"]
    return max(active, key=lambda one: one.active_at or one.made_at, default=None)


def _algorithm(kind: str | None, purpose: Purpose) -> KeyAlgorithm:
    return KeyAlgorithm(kind) if kind else KeyAlgorithm.RSA_3072 if purpose.reads else KeyAlgorithm.EC_P256


def _permitted(step: Callable[[], T]) -> T:
    try:
        return step()
    except SealingFailed as error:
        no(str(error))


def _made(name: OwnName, key: OwnKey, out: Path | None, *, as_json: bool) -> None:
    if out is not None:
        _write(out, key.certificate.public_bytes(Encoding.PEM))
    fingerprint = key.certificate.fingerprint(hashes.SHA256()).hex()
    if as_json:
        show({"address": str(name), "key": key.id, "fingerprint": fingerprint, "until": key.until})
    else:
        click.echo(f"{name}: {fingerprint}, valid until {key.certificate.not_valid_after_utc.date()}")


def _absent(path: Path | None) -> None:
    """Before a key is made: what is there already would not be written over."""
    if path is not None and path.exists():
        raise ConfigError(f"--out: {path} is there already; name a new file")


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise ConfigError(f"--out: {path} cannot be written ({error.strerror}); name a new file") from None

"""The OpenPGP half of `sealgate keys`: recipients' keys from a file, judged before they count."""

from __future__ import annotations

from datetime import datetime

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp
from gateway.app.installation import Installation
from gateway.cli.console import actor, no
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.ports.keys import KeyState
from gateway.seal.openpgp_judging import addresses_of, judge
from gateway.seal.openpgp_keys import Certificate, read_certificates

_FIRST_OCTETS = frozenset({0x98, 0x99, 0x9A, 0xC6})
"""A public key packet, with a length in one, two or four octets, or in the present format."""


def is_openpgp(content: bytes) -> bool:
    """Whether a file looks like OpenPGP rather than like certificates."""
    return b"-----BEGIN PGP " in content or content[:1] in {bytes([one]) for one in _FIRST_OCTETS}


def import_openpgp(home: Installation, file: str, content: bytes, address: Address | None) -> list[str]:
    """Import every key of a file for its addresses, or for that one; the fingerprints. Ends the command where one does not serve."""
    try:
        keys = read_certificates(content)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}; export it with `gpg --armor --export ADDRESS`") from None
    at, directory = home.clock.now(), home.imported_keys()
    wanted = []
    for number, key in enumerate(keys, start=1):
        where = f"{file}: key {number}" if len(keys) > 1 else file
        served = _served(key, address, where, at)
        wanted += [(key, one) for one in served]
    with home.store().begin() as uow:
        return [directory.put_openpgp(uow, key, one, at, actor()) for key, one in wanted]


def _served(key: Certificate, address: Address | None, where: str, at: datetime) -> list[Address]:
    """The addresses that the key serves; the user ids that do not are passed over, unless none serves."""
    named = addresses_of(key)
    if not named:
        no(f"{where}: no user id of it holds an e-mail address; ask the recipient for one that does")
    if address is not None and address.key not in {one.key for one in named}:
        no(f"{where}: its user ids name another e-mail address than --address")
    asked = [one for one in named if address is None or one.key == address.key]
    answers = [(one, judge_openpgp([key], one, at)) for one in asked]
    served = [one for one, answer in answers if answer.state is KeyState.VALID]
    if not served:
        no(f"{where}: {answers[0][1].reason}; ask the recipient for another one")
    return served


def openpgp_row(fingerprint: str, key: Certificate, at: datetime) -> dict[str, object]:
    """A line of `keys list`."""
    addresses = addresses_of(key)
    until = judge(key, addresses[0], at).until if addresses else None
    return {
        "key": fingerprint, "kind": "recipient's OpenPGP key", "addresses": [str(one) for one in addresses], "until": until,
    }  # fmt: skip

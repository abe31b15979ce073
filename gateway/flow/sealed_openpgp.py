"""Compose's sealer for PGP/MIME: the key that was decided on, judged again; the header-protected payload, signed and
encrypted; and a look at what the engine made before any of it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.domain.errors import SealingFailed
from gateway.flow.compose import Case
from gateway.mime.build import OuterHeaders
from gateway.ports.keys import KeyDirectory, KeyKind, KeyState
from gateway.ports.openpgp import OpenPgpEngine
from gateway.seal.header_protection import canonical, protected_payload
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_message import checked
from gateway.seal.pgp_mime import pgp_mail


@dataclass(frozen=True, slots=True)
class SealedOpenPgp:
    """Makes PGP/MIME with a worker's engine."""

    directory: KeyDirectory
    engine: OpenPgpEngine
    random: Callable[[int], bytes] = field(repr=False)
    hidden: bool = False
    """Whether messages leave without the recipient's key id."""

    def __call__(self, case: Case, outer: OuterHeaders, notices: tuple[str, ...]) -> Iterable[bytes]:
        """The mail to relay; SealingFailed, mostly before the first byte, where it cannot be made."""
        key, part = self._key(case)
        payload = protected_payload(case.chunks(), outer, notices=notices, boundary_random=self.random(16))
        made = self.engine.seal(canonical(payload), key, case.at, hidden=self.hidden)
        return pgp_mail(outer, checked(made, part, hidden=self.hidden), self.random(16))

    def _key(self, case: Case) -> tuple[bytes, bytes]:
        target = case.decided.target
        answer = self.directory.find(target, case.at, KeyKind.OPENPGP)
        if answer.state is not KeyState.VALID or answer.fingerprint not in case.decided.row.basis.key.split(","):
            raise SealingFailed("the recipient's OpenPGP key is not the one that was decided on")
        try:
            [one] = read_certificates(answer.certificate)
        except ValueError as error:
            raise SealingFailed("the recipient's OpenPGP key cannot be read") from error
        judged = judge(one, target, case.at)
        if judged.state is not KeyState.VALID or judged.fingerprint != answer.fingerprint:
            raise SealingFailed("the recipient's OpenPGP key does not fit the address")
        return judged.usable, judged.part

"""The road of Direct: method `smime` where the recipient has a certificate of a Direct community (reason `method.direct`).

The mail is wrapped, signed with the certificate of the practice's Direct domain and encrypted with AES-256; its From is the
practice's Direct address, and envelope sender and Disposition-Notification-To are an address in that domain which is made
for this copy, so that what comes back is known for what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from cryptography import x509

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.errors import SealingFailed
from gateway.flow.compose import Case, Sealed
from gateway.mime.build import OuterHeaders, under
from gateway.policy.methods import DIRECT
from gateway.ports.keys import KeyDirectory, KeyKind, KeyState
from gateway.seal.direct import direct_payload
from gateway.seal.smime import Form, Signer, seal


@dataclass(frozen=True, slots=True)
class DirectSender:
    """One Direct address of the practice; no authors: everybody who has no other."""

    address: Address = field(repr=False)
    authors: frozenset[str] = field(repr=False)
    signer: Signer = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedDirect:
    """Makes Direct messages with a worker's keys. `own_address` makes a copy's address in a domain, None without an inbound door."""

    senders: tuple[DirectSender, ...] = field(repr=False)
    directory: KeyDirectory
    own_address: Callable[[str, str], str | None] = field(repr=False)
    random: Callable[[int], bytes]

    def seal(self, case: Case, outer: OuterHeaders, notices: tuple[str, ...]) -> Iterable[bytes]:
        """The Direct form of a copy; SealingFailed where it cannot be made."""
        certificate = self._certificate(case)
        sender, confirm_to = self.sender(case.author), Address.parse(self.reverse_path(case))
        # Of the others whom the mail was written to, each has a copy of their own.
        outer = replace(outer, from_=sender.address, to=(case.decided.target,), cc=(), confirm_to=confirm_to)
        payload = direct_payload(
            case.chunks(), sender=sender.address, confirm_to=confirm_to, notices=notices, boundary_random=self.random(16)
        )  # fmt: skip
        form, entity = seal(
            payload, signer=sender.signer, recipients=[certificate], at=case.at, random=self.random, form=Form()
        )  # fmt: skip
        return Sealed(under(outer, entity), f"direct {form.told([certificate])}")

    def reverse_path(self, case: Case) -> str:
        """The envelope sender of a copy: its own address in the Direct domain."""
        made = self.own_address(case.decided.row.id, self.sender(case.author).address.domain)
        if made is None:
            raise SealingFailed("Direct needs the inbound door: what recipients' systems say comes in by it")
        return made

    def sender(self, author: Address) -> DirectSender:
        """The Direct address that an author's mail leaves from."""
        for one in (*(each for each in self.senders if author.key in each.authors), *self.senders):
            if author.key in one.authors or not one.authors:
                return one
        raise SealingFailed("the author has no Direct address")

    def _certificate(self, case: Case) -> x509.Certificate:
        answer = self.directory.find(case.decided.target, case.at, KeyKind.DIRECT)
        if answer.state is not KeyState.VALID or answer.fingerprint not in case.decided.row.basis.key.split(","):
            raise SealingFailed("the recipient's Direct certificate is not the one that was decided on")
        return x509.load_der_x509_certificate(answer.certificate)


def goes_direct(case: Case) -> bool:
    """Whether a copy was decided to go as Direct."""
    row = case.decided.row
    return row.method is Method.SMIME and DIRECT in row.reasons

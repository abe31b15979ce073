"""The last change that a mail sees: our DKIM signature, put before the header at the door to the next hop.

Whatever made the mail (dispatch, notices, codes, answers) hands it to a Relay, and this is one: it signs what it is
given and hands it on. What bears a signature already keeps its bytes: it is a sender's own mail that was not changed
(mime.build_passthrough drops signatures that no longer hold). A From that is not one address under the domain of a key
is not signed, and mail from outside never comes by here. The body waits in the sealing scratch while its hash is made, so
memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress
from gateway.flow.scratch import Scratch
from gateway.mime.build_original import HeaderBlock, read_block
from gateway.mime.mailboxes import read_mailboxes
from gateway.ports.clock import Clock
from gateway.ports.relay import Consignment, Relay, Reply
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.seal.dkim import SIGNED, BodyHash, DkimKey, keys_for, signature_fields
from gateway.seal.header_protection import canonical


@dataclass(frozen=True, slots=True)
class Seals:
    """The practice's DKIM keys, and which fields they sign."""

    keys: tuple[DkimKey, ...] = field(repr=False)
    names: tuple[str, ...] = SIGNED


@dataclass(frozen=True, slots=True)
class SignedRelay:
    """A Relay that signs on the way."""

    relay: Relay
    seals: Seals
    vault: Vault
    clock: Clock
    tokens: Tokens

    def deliver(self, consignment: Consignment, before_dot: Callable[[], None]) -> Reply:
        """As the port says. The body is read and hashed before the next hop is called; its errors are the body's own."""
        with Scratch(self.vault, self.tokens) as scratch:
            body = self._signed(consignment.body, scratch)
            return self.relay.deliver(replace(consignment, body=body), before_dot)

    def close(self) -> None:
        """Drop kept connections."""
        self.relay.close()

    def _signed(self, mail: Iterable[bytes], scratch: Scratch) -> Iterator[bytes]:
        block, body = read_block(mail)
        keys = self._keys(block)
        if not keys:
            return _chain(bytes(block), body)
        writer, hashed = scratch.open("dkim"), BodyHash()
        try:
            for chunk in canonical(body):
                hashed.update(chunk)
                writer.write(chunk)
            kept = writer.finish()
        except BaseException:
            writer.abort()
            raise
        head = signature_fields(block, hashed.digest(), keys, self.clock.now(), self.seals.names)
        return _chain(head + bytes(block), kept.chunks())

    def _keys(self, block: HeaderBlock) -> Sequence[DkimKey]:
        """With which keys to sign: none for a header that is signed, or that readers could take in two ways."""
        names = [one.name for one in block.fields]
        if "dkim-signature" in names or not all(names) or not block.end:
            return ()
        author = _author(block)
        return keys_for(author, self.seals.keys) if author is not None else ()


def _author(block: HeaderBlock) -> Address | None:
    fields = [one for one in block.fields if one.name == "from"]
    if len(fields) != 1:
        return None
    try:
        found = read_mailboxes(fields[0].value)
    except InvalidAddress:
        return None
    return found[0] if len(found) == 1 else None


def _chain(head: bytes, body: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from body

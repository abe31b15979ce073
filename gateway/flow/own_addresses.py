"""The table of the gateway's own addresses: which mail the inbound door takes, and the reverse-path that each copy leaves with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.domain.address import Address
from gateway.seal.columns import Mac

_TAG_BYTES = 12
"""96 bits of the MAC: with a 26-character id the local part stays within the 64 octets of RFC 5321 4.5.3.1.1."""
_BOUNCE = re.compile(rf"(?:bounce|direct)\+([a-z0-9]{{26}})\.([0-9a-f]{{{2 * _TAG_BYTES}}})")


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """The table: the gateway's own addresses, made for one delivery, unguessable (door and worker both know the key), and
    the practice's that it takes mail for.
    """

    mac: Mac = field(repr=False)
    domain: str
    """Empty: the installation takes no inbound mail, and the sender's own address is the reverse-path."""
    relayed: frozenset[str] = field(default=frozenset(), repr=False)
    """The practice's addresses, and `@domain` entries, whose mail is taken for the server inside."""

    direct: frozenset[str] = frozenset()
    """Domains of the practice's Direct addresses."""

    def direct_address(self, delivery_id: str, domain: str) -> str | None:
        """The address in a Direct domain that confirmations of a copy come to, and that is its reverse-path."""
        taken = self.domain and domain in self.direct
        return f"direct+{delivery_id}.{self._tag(delivery_id)}@{domain}" if taken else None

    def bounce(self, delivery_id: str) -> str | None:
        """The reverse-path of a delivery."""
        return f"bounce+{delivery_id}.{self._tag(delivery_id)}@{self.domain}" if self.domain else None

    def delivery(self, address: Address) -> str | None:
        """The delivery that an address was made for; None for every other address."""
        match = _BOUNCE.fullmatch(address.local.lower())
        if match is None or not self.domain or address.domain not in {self.domain, *self.direct}:
            return None
        delivery_id, tag = match.groups()
        return delivery_id if self.mac.holds(delivery_id.encode(), self._whole(delivery_id, tag)) else None

    def confirms(self, address: Address) -> bool:
        """Whether it is a copy's address for confirmations."""
        return address.local.lower().startswith("direct+")

    def accepts(self, address: Address) -> bool:
        """Whether the inbound door may take mail for it."""
        return self.delivery(address) is not None or self.relays(address)

    def relays(self, address: Address) -> bool:
        """Whether mail for it is relayed inside: anybody may know such an address."""
        return address.key in self.relayed or f"@{address.domain}" in self.relayed

    def _tag(self, delivery_id: str) -> str:
        return self.mac.tag(delivery_id.encode())[:_TAG_BYTES].hex()

    def _whole(self, delivery_id: str, tag: str) -> bytes:
        # The address carries the first bytes of the MAC; the rest is ours again.
        return bytes.fromhex(tag) + self.mac.tag(delivery_id.encode())[_TAG_BYTES:]

"""The gateway's own host and addresses, which the inbound door needs without anything else of a worker's."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.app.installation import Installation
from gateway.config.outgoing import DirectSection
from gateway.flow.own_addresses import OwnAddresses


def own_host(home: Installation) -> str:
    """The domain of the gateway's own addresses and Message-IDs."""
    return home.settings.inbound.domain or urlsplit(home.settings.practice.portal_url).hostname or "localhost"


def own_addresses(home: Installation) -> OwnAddresses:
    """The gateway's own addresses; without an inbound listener there are none."""
    one, direct = home.settings.inbound, direct_domains(home.settings.direct)
    return OwnAddresses(home.bounce_mac(), own_host(home) if one.listen else "", frozenset(one.relayed), direct)


def direct_domains(section: DirectSection) -> frozenset[str]:
    """The domains of the practice's Direct addresses; none where Direct is off. The inbound door needs no more than this."""
    return frozenset(one.address.domain for one in section.senders) if section.enabled else frozenset()

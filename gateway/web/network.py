"""Who is asking: the peer's address, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

from gateway.web.settings import WebConfig


def client_address(request: Request, config: WebConfig) -> str:
    """The nearest address that is not one of our proxies'; empty when there is none."""
    address = request.client.host if request.client else ""
    if not _trusted(address, config):
        return address
    named = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    # Each proxy appends the peer that it saw: only what ours wrote is believed, from the right.
    for one in reversed([part.strip() for part in named if part.strip()][-20:]):
        address = one
        if not _trusted(one, config):
            break
    return address


def _trusted(address: str, config: WebConfig) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in config.trusted_proxies)

"""Whether a mail domain is one where private people have their mailboxes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _domains() -> frozenset[str]:
    text = files("gateway.phi.data").joinpath("consumer_domains.txt").read_text("utf-8")
    return frozenset(text.split())


def is_consumer_domain(domain: str) -> bool:
    """Whether `domain`, or the domain it is a national or sub-domain of, is a consumer mail provider."""
    labels = domain.rstrip(".").lower().split(".")
    if any(".".join(labels[at:]) in _domains() for at in range(len(labels) - 1)):
        return True
    brand = labels[-3] if len(labels) > 2 and labels[-2] in {"co", "com"} else labels[-2] if len(labels) > 1 else ""
    return brand in {"yahoo", "hotmail", "outlook", "live", "gmx"}

"""Internet protocol addresses (O)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import ip
from gateway.phi.recognizers.rule import Family, Rule

_NET = ("ip", "ipv4", "ipv6", "address", "host", "login", "logged", "server", "ssh", "network")

FAMILY = Family(
    "ip",
    (
        Rule("ipv4", Kind.IP, r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", 0.45, _NET, ip),
        Rule("ipv6", Kind.IP, r"(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,7}|(?:[0-9A-Fa-f]{1,4}:){1,6}:", 0.12, (), ip),
        Rule("ipv6_short", Kind.IP, r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}", 0.12, (), ip),
    ),
)  # fmt: skip

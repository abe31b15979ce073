"""Internet protocol addresses (O)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.checks import ip
from gateway.phi.recognizers.rule import Family, Rule

_NET = ("ip", "ipv4", "ipv6", "address", "host", "login", "logged", "server", "ssh", "network", "source")


_BEFORE = r"(?:^|[^0-9A-Fa-f:.]:?|(?i:ipv6|source|node|interface|[a-f]):|\.\.)"
_VERSION = compiled(r"(?i)(?:\bv(?:ers?(?:ion|\.)?)?|release|build|firmware|section|chapter|§|rev(?:ision|\.)?) ?$")


def _no_four(document: Document, start: int, end: int) -> bool:
    """Four numbers of a version or of a section, or of a longer chain such as an OID, are no address."""
    text = document.text
    if text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit():
        return True
    if start > 1 and text[start - 1] == "." and text[start - 2].isdigit():
        return True
    return _VERSION.search(text[max(0, start - 12) : start]) is not None


def _no_six(document: Document, start: int, end: int) -> bool:
    """Colons stand in times, ratios and names of programs too; only what parses is an address."""
    text = document.text
    if text[start] == ":" and start and text[start - 1].isalnum():
        return True
    return not ip(text[start:end])


FAMILY = Family(
    "ip",
    (
        Rule("ipv4", Kind.IP, r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", 0.45, _NET, ip, veto=_no_four),
        Rule("ipv6", Kind.IP, _BEFORE + r"((?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}:(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?(?:\.\d{1,3}\.\d{1,3}\.\d{1,3})?)", 0.6, _NET, ip, veto=_no_six),
        Rule("ipv6_from_zero", Kind.IP, _BEFORE + r"(::(?:[0-9A-Fa-f]{1,4}:){0,6}[0-9A-Fa-f]{1,4}(?:\.\d{1,3}\.\d{1,3}\.\d{1,3})?)", 0.6, _NET, ip, veto=_no_six),
    ),
)  # fmt: skip

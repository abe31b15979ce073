"""Links whose visible text names one host while they lead to another.

Only a text that is nothing but an address is compared: "click here" promises no host. Hosts of one registrable domain are
one house. A redirector is a host through which the practice's own tools lead all links, and is never said.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from gateway.mime import markup

REDIRECTORS = frozenset({"safelinks.protection.outlook.com", "urldefense.com", "urldefense.proofpoint.com"})
"""Rewriters that mail systems put before links in mail that is answered or passed on."""
_ANCHOR = re.compile(r"<a(?=[\s/])", re.IGNORECASE)
_END = re.compile(r"</a(?=[\s/>])|<a(?=[\s/])", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_ADDRESS = re.compile(r"(?:(https?)://|www\.)?[^\s/@:?#<>()\"',;]{1,253}(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}")
_SPACES = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]+")
_TOPS = frozenset(
    [
        "com",
        "org",
        "net",
        "edu",
        "gov",
        "mil",
        "int",
        "info",
        "biz",
        "app",
        "dev",
        "health",
        "care",
        "clinic",
        "doctor",
        "hospital",
        "pharmacy",
        "online",
        "site",
        "shop",
    ]
)
_SECOND = frozenset(
    ["co", "com", "org", "net", "gov", "ac", "edu", "or", "ne", "go", "nhs", "ltd", "plc", "gob", "asn", "id"]
)
"""Labels under which countries give out names."""
_TEXT, _TAG_LENGTH = 4_000, 8_000


def deceives(source: str, redirectors: Collection[str] = ()) -> bool:
    """Whether a link of an HTML text names another host than it leads to."""
    known = REDIRECTORS | {one.lower() for one in redirectors}
    at = 0
    while start := _ANCHOR.search(source, at):
        token = next(markup.tokens(source, start.start(), min(len(source), start.start() + _TAG_LENGTH)), None)
        at = max(start.end(), token.end if token else 0)
        if token is not None and token.kind == "open" and _false(source, token, known):
            return True
    return False


def _false(source: str, token: markup.Token, known: Collection[str]) -> bool:
    target = next((one for one in token.attributes if one.name == "href"), None)
    led = _led(source[target.start : target.end]) if target else ""
    if not led or _under(led, known):
        return False
    stop = min(len(source), token.end + _TEXT)
    end = _END.search(source, token.end, stop)
    named = _named(source[token.end : end.start() if end else stop])
    return bool(named) and not _same(named, led)


def _named(inner: str) -> str:
    """The host that a link's text names; empty if the text is not an address and nothing else."""
    text = _SPACES.sub("", html.unescape(_TAG.sub("", inner)).strip().strip("<>()[]\"'.,;:"))
    whole = html.unescape(_TAG.sub(" ", inner)).split()
    if len(whole) > 1 and not text.lower().startswith(("http://", "https://", "www.")):
        return ""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return ""
    host = _ascii(urlsplit(text if found[1] else f"//{text}").hostname or "")
    sure = bool(found[1]) or host.startswith("www.") or host.rpartition(".")[2] in _TOPS
    return host if sure and _HOST.fullmatch(host) else ""


def _led(href: str) -> str:
    """The host that a browser would ask; empty for what is no web address, or relative."""
    text = re.sub(r"[\t\r\n]", "", html.unescape(href)).strip().replace("\\", "/")
    if not text.lower().startswith(("http:", "https:", "//")):
        return ""
    scheme, colon, rest = text.partition(":") if not text.startswith("//") else ("", "", text)
    try:
        return _ascii(urlsplit(f"{scheme}{colon}//{rest.lstrip('/')}").hostname or "")
    except ValueError:
        return "unreadable.invalid"


def _ascii(host: str) -> str:
    host = host.rstrip(".").lower()
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _under(host: str, names: Collection[str]) -> bool:
    pieces = host.split(".")
    return any(".".join(pieces[at:]) in names for at in range(len(pieces)))


def _same(one: str, other: str) -> bool:
    return _house(one) == _house(other)


def _house(host: str) -> str:
    """The registrable domain, as far as it can be told without a list of all suffixes."""
    pieces = host.split(".")
    deep = len(pieces) > 2 and len(pieces[-1]) == 2 and pieces[-2] in _SECOND
    return ".".join(pieces[-3:] if deep else pieces[-2:])

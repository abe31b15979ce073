"""E-mail addresses, read strictly: one normaliser for policy, register, blind indexes and the door.

RFC 5321 4.1.2 mailboxes without source routes, comments, quoted local parts or address literals; RFC 6531 local parts.
Domain and local part are case-folded; dots and +tags are kept, because consent is given for exactly that address.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from gateway.domain.errors import InvalidAddress

_ATEXT = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+)*"
)
_DEVIATIONS = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")
"""Sharp s, final sigma and the joiners: IDNA 2003 turns them into other names than IDNA 2008 (UTS #46, 7), and both exist."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. `local` is as written (it is what SMTP must carry), `domain` is the lower-case A-label form."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `local@domain`; raise InvalidAddress for anything that two readers could take differently."""
        raw = unicodedata.normalize("NFC", text)
        local, at, domain = raw.rpartition("@")
        if not at or not local or not domain:
            raise InvalidAddress("an address needs the form name@domain")
        if len(local.encode()) > 64 or len(raw.encode()) > 254:
            raise InvalidAddress("the address is longer than RFC 5321 4.5.3.1 allows")
        if not _ATEXT.fullmatch(local) or any(unicodedata.category(c)[0] in "CZ" for c in local):
            raise InvalidAddress("the part before @ has characters that Sealgate does not accept")
        if not _ATEXT.fullmatch(unicodedata.normalize("NFKC", local)):
            raise InvalidAddress("the part before @ has a character that others read as a special one")
        return cls(local, _domain(domain))

    @property
    def key(self) -> str:
        """The one normal form: what equality, consent, blind indexes and policy compare."""
        return f"{unicodedata.normalize('NFKC', self.local).casefold()}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether SMTP can carry it without SMTPUTF8."""
        return self.local.isascii()

    def same_mailbox(self, other: Address) -> bool:
        """Whether a key made out for one is made out for the other: letter case aside, and nothing else. `key` folds more, such
        as ß and ss, so that nobody is overlooked; but those may be two people's mailboxes.
        """
        same = self.domain == other.domain and self.local.lower() == other.local.lower()
        return same and self.is_ascii == other.is_ascii

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    def __repr__(self) -> str:
        return "Address([protected])"


def normal_domain(text: str) -> str:
    """The lower-case A-label form of a domain name; raise InvalidAddress if it is none."""
    return _domain(text)


def _domain(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text)
    if not _DEVIATIONS.isdisjoint(composed):
        raise InvalidAddress("the domain has a letter that old and new programs write differently; give its xn-- form")
    folded = composed.removesuffix(".").casefold()
    try:
        ascii_form = folded if folded.isascii() else folded.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidAddress("the domain is not a valid internationalised name") from error
    labels = ascii_form.split(".")
    if len(ascii_form) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidAddress("the domain is not a valid host name")
    return ascii_form

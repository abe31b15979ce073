"""What the sender claims and asks for: From, tags and X-Sealgate fields. Claims can strengthen; none of them is trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.envelope import Identity
from gateway.domain.errors import InvalidAddress
from gateway.domain.patient import Purpose
from gateway.mime.build_original import decode_words
from gateway.mime.mailboxes import read_mailboxes
from gateway.mime.tree import Header, Tree

_TAG = re.compile(
    r"\[\s{0,8}(?:(?P<secure>secure)|(?P<name>purpose|patient)\s{0,8}:(?P<value>[^\]]{0,200}))\s{0,8}\]", re.IGNORECASE
)
"""The same that `build_original` takes out of the Subject: a tag that is removed is a tag that counts."""
_PERIOD = re.compile(r"(\d{1,4})\s*([hdw])", re.IGNORECASE)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Claims:
    """`unreadable` names claims that make no sense; they hold the mail rather than being passed over."""

    author: Address | None = field(repr=False)
    """The one From address; None when it is missing, plural or unclear."""
    to: tuple[Address, ...] = field(repr=False)
    cc: tuple[Address, ...] = field(repr=False)
    subject: str = field(repr=False)
    message_id: str = field(repr=False)
    date: str = field(repr=False)
    requested: Method | None
    secure_tag: bool
    purpose: Purpose | None
    patient_tags: tuple[str, ...] = field(repr=False)
    expires: timedelta | None
    automatic: bool
    """The mail says that no person wrote it (RFC 3834): it is never answered."""
    unreadable: tuple[str, ...] = ()
    anonymous: bool = False
    """There is no From header at all, as from some scanners."""

    def authorised(self, identity: Identity) -> bool:
        """The send-as check on the From header; without one the envelope's sender, checked at the door, is the author."""
        if self.anonymous:
            return True
        if self.author is None:
            return False
        return identity.how in {"gateway", "peer"} or identity.may_use(self.author)


def read_claims(tree: Tree) -> Claims:
    """Read them from the top header block; never raises for content."""
    unreadable: list[str] = []
    subject = _text(tree, "subject")
    # Read as texts are and as `build_original` does: neither may find a tag that the other lets pass.
    subjects = {
        text for one in _all(tree, "subject") for text in (one.text, decode_words(one.raw.replace(b"\r\n", b"")))
    }
    found = [one for text in sorted(subjects) for one in _TAG.finditer(text)]
    tags = [(one["name"].lower(), one["value"].strip()) for one in found if one["name"]]
    fields = {name: _asked(tree, name, unreadable) for name in ("method", "purpose", "expires")}
    purposes = [fields["purpose"]] if fields["purpose"] else []
    purposes += [value.lower() for name, value in tags if name == "purpose"]
    return Claims(
        author=_author(tree),
        to=_addresses(tree, "to"),
        cc=_addresses(tree, "cc"),
        subject=subject,
        message_id=_text(tree, "message-id").strip(),
        date=_text(tree, "date").strip(),
        requested=_method(fields["method"], unreadable),
        secure_tag=any(one["secure"] for one in found),
        purpose=_purpose(purposes, unreadable),
        patient_tags=tuple(dict.fromkeys(value for name, value in tags if name == "patient")),
        expires=_period(fields["expires"], unreadable),
        automatic=_text(tree, "auto-submitted").strip().lower() not in {"", "no"},
        unreadable=tuple(unreadable),
        anonymous=not _all(tree, "from"),
    )


def _all(tree: Tree, name: str) -> list[Header]:
    return [one for one in tree.headers if one.name.lower() == name]


def _text(tree: Tree, name: str) -> str:
    found = _all(tree, name)
    return found[0].text if found else ""


def _asked(tree: Tree, name: str, unreadable: list[str]) -> str:
    """What the X-Sealgate fields of that name say; two that say different things say nothing that could be followed."""
    said = {one.text.strip().lower() for one in _all(tree, f"x-sealgate-{name}")} - {""}
    if len(said) > 1:
        unreadable.append(name)
        return ""
    return said.pop() if said else ""


def _author(tree: Tree) -> Address | None:
    found = _all(tree, "from")
    if len(found) != 1:
        return None
    try:
        addresses = read_mailboxes(found[0].raw.replace(b"\r\n", b"").strip())
    except InvalidAddress:
        return None
    return addresses[0] if len(addresses) == 1 else None


def _addresses(tree: Tree, name: str) -> tuple[Address, ...]:
    """The addresses of To or Cc that can be read; a name in them is left behind, what is unclear is left out."""
    found: list[Address] = []
    for header in _all(tree, name):
        try:
            found += read_mailboxes(header.raw.replace(b"\r\n", b"").strip())
        except InvalidAddress:
            continue
    return tuple(dict.fromkeys(found))


def _method(text: str, unreadable: list[str]) -> Method | None:
    if not text:
        return None
    try:
        return Method(text)
    except ValueError:
        unreadable.append("method")
        return None


def _purpose(texts: list[str], unreadable: list[str]) -> Purpose | None:
    if not texts:
        return None
    if len(set(texts)) > 1 or texts[0] not in set(Purpose):
        unreadable.append("purpose")
        return None
    return Purpose(texts[0])


def _period(text: str, unreadable: list[str]) -> timedelta | None:
    if not text:
        return None
    match = _PERIOD.fullmatch(text)
    if match is None or int(match[1]) == 0:
        unreadable.append("expires")
        return None
    return int(match[1]) * _UNITS[match[2].lower()]

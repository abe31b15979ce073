"""Reading header protection: which scheme a decrypted or verified payload follows, and which fields were hidden outside.

RFC 9788 (`hp="cipher"` or `hp="clear"`, HP-Outer), and its forerunners: the draft with `protected-headers="v1"`, and RFC 8551
3.1, which wraps the whole mail as message/rfc822 (RFC 9788 4.10). Pure: the header block of the payload in, its meaning out. What cannot
be taken for sure is no protection, with a reason; then the outer header stays what the reader goes by.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.mime.build_original import HeaderBlock, RawField

_STRUCTURAL = ("mime-version", "content-")
_PARAMETER = re.compile(rb'\s*;\s*([^\s=;"()]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]*)', re.DOTALL)
_TYPE = re.compile(rb"\s*([!#-'*+.0-9A-Z^_`{|}~-]+/[!#-'*+.0-9A-Z^_`{|}~-]+)", re.IGNORECASE)
_ONCE = frozenset({"from", "subject", "date", "to", "cc", "message-id", "sender", "reply-to"})
_PARAMETERS = 40


class Scheme(StrEnum):
    """How a payload protects its header."""

    CIPHER = "hp=cipher"
    CLEAR = "hp=clear"
    DRAFT = "protected-headers=v1"
    WRAPPED = "message/rfc822"
    """The header is that of the mail inside the payload, RFC 8551 3.1."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Protection:
    """What a payload's header says. `fields` are the protected ones as written; `outer` what its sender put outside, by
    HP-Outer. `reason` says why nothing is protected though something was meant.
    """

    scheme: Scheme
    fields: tuple[RawField, ...] = field(default=(), repr=False)
    outer: tuple[RawField, ...] = field(default=(), repr=False)
    reason: str = ""

    @property
    def hidden(self) -> frozenset[str]:
        """Names of fields that were encrypted: not outside, or otherwise there (RFC 9788 4.3). Only RFC 9788 tells."""
        if self.scheme is not Scheme.CIPHER:
            return frozenset()
        outside = {(one.name, _unfolded(one)) for one in self.outer}
        return frozenset(one.name for one in self.fields if (one.name, _unfolded(one)) not in outside)


def read_protection(block: HeaderBlock) -> Protection:
    """The protection that a payload's header block gives, by its own Content-Type. Never raises."""
    kinds = [one for one in block.fields if one.name == "content-type"]
    if len(kinds) != 1:
        return Protection(Scheme.NONE, reason="the payload has no Content-Type, or several" if kinds else "")
    found = _content_type(kinds[0])
    if found is None:
        return Protection(Scheme.NONE, reason="the payload's Content-Type cannot be read")
    kind, parameters = found
    scheme = _scheme(kind, parameters)
    if scheme in {None, Scheme.NONE, Scheme.WRAPPED}:
        return Protection(scheme or Scheme.NONE, reason="" if scheme else "the payload's hp parameter is unknown")
    fields = tuple(
        one for one in block.fields if one.name and not one.name.startswith(_STRUCTURAL) and one.name != "hp-outer"
    )
    names = [one.name for one in fields]
    if any(names.count(one) > 1 for one in _ONCE):
        return Protection(Scheme.NONE, reason="the payload's header has a field twice that may stand once")
    if "from" not in names:
        return Protection(Scheme.NONE, reason="the payload's header has no From")
    return Protection(scheme or Scheme.NONE, fields, _outer(block.fields) if scheme is Scheme.CIPHER else ())


def _scheme(kind: bytes, parameters: dict[bytes, list[bytes]]) -> Scheme | None:
    """None for an hp parameter that nobody defined, or one given twice."""
    if b"hp" in parameters:
        known = {b"cipher": Scheme.CIPHER, b"clear": Scheme.CLEAR}
        said = parameters[b"hp"]
        return known.get(said[0].lower()) if len(said) == 1 else None
    if parameters.get(b"protected-headers") == [b"v1"]:
        return Scheme.DRAFT
    wrapped = kind in {b"message/rfc822", b"message/global"} and parameters.get(b"forwarded") == [b"no"]
    return Scheme.WRAPPED if wrapped else Scheme.NONE


def _outer(fields: Sequence[RawField]) -> tuple[RawField, ...]:
    """The fields that HP-Outer names, each as the field that it was outside."""
    found = []
    for one in fields:
        if one.name == "hp-outer":
            inner = one.raw.partition(b":")[2].lstrip()
            name, colon, _ = inner.partition(b":")
            if colon:
                found.append(RawField(name.strip().decode("latin-1").lower(), inner))
    return tuple(found)


def _unfolded(one: RawField) -> bytes:
    """A field's value with every run of white space as one blank: folding means nothing."""
    return b" ".join(one.raw.partition(b":")[2].split())


def _content_type(one: RawField) -> tuple[bytes, dict[bytes, list[bytes]]] | None:
    """Type and parameters in lower-case names; None where it cannot be read to its end. A quoted text never gives a parameter."""
    value = one.raw.partition(b":")[2]
    kind = _TYPE.match(value)
    if kind is None:
        return None
    at, parameters = kind.end(), dict[bytes, list[bytes]]()
    for _ in range(_PARAMETERS):
        match = _PARAMETER.match(value, at)
        if match is None:
            break
        text = match.group(2)
        if text.startswith(b'"'):
            text = re.sub(rb"\\(.)", rb"\1", text[1:-1], flags=re.DOTALL)
        parameters.setdefault(match.group(1).lower(), []).append(text)
        at = match.end()
    return (kind.group(1).lower(), parameters) if not value[at:].strip(b" \t\r\n;") else None

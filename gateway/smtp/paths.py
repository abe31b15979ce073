"""The arguments of MAIL and RCPT (RFC 5321 4.1.2), read strictly.

Stock readers answer 250 to `<bad`, `<a b@c>` and `<>`. Here a path is `<`, one address as `Address.parse` takes it, `>`:
no source routes, no comments, no quoted local parts, nothing left over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.address import Address

_ARGUMENT = re.compile(r" ?<([^<>]*)>(?: +(\S.*))?")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?")


class BadArgument(Exception):
    """The argument is not of the form that the command takes (501)."""


class BadParameter(Exception):
    """A parameter that was not offered, or twice the same (555)."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path with its ESMTP parameters, names in upper case; a parameter without a value has None."""

    text: str = field(repr=False)
    parameters: Mapping[str, str | None] = field(repr=False)


def read_path(argument: str, keyword: str, known: frozenset[str]) -> Path:
    """Take `FROM:<…> NAME=VALUE …` apart; BadArgument or BadParameter. The address itself is not read yet."""
    head, rest = argument[: len(keyword)], argument[len(keyword) :]
    match = _ARGUMENT.fullmatch(rest)
    if head.upper() != keyword or match is None:
        raise BadArgument
    parameters: dict[str, str | None] = {}
    for word in (match.group(2) or "").split():
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None:
            raise BadArgument
        name = parameter.group(1).upper()
        if name not in known or name in parameters:
            raise BadParameter
        parameters[name] = parameter.group(2)
    return Path(match.group(1), parameters)


def read_address(text: str, *, smtputf8: bool) -> Address | None:
    """The address of a path; None when it may not be used without SMTPUTF8 (RFC 6531 3.4); InvalidAddress if it is none."""
    address = Address.parse(text)
    return address if smtputf8 or text.isascii() else None

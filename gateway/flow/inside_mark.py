"""The marks of mail that goes inside: what was verified, in one field that only the gateway writes.

    X-Sealgate-Verified: encryption=smime; cipher=aes-256-gcm; content=authentic;
     signature=good; trust=trusted; from=same; signer=alice@clinic.example.net

Fields come in this order, each a word; `reason` and `why` are words too (hyphens for blanks), so that a filter of the
practice's server can be written against them. docs/inbound.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mime.build_inside import MARK, OWN_ID
from gateway.mime.sealed_root import RootKind
from gateway.seal.cms_open import Why
from gateway.seal.cms_signer import NOBODY, Author
from gateway.seal.opening import Opened

_NOT_A_WORD = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mail: `opened` None where it stays as it came, `why` then says for what reason, if it was encrypted."""

    kind: RootKind
    opened: Opened | None = None
    author: Author = NOBODY
    why: Why | None = None
    apart: bool = False
    """Decrypted, not authentic, and able to fetch or run something: it travels as a file."""


def marks(message_id: str, result: Result) -> list[tuple[str, str]]:
    """Our fields, in the order in which they stand in front."""
    return [(MARK, "; ".join(f"{name}={value}" for name, value in _facts(result))), (OWN_ID, message_id)]


def verdict_word(result: Result) -> str:
    """The signature in one word: good, bad, weak, unknown, none."""
    return result.author.verdict.value if result.author.verdict is not None else "none"


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    opened, author = result.opened, result.author
    encrypted = (opened is not None and opened.encrypted) or (result.why is not None)
    openpgp = result.kind is RootKind.PGP or (opened is not None and opened.pgp is not None)
    yield "encryption", ("openpgp" if openpgp else "smime") if encrypted else "none"
    if result.why is not None:
        yield "decrypted", "no"
        yield "reason", result.why.value
    elif opened is not None and opened.encrypted:
        yield "decrypted", "yes"
        yield "cipher", "+".join(opened.ciphers)
        yield "content", "authentic" if opened.authentic else "not-authenticated"
        if opened.outer is not None:
            yield "outer-signature", opened.outer.verdict.value
    yield "signature", verdict_word(result)
    if author.verdict is None:
        return
    yield "trust", author.trust.value
    if author.why:
        yield "why", _NOT_A_WORD.sub("-", author.why).strip("-").lower()
    yield "from", "same" if author.same else "other"
    if author.same and author.address is not None and author.address.is_ascii:
        yield "signer", str(author.address)

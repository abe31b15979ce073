"""The text of a signed head outside the database: one line of JSON, alone in a file, in a line of syslog, or in a mail.

`{"size", "root", "at", "signature"}`. A line with `"accepted": true` is a person's word, signed under another label, that
the log is that older one from now on (a restore): heads of before that cover more rows count no more.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.errors import IntegrityError
from gateway.ports.store import HeadRow
from gateway.seal.log_hash import accepted_input, head_input

Verify = Callable[[bytes, bytes], bool]
"""(message, signature) -> whether it holds."""
_LINE = re.compile(r'\{"size": \d{1,18}, "root": "[0-9a-f]{64}", [^{}]{1,500}\}')
_FIELD = re.compile(rb"[!-9;-~]{1,70}:[ \t\r\n]")


@dataclass(frozen=True, slots=True)
class Kept:
    """A head as it was kept outside."""

    head: HeadRow
    accepted: bool = False

    def holds(self, verify: Verify) -> bool:
        """Whether this gateway signed it, for what it says it is."""
        label = accepted_input if self.accepted else head_input
        return verify(label(self.head), self.head.signature)


def text(kept: Kept) -> str:
    """One line, without its end."""
    head = kept.head
    fields: dict[str, object] = {
        "size": head.size, "root": head.root.hex(), "at": head.at.isoformat(), "signature": head.signature.hex()
    }  # fmt: skip
    return json.dumps(fields | ({"accepted": True} if kept.accepted else {}))


def read(line: str | bytes, where: str) -> Kept:
    """The head of a line; IntegrityError, which names `where` it stood, for anything else."""
    try:
        fields = json.loads(line)
        head = HeadRow(
            size=int(fields["size"]), root=bytes.fromhex(fields["root"]), at=datetime.fromisoformat(fields["at"]),
            signature=bytes.fromhex(fields["signature"]),
        )  # fmt: skip
        accepted = bool(fields.get("accepted", False))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"{where} is no head") from error
    if head.at.tzinfo is None:
        raise IntegrityError(f"{where} has a time without a zone")
    return Kept(head, accepted)


def found_in(data: bytes) -> list[Kept]:
    """Every head in what was kept outside: a file of heads, lines of syslog among others, or a saved mail.

    In a file of heads every whole line must be one (IntegrityError); from the others the heads are picked out.
    """
    if data.lstrip().startswith(b"{"):
        lines = data.split(b"\n")[:-1]
        return [read(line, f"line {number} of the file of heads") for number, line in enumerate(lines, start=1)]
    readable = data.decode("utf-8", "replace")
    if _FIELD.match(data) or data.startswith(b"From "):
        parts = email.message_from_bytes(data, policy=email.policy.default).walk()
        readable = "\n".join(str(part.get_content()) for part in parts if part.get_content_type() == "text/plain")
        readable = readable.replace("\r", "").replace("\n", " ")
    return [read(one, "a line of what was kept outside") for one in dict.fromkeys(_LINE.findall(readable))]


def in_force(kept: Sequence[Kept]) -> list[HeadRow]:
    """The heads that still count, in order: an accepted one voids those before it that cover more rows."""
    heads: list[HeadRow] = []
    for one in kept:
        if one.accepted:
            heads = [head for head in heads if head.size <= one.head.size]
        heads.append(one.head)
    return heads

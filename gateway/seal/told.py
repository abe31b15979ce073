"""What the log tells of the newest state of something, so that an older row put back into the database counts no more.

Numbers only rise, and the greatest counts: a row that somebody adds to the log without a key can make what is in force
look old, and withhold it, but never bring back what was before. Marks of decisions are keyed besides.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from gateway.domain.errors import IntegrityError
from gateway.ports.store import AuditLog, AuditRow
from gateway.ports.vault import Seal
from gateway.seal.columns import Mac
from gateway.seal.context import framed


def greatest(audit: AuditLog, chain: str, name: str) -> int:
    """The greatest number of that name in a chain of the log; 0 if it tells none."""
    return max((_number(row, name) for row in audit.of_message(chain) if name in row.event.data), default=0)


def _number(row: AuditRow, name: str) -> int:
    value = row.event.data[name]
    if not isinstance(value, int):
        raise IntegrityError(f"the log has a {name} that is no number")
    return value


class Marks:
    """Keyed marks: `GENERATION.HEX`, a MAC over subject, generation and content."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def after(self, earlier: Iterable[str], subject: str, content: bytes) -> str:
        """The mark of what comes after all of those."""
        generation = max((_generation(one) for one in earlier), default=0) + 1
        return f"{generation}.{self._tag(subject, generation, content)}"

    def newest(self, marks: Iterable[str]) -> str:
        """The one of the highest generation, of equals the later; empty for none."""
        found = ""
        for one in marks:
            if not found or _generation(one) >= _generation(found):
                found = one
        return found

    def holds(self, mark: str, subject: str, content: bytes) -> bool:
        """Whether this is the mark of that content; compares in constant time."""
        generation = _generation(mark)
        return hmac.compare_digest(mark, f"{generation}.{self._tag(subject, generation, content)}")

    def _tag(self, subject: str, generation: int, content: bytes) -> str:
        return self._mac.tag(
            framed(b"mark", subject.encode(), str(generation).encode(), hashlib.sha256(content).digest())
        ).hex()


def _generation(mark: str) -> int:
    number = mark.partition(".")[0]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise IntegrityError("the log has a mark that cannot be read")
    return int(number)


PURPOSE = Seal.AUDIT
"""The purpose under which keys of marks are derived."""

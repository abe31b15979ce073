"""The manifest of a parcel: what a secure link shows. It is sealed under a key of its own; attachments are objects beside it.

No Bcc, no internal headers, no other recipient's protected copy is in it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from gateway.domain.errors import IntegrityError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One attachment: its sealed object, and what a person sees of it. `sha256` is hex, of the decoded bytes."""

    object_id: str
    name: str = field(repr=False)
    media_type: str
    size: int
    sha256: str
    commitment: str
    """Hex; what the object's stream must meet at its end."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The letter as the recipient reads it. `sender` and the To/Cc lists are as the sender wrote them."""

    subject: str = field(repr=False)
    sender: str = field(repr=False)
    to: str = field(repr=False)
    cc: str = field(repr=False)
    date: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    """As received, unsanitised; the portal sanitises it before it shows it."""
    enclosed: tuple[Enclosed, ...] = ()
    notices: tuple[str, ...] = ()
    """Statements that law wants beside the letter, 42 CFR 2.32."""

    def encode(self) -> bytes:
        """JSON, versioned."""
        return json.dumps({"version": _VERSION, **asdict(self)}, ensure_ascii=False).encode()

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Read what `encode` wrote; IntegrityError for anything else."""
        try:
            fields = json.loads(data)
            if fields.pop("version") != _VERSION:
                raise IntegrityError("the parcel's manifest has an unknown version")
            enclosed = tuple(Enclosed(**one) for one in fields.pop("enclosed"))
            return cls(**fields | {"enclosed": enclosed, "notices": tuple(fields["notices"])})
        except (ValueError, TypeError, KeyError) as error:
            raise IntegrityError("the parcel's manifest cannot be read") from error

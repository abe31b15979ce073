"""What one message may cost, in the child and in the worker that asks it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BoxLimits:
    """Limits of one message's child. Sizes are bytes, times seconds.

    `memory_bytes` is the child's address space, its libraries (about 70 MiB) included; `text_bytes` is UTF-8 of all
    texts and part names of one message, `answers` their number with the gaps'; `children` run at the same time, and
    further messages wait for one to end; `pictures` and scanned pages of one message are read. `start_seconds` is how long a launcher may take to load the readers.
    """

    memory_bytes: int = 1024 * MIB
    cpu_seconds: int = 60
    message_seconds: float = 120.0
    start_seconds: float = 30.0
    specimen_bytes: int = 128 * MIB
    specimens: int = 1_000
    text_bytes: int = 16 * MIB
    answers: int = 20_000
    children: int = 4
    pictures: int = 40

    def dumps(self) -> str:
        """As one command line argument for the launcher."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> BoxLimits:
        """Read what `dumps` wrote; TypeError for a key that is not a limit."""
        return cls(**json.loads(text))

"""How much of a mail is read. What lies beyond a limit is a gap, never an error and never silently dropped."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one message; sizes in bytes, `max_html_chars` and `max_name` in code points."""

    max_message_bytes: int = 150 * MIB
    max_depth: int = 50
    max_parts: int = 1000
    max_header_bytes: int = 256 * KIB
    """Of one header block; what is beyond is skipped."""
    max_header_line: int = 64 * KIB
    """Of one physical line of a header block."""
    max_text_bytes: int = 4 * MIB
    """Of one text part, preamble or epilogue."""
    max_html_chars: int = 4 * MIB
    max_judged_chars: int = 768 * KIB
    """Of all text of one message together, in code points: what its judging costs in memory and time grows with it."""
    max_name: int = 200
    """Of one file name inside a place name."""
    max_boundary_line: int = 8 * KIB
    """A longer line is never a boundary line."""
    max_gaps: int = 200
    """Further gaps say nothing new: the message is not clean anyway."""

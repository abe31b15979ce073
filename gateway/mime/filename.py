"""File names made safe: what comes from outside names a file on somebody's disk, or in a header of ours."""

from __future__ import annotations

import re

_RISKY = re.compile(
    r"[\x00-\x1f\x7f-\x9f\"\\/:*?<>|\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ud800-\udfff]"
)


def safe_name(name: str) -> str:
    """A file name that no system takes for a path, a hidden file or an injected header; at most 150 characters."""
    safe = _RISKY.sub("_", name).strip(" .")
    stem, dot, suffix = safe.rpartition(".")
    if len(safe) > 150:
        safe = f"{stem[: 149 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 20 else safe[:150]
    return safe or "attachment"

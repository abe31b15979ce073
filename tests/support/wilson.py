"""How sure a share is that was counted: what of the figures is told with them."""

from __future__ import annotations

from math import sqrt


def wilson(part: int, whole: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); (0, 1) for none at all."""
    if whole == 0:
        return 0.0, 1.0
    share, square = part / whole, z * z / whole
    middle, half = share + square / 2, z * sqrt((share * (1 - share) + square / 4) / whole)
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))

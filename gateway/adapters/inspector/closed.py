"""The inspector of commands that read no mail: no sandbox is started for them."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.domain.finding import Gap, GapReason
from gateway.ports.inspector import Inspection, Specimen


class ClosedInspector:
    """Opens nothing."""

    def inspect(self, specimens: Iterable[Specimen], seconds: float | None = None) -> Inspection:
        """Every document is a gap, at once."""
        del seconds
        return Inspection(gaps=tuple(Gap(one.part, GapReason.CRASHED) for one in specimens))

    def layers(self) -> tuple[str, ...]:
        """There is no child that could have any."""
        return ()

    def close(self) -> None:
        """Nothing was started."""

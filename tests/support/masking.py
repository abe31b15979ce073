"""What is still to be read of a text when the detector's findings are taken out of it."""

from __future__ import annotations

from gateway.domain.finding import TextPart
from gateway.phi.scan import Scanner


def left(scanner: Scanner, text: str) -> str:
    """The text without what identifies a person; blanks and line breaks are single blanks."""
    signs = list(text)
    for one in scanner.scan([TextPart("body.plain", text)]).findings:
        if one.kind.identifies:
            signs[one.start : one.end] = ["" for _ in range(one.end - one.start)]
    return " ".join("".join(signs).split())

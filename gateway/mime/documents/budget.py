"""What one message may cost the inspector child in all, however its documents are nested.

One Budget goes through every reader of one message, so that many small bombs count like one large one. Readers ask
before they unpack; a refusal becomes a gap, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.domain.finding import GapReason
from gateway.domain.threat import Threat
from gateway.mime.documents.instruments import Instruments

_HASTY_PIXELS = 1_500_000


@dataclass(slots=True)
class Budget:
    """Counters of one message; each `take_*` answers whether the amount was still there, and counts it if so.

    Bytes are unpacked bytes, `characters` code points of text handed back, `ratio` unpacked over packed size of an
    archive entry (small entries are exempt: text packs well). `pixels_left` are those that pictures may cost to read; with
    `hasty` a picture that costs more than a logo is put off (TIMED_OUT) to a child that has the time.
    """

    bytes_left: int = 256 * 1024 * 1024
    entries_left: int = 5_000
    characters_left: int = 16_000_000
    max_depth: int = 6
    max_entry_bytes: int = 64 * 1024 * 1024
    max_ratio: int = 200
    ratio_floor: int = 1024 * 1024
    max_pages: int = 2_000
    pictures_left: int = 40
    pixels_left: int = 400_000_000
    max_pixels: int = 50_000_000
    hasty: bool = False
    instruments: Instruments = field(default_factory=Instruments)
    depth: int = 0
    threats: list[Threat] = field(default_factory=list)
    """Found so far, whatever became of the reading."""

    def take_bytes(self, amount: int) -> bool:
        """Take unpacked bytes."""
        if amount > self.bytes_left:
            self.bytes_left = 0
            return False
        self.bytes_left -= amount
        return True

    def take_entry(self) -> bool:
        """Take one archive entry or embedded document."""
        if self.entries_left <= 0:
            return False
        self.entries_left -= 1
        return True

    def take_characters(self, amount: int) -> bool:
        """Take code points of text."""
        if amount > self.characters_left:
            self.characters_left = 0
            return False
        self.characters_left -= amount
        return True

    def take_picture(self, pixels: int) -> GapReason | None:
        """Take one picture of that many pixels to look for words in; None, or why that is not to be."""
        if self.instruments.ocr is None:
            return GapReason.NO_TEXT
        if self.hasty:
            self.pixels_left = min(self.pixels_left, _HASTY_PIXELS)
        if self.pictures_left <= 0 or pixels > self.pixels_left:
            return GapReason.TIMED_OUT if self.hasty else GapReason.TOO_LARGE
        self.pictures_left -= 1
        self.pixels_left -= pixels
        return None

    def suspicious(self, packed: int, unpacked: int) -> bool:
        """Whether an archive entry claims to unpack to far more than documents do."""
        return unpacked > self.ratio_floor and unpacked > self.max_ratio * max(packed, 1)

    def enter(self) -> bool:
        """Go one container deeper; pair with `leave` when it answered True."""
        if self.depth >= self.max_depth:
            return False
        self.depth += 1
        return True

    def leave(self) -> None:
        """Come back from a container."""
        self.depth -= 1

"""What the machine lends to the readers besides Python: loaded by the launcher, handed on with the budget."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from gateway.mime.documents.ocr import Ocr

_ARCHIVES = "libarchive.so.13"


@dataclass(frozen=True, slots=True)
class Instruments:
    """System libraries, each None where it is not installed; what needs it is then a gap."""

    ocr: Ocr | None = None
    archives: ctypes.CDLL | None = None

    @classmethod
    def load(cls) -> Instruments:
        """Load what there is; call it before files can no longer be opened."""
        try:
            archives = ctypes.CDLL(_ARCHIVES)
        except OSError:
            archives = None
        return cls(Ocr.load(), archives)

    def names(self) -> tuple[str, ...]:
        """What is there, as `sealgate check` shows it: `ocr-eng`, `ocr-spa`, `libarchive`."""
        languages = self.ocr.languages if self.ocr else ()
        return (*(f"ocr-{each}" for each in languages), *(("libarchive",) if self.archives else ()))

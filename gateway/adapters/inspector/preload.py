"""Everything that a reader may import, imported before the door closes: a child cannot open a file any more.

Walks whole packages instead of naming modules, so that a reader which imports late finds its library loaded.
"""

from __future__ import annotations

import codecs
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from PIL import Image

from gateway.domain.finding import Gap, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.instruments import Instruments

Read = Callable[[str, str, str, bytes, Budget], tuple[list[TextPart], list[Gap]]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The reader, and the system's libraries that it may use."""

    read: Read
    instruments: Instruments


DOCUMENTS = "gateway.mime.documents:read"

_WHOLE = ("encodings", "email", "html", "xml", "openpyxl", "charset_normalizer", "pikepdf", "pydicom")
_FOREIGN = frozenset({"__main__", "mbcs", "oem"})
"""Programs, and codecs of another system."""
_NEVER_READ = frozenset({"pydicom.cli", "pydicom.examples", "pydicom.sr"})
"""Programs and word lists for writing, which no reading imports."""
_SINGLE = (
    "PIL.ExifTags", "PIL.ImageFile", "PIL.ImageOps", "PIL.ImageSequence", "PIL.IptcImagePlugin", "_strptime", "bz2", "csv", "decimal", "fractions", "gzip", "html.parser", "lxml.etree", "lxml.html", "lzma",
    "mimetypes", "olefile", "pybase64", "pypdfium2", "pypdfium2.raw", "quopri", "stringprep", "tarfile", "uuid", "zipfile", "zlib",
)  # fmt: skip


def load(reader: str) -> Loaded:
    """Import the readers' world and the function `module:name`; ImportError or AttributeError when it is not there."""
    for name in _SINGLE:
        importlib.import_module(name)
    for name in _WHOLE:
        _walk(name, strict=False)
    if reader == DOCUMENTS:
        _walk("gateway.mime", strict=True)
        Image.init()
    codecs.lookup("idna")
    module, _, function = reader.partition(":")
    read = cast("Read", getattr(importlib.import_module(module), function))
    return Loaded(read, Instruments.load() if reader == DOCUMENTS else Instruments())


def _walk(name: str, *, strict: bool) -> None:
    package = importlib.import_module(name)
    for found in pkgutil.iter_modules(package.__path__, name + "."):
        if found.name.rpartition(".")[2] in _FOREIGN or found.name in _NEVER_READ:
            continue
        try:
            if found.ispkg:
                _walk(found.name, strict=strict)
            else:
                importlib.import_module(found.name)
        except ImportError:
            if strict:
                raise

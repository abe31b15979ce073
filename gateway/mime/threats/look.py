"""One file, judged: its name, its type against what it is said to be, and what it is made of."""

from __future__ import annotations

import io
import zipfile

from gateway.domain.threat import Threat, ThreatKind
from gateway.mime.naming import clean
from gateway.mime.threats.family import family, mismatch
from gateway.mime.threats.links import deceives
from gateway.mime.threats.names import name_threats, suffix
from gateway.mime.threats.office import ole_threats, rtf_threats, zip_threats
from gateway.mime.threats.pdf import acts

_NAMES = 5_000
_NAME = 200
_HTML = 4_000_000


def look(part: str, media_type: str, file_name: str, data: bytes) -> list[Threat]:
    """The threats of one decoded leaf or archive entry, and of the names in it if it is a ZIP: an entry with a password has
    a name too. Entries themselves come here one by one.
    """
    kinds = set(name_threats(file_name))
    found = family(data)
    listed: list[str] = []
    if found == "program":
        kinds.add(ThreatKind.EXECUTABLE)
    if mismatch(media_type, file_name, found):
        kinds.add(ThreatKind.TYPE_MISMATCH)
    if found == "pdf" and acts(data):
        kinds.add(ThreatKind.PDF_ACTION)
    elif found == "ole":
        kinds |= ole_threats(data)
    elif found == "rtf":
        kinds |= rtf_threats(data)
    elif not found and _is_html(media_type, file_name) and deceives(data[:_HTML].decode("utf-8", "replace")):
        kinds.add(ThreatKind.DECEPTIVE_LINK)
    if found == "zip" or (
        found != "zip" and b"PK\x05\x06" in data[-66_000:]
    ):  # behind other bytes it opens all the same
        listed = _entries(data)
        kinds |= zip_threats(data, listed)
    inside = [
        Threat(kind, f"{part}/{clean(name, _NAME) or 'entry'}")
        for name in listed
        for kind in sorted(name_threats(name))
    ]
    return [*(Threat(kind, part) for kind in sorted(kinds)), *inside]


def _is_html(media_type: str, file_name: str) -> bool:
    return suffix(file_name) in {"htm", "html", "xhtml"} or media_type in {"text/html", "application/xhtml+xml"}


def _entries(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()[:_NAMES]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return []

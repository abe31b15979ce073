"""What clamd's own settings say, as far as they can be read on this machine: it keeps mail in clear while it looks at it.

Its TemporaryDirectory (clamd.conf(5), /tmp unless set) takes every stream and all that is unpacked of it, so it belongs on
a tmpfs. A clamd with a mount namespace of its own may see another one; then the warning names what this machine shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

PLACES = ("/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/etc/clamd.conf", "/usr/local/etc/clamd.conf")
MOUNTS = "/proc/self/mounts"
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_NO = frozenset({"no", "false", "0"})


def clamd_warnings(places: Sequence[str] = PLACES, mounts: str = MOUNTS) -> list[str]:
    """Sentences about the settings of the first file that can be read; one says so where none can."""
    for place in places:
        try:
            said = _said(Path(place).read_text(encoding="utf-8", errors="replace"))
            mounted = Path(mounts).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return _warnings(place, said, mounted)
    unread = "clamd writes mail in clear into its TemporaryDirectory, and its clamd.conf cannot be read from here"
    return [f"{unread}: see that the directory is on a tmpfs (deploy/README.md)"]


def _warnings(place: str, said: dict[str, str], mounted: str) -> list[str]:
    found = []
    if said.get("leavetemporaryfiles", "no").lower() not in _NO:
        found.append(f"{place}: LeaveTemporaryFiles keeps mail in clear; remove it")
    folder = said.get("temporarydirectory", "/tmp")  # noqa: S108 - clamd's own default
    kind = _file_system(folder, mounted)
    if kind not in _IN_MEMORY:
        found.append(
            f"{place}: clamd writes mail in clear into its TemporaryDirectory {folder}, which is on {kind or 'an unknown file system'}: "
            "put it on a tmpfs (deploy/README.md)"
        )
    if said.get("alertexceedsmax", "no").lower() in _NO:
        found.append(f"{place}: AlertExceedsMax is off: clamd calls clean what it skips")
    return found


def _said(text: str) -> dict[str, str]:
    """Option names in small letters, and what stands after them; the last of several counts."""
    lines = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return {name.lower(): (rest[0] if rest else "yes").strip().strip('"') for name, *rest in lines}


def _file_system(folder: str, mounted: str) -> str:
    """The type of the file system on which a directory lies, by the mount point that is nearest above it."""
    nearest: tuple[int, str] = (-1, "")
    for line in mounted.splitlines():
        fields = line.split()
        if len(fields) > 2:
            point = PurePosixPath(fields[1].encode().decode("unicode_escape"))  # \040 is a space
            if PurePosixPath(folder).is_relative_to(point) and len(point.parts) >= nearest[0]:
                nearest = (len(point.parts), fields[2])
    return nearest[1]

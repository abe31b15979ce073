"""Which family of formats bytes belong to, and which families a name or a label allows.

A mismatch is said only where both sides are sure: what has no magic of its own agrees with everything.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.mime.threats.names import suffix

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),
    (b"{\\rtf", "rtf"), (b"\x89PNG\r\n\x1a\n", "image"), (b"\xff\xd8\xff", "image"), (b"GIF87a", "image"), (b"GIF89a", "image"),
    (b"II*\x00", "image"), (b"MM\x00*", "image"), (b"7z\xbc\xaf\x27\x1c", "packed"), (b"Rar!\x1a\x07", "packed"),
    (b"\x1f\x8b\x08", "packed"), (b"\xfd7zXZ\x00", "packed"), (b"MSCF\x00\x00\x00\x00", "packed"),
)  # fmt: skip
_MACH_O = frozenset({b"\xfe\xed\xfa\xce", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe"})
_LINK = b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
"""A Windows shortcut, MS-SHLLINK 2.1."""
_ISO = 0x8001
"""Where a disk image names itself, ECMA-119 8.4."""

_OFFICE, _OLD = frozenset({"zip", "ole"}), frozenset({"ole", "rtf", "zip"})
_IMAGE, _PACKED = frozenset({"image"}), frozenset({"packed", "zip"})
_BY_SUFFIX: Mapping[str, frozenset[str]] = {
    "pdf": frozenset({"pdf"}), "rtf": frozenset({"rtf"}),
    **dict.fromkeys(("docx", "docm", "dotx", "xlsx", "xlsm", "xlsb", "pptx", "pptm", "ppsx"), _OFFICE),
    **dict.fromkeys(("odt", "ods", "odp", "epub"), frozenset({"zip"})),
    **dict.fromkeys(("doc", "dot", "xls", "xlt", "ppt", "pps"), _OLD), "msg": frozenset({"ole"}),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "tif", "tiff", "bmp", "webp", "heic"), _IMAGE),
    **dict.fromkeys(("zip", "7z", "rar", "gz", "tgz", "xz", "cab"), _PACKED),
    **dict.fromkeys(("txt", "csv", "htm", "html", "ics", "vcf", "json", "xml", "eml", "hl7"), frozenset[str]()),
}  # fmt: skip
"""Families that may stand behind an ending; one without a magic of its own may always."""
_BY_LABEL: Mapping[str, frozenset[str]] = {
    "application/pdf": frozenset({"pdf"}), "application/rtf": frozenset({"rtf", "ole", "zip"}), "text/rtf": frozenset({"rtf"}),
    "application/msword": _OLD, "application/vnd.ms-excel": _OLD, "application/vnd.ms-powerpoint": _OLD,
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif", "image/tiff", "image/bmp", "image/heic"), _IMAGE),
    "text/html": frozenset[str](), "text/calendar": frozenset[str](),
}  # fmt: skip


def family(data: bytes) -> str:
    """`program`, `pdf`, `ole`, `zip`, `rtf`, `image`, `packed`, or an empty string for what has no magic."""
    if runs(data):
        return "program"
    head = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    for prefix, name in _PREFIXES:
        if data.startswith(prefix) or (name in {"pdf", "rtf"} and head.startswith(prefix)):
            return name
    return ""


def runs(data: bytes) -> bool:
    """Whether a desktop starts or mounts these bytes: PE, ELF, Mach-O, Java, a shortcut, a script's first line, an image."""
    head = data[:64]
    if head[:2] == b"MZ":  # also two letters that begin words: DOS programs have zeros in their header
        return b"\x00" in head
    if head[:4] == b"\xca\xfe\xba\xbe":  # Java classes, and Mach-O for several processors
        return len(head) >= 8
    if head.startswith(
        (b"\x7fELF", b"#!/", b"#! /", _LINK, b"[InternetShortcut]", b"Windows Registry Editor", b"!<arch>\ndebian")
    ):
        return True
    return head[:4] in _MACH_O or data[_ISO : _ISO + 5] == b"CD001" or data[-512:-508] == b"koly"


def mismatch(media_type: str, file_name: str, found: str) -> bool:
    """Whether name and label speak of another family than the bytes. The name counts first: desktops go by it."""
    if not found:
        return False
    ending = suffix(file_name)
    if ending in _BY_SUFFIX:
        return found not in _BY_SUFFIX[ending]
    allowed = None if ending else _BY_LABEL.get(media_type.lower())
    return allowed is not None and found not in allowed

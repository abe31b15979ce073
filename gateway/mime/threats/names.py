"""What a file name says that a person does not see: endings that start programs, second endings, letters turned around."""

from __future__ import annotations

from gateway.domain.threat import ThreatKind

PROGRAMS = frozenset({
    "exe", "scr", "pif", "cpl", "msi", "msp", "mst", "dll", "ocx", "sys", "drv", "bat", "cmd", "ps1", "psm1", "psc1", "vb",
    "vbs", "vbe", "js", "jse", "mjs", "wsf", "wsh", "wsc", "sct", "hta", "lnk", "url", "scf", "reg", "inf", "msc", "chm",
    "jar", "jnlp", "apk", "ipa", "appx", "appxbundle", "msix", "msixbundle", "application", "gadget", "iso", "udf", "vhd",
    "vhdx", "dmg", "pkg", "deb", "rpm", "run", "command", "workflow", "sh", "ksh", "csh", "bash", "xll", "wll", "ppa",
    "search-ms", "searchconnector-ms", "library-ms", "settingcontent-ms", "diagcab", "theme", "website", "desktop",
})  # fmt: skip
"""Endings that a desktop starts, mounts or installs. `com` is one only behind another ending: names of sites end so."""
_SHOWN = frozenset({
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "rtf", "txt", "csv", "odt", "ods", "odp", "jpg", "jpeg", "png", "gif",
    "tif", "tiff", "bmp", "htm", "html", "zip", "mp3", "mp4", "wav", "mov", "avi", "eml", "msg", "dcm", "xml",
})  # fmt: skip
"""Endings that people take for harmless."""
_TURNING = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
_BLANKS = 6
"""Blanks in a row that push an ending out of sight."""


def name_threats(name: str) -> frozenset[ThreatKind]:
    """The threats in one file name; directories before it do not count."""
    base = name.replace("\\", "/").rpartition("/")[2].rstrip(" .\x00\t").lower()
    found = set()
    if not _TURNING.isdisjoint(base):
        found.add(ThreatKind.DISGUISED_NAME)
    pieces = [one.strip() for one in "".join(one for one in base if one.isprintable()).split(".")]
    last, before = pieces[-1], pieces[-2] if len(pieces) > 2 else ""
    second = before in _SHOWN
    if len(pieces) > 1 and (last in PROGRAMS or (second and last == "com")):
        found.add(ThreatKind.EXECUTABLE)
        if second or " " * _BLANKS in base:
            found.add(ThreatKind.DISGUISED_NAME)
    return frozenset(found)


def suffix(name: str) -> str:
    """The ending as a desktop reads it, in lower case without its point; empty if there is none."""
    base = name.replace("\\", "/").rpartition("/")[2].rstrip(" .\x00\t").lower()
    return base.rpartition(".")[2] if "." in base else ""

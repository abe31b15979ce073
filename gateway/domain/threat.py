"""What a mail may carry against the computer that opens it. A kind and a place, nothing of the content."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ThreatKind(StrEnum):
    """Kinds of threats, as `sealgate scan --json` names them."""

    MALWARE = "malware"
    """The virus scanner knows it."""
    EXECUTABLE = "executable"
    """A program, script, shortcut or disk image, by its bytes or its name; in archives too."""
    MACRO = "macro"
    """An Office or OpenDocument file that brings code of its own, or loads some from elsewhere."""
    PDF_ACTION = "pdf_action"
    """A PDF with JavaScript, or one that starts a program."""
    EMBEDDED = "embedded"
    """A file packed as an object inside a document, which starts by a double click."""
    DISGUISED_NAME = "disguised_name"
    """A file name that shows another type than it has: a second ending, letters turned around."""
    TYPE_MISMATCH = "type_mismatch"
    """The bytes are of another type than name or label say."""
    DECEPTIVE_LINK = "deceptive_link"
    """A link whose text names one host while it leads to another."""


@dataclass(frozen=True, slots=True)
class Threat:
    """One threat and its place."""

    kind: ThreatKind
    part: str

"""Redacted copies of attachments. The document is taken apart and written anew in the inspector's box; here its texts are
judged, and the finished copy is inspected and judged again as the attachment that it will be. Whatever is found in it then,
or could not be read, and there is no copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from gateway.domain.finding import Finding, Kind, TextPart
from gateway.flow.reading import Reader
from gateway.mime.filename import safe_name
from gateway.mime.tree import Body, MemoryBody, Part
from gateway.phi.known_patients import KnownPatients
from gateway.phi.redact import Label, masked, placeholder_spans, redact_text
from gateway.phi.scan import MailContext
from gateway.ports.inspector import Copier, Edit, Specimen

_ROUNDS = 3
_WORD = re.compile(r"[^\W_]{3,}")
_ENDINGS = frozenset({".csv", ".docx", ".htm", ".html", ".pdf", ".tsv", ".txt", ".xlsx"})
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Copy:
    """A redacted attachment."""

    name: str = field(repr=False)
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Copies:
    """Makes copies of the attachments of one mail."""

    reader: Reader
    copier: Copier
    known: KnownPatients | None
    context: MailContext
    strict: bool
    organizations: bool = False
    doubts: bool = False

    def copy(
        self, part: Part, number: int, mail: Sequence[TextPart], findings: Iterable[Finding], label: Label
    ) -> Copy | None:
        """The copy of one attachment, `number` in its mail, or None. `mail` are all texts of the mail: a name that is
        certain there is looked for here.
        """
        if part.body is None:
            return None
        body: Body = part.body
        mails = [one for one in mail if one.part.partition("/")[0] != part.name]
        name = self.name(part.file_name, number, mail, findings, label)
        for _ in range(_ROUNDS):
            data = self._rewritten(part, body, mails, label)
            if data is None:
                return None
            if self._clean(part, data, mails):
                return Copy(name, data)
            body = MemoryBody(data)
        return None

    def name(self, name: str, number: int, mail: Sequence[TextPart], findings: Iterable[Finding], label: Label) -> str:
        """The file's name with placeholders; where it holds a word of any identifier of the mail, written in whatever
        way, only its number and ending stay. Of a copy that is to leave nothing else stays in any case: nicknames and the
        ends of numbers are in file names what no scan finds.
        """
        suffix = PurePosixPath(name.lower()).suffix
        if self.doubts:
            return f"attachment-{number}{suffix if suffix in _ENDINGS else ''}"
        ending = suffix if _SUFFIX.fullmatch(suffix) else ""
        stem = name[: len(name) - len(ending)]
        plain = stem.replace("_", " ")
        texts = {one.part: one.text for one in mail}
        words = {
            word.casefold()
            for one in self._masked(findings) if one.kind is not Kind.HEALTH_TERM
            for word in _WORD.findall(texts.get(one.part, "")[one.start : one.end])
        }  # fmt: skip
        report = self.reader.scan([TextPart("name", plain), *mail], (), self.known, self.context)
        hits = [one for one in self._masked(report.findings) if one.part == "name"]
        made = redact_text(plain, hits, part="name", strict=True, label=label)
        squeezed = "".join(_WORD.findall(re.sub(r"\[[a-z_]+(?:-[0-9]+)?\]", " ", made))).casefold()
        if not made.strip() or any(word in squeezed for word in words):
            made = f"attachment-{number}"
        return safe_name(f"{made}{ending}")

    def _rewritten(self, part: Part, body: Body, mail: Sequence[TextPart], label: Label) -> bytes | None:
        units = self.copier.units(_specimen(part, body))
        if units.gaps or not units.texts:
            return None
        report = self.reader.scan([*mail, *units.texts], (), self.known, self.context)
        if not report.complete:
            return None
        found = self._masked(report.findings)
        if self.doubts:
            found += self.reader.doubts(units.texts, self.context)
            echoes = self.reader.echoes([*mail, *units.texts], found)
            found += [hit for one in units.texts for hit in echoes.find(one.part, one.text, report.findings)]
        edits = [
            Edit(at, start, end, text)
            for at, one in enumerate(units.texts)
            for start, end, text in placeholder_spans(one.part, one.text, found, strict=True, label=label)
        ]
        return self.copier.rewrite(_specimen(part, body), edits)

    def _clean(self, part: Part, data: bytes, mail: Sequence[TextPart]) -> bool:
        """Whether everything in the finished copy was read, and nothing is left in it that is masked."""
        inspected = self.reader.inspector.inspect([_specimen(part, MemoryBody(data))])
        if inspected.gaps or inspected.threats:
            return False
        names = {one.part for one in inspected.texts}
        report = self.reader.scan([*mail, *inspected.texts], (), self.known, self.context)
        return report.complete and not any(one.part in names for one in self._masked(report.findings))

    def _masked(self, findings: Iterable[Finding]) -> list[Finding]:
        return masked(findings, strict=self.strict, organizations=self.organizations)


def _specimen(part: Part, body: Body) -> Specimen:
    return Specimen(part.name, part.media_type, part.file_name, body.chunks())

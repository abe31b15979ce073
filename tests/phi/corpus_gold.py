"""The gold set: whole practice mails of invented people, with every identifier marked inline.

A file of tests/phi/gold holds cases. A case opens with `=== ID` and a head (`subject`, `from`, `to`, `form`, `phi`,
`classes`), then a blank line and the body; `--- html` begins its HTML twin, `--- attach NAME` an attachment built when
the mail is built. `[[kind|text]]` must be masked; `[[?kind|text]]` may be: clinicians, the practice's own data.

The lock: `locked` is a hash of the id. What tells of single cases (tests, tools, people who tune) reads `opened()`
only; of the locked third nothing but sums by kind is printed.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from gateway.domain.finding import Kind, SensitiveClass, TextPart
from gateway.mime.html import extract

FOLDER = Path(__file__).parent / "gold"
FORMS = {"plain", "html", "both", "attachment"}
_MARK = re.compile(r"\[\[(\??)([a-z_]+)\|((?:(?!\]\]).)+?)\]\]", re.DOTALL)
_HEAD = re.compile(r"([a-z]+): ?(.*)")
_OPEN, _CLOSE = 0xE000, 0xE800  # private-use signs around the n-th marker of a text, to find it again behind the HTML
_SIGNS = re.compile("[\ue000-\uefff]")
_TITLE = re.compile(
    r"(?:(?:mr|mrs|ms|miss|mx|drs?|prof|rev|fr|sr|sra|lic|atty|det|sgt|capt|captain|sergeant|trooper|constable|deacon"
    r"|sister|father|mother|pastor|sor|don|doña|señora|frau|familia|signora|the)\b\.?\s+)+",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{2,3}")
_TYPES = {
    "csv": ("text", "csv"), "ics": ("text", "calendar"), "vcf": ("text", "vcard"), "txt": ("text", "plain"),
    "docx": ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """One marked place of a part's text; `asked` is false where masking is allowed and not required."""

    start: int
    end: int
    kind: Kind
    asked: bool = True


def _spans(start: int, text: str, kind: str, asked: bool) -> list[Span]:
    """What of a mark has to be masked (of a name not the title, of an age only the number); the rest of it may be."""
    whole = Span(start, start + len(text), Kind(kind), asked)
    if kind == "name" and (title := _TITLE.match(text)) and title.end() < len(text):
        core = replace(whole, start=start + title.end())
    elif kind == "age" and (number := _NUMBER.search(text)):
        core = replace(whole, start=start + number.start(), end=start + number.end())
    else:
        return [whole]
    return [core, replace(whole, asked=False)] if asked and core != whole else [core]


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its markers, and what they marked."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One mail. `html`, `plain` and attachments are still marked sources; `parts` reads them."""

    id: str
    file: str
    head: dict[str, str]
    plain: str | None
    html: str | None
    attached: tuple[tuple[str, str], ...] = field(default=())

    @property
    def locked(self) -> bool:
        return hashlib.sha256(self.id.encode()).digest()[0] % 3 == 0

    @property
    def phi(self) -> bool:
        return self.head["phi"] == "yes"

    @property
    def classes(self) -> frozenset[SensitiveClass]:
        return frozenset(SensitiveClass(one) for one in re.split(r"[,\s]+", self.head.get("classes", "")) if one)

    def sources(self) -> Iterator[str]:
        """Every marked text of the case."""
        yield self.head["subject"]
        yield from (one for one in (self.plain, self.html) if one is not None)
        for name, text in self.attached:
            yield from (name, text)

    def parts(self) -> list[tuple[TextPart, tuple[Span, ...]]]:
        """The texts as the scanner gets them, and the spans in each."""
        found = [("subject", read(self.head["subject"]))]
        if self.plain is not None:
            found.append(("body.plain", read(self.plain)))
        if self.html is not None:
            found.append(("body.html", read_html(self.html)))
        for name, source in self.attached:
            plain_name = read(name)
            spaced = Marked(plain_name.text.replace("_", " "), plain_name.spans)
            found += [("header:Content-Disposition", spaced), (f"attachment:{plain_name.text}", read(source))]
        return [(TextPart(name, one.text), one.spans) for name, one in found]

    def mail(self) -> bytes:
        """The same as an RFC 5322 message."""
        message = EmailMessage(policy=SMTP.clone(max_line_length=200))
        message["From"], message["To"] = _address(self.head["from"]), _address(self.head["to"])
        message["Subject"] = read(self.head["subject"]).text
        message["Date"] = "Mon, 02 Nov 2026 09:14:00 -0500"
        message["Message-ID"] = f"<{self.id}@gold.example.org>"
        if self.plain is not None:
            message.set_content(read(self.plain).text)
        if self.html is not None:
            html = strip(self.html)
            if self.plain is None:
                message.set_content(html, subtype="html")
            else:
                message.add_alternative(html, subtype="html")
        for name, source in self.attached:
            file_name, text = strip(name), strip(source)
            kind = file_name.rsplit(".", 1)[-1]
            data = _docx(text) if kind == "docx" else text.encode()
            main, sub = _TYPES[kind]
            message.add_attachment(data, main, sub, filename=file_name, params={"charset": "utf-8"} if main == "text" else None)  # fmt: skip
        return message.as_bytes()


def strip(source: str) -> str:
    """The text without markers."""
    return _MARK.sub(lambda match: match[3], source)


def read(source: str) -> Marked:
    """A marked text as text and spans."""
    pieces: list[str] = []
    spans: list[Span] = []
    at = size = 0
    for match in _MARK.finditer(source):
        pieces += (source[at : match.start()], match[3])
        size += match.start() - at
        spans += _spans(size, match[3], match[2], not match[1])
        size += len(match[3])
        at = match.end()
    pieces.append(source[at:])
    return Marked("".join(pieces), tuple(spans))


def read_html(source: str) -> Marked:
    """Marked HTML as the text that the detector reads of it; a marker in an attribute value is found there too."""
    marks = list(_MARK.finditer(source))
    number = iter(range(len(marks)))

    def signed(match: re.Match[str]) -> str:
        index = next(number)
        return f"{chr(_OPEN + index)}{match[3]}{chr(_CLOSE + index)}"

    text = extract(_MARK.sub(signed, source)).text
    starts: dict[int, int] = {}
    found: list[tuple[int, int, re.Match[str]]] = []
    for past, match in enumerate(_SIGNS.finditer(text)):
        code, place = ord(match[0]), match.start() - past
        if code < _CLOSE:
            starts[code - _OPEN] = place
        else:
            mark = marks[code - _CLOSE]
            found.append((starts[code - _CLOSE], place, mark))
    plain = _SIGNS.sub("", text)
    spans: list[Span] = []
    for start, end, mark in sorted(found, key=_first):
        spans += _spans(start, plain[start:end], mark[2], not mark[1])
    return Marked(plain, tuple(spans))


def _first(found: tuple[int, int, re.Match[str]]) -> int:
    return found[0]


@cache
def cases() -> tuple[Case, ...]:
    """All mails, in the order of files and lines."""
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.txt")):
        blocks = re.split(r"^=== +(\S+) *\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found += (_case(path.stem, one, text) for one, text in zip(blocks[1::2], blocks[2::2], strict=True))
    return tuple(found)


def opened() -> tuple[Case, ...]:
    """The two thirds that people may look at while they tune."""
    return tuple(one for one in cases() if not one.locked)


def sealed() -> tuple[Case, ...]:
    """The locked third: for sums only."""
    return tuple(one for one in cases() if one.locked)


def _case(file: str, case_id: str, text: str) -> Case:
    top, _, rest = text.partition("\n\n")
    head = {match[1]: match[2].strip() for line in top.splitlines() if (match := _HEAD.match(line))}
    sections = re.split(r"^--- +(html|attach +[^\n]+?) *\n", rest, flags=re.MULTILINE)
    body: str | None = sections[0].strip("\n") + "\n"
    html: str | None = None
    if head.get("form") == "html":
        body, html = None, body
    attached: list[tuple[str, str]] = []
    for name, source in zip(sections[1::2], sections[2::2], strict=True):
        if name == "html":
            html = source.strip("\n") + "\n"
        else:
            attached.append((name.removeprefix("attach").strip(), source.strip("\n") + "\n"))
    return Case(case_id, file, head, body, html, tuple(attached))


def _address(text: str) -> Address:
    name, _, address = text.rpartition(" ")
    return Address(display_name=name.strip('" '), addr_spec=address.strip("<>"))


def _docx(text: str) -> bytes:
    """A word processor's document, a paragraph a line."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    lines = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>' for line in text.split("\n")
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{lines}</w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return out.getvalue()

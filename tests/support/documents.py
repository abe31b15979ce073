"""Small documents made for tests: a PDF of lines, a Word file of given parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf_of(lines: Sequence[str], *, rotate: int = 0, extra: bytes = b"", info: str = "") -> bytes:
    """One page with a line of text each; `extra` is drawn after them, `info` is its Title."""
    shown = b"".join(b"(%s) Tj T*\n" % one.encode().replace(b"(", b"\\(").replace(b")", b"\\)") for one in lines)
    stream = b"BT /F1 11 Tf 72 720 Td 15 TL\n" + shown + b"ET\n" + extra
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Rotate %d /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % rotate,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title (%s) >>" % info.encode(),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 7\n0000000000 65535 f \n%strailer << /Size 7 /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return data + end % (table, len(data))


def docx_of(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word file with this XML inside its body, and further parts by their names; `W` in a part is the name space."""
    kinds = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", kinds)
        archive.writestr("word/document.xml", document)
        for name, data in (parts or {}).items():
            archive.writestr(name, data.replace("W:", _WORD) if isinstance(data, str) else data)
    return whole.getvalue()


def story(tag: str, inside: str) -> str:
    """Another part of a Word file, such as `hdr` or `comments`."""
    return f'<w:{tag} xmlns:w="{_WORD}">{inside}</w:{tag}>'


def paragraph(*runs: str) -> str:
    """A paragraph whose words are cut into these runs."""
    return "<w:p>" + "".join(f'<w:r><w:t xml:space="preserve">{one}</w:t></w:r>' for one in runs) + "</w:p>"

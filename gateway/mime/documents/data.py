"""JSON and XML of no known vocabulary (SVG too): the text as it stands, its values without escapes, and the files that
values hold as base64 or data: URLs.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.cards import data_url
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.magic import kind_of, looks_like_text
from gateway.mime.documents.table import Result, read
from gateway.mime.documents.xml import BadXml, parsed, text_of
from gateway.mime.inner import File

_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[<>]{0,2000}>")
_BLOB = re.compile(r"[A-Za-z0-9+/_\-\s]{64,}={0,2}\s*")
_MOST_FILES, _DEEPEST = 200, 100
_BROKEN_LINE = 3


def read_json(part: str, data: bytes, budget: Budget) -> Result:
    """JSON or a line of it after another; what cannot be parsed is plain text."""
    text, certain = decode(data, "")
    values: list[str] = []
    for each in _documents(text):
        values += _values(each, 0)
    lines = [TextPart(f"{part}/values", "\n".join(values))] * ("\\" in text)
    return _with_files(part, [TextPart(part, text), *lines], certain, values, budget)


def read_xml(part: str, data: bytes, budget: Budget) -> Result:
    """XML; what is not well-formed is plain text, with a gap if a parser that forgives would find other words in it."""
    text, certain = decode(data, "")
    try:
        root = parsed(_DOCTYPE.sub(b"", data, count=1).strip(b"\0 \r\n\t"))
    except BadXml:
        found, gaps = _with_files(part, [TextPart(part, text)], certain, [], budget)
        return found, [*gaps, *([Gap(part, GapReason.MALFORMED)] * ("&#" in text or "<!ENTITY" in text))]
    values: list[str] = []
    for element in root.iter():
        values += [each for each in (element.text, *element.values()) if isinstance(each, str)]
    texts = [TextPart(part, text), TextPart(f"{part}/values", text_of(root))]
    found, gaps = _with_files(part, texts, certain, values, budget)
    by_number = "<Glyphs" in text and "Indices=" in text  # XPS: letters by their number in a font
    return found, [*gaps, *([Gap(part, GapReason.NO_TEXT)] * by_number)]


def _documents(text: str) -> list[object]:
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        pass
    found: list[object] = []
    broken = 0
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            broken += bool(line.strip())
            if broken > _BROKEN_LINE:
                break
    return found


def _values(value: object, depth: int) -> Iterator[str]:
    """Keys and strings, in order, as lines of their own."""
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                yield str(key)
                yield from _values(inner, depth + 1)
            else:
                yield inner if isinstance(inner, str) and _is_blob(inner) else f"{key} : {inner}"
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, depth + 1)
    elif isinstance(value, str):
        yield value


def _is_blob(value: str) -> bool:
    return value[:5].lower() == "data:" or _BLOB.fullmatch(value) is not None


def _files(values: Iterable[str]) -> Iterator[File]:
    """Files in values: a data: URL, or base64 of bytes whose format is known."""
    for value in values:
        if value[:5].lower() == "data:":
            yield data_url(value)
        elif _BLOB.fullmatch(value):
            packed = "".join(value.split()).replace("-", "+").replace("_", "/").rstrip("=")
            try:
                content = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
            except (binascii.Error, ValueError):
                continue
            if kind_of(content[:2048]) or (content.isascii() and looks_like_text(content[:4096])):
                yield "text/plain" if content.isascii() else "", content


def _with_files(part: str, texts: list[TextPart], certain: bool, values: list[str], budget: Budget) -> Result:
    gaps = [] if certain else [Gap(part, GapReason.UNDECODABLE)]
    files = list(_files(values))
    if files and not budget.enter():
        return texts, [*gaps, Gap(part, GapReason.TOO_DEEP)]
    for number, (label, content) in enumerate(files, 1):
        inside = f"{part}/file-{number}"
        if content is None:
            gaps.append(Gap(inside, GapReason.MALFORMED))
        elif number > _MOST_FILES or not budget.take_entry() or not budget.take_bytes(len(content)):
            gaps.append(Gap(inside, GapReason.BOMB))
            break
        elif content:
            found, missed = read(inside, label, "", content, budget)
            texts += found
            gaps += missed
    if files:
        budget.leave()
    return texts, gaps

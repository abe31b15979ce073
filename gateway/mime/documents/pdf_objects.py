"""What a PDF carries beside its pages, by pikepdf: properties, XMP, form data, comments, links, scripts, outlines, files.

Every object is looked at, also those that no page reaches any more: what an incremental update only hid still travels.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pikepdf

from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.stray import words_among
from gateway.mime.documents.xml import BadXml, parsed, text_of

_MOST_OBJECTS, _DEEPEST = 200_000, 20
_SILENT = frozenset(["/ID", "/O", "/U", "/OE", "/UE", "/Perms", "/DA", "/Registry", "/Ordering", "/Cert", "/DigestValue",
                     "/CharSet", "/FontFamily", "/Lang", "/BaseState", "/S", "/CO", "/Panose", "/Style", "/Producer",
                     "/Creator", "/CheckSum", "/OutputConditionIdentifier", "/OutputCondition", "/RegistryName", "/Lookup",
                     "/FontName", "/PTEX.Fullbanner"])  # fmt: skip
"""Keys whose strings no person wrote: keys of ciphers, names of fonts and programs."""
_THUMBNAIL = 320
_ACTUAL = re.compile(rb"/ActualText\s*(\((?:[^\\()]|\\.){0,4000}\)|<[0-9A-Fa-f\s]{0,8000}>)?", re.DOTALL)
_FOLDED = frozenset(["/Parent", "/P", "/Resources", "/StructParent", "/Font", "/ColorSpace"])


@dataclass(slots=True)
class Beside:
    """What stands beside the pages. `files` are name and bytes (None: over the budget); `whole` says nothing was left out,
    `replaced` that text on a page is given as other text than it shows (ActualText).
    """

    lines: list[str] = field(default_factory=list, repr=False)
    files: list[tuple[str, bytes | None]] = field(default_factory=list, repr=False)
    whole: bool = True
    replaced: bool = False
    reachable: frozenset[tuple[int, int]] | None = None

    def reached(self, item: pikepdf.Object) -> bool:
        """Whether something leads to an object; where that is not known, it is taken for granted."""
        return self.reachable is None or not item.is_indirect or item.objgen in self.reachable


def beside(document: pikepdf.Pdf, budget: Budget) -> Beside:
    """Read every object once. Damage in one object leaves that one out and says so."""
    found = Beside(reachable=_reachable(document))
    seen: dict[str, None] = {}
    for number, item in enumerate(document.objects):
        if number >= _MOST_OBJECTS:
            found.whole = False
            break
        try:
            _look(item, "", 0, seen, found, budget)
        except (pikepdf.PdfError, BadXml, ValueError, TypeError, RuntimeError, RecursionError):
            found.whole = False
    try:
        seen.update(dict.fromkeys(_strings_of(document.trailer.get("/Info"))))
    except (pikepdf.PdfError, ValueError, TypeError):
        found.whole = False
    found.lines = [line for line in seen if line.strip()]
    return found


def _reachable(document: pikepdf.Pdf) -> frozenset[tuple[int, int]]:
    """Numbers of all objects to which the trailer leads, over however many others."""
    reached: set[tuple[int, int]] = set()
    waiting: list[object] = [document.trailer]
    while waiting:
        item = waiting.pop()
        if isinstance(item, pikepdf.Object) and item.is_indirect:
            if item.objgen in reached or len(reached) > _MOST_OBJECTS:
                continue
            reached.add(item.objgen)
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            waiting.extend(value for _, value in item.items())
        elif isinstance(item, pikepdf.Array):
            waiting.extend(item)
    return frozenset(reached)


def _strings_of(info: pikepdf.Object | None) -> Iterator[str]:
    if isinstance(info, pikepdf.Dictionary):
        for key, value in info.items():
            if isinstance(value, pikepdf.String) and key not in _SILENT:
                yield f"{key[1:]}: {value}"


def _look(item: pikepdf.Object, key: str, depth: int, seen: dict[str, None], found: Beside, budget: Budget) -> None:
    if depth > _DEEPEST:
        found.whole = False
    elif isinstance(item, pikepdf.String):
        _note(str(item), key, seen)
    elif isinstance(item, pikepdf.Array):
        for each in item:
            if isinstance(each, pikepdf.Object) and not each.is_indirect:
                _look(each, key, depth + 1, seen, found, budget)
    elif isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        _dictionary(item, key, depth, seen, found, budget)


def _dictionary(
    item: pikepdf.Object, key: str, depth: int, seen: dict[str, None], found: Beside, budget: Budget
) -> None:
    if "/EF" in item:
        _files(item, found, budget)
    if isinstance(item, pikepdf.Stream):
        _stream(item, seen, found, budget)
    signed = "/ByteRange" in item
    for name in item.keys():  # noqa: SIM118 - not a dict
        if name in _SILENT and not (name == "/S" and key):
            continue
        if name == "/ActualText":
            found.replaced = True
        if signed and name == "/Contents":
            continue
        value = item.get(name)
        if name == "/Thumb" and isinstance(value, pikepdf.Stream):
            found.whole = found.whole and max(int(value.get("/Width", 0)), int(value.get("/Height", 0))) <= _THUMBNAIL
        if name in {"/JS", "/XFA", "/RC", "/RV", "/Metadata"}:
            _script(value, seen, found, budget)
        elif (
            isinstance(value, pikepdf.Object)
            and (not value.is_indirect or isinstance(value, pikepdf.String))
            and (name not in _FOLDED or isinstance(value, pikepdf.String))
        ):
            _look(value, name, depth + 1, seen, found, budget)


def _note(text: str, key: str, seen: dict[str, None]) -> None:
    shown = "".join(one if one.isprintable() or one in "\n\t" else " " for one in text.replace("\r", "\n"))
    if sum(one.isalnum() for one in shown) > 1 and sum(map(str.isspace, shown)) <= len(shown) / 2:
        seen[f"{key[1:]}: {shown}" if key in {"/URI", "/T", "/TU"} else shown] = None


def _content(stream: pikepdf.Object, budget: Budget) -> bytes | None:
    """A stream unpacked, within the budget; None beyond it."""
    data = bytes(stream.read_bytes())  # the child's limit on memory bounds what this may become
    packed = len(stream.read_raw_bytes())
    if len(data) > budget.max_entry_bytes or budget.suspicious(packed, len(data)) or not budget.take_bytes(len(data)):
        return None
    return data


def _script(value: object, seen: dict[str, None], found: Beside, budget: Budget) -> None:
    """A script or form data, as a string, a stream, or an array of names and streams."""
    if isinstance(value, pikepdf.Array):
        for each in value:
            _script(each, seen, found, budget)
    elif isinstance(value, pikepdf.String):
        seen[_words(str(value).encode("utf-8", "replace"))] = None
    elif isinstance(value, pikepdf.Stream):
        data = _content(value, budget)
        found.whole = found.whole and data is not None
        seen[_words(data or b"")] = None


def _stream(item: pikepdf.Stream, seen: dict[str, None], found: Beside, budget: Budget) -> None:
    kind = item.get("/Type"), item.get("/Subtype")
    if pikepdf.Name("/Metadata") in kind or pikepdf.Name("/XML") in kind:
        data = _content(item, budget)
        found.whole = found.whole and data is not None
        seen[_words(data or b"")] = None
    elif kind[0] is None and kind[1] in {None, pikepdf.Name("/Form")} and "/N" not in item and "/Length1" not in item:
        data = _content(item, budget)  # what draws a page, or a piece of one
        found.whole = found.whole and data is not None
        for match in _ACTUAL.finditer(data or b""):
            found.replaced = True
            if match[1]:
                _note(str(pikepdf.Object.parse(match[1])), "", seen)
        if not found.reached(item):
            seen[_drawn_words(item)] = None


def _drawn_words(item: pikepdf.Stream) -> str:
    """The strings that a stream would draw which no page draws any more, letter by letter of a simple font."""
    out: list[str] = []
    try:
        for instruction in pikepdf.parse_content_stream(item):
            operands, operator = instruction.operands, instruction.operator
            if str(operator) in {"Tj", "'", '"', "TJ"}:
                last = operands[-1] if len(operands) else None
                pieces = last if isinstance(last, pikepdf.Array) else [last]
                out.append("".join(str(each) for each in pieces if isinstance(each, pikepdf.String)))
            elif out and str(operator) in {"Td", "TD", "Tm", "T*", "ET"}:
                out.append("\n")
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError):
        return ""
    text = "".join(out)
    return text if text.isprintable() or "\n" in text else words_among(text.encode("latin-1", "replace"))


def _words(data: bytes) -> str:
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        try:
            return text_of(parsed(data.strip(b"\0\xef\xbb\xbf \r\n\t")), every_attribute=True)
        except BadXml:
            pass
    return decode(data, "")[0]


def _files(item: pikepdf.Object, found: Beside, budget: Budget) -> None:
    name = next((str(item[key]) for key in ("/UF", "/F", "/Desc") if isinstance(item.get(key), pikepdf.String)), "")
    holder = item["/EF"]
    streams = {each.objgen: each for each in (holder.get(key) for key in ("/UF", "/F", "/DOS", "/Mac", "/Unix")) if isinstance(each, pikepdf.Stream)}  # fmt: skip
    for stream in streams.values():
        found.files.append((name, _content(stream, budget) if budget.take_entry() else None))


def without_replacements(document: pikepdf.Pdf) -> bytes:
    """The document with every ActualText taken out, so that what is drawn can be read beside what is claimed."""
    for item in document.objects:
        if isinstance(item, pikepdf.Dictionary) and "/ActualText" in item:
            del item["/ActualText"]
        elif isinstance(item, pikepdf.Stream) and item.get("/Subtype") != pikepdf.Name("/Image"):
            try:
                data = bytes(item.read_bytes())
            except pikepdf.PdfError:
                continue
            if b"/ActualText" in data:
                item.write(data.replace(b"/ActualText", b"/AsItLooked"))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()

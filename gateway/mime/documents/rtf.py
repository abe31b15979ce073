"""Rich Text Format (RTF 1.9.1): all its text, hidden or not, with info group, notes, fields, and the objects inside.

One pass over the bytes. Text of destinations that nobody knows is kept; left out is what only styles the text.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result, read

_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\(?P<word>[A-Za-z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\'(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\(?P<sign>[^A-Za-z])|(?P<break>[\r\n]+)|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_WORDLESS = frozenset(["fonttbl", "colortbl", "colorschememapping", "latentstyles", "rsidtbl",
                       "generator", "listtable", "listoverridetable", "mmathPr", "xmlnstbl", "pgptbl",
                       "filetbl", "revtbl_", "fontemb", "fontfile", "panose", "blipuid", "nonesttables"])  # fmt: skip
_BREAKS = {"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "tab": "\t", "cell": "\t", "nestcell": "\t",
           "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
           "emspace": " ", "enspace": " ", "nestrow": "\n", "softline": "\n"}  # fmt: skip
_ALONE = frozenset(["title", "subject", "author", "manager", "company", "operator", "category", "keywords", "comment",
                    "doccomm", "hlinkbase", "header", "footer", "footnote", "annotation", "atnauthor", "atnid", "docvar",
                    "headerl", "headerr", "headerf", "footerl", "footerr", "footerf", "shptxt", "fldinst", "propname",
                    "staticval", "revtbl", "stylesheet", "bkmkstart", "userprops", "password"])  # fmt: skip
_CHARSETS = {0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253",
             162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
             238: "cp1250"}  # fmt: skip
_CARRIERS = frozenset({"pict", "objdata", "themedata", "datastore"})
_MOST_DEEP = 2_000


@dataclass(frozen=True, slots=True)
class _State:
    wordless: bool = False
    data: bool = False
    fonts: bool = False
    skip: int = 1
    codec: str = "cp1252"


@dataclass(slots=True)
class _Document:
    out: list[str] = field(default_factory=list, repr=False)
    bytes: bytearray = field(default_factory=bytearray, repr=False)
    codec: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    defining: int = 0
    to_skip: int = 0
    objects: list[bytearray] = field(default_factory=list, repr=False)
    carried: dict[int, str] = field(default_factory=dict)
    damaged: bool = False

    def flush(self) -> None:
        if self.bytes:
            self.out.append(self.bytes.decode(self.codec, "replace"))
            self.bytes.clear()


def read_rtf(part: str, data: bytes, budget: Budget) -> Result:
    """The text, and pictures and objects inside as `part/object-N`."""
    document = _parsed(data)
    document.flush()
    text = "".join(document.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")
    texts, gaps = [TextPart(part, text)], list[Gap]()
    if document.damaged:
        gaps.append(Gap(part, GapReason.MALFORMED))
    if document.objects and not budget.enter():
        return texts, [*gaps, Gap(part, GapReason.TOO_DEEP)]
    for number, packed in enumerate(document.objects, 1):
        inside = f"{part}/object-{number}"
        content = bytes.fromhex(packed[: len(packed) // 2 * 2].decode("ascii"))
        if not budget.take_entry() or not budget.take_bytes(len(content)):
            gaps.append(Gap(inside, GapReason.BOMB))
            break
        found, missed = _carried(inside, document.carried[number - 1], content, budget)
        texts += found
        gaps += missed
    if document.objects:
        budget.leave()
    return texts, gaps


def _carried(part: str, carrier: str, content: bytes, budget: Budget) -> Result:
    """A picture or an object, or one of Word's two stores beside the text: its theme (a ZIP file), and custom XML (OLE)."""
    if carrier == "themedata":
        from gateway.mime.documents.office import theme_words

        return theme_words(part, content, budget)
    if carrier == "datastore":
        from gateway.mime.documents.ole import store_words

        return store_words(part, content, budget)
    return read(part, "", "", _unwrapped(content), budget)


def _unwrapped(content: bytes) -> bytes:
    """The bytes that an OLE 1.0 header (MS-OLEDS 2.2.5) carries, or what was given."""
    if content[4:8] not in {b"\x01\0\0\0", b"\x02\0\0\0"} or len(content) < 24:
        return content
    at = 8
    for _ in range(3):  # class, topic and item, each with its length
        at += 4 + int.from_bytes(content[at : at + 4], "little")
        if at > len(content):
            return content
    return content[at + 4 :]


def _parsed(data: bytes) -> _Document:
    document, state, stack, at = _Document(), _State(), list[_State](), 0
    while match := _TOKEN.match(data, at):
        at, kind = match.end(), match.lastgroup
        if kind == "number":
            kind = "word"
        if kind == "open":
            document.flush()
            stack.append(state)
            if len(stack) > _MOST_DEEP:
                break
        elif kind == "close":
            document.flush()
            document.to_skip = 0
            if not stack:
                break
            state = stack.pop()
            if not stack:
                break
        elif kind == "word":
            word = match["word"].decode("ascii")
            number = int(match["number"]) if match["number"] else None
            if word == "bin":
                at += max(0, number or 0)
                document.damaged = document.damaged or state.data  # a picture as bytes: not read
            else:
                state = _word(document, state, word, number)
        else:
            _characters(document, state, match)
    document.damaged = document.damaged or bool(stack) or bool(data[at:].strip(b"\0\r\n\t }"))
    return document


def _word(document: _Document, state: _State, word: str, number: int | None) -> _State:
    if word in {"u", "uc"}:
        if word == "uc":
            return replace(state, skip=max(0, min(number or 0, 8)))
        if not state.wordless and not state.data:
            document.flush()
            document.out.append(chr((number or 0) % 0x10000))
        document.to_skip = state.skip
        return state
    if word in _CARRIERS:
        document.carried[len(document.objects)] = word
        document.objects.append(bytearray())
        return replace(state, data=True)
    if word in _WORDLESS:
        return replace(state, wordless=True, fonts=word == "fonttbl")
    if state.fonts and word in {"f", "fcharset"} and number is not None:
        if word == "f":
            document.defining = number
        else:
            document.fonts[document.defining] = _CHARSETS.get(number, document.codec)
        return state
    if state.wordless or state.data:
        return state
    if word == "ansicpg" and number:
        state = replace(state, codec=_codec(number))
    elif word in {"f", "plain"}:
        state = replace(state, codec=document.fonts.get(number or 0, state.codec))
    elif word in _BREAKS or word in _ALONE:
        document.flush()
        document.out.append(_BREAKS.get(word, "\n"))
    document.flush()
    document.codec = state.codec
    return state


def _codec(page: int) -> str:
    try:
        return codecs.lookup("mac-roman" if page == 10000 else "utf-8" if page == 65001 else f"cp{page}").name
    except LookupError:
        return "cp1252"


def _characters(document: _Document, state: _State, match: re.Match[bytes]) -> None:
    if state.data:
        if match["text"]:
            document.objects[-1] += re.sub(rb"[^0-9A-Fa-f]", b"", match["text"])
        return
    if state.wordless or match["break"]:
        return
    document.codec = state.codec
    if match["hex"]:
        if document.to_skip:
            document.to_skip -= 1
        else:
            document.bytes.append(int(match["hex"], 16))
    elif match["sign"]:
        document.flush()
        document.out.append({b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}.get(match["sign"], match["sign"].decode("latin-1") if match["sign"] in b"\\{}" else ""))  # fmt: skip
    else:
        skipped = min(document.to_skip, len(match["text"]))
        document.to_skip -= skipped
        document.bytes += match["text"][skipped:]

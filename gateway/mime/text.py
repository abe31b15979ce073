"""The text of a mail for the detector, and the leaves that only the inspector may open.

Read here: headers, plain text, HTML and other text types, because their readers are ours and need no library. A file
name is the text `header:Content-Disposition` of the message it is attached to, with `_` as a space. Places that occur
again get `#2`, `#3`, …. A text whose bytes show another format goes to the inspector, whatever its label says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.cards import is_card, read_card, unfolded
from gateway.mime.charset import codec_of, decode, twice_encoded
from gateway.mime.disguise import turned, unlabelled
from gateway.mime.documents.magic import HEALTH_TEXTS, kind_of, looks_like_text
from gateway.mime.entity import MESSAGES, spare_words
from gateway.mime.headertext import traces, words
from gateway.mime.html import extract
from gateway.mime.inner import File, data_urls, inner_parts
from gateway.mime.leftover import mended
from gateway.mime.limits import Limits
from gateway.mime.naming import Namer
from gateway.mime.tree import Part, Tree, content

_AS_TEXT = frozenset({"application/json", "application/xml", "application/ics", "application/pgp-keys"})
_NOT_AS_TEXT = frozenset({"text/rtf"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_SIGNATURE_BYTES = 64 * 1024
_ARMOUR = re.compile(
    rb"-----BEGIN PGP SIGNATURE-----\r?\n(?:(?:Version|Comment|Hash|Charset): [^\r\n]{0,80}\r?\n){0,4}\s*"
    rb"(?:[A-Za-z0-9+/=]{1,76}\r?\n){1,1000}-----END PGP SIGNATURE-----"
)
_FOLDED = frozenset({"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/ics"})
_HTML_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_UUENCODED = re.compile(
    r"^begin(?:-base64)? [0-7]{3,4} \S[^\n]*\n[ -`A-Za-z+/=]{4,76}\r?$|^=ybegin line=\d", re.MULTILINE
)
_CODED = re.compile(rb"\\u[0-9A-Fa-f]{4}|&#|data:|[A-Za-z0-9+/]{100}")
_PGP = "-----BEGIN PGP MESSAGE-----"


@dataclass(frozen=True, slots=True)
class MailText:
    """Everything to be judged. `gaps` holds the tree's gaps too; `specimens` are leaves for the inspector."""

    parts: tuple[TextPart, ...] = field(repr=False)
    gaps: tuple[Gap, ...]
    specimens: tuple[Part, ...]


def texts(tree: Tree, limits: Limits) -> MailText:
    """All text of a mail, place by place, in the order of the mail; each gap and place name once."""
    collector = _Collector(limits)
    collector.take(tree.root, "")
    for margin in tree.margins:
        collector.leaf(margin, "")
    gaps = dict.fromkeys((*tree.gaps, *collector.gaps))
    return MailText(tuple(collector.parts), tuple(gaps), tuple(collector.specimens))


class _Collector:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._names = Namer()
        self._traces: set[str] = set()
        self.parts: list[TextPart] = []
        self.gaps: list[Gap] = []
        self.specimens: list[Part] = []

    def take(self, root: Part, prefix: str) -> None:
        """One mail: headers and text part by part; mails inside it come with their own prefix."""
        for part, sealed in _own_parts(root):
            self._headers(part, prefix, outermost=part is root and not prefix)
            if part.file_name:
                self._add(f"{prefix}header:Content-Disposition", part.file_name.replace("_", " "))
            if part.media_type in MESSAGES and part.children:
                self.take(part.children[0], f"{part.name}/")
            elif not part.children and not sealed:
                self.leaf(part, prefix)

    def _headers(self, part: Part, prefix: str, *, outermost: bool) -> None:
        for name, text in words(part.headers):
            self._add(prefix + name, text)
        spare = spare_words(part.headers, part.file_name)
        if spare:
            self._add(f"{prefix}header:Content-Type", spare)
        for name, text in traces(part.headers, outermost=outermost):
            if text not in self._traces:  # a thousand parts say the same of themselves
                self._traces.add(text)
                self._add(prefix + name, text, trace=True)

    def _add(self, name: str, text: str, *, trace: bool = False) -> str:
        unique = self._names.unique(name)
        self.parts.append(TextPart(unique, text, trace))
        if turned(text):
            self.gaps.append(Gap(unique, GapReason.AMBIGUOUS))
        return unique

    def leaf(self, part: Part, prefix: str) -> None:
        """One decoded leaf: text of it, or a specimen, or nothing if it is a signature."""
        if part.body is None:
            return
        if part.media_type in _SIGNATURES and _is_signature(part):
            return
        if not _is_text(part):
            self.specimens.append(part)
            return
        data, whole = content(part.body, self._limits.max_text_bytes)
        shown = {"", "encrypted", *(HEALTH_TEXTS if not part.file_name else ())}  # in a letter's own text they are text
        if kind_of(data[:2048]) not in shown or not _readable(data, part.charset) or _coded(part, data):
            self.specimens.append(part)
            return
        name = part.name or f"{prefix}attachment:part-{part.path}"
        if not whole:
            self.gaps.append(Gap(name, GapReason.TOO_LARGE))
        self._text(part, name, data)

    def _text(self, part: Part, name: str, data: bytes) -> None:
        text, certain = _decoded(part, data)
        if _is_html(part):
            shown = extract(text[: self._limits.max_html_chars])
            if len(text) > self._limits.max_html_chars:
                self.gaps.append(Gap(name, GapReason.TOO_LARGE))
            self._inner(part, name, data_urls(text, shown.data))
            text = shown.text
        else:
            text = unfolded(text) if part.media_type in _FOLDED else text
            if _UUENCODED.search(text):
                self.gaps.append(Gap(name, GapReason.UNKNOWN_TYPE))
        if _PGP in text:
            self.gaps.append(Gap(name, GapReason.ENCRYPTED))
        if not certain:
            self.gaps.append(Gap(name, GapReason.UNDECODABLE))
        self._add(name, text)
        if is_card(text):
            card = read_card(text)
            self._add(f"{name}/properties", "\n".join(card.lines))
            self._inner(part, name, card.files)
        if twice := twice_encoded(text):
            self._add(f"{name}/mended", twice)
        for how, told in mended(text):
            self._add(f"{name}/{how}", told)
        self._unlabelled(name, text)

    def _inner(self, part: Part, name: str, files: Sequence[File]) -> None:
        """Files that a text holds go to the inspector like attachments."""
        found, missed = inner_parts(part, name, files)
        self.specimens += found
        self.gaps += missed

    def _unlabelled(self, name: str, text: str) -> None:
        """What base64 without a label says, and base64 in that: each round is a quarter shorter."""
        found, files = unlabelled(text)
        if files:
            self.gaps.append(Gap(name, GapReason.UNKNOWN_TYPE))
        for each in found:
            self._unlabelled(self._add(f"{name}/base64", each), each)


def source_of(part: Part, limits: Limits) -> str:
    """The decoded characters of a text leaf: for plain text the text that `texts` gives, for HTML its source, in which
    `html.replace` writes placeholders.
    """
    data, _ = content(part.body, limits.max_text_bytes)
    return _decoded(part, data)[0][: limits.max_html_chars]


def _decoded(part: Part, data: bytes) -> tuple[str, bool]:
    if _is_html(part):
        return decode(data, part.charset or _html_charset(data))
    text, certain = decode(data, part.charset)
    return text.replace("\x00", ""), certain


def _is_html(part: Part) -> bool:
    return part.media_type in {"text/html", "application/xhtml+xml"}


def _own_parts(root: Part) -> Iterator[tuple[Part, bool]]:
    """The parts of one mail without those of mails inside it; True for what lies in an encrypted multipart."""
    waiting = [(root, False)]
    while waiting:
        part, sealed = waiting.pop()
        yield part, sealed or part.media_type in {"application/pkcs7-mime", "application/x-pkcs7-mime"}
        if part.media_type not in MESSAGES:
            sealed = sealed or part.media_type == "multipart/encrypted"
            waiting.extend((child, sealed) for child in reversed(part.children))


def _is_signature(part: Part) -> bool:
    """Whether a small part is what its label says: DER, or the armour of an OpenPGP signature and nothing around it."""
    data, whole = content(part.body, _SIGNATURE_BYTES)
    if not whole:
        return False
    return data.startswith(b"\x30") if "pkcs7" in part.media_type else _ARMOUR.fullmatch(data.strip()) is not None


def _is_text(part: Part) -> bool:
    kind = part.media_type
    if kind in _NOT_AS_TEXT:
        return False
    # A multipart or message without children could not be cut: its bytes are read as text.
    return kind.startswith(("text/", "message/", "multipart/")) or kind in _AS_TEXT or _is_html(part)


def _readable(data: bytes, charset: str) -> bool:
    wide = (codec_of(charset) or "").startswith(("utf-16", "utf-32"))
    return wide or looks_like_text(data[:4096])


def _coded(part: Part, data: bytes) -> bool:
    """Whether an attached text is JSON or XML with escapes or files in it, which the inspector takes apart."""
    if not part.file_name or not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", b"<?xml", b"<svg")):
        return False
    return _CODED.search(data) is not None


def _html_charset(data: bytes) -> str:
    found = _HTML_CHARSET.search(data[:2048])
    return found.group(1).decode("ascii") if found else ""

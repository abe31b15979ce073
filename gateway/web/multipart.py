"""multipart/form-data as it comes in (RFC 7578): python-multipart's tokens, checked, and nothing kept but small fields.

Starlette's own reader spools files to disk in clear, so it is not used anywhere. What no browser writes is refused:
nested multiparts, transfer encodings, long headers, a body that ends before its last boundary. What comes after it is
not looked at (RFC 2046 5.1.1).
"""

from __future__ import annotations

import re
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from gateway.domain.errors import PickupRefused
from gateway.ports.metrics import Limit

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_HEADERS, _HEADER_BYTES = 8, 8 * 1024
_PARTS = 1000
_PLAIN = {"", "7bit", "8bit", "binary"}
FIELD_BYTES = 4 * 1024 * 1024
"""No field is longer, whatever the settings say; it is held in memory."""


class Sink(Protocol):
    """Where the parts go, in their order."""

    def field(self, name: str, value: bytes) -> None:
        """A whole field."""
        ...

    def file(self, name: str, file_name: str) -> None:
        """A file begins; its `data` follows."""
        ...

    def data(self, data: bytes) -> None:
        """The file's next bytes."""
        ...


def boundary(content_type: str) -> bytes:
    """The boundary that a Content-Type names; HTTPException 415 for any other type, 400 for a bad one."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise HTTPException(415)
    found = options.get(b"boundary", b"").decode("latin-1")
    if not _BOUNDARY.fullmatch(found):
        raise HTTPException(400)
    return found.encode()


class Upload:
    """Reads one body. HTTPException 400 for what is not sound; the sink's own errors go through."""

    def __init__(self, mark: bytes, sink: Sink) -> None:
        self._sink = sink
        self._parts, self._ended = 0, False
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers: dict[str, bytes] = {}
        self._name, self._value, self._is_file = "", bytearray(), False
        self._waiting = ""
        self._parser = MultipartParser(
            mark,
            {
                "on_part_begin": self._begin, "on_header_field": self._field, "on_header_value": self._header,
                "on_header_end": self._header_end, "on_headers_finished": self._headers_end,
                "on_part_data": self._data, "on_part_end": self._part_end, "on_end": self._end,
            },
            max_header_count=_HEADERS, max_header_size=_HEADER_BYTES,
        )  # fmt: skip

    def write(self, data: bytes) -> None:
        """The next bytes of the body."""
        try:
            if not self._ended:
                self._parser.write(data)
        except FormParserError:
            raise HTTPException(400) from None

    def end(self) -> None:
        """The body has ended; it was whole only if its last boundary came."""
        if not self._ended:
            raise HTTPException(400)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _PARTS:
            raise PickupRefused("answer_files", limit=Limit.ANSWER_FILES)
        self._headers, self._value = {}, bytearray()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        name = self._header_name.decode("latin-1").lower()
        if name in self._headers:
            raise HTTPException(400)
        self._headers[name] = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", b""))
        coding = self._headers.get("content-transfer-encoding", b"").decode("latin-1").strip().lower()
        nested = self._headers.get("content-type", b"").strip().lower().startswith((b"multipart/", b"message/"))
        if kind != b"form-data" or b"name" not in options or coding not in _PLAIN or nested:
            raise HTTPException(400)
        self._name = options[b"name"].decode("utf-8", "replace")
        self._is_file = b"filename" in options
        self._waiting = options.get(b"filename", b"").decode("utf-8", "replace")
        if self._is_file and self._waiting:
            self._sink.file(self._name, _as_named(self._waiting))
            self._waiting = ""
        elif self._is_file:
            self._waiting = "attachment"  # a file without a name; or, with no byte, none that was chosen

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self._value += data[start:end]
            if len(self._value) > FIELD_BYTES:
                raise PickupRefused("answer_text", limit=Limit.ANSWER_CHARACTERS)
            return
        if start == end:
            return
        if self._waiting:
            self._sink.file(self._name, self._waiting)
            self._waiting = ""
        self._sink.data(data[start:end])

    def _part_end(self) -> None:
        if not self._is_file:
            self._sink.field(self._name, bytes(self._value))

    def _end(self) -> None:
        self._ended = True


def _as_named(name: str) -> str:
    """A file's name as browsers mean it: they write quotes and line ends in percent form (WHATWG, form submission)."""
    for coded, meant in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        name = name.replace(coded, meant)
    return name

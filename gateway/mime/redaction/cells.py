"""CSV (RFC 4180) and its relatives: placeholders inside the cells; separators, quotes and line ends stay as they are.

The text that is judged is the file's own, so that a heading row says what its column holds. A span over several cells has
its placeholder in the first one, and empties the others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from gateway.mime.documents.budget import Budget
from gateway.mime.redaction.plain import certain_text, with_placeholders
from gateway.mime.redaction.table import Spans

_SEPARATORS = ",;\t|"


class _Cells:
    def __init__(self, text: str) -> None:
        self.texts = [text]
        self._cells = list(_cells(text, _separator(text)))
        self._starts = [start for start, _ in self._cells]

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        text = self.texts[0]
        edits = [edit for span in spans.get(0, ()) for edit in self._within(text, *span)]
        return with_placeholders(text, _apart(edits)).encode("utf-8", "replace")

    def _within(self, text: str, start: int, end: int, placeholder: str) -> Iterator[tuple[int, int, str]]:
        first = True
        for at in range(max(0, bisect_right(self._starts, start) - 1), len(self._cells)):
            low, high = self._cells[at]
            if low >= end:
                return
            low, high = _whole_quotes(text, max(low, start), min(high, end), (low, high))
            if low < high:
                yield low, high, placeholder if first else ""
                first = False


def _apart(edits: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Edits that quotes made touch each other, as one."""
    found: list[tuple[int, int, str]] = []
    for start, end, text in edits:
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]), found[-1][2])
        else:
            found.append((start, end, text))
    return found


def _whole_quotes(text: str, start: int, end: int, cell: tuple[int, int]) -> tuple[int, int]:
    """Never half of a doubled quote: an odd number of quotes before an edge means that it cuts one."""
    start -= start > cell[0] and _odd_before(text, start, cell[0])
    end += end < cell[1] and _odd_before(text, end, cell[0])
    return start, end


def _odd_before(text: str, at: int, low: int) -> bool:
    count = 0
    while at - count > low and text[at - count - 1] == '"':
        count += 1
    return count % 2 == 1 and at < len(text) and text[at] == '"'


def _separator(text: str) -> str:
    first = text.partition("\n")[0]
    return max(_SEPARATORS, key=lambda one: (first.count(one), -_SEPARATORS.index(one)))


def _cells(text: str, separator: str) -> Iterator[tuple[int, int]]:
    """Where the content of each cell stands, without its quotes, in linear time."""
    at, size = 0, len(text)
    while at <= size:
        if at < size and text[at] == '"':
            start, at = at + 1, at + 1
            while True:
                quote = text.find('"', at)
                if quote < 0:
                    yield start, size
                    return
                if text[quote + 1 : quote + 2] == '"':
                    at = quote + 2
                    continue
                break
            yield start, quote
            at = quote + 1
            start = at
        else:
            start = at
        while at < size and text[at] != separator and text[at] not in "\r\n":
            at += 1
        yield start, at
        if at >= size:
            return
        at += 1


def copyable(data: bytes, budget: Budget) -> _Cells:
    """A file of cells."""
    del budget
    return _Cells(certain_text(data))

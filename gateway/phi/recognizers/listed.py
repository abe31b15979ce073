"""What the identifiers that were found tell of others: the rest of a code, its neighbours in a list, the same value again.

"MRNs 123456, 234567 and 345678" has one label for three values; a value with a label in one place often stands bare in
another. Each place of the text is looked at a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.labelled import measured
from gateway.phi.recognizers.rule import Hit

_KINDS = frozenset({
    Kind.MRN, Kind.HEALTH_PLAN, Kind.ACCOUNT, Kind.LICENSE, Kind.VEHICLE, Kind.DEVICE, Kind.BIOMETRIC, Kind.OTHER_ID, Kind.SSN, Kind.PAYMENT_CARD,
})  # fmt: skip
_PIECE = r"(?:[A-Z0-9]{1,12}|[a-z0-9]{0,8}\d[a-z0-9]{0,8})"
_AFTER = compiled(
    rf"^(?:[A-Z0-9]{{0,12}}(?:[\-_]{{1,2}}{_PIECE}|\.{{1,2}}\d[A-Z0-9]{{1,8}}){{1,4}}|[A-Z0-9]{{1,12}})(?:[^\pL\d]|$)"
)
_BEFORE = compiled(rf"(?:^|[^\pL\d.,\-/])((?:{_PIECE}[\-_]{{1,2}}){{1,4}})$")
_REACH = 32
_NEXT = compiled(
    r"^(?:\s?\([^()\n]{1,20}\))?(?:\s?[,;/&+–]\s{0,2}(?:(?:and|or|y|und) )?| (?:and|or|y|und|to|through|thru|hasta|al|-) ?|\s?-\s)(?:#|(?i:nos?)\. ?)?"
)
_STARTS = frozenset(" ,;/&+–-(")
_WORD = 8
_AGAIN_FROM = 0.7
_MOST_VALUES = 4_000


def more(document: Document, hits: Sequence[Hit]) -> Iterator[Hit]:
    """What the hits of one document tell of other identifiers in it."""
    found = [hit for hit in hits if hit.kind in _KINDS and any(map(str.isdigit, document.text[hit.start : hit.end]))]
    if not found:
        return
    found.sort(key=lambda one: (one.start, -one.end))
    done = -1
    for hit in found:
        if hit.start < done:
            continue
        whole = _grown(document.text, hit)
        if whole is not hit:
            yield whole
        for one in _neighbours(document, whole):
            yield one
            done = one.end
    yield from _again(document, found)


def _grown(text: str, hit: Hit) -> Hit:
    """The hit with the groups of its code that hyphens join to it."""
    start, end = hit.start, hit.end
    if text[end - 1].isalnum() and (
        text[end : end + 1].isalnum()
        or (
            text[end : end + 1] in {"-", "_", "."}
            and (text[end + 1 : end + 2].isalnum() or text[end + 1 : end + 2] == text[end])
        )
    ):
        match = _AFTER.search(text[end : end + _REACH])
        if match is not None:
            end += len(match.group().rstrip(" \t\n")) if match.end() + end >= len(text) else match.end() - 1
            end = _last_sign(text, start, end)
    if start and text[start].isalnum() and text[start - 1] in {"-", "_"}:
        match = _BEFORE.search(text[max(0, start - _REACH) : start])
        if match is not None:
            start -= len(match.group(1))
    return hit if (start, end) == (hit.start, hit.end) else Hit(hit.kind, start, end, hit.score, hit.by)


def _last_sign(text: str, start: int, end: int) -> int:
    end = min(end, len(text))
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return end


def _neighbours(document: Document, hit: Hit) -> Iterator[Hit]:
    """The values of the same form that follow in a list."""
    text = document.text
    value = text[hit.start : hit.end]
    form, digits = _form(value), sum(map(str.isdigit, value))
    if len(value) < 4 or digits < 3:
        return
    at = hit.end
    while text[at : at + 1] in _STARTS and any(map(str.isdigit, text[at : at + len(value) + _WORD])):
        gap = _NEXT.search(text[at : at + _REACH])
        if gap is None:
            return
        start = at + gap.end()
        end = start + len(value)
        told = text[start:end]
        if (
            _form(told) != form
            or text[end : end + 1].isalnum()
            or sum(map(str.isdigit, told)) < max(3, digits - 2)
            or (value.isdigit() and not told.isdigit())
            or (told.isdigit() and len(told) == 4 and told[:2] in {"19", "20"})
            or measured(document, end)
        ):
            return
        yield Hit(hit.kind, start, end, hit.score, "listed")
        at = end


def _form(value: str) -> str:
    return "".join(["x" if one.isalnum() else one for one in value])


def _again(document: Document, found: Sequence[Hit]) -> Iterator[Hit]:
    """Where a value that is sure stands without its label."""
    text = document.text
    values: dict[str, Hit] = {}
    for hit in found:
        value = text[hit.start : hit.end]
        if hit.score >= _AGAIN_FROM and len(value) < 64 and _unique(value) and len(values) < _MOST_VALUES:
            values.setdefault(value, hit)
    if not values:
        return
    order = list(values)
    for at, start, end in AhoCorasick(order).find_matches_as_indexes(text):
        if (start and text[start - 1].isalnum()) or text[end : end + 1].isalnum():
            continue
        hit = values[order[at]]
        if start != hit.start:
            yield Hit(hit.kind, start, end, min(hit.score, 0.6), "value_again")


def _unique(value: str) -> bool:
    signs, digits = sum(map(str.isalnum, value)), sum(map(str.isdigit, value))
    return digits > 4 or (digits > 2 and signs > 5)

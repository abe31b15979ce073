"""Masks findings: placeholders (`[name]`, or `[name-1]` by numbering.py) in plain text, or the spans for whoever edits HTML.

Ordinary redaction masks identifiers. Strict redaction, for the open letter of a secure link, masks health terms, class
evidence, dates and facilities as well. Placeholders are invisible to the scanner (normalize.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.domain.finding import Finding, Kind
from gateway.phi.practice import OWN

Label = Callable[[Kind, str], str]
"""The placeholder for a value of a kind."""

_FIRST = {
    Kind.SSN: 0,
    Kind.MRN: 0,
    Kind.HEALTH_PLAN: 0,
    Kind.PAYMENT_CARD: 0,
    Kind.ORGANIZATION: 2,
    Kind.HEALTH_TERM: 3,
}


def typed(kind: Kind, value: str) -> str:
    """The placeholder that tells the kind alone."""
    del value
    return f"[{kind.value}]"


def masked(findings: Iterable[Finding], *, strict: bool, organizations: bool = False) -> list[Finding]:
    """The findings that redaction masks: identifiers of others than the practice, or all of them. With `organizations`
    employers and the like too, which 45 CFR 164.514(b)(2)(i) counts beside a person's own identifiers.
    """
    return [
        one for one in findings
        if strict or (one.kind.identifies and one.by != OWN) or (organizations and one.kind is Kind.ORGANIZATION)
    ]  # fmt: skip


def placeholder_spans(
    part: str, text: str, findings: Iterable[Finding], *, strict: bool, label: Label = typed
) -> list[tuple[int, int, str]]:
    """The spans of `text` to replace, merged and in order, each with its placeholder; offsets are code points.

    Overlapping findings become one span. A span never ends inside a word of letters and digits.
    """
    wanted = sorted(
        (one for one in masked(findings, strict=strict) if one.part == part and 0 <= one.start < one.end <= len(text)),
        key=lambda one: (one.start, -one.end),
    )
    merged: list[tuple[int, int, Finding]] = []
    for one in wanted:
        start, end = whole(text, one.start, one.end)
        if merged and start < merged[-1][1]:
            before_start, before_end, other = merged[-1]
            merged[-1] = (before_start, max(before_end, end), min(other, one, key=_rank))
        else:
            merged.append((start, end, one))
    return [(start, end, label(one.kind, text[slice(*whole(text, one.start, one.end))])) for start, end, one in merged]


def redact_text(
    text: str, findings: Iterable[Finding], *, part: str | None = None, strict: bool = False, label: Label = typed
) -> str:
    """The text with placeholders. `part` picks the findings of one part; without it all must be of this text."""
    chosen = list(findings)
    name = part if part is not None else (chosen[0].part if chosen else "")
    if part is None and any(one.part != name for one in chosen):
        raise ValueError("findings of several parts need the name of the part that this text is")
    return written(text, placeholder_spans(name, text, chosen, strict=strict, label=label))


def written(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """The text with its spans (in order, apart) replaced."""
    pieces, last = [], 0
    for start, end, placeholder in spans:
        pieces += [text[last:start], placeholder]
        last = end
    return "".join([*pieces, text[last:]])


def _rank(one: Finding) -> tuple[int, float, int]:
    return _FIRST.get(one.kind, 1), -one.score, one.start


def whole(text: str, start: int, end: int) -> tuple[int, int]:
    """The span widened to whole words, so that no letter of a masked word is left standing."""
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end

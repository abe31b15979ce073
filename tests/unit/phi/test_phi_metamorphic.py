"""What is found in a plain text stays found when the same text comes in other clothes.

Each text has invented identifiers of several sorts, a name and an address. Only what was masked in the plain form counts;
what a change loses is shown. Changes of scanners (O for 0) are made only where a label says what the value is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from random import Random

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.mime.html import extract
from gateway.phi.scan import Scanner
from tests.support.identifier_sorts import SORTS

_OUTSIDE = {Kind.ORGANIZATION, Kind.HEALTH_TERM}
_NAMES = (
    "Ruth Hargrove",
    "Omar Castellanos",
    "Mrs. Edna Whitfield",
    "Jonas Petersen",
    "Maria Sandoval",
    "Priya Raman",
    "Luis Ortega",
    "Barbara Hillman",
)
_STREETS = (
    "4757 Maple Lane, Riverside, CA 92501",
    "12 Birch Street, Dayton, OH 45402",
    "801 Harbor Road, Portland, ME 04101",
    "P.O. Box 1234, Troy, NY 12180",
)
_ABOUT = (
    "Patient {name} was seen on {date}. {label}: {value}. Lives at {street}.",
    "Please call {name}, {street}, about the result of {date}. {label}: {value}.",
    "Dear {name}, your visit is on {date}. We have {label}: {value} and your address {street}.",
    "Re: {name}; {label}: {value}; seen {date}; {street}.",
)
_DATES = ("03/05/2026", "May 3, 2026", "2026-05-03", "3 May 2026")
Change = Callable[[str, Random], str]


@dataclass(frozen=True)
class Told:
    """A text with the pieces that identify; the change is made to each alone, so their places stay known."""

    pieces: tuple[tuple[str, bool], ...]


def texts(count: int) -> list[Told]:
    made = []
    for number in range(count):
        rng = Random(number)
        sort = SORTS[number % len(SORTS)]
        value = sort.make(rng).replace("⟦", "").replace("⟧", "")
        fields = {
            "name": rng.choice(_NAMES),
            "date": rng.choice(_DATES),
            "label": rng.choice(sort.labels),
            "value": value,
            "street": rng.choice(_STREETS),
        }
        pieces: list[tuple[str, bool]] = []
        for part in rng.choice(_ABOUT).replace("}", "{").split("{"):
            pieces.append((fields.get(part, part), part in fields and part != "label"))
        made.append(Told(tuple(pieces)))
    return made


def masked(scanner: Scanner, text: str) -> set[int]:
    report = scanner.scan([TextPart("body.plain", text)])
    assert report.complete
    return {at for one in report.findings if one.kind not in _OUTSIDE for at in range(one.start, one.end)}


def spans(told: Told, change: Change, seed: int) -> tuple[str, list[tuple[int, int] | None]]:
    """The changed text, and where each piece that identifies stands in it."""
    rng, text, places = Random(seed), "", []
    for piece, identifies in told.pieces:
        changed = change(piece, rng)
        places.append((len(text), len(text) + len(changed)) if identifies else None)
        text += changed
    return text, places


def covered(text: str, place: tuple[int, int], mask: set[int]) -> bool:
    return all(at in mask for at in range(*place) if text[at].isalnum())


def _sprinkle(sign: str, share: float) -> Change:
    def change(text: str, rng: Random) -> str:
        return "".join(one + (sign if one.isalnum() and rng.random() < share else "") for one in text)

    return change


_CYRILLIC = str.maketrans("aeopcxAEOPCXTM", "аеорсхАЕОРСХТМ")
CHANGES: dict[str, tuple[Change, float]] = {
    "as it is": (lambda text, rng: text, 1.0),
    "upper case": (lambda text, rng: text.upper(), 0.97),
    "lower case": (lambda text, rng: text.lower(), 0.75),
    "zero-width spaces": (_sprinkle("\u200b", 0.3), 0.99),
    "zero-width joiners": (_sprinkle("\u200d", 0.3), 0.99),
    "soft hyphens": (_sprinkle("\u00ad", 0.3), 0.99),
    "word joiners": (_sprinkle("\u2060", 0.3), 0.99),
    "full-width digits": (lambda text, rng: "".join(chr(ord(one) + 0xFEE0) if one in "0123456789" else one for one in text), 0.99),
    "full-width letters": (lambda text, rng: "".join(chr(ord(one) + 0xFEE0) if one.isalnum() and one.isascii() else one for one in text), 0.98),
    "homoglyphs": (lambda text, rng: text.translate(_CYRILLIC), 0.97),
    "no-break spaces": (lambda text, rng: text.replace(" ", "\u00a0"), 0.99),
    "typographic dashes": (lambda text, rng: text.replace("-", rng.choice("\u2010\u2011\u2013")), 0.98),
    "typographic quotes": (lambda text, rng: text.replace("'", "\u2019").replace('"', "\u201d"), 0.99),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_changed_texts_lose_nothing(scanner: Scanner, name: str) -> None:
    change, least = CHANGES[name]
    kept, total, lost = compare(scanner, change)
    print(f"\n{name}: {kept} of {total} kept; lost {lost[:8]}")
    assert total > 300
    assert kept >= least * total, lost
    assert len(numbers_of(lost)) <= 0.01 * total, lost


def compare(scanner: Scanner, change: Change, count: int = 120) -> tuple[int, int, list[str]]:
    kept = total = 0
    lost: list[str] = []
    for seed, told in enumerate(texts(count)):
        plain, before = spans(told, lambda text, rng: text, seed)
        text, after = spans(told, change, seed)
        mask, changed = masked(scanner, plain), masked(scanner, text)
        for old, new in zip(before, after, strict=True):
            if old is None or new is None or not covered(plain, old, mask):
                continue
            total += 1
            if covered(text, new, changed):
                kept += 1
            else:
                lost.append(text[slice(*new)])
    return kept, total, lost


@pytest.mark.parametrize(
    "around",
    ["({})", "[{}]", '"{}"', "*{}*", "<{}>", "{},", "{};", "{}.", "{}!", "{}?", "- {}", "> {}", "{}\n", "\t{}\t"],
)
def test_punctuation_round_a_piece_loses_nothing(scanner: Scanner, around: str) -> None:
    kept = total = 0
    lost: list[str] = []
    for told in texts(60):
        plain, before = spans(told, lambda text, rng: text, 0)
        mask = masked(scanner, plain)
        text, after = "", []
        for piece, identifies in told.pieces:
            shown = around.format(piece) if identifies else piece
            begin = len(text) + (around.index("{") if identifies else 0)
            after.append((begin, begin + len(piece)) if identifies else None)
            text += shown
        changed = masked(scanner, text)
        for old, new in zip(before, after, strict=True):
            if old is not None and new is not None and covered(plain, old, mask):
                total += 1
                good = covered(text, new, changed)
                kept += good
                if not good:
                    lost.append(text[slice(*new)])
    print(f"\n{around!r}: {kept} of {total}; lost {lost[:8]}")
    assert kept >= 0.95 * total, lost
    assert len(numbers_of(lost)) <= 0.01 * total, lost


@pytest.mark.parametrize("width", [30, 50, 72])
def test_wrapped_lines_lose_nothing(scanner: Scanner, width: int) -> None:
    """Blanks become line ends, as mail programs wrap; every character keeps its place."""
    kept = total = 0
    lost: list[str] = []
    for told in texts(100):
        plain, places = spans(told, lambda text, rng: text, 0)
        text = wrapped(plain, width)
        before, after = masked(scanner, plain), masked(scanner, text)
        for place in places:
            if place is not None and covered(plain, place, before):
                total += 1
                good = covered(text, place, after)
                kept += good
                if not good:
                    lost.append(text[slice(*place)])
    print(f"\nwrapped at {width}: {kept} of {total}; lost {lost[:8]}")
    assert kept >= 0.90 * total, lost
    assert len(numbers_of(lost)) <= 0.01 * total, lost


def numbers_of(lost: list[str]) -> list[str]:
    """Of what was lost, all but names and streets: those hang on capitals and on one line."""
    known = {one.lower() for one in (*_NAMES, *_STREETS)}
    return [one for one in lost if one.replace("\n", " ").lower() not in known]


def wrapped(text: str, width: int) -> str:
    out, column = list(text), 0
    last = -1
    for at, sign in enumerate(text):
        column += 1
        if sign == " ":
            last = at
        if column > width and last >= 0:
            out[last] = "\n"
            column, last = at - last, -1
    return "".join(out)


def test_html_round_a_text_loses_nothing(scanner: Scanner) -> None:
    kept = total = 0
    lost: list[str] = []
    for told in texts(80):
        plain, places = spans(told, lambda text, rng: text, 0)
        before = masked(scanner, plain)
        inner = "".join(f"<b>{escape(piece)}</b>" if identifies else escape(piece) for piece, identifies in told.pieces)
        text = read(f"<html><body><div><p>{inner}</p></div></body></html>")
        after = masked(scanner, text)
        for place in places:
            if place is not None and covered(plain, place, before):
                total += 1
                piece = plain[slice(*place)]
                at = text.find(piece)
                good = at >= 0 and covered(text, (at, at + len(piece)), after)
                kept += good
                if not good:
                    lost.append(piece)
    print(f"\nHTML: {kept} of {total}; lost {lost[:8]}")
    assert kept >= 0.99 * total, lost


def read(html: str) -> str:
    return extract(html).text


@pytest.mark.parametrize(("sign", "seen"), [("0", "O"), ("1", "l"), ("0", "o"), ("1", "I"), ("5", "S")])
def test_labelled_numbers_survive_scanners(scanner: Scanner, sign: str, seen: str) -> None:
    """One digit read as a letter, in the sorts that a label names."""
    kept = total = 0
    lost: list[str] = []
    sorts = [
        one
        for one in SORTS
        if one.name
        in {
            "mrn",
            "member_id",
            "policy",
            "account",
            "npi",
            "state_licence",
            "serial",
            "claim",
            "ssn",
            "phone",
            "payment_card",
        }
    ]
    for number in range(220):
        rng = Random(number)
        sort = sorts[number % len(sorts)]
        value = sort.make(rng)
        at = [place for place, one in enumerate(value) if one == sign and 0 < place < len(value) - 1]
        if not at or (seen == "S" and sort.name in {"ssn", "phone", "npi", "payment_card"}):
            continue
        place = rng.choice(at)
        text = f"{rng.choice(sort.labels)}: {value[:place]}{seen}{value[place + 1 :]}."
        total += 1
        good = covered(text, (text.index(": ") + 2, len(text) - 1), masked(scanner, text))
        kept += good
        if not good:
            lost.append(text)
    print(f"\n{sign} read as {seen}: {kept} of {total}; lost {lost[:8]}")
    assert total > 20
    assert kept >= 0.93 * total, lost

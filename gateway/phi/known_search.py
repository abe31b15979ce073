"""The search behind KnownPatients: one pass over all parts of a message for every key of every patient.

The parts are read as one text, a blank line apart, in windows that overlap: a long one costs the memory of a short one.
What was seen is judged in known_verdict.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz.distance import OSA

from gateway.phi.canonical import days, pattern, sight_of
from gateway.phi.known_beside import beside, one_name, others_in
from gateway.phi.known_index import Anchor, Names
from gateway.phi.known_keys import SECOND, Key, KnownReport
from gateway.phi.known_register import KnownRegister
from gateway.phi.known_text import NEIGHBOUR, Joined, Sight, Sights, Window, gap, windows
from gateway.phi.known_verdict import decide
from gateway.phi.lexicon import WORD
from gateway.phi.normalize import Normalized
from gateway.phi.skeleton import latin, places

_SHORT_NUMBER = 6
"""A record number of fewer digits counts after a label only."""
_LABELS = tuple(
    f" {label}{more} ".encode()
    for label in (
        "mrn", "mr", "med rec", "record", "chart", "patient id", "pt id", "patient", "patient account", "acct", "account", "expediente", "case", "file",
        "unit record", "med record",
    )
    for more in ("", " no", " number", " is", " num", " nr", " id", " number is")
    if label != "patient" or more in {" no", " number", " nr"}
)  # fmt: skip


def search(
    known: KnownRegister, parts: Sequence[tuple[str, Normalized]], flags: Mapping[str, int], addressed: frozenset[str]
) -> KnownReport:
    """Everything the register knows of these parts."""
    joined = Joined.of(parts)
    sights = Sights()
    for base, text in windows(joined.text):
        window = Window.of(base, text)
        for number, start, end in known.automaton.find_matches_as_indexes(b" " + window.data + b" ", overlapping=True):
            word, meaning = known.meaning(number)
            for anchor, one in meaning:
                if anchor is Anchor.SURNAME:
                    _see_name(known, window, word, start, end - 2, flags, sights)
                else:
                    _see_literal(known, window, anchor, one, start, end - 2, sights)
        _see_numbers(known, base, text, sights)
        if known.index.foreign:
            _see_foreign(known, base, text, sights)
    _see_initials(known, addressed, sights)
    _see_typos(known, joined.text, sights)
    return decide(known, joined, sights, flags, addressed)


def _see_name(
    known: KnownRegister,
    window: Window,
    surname: bytes,
    start: int,
    end: int,
    flags: Mapping[str, int],
    sights: Sights,
) -> None:
    small = window.text[start].islower()
    if small and flags.get(surname.decode("latin-1"), 0) & WORD:
        return
    if not small:
        sights.surnames[surname].append(window.sight(Key.SURNAME, start, end))
    firsts = known.index.names[surname]
    for word, first, last in beside(window.data, start, end, known.index.names):
        people = firsts.get(word)
        if people is None and (small or len(word) != 1):
            continue
        begin, stop = min(start, first), max(end, last)
        if not one_name(window, begin, stop, given_first=first == begin):
            continue
        if people is not None:
            others = None
            for one in people:
                names = known.names[one]
                if surname in names.halves:
                    others = others_in(window, begin, stop) if others is None else others
                    if not others >= names.halves and not others <= {*names.family, *names.given}:
                        continue  # another surname stands beside this one: somebody else
                sights.of[one].add(window.sight(Key.FULL_NAME, begin, stop))
        if len(word) == 1 and not small:
            sights.initials[surname].append((word, window.sight(Key.INITIAL_NAME, begin, stop)))


def _see_literal(
    known: KnownRegister, window: Window, anchor: Anchor, one: int, start: int, end: int, sights: Sights
) -> None:
    data = window.data
    if anchor is Anchor.STREET:
        found = sight_of(known.index.lines[one], data, start)
        if found is not None:
            sights.of[one].add(window.sight(Key.ADDRESS if found[2] else Key.STREET, found[0], found[1]))
        return
    if anchor is Anchor.EMAIL:
        before, after = window.text[max(0, start - 1) : start], window.text[end : end + 2]
        inside = bool(before) and before in "._-+"
        if not inside and after[:1] not in {"_", "-"} and known.has_email(one, window.text[start:end].lower()):
            longer = after[:1] == "." and after[1:].isalnum()
            if not longer:
                sights.of[one].add(window.sight(Key.EMAIL, start, end))
        return
    number = data[start:end]
    labelled = _after_label(data, start) or not number.isdigit()
    if labelled or len(number) >= _SHORT_NUMBER:
        key = Key.MRN if labelled or known.index.rare(len(number)) else Key.BARE_NUMBER
        sights.of[one].add(window.sight(key, start, end))


def _after_label(data: bytes, start: int) -> bool:
    low = data.find(b" ", max(0, start - 40), start)
    return low >= 0 and (b" " + b" ".join(data[low:start].split()) + b" ").endswith(_LABELS)


def _see_numbers(known: KnownRegister, base: int, text: str, sights: Sights) -> None:
    data, births, phones = latin(text), known.index.births, known.index.phones
    if births:
        for match in pattern("date").finditer(data):
            start, end = match.span()
            if data[end : end + 1].isdigit() or data[start - 1 : start].isalnum():
                continue
            for day in days(data[start:end]):
                for one in births.get(day, ()):
                    sights.of[one].add(Sight(Key.BIRTH_DATE, base + start, base + end))
    if phones:
        for match in pattern("phone").finditer(data):
            start, end = match.span()
            digits = bytes(one for one in data[start:end] if 0x30 <= one <= 0x39)[-10:]
            if digits in phones and not data[end : end + 1].isdigit() and not data[start - 1 : start].isdigit():
                for one in phones[digits]:
                    sights.of[one].add(Sight(Key.PHONE, base + start, base + end))


def _see_foreign(known: KnownRegister, base: int, text: str, sights: Sights) -> None:
    """Whole names in other letters, which skeletons do not hold."""
    if text.isascii():
        return
    low = text.lower() if len(text.lower()) == len(text) else "".join(one.lower()[:1] for one in text)
    for number, start, end in known.foreign.find_matches_as_indexes(low, overlapping=True):
        for one in known.foreign_people(number):
            sights.of[one].add(Sight(Key.FULL_NAME, base + start, base + end))


def _see_initials(known: KnownRegister, addressed: frozenset[str], sights: Sights) -> None:
    """Initial and surname count only for patients of whom something else is in the message."""
    tied = [at for name in addressed if (at := known.positions.get(name)) is not None]
    for one in {*sights.of, *tied} if sights.initials else ():
        names = known.names[one]
        for surname in names.family:
            seen = [
                sight
                for letter, sight in sights.initials.get(surname, ())
                if names.given and letter == names.given[0][:1]
            ]
            if seen:
                sights.of[one].update(seen)


def _see_typos(known: KnownRegister, text: str, sights: Sights) -> None:
    """A name with one wrong letter near another key of the same patient."""
    near: dict[int, Window] = {}
    for one, seen in list(sights.of.items()):
        second = [sight for sight in seen if sight.key in SECOND]
        if not second or any(sight.key is Key.FULL_NAME for sight in seen):
            continue
        for sight in second:
            window = near.get(sight.start)
            if window is None:
                base = gap(text, max(0, sight.start - NEIGHBOUR))
                window = near[sight.start] = Window.of(base, text[base : gap(text, sight.end + NEIGHBOUR)])
            for start, end in _almost(known.names[one], window.data):
                sights.of[one].add(window.sight(Key.TYPO_NAME, start, end))


def _almost(names: Names, data: bytes) -> Iterator[tuple[int, int]]:
    """Where one of two names stands as registered and the other beside it with one letter wrong."""
    if not names.given:
        return
    padded = b" " + data + b" "
    for exact, others, given in (
        (names.given[0], names.family, True),
        *((one, names.given[:1], False) for one in names.family),
    ):
        at = padded.find(b" " + exact + b" ")
        while at >= 0:
            start, end = at, at + len(exact)
            for word, first, last in _near(data, start, end, 4 if given else 2):
                if any(_close(word, other) for other in others):
                    yield min(start, first), max(end, last)
            at = padded.find(b" " + exact + b" ", end)


def _near(data: bytes, start: int, end: int, reach: int) -> Iterator[tuple[bytes, int, int]]:
    """The words on both sides, and each pair of them closed up (an apostrophe may part a name)."""
    low = data.rfind(b" ", 0, max(0, start - 60)) + 1
    for found in (places(data, low, start)[-4:], places(data, end, end + 60)[:reach]):
        for number, (word, place) in enumerate(found):
            yield word, place, place + len(word)
            if number + 1 < len(found):
                other, last = found[number + 1]
                yield word + other, place, last + len(other)


def _close(word: bytes, name: bytes) -> bool:
    if abs(len(word) - len(name)) > 1 or len(name) < 2:
        return False
    return word == name or OSA.distance(word, name, score_cutoff=1) <= 1

"""What may be wrong with a gold case: `python -m tests.phi.check_gold [FILE...]` says it, test_gold_format.py asserts it."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator

from gateway.domain.finding import Kind, SensitiveClass
from gateway.mime.html import extract
from tests.phi.corpus_gold import FORMS, Case, cases, read_html, strip

_MARK = re.compile(r"\[\[(\??)([a-z_]+)\|((?:(?!\]\]).)+?)\]\]", re.DOTALL)
_PHONE = re.compile(r"\(?\b[2-9]\d\d\)?[-. ]{1,2}\d{3}[-. ]\d{4}\b")
_SSN = re.compile(r"\b(\d{3})[- ](\d\d)[- ]\d{4}\b")
_HOST = re.compile(r"(?i)(?:@|https?://)([a-z0-9.-]+\.[a-z]{2,})")
_INVENTED = re.compile(r"(?i)(?:^|\.)example\.(?:org|net|com)$")
_IP = re.compile(r"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.]\d)")
_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.")
_LOOKS = re.compile(
    r"\b\d{5,}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{4}-\d\d-\d\d\b|\S@\S|\b\d{3}[-.]\d{4}\b|\b[A-Z]{1,4}-?\d{4,}\b"
)


def wrong(case: Case) -> Iterator[str]:
    """Each fault of a case, in words."""
    if case.head.get("form") not in FORMS or case.head.get("phi") not in {"yes", "no"}:
        yield "form or phi"
        return
    for name in ("from", "to", "subject"):
        if not case.head.get(name):
            yield f"no {name}"
            return
    if case.head["form"] == "both" and (case.html is None or case.plain is None):
        yield "form says both"
    if case.head["form"] == "attachment" and not case.attached:
        yield "form says attachment"
    if {one for one in re.split(r"[,\s]+", case.head.get("classes", "")) if one} - set(SensitiveClass):
        yield "unknown class"
    kinds = {str(kind) for kind in Kind}
    for source in case.sources():
        yield from (f"unknown kind {match[2]}" for match in _MARK.finditer(source) if match[2] not in kinds)
        left = _MARK.sub("", source)
        if (
            "[[" in left
            or "]]" in left
            or any("[[" in match[3] or match[3] != match[3].strip() for match in _MARK.finditer(source))
        ):
            yield f"broken marker near {left[max(0, left.find('[[')) :][:40]!r}"
    everything = "\n".join(strip(one) for one in case.sources())
    for match in _PHONE.finditer(everything):
        if not re.search(r"555[-. ]01\d\d$", match[0]):
            yield f"phone {match[0]}"
    yield from (f"SSN {match[0]}" for match in _SSN.finditer(everything) if not match[1].startswith("9"))
    yield from (f"host {match[1]}" for match in _HOST.finditer(everything) if not _INVENTED.search(match[1]))
    yield from (f"address {match[0]}" for match in _IP.finditer(everything) if not match[0].startswith(_DOCUMENTATION))
    if case.html is not None:
        yield from _html(case.html)


def _html(source: str) -> Iterator[str]:
    clean, marked = extract(strip(source)).text, read_html(source)
    if clean != marked.text:
        yield "markers change the text of the HTML"
    if len({span.end for span in marked.spans}) < len({match.end() for match in _MARK.finditer(source)}):
        yield "a marker of the HTML is in no text"


def doubtful(case: Case) -> Iterator[str]:
    """What a person should look at: unmarked words of marked names, unmarked numbers, length."""
    names = {
        word
        for source in case.sources()
        for match in _MARK.finditer(source)
        if match[2] == "name"
        for word in re.findall(r"[^\W\d_]{4,}", match[3])
        if word[0].isupper()
    }
    left = " ¦ ".join(_MARK.sub("¦", one) for one in case.sources())
    for word in sorted(names):
        if re.search(rf"\b{re.escape(word)}\b", left):
            yield f"name left {word}"
    yield from (f"unmarked {match[0]}" for match in _LOOKS.finditer(left))
    words = len(re.findall(r"\w+", " ".join(strip(one) for one in case.sources())))
    if not 55 <= words <= 450:
        yield f"{words} words"


def main(files: list[str]) -> int:
    chosen = [case for case in cases() if not files or case.file in files]
    faults = 0
    for case in chosen:
        for one in wrong(case):
            faults += 1
            print(f"WRONG {case.file} {case.id}: {one}")
        if not case.locked:  # what stands in a locked mail is nobody's business while they tune
            for one in doubtful(case):
                print(f"look  {case.file} {case.id}: {one}")
    double = [one for one, count in Counter(case.id for case in cases()).items() if count > 1]
    letters = Counter(
        (Kind(match[2]).letter or "-")
        for case in cases() for source in case.sources() for match in _MARK.finditer(source)
        if not match[1] and match[2] in set(Kind)
    )  # fmt: skip
    print(f"{len(cases())} cases, {sum(not one.phi for one in cases())} without PHI; ids twice: {double}")
    print(" ".join(f"{letter}:{count}" for letter, count in sorted(letters.items())))
    return int(bool(faults or double))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

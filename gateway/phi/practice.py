"""What is the practice's own: its clinicians, its name, addresses, telephones and domains. None of it is a patient's.

Such a finding is kept, as `practice`, but neither makes a mail PHI nor is masked, except in strict redaction (research mail
is redacted so). Where the register knows a patient of that name, the patient counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.domain.finding import Finding, Kind
from gateway.phi.document import Document
from gateway.phi.phrases import Phrases
from gateway.phi.recognizers.name_words import SUFFIXES, TITLES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.skeleton import plain_bytes

OWN = "practice"
_DOCTORS = ("dr", "dra", "doctor", "doctora", "prof", "nurse")
_BESIDE = (
    TITLES
    | SUFFIXES
    | {
        "md",
        "do",
        "np",
        "pa",
        "pa-c",
        "rn",
        "phd",
        "dds",
        "dmd",
        "facp",
        "facs",
        "mph",
        "pharmd",
        "dpt",
        "lcsw",
        "of",
        "the",
    }
)
_LONGEST = 120
"""So far before a hit one of the practice's phrases may begin."""
_MARKS = str.maketrans(dict.fromkeys(",.()+:;-", " "))
_NAMED = frozenset({Kind.NAME, Kind.LOCATION, Kind.ORGANIZATION, Kind.PHONE, Kind.FAX, Kind.LICENSE, Kind.OTHER_ID})


@dataclass(frozen=True, slots=True)
class Practice:
    """The lists as a matcher; built once for a policy."""

    phrases: Phrases | None = field(default=None, repr=False)
    domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, clinicians: Iterable[str] = (), own: Iterable[str] = ()) -> Practice:
        """`clinicians` are full names; `own` are names, addresses, telephone and licence numbers, and mail or web domains."""
        entries = [one.strip() for one in own if one.strip()]
        domains = frozenset(one.lower().lstrip("@") for one in entries if _domain(one))
        wanted = [form for one in clinicians for form in _name_forms(one)]
        wanted += [form for one in entries if not _domain(one) for form in _forms(one)]
        return cls(Phrases(wanted) if wanted else None, domains)

    @staticmethod
    def words(clinicians: Iterable[str] = (), own: Iterable[str] = ()) -> list[tuple[Kind, str]]:
        """The same lists as words that are always to be found, by kind: for research mail, which loses the practice too."""
        found = [(Kind.NAME, form) for one in clinicians for form in _name_forms(one)]
        for one in (entry.strip() for entry in own if entry.strip()):
            found += [(_kind(one), form) for form in ([one.lstrip("@")] if _domain(one) else _forms(one))]
        return found

    def spans(self, document: Document, hits: Sequence[Hit]) -> list[tuple[int, int]]:
        """The spans of the hits that are the practice's own."""
        places = sorted((start, end) for _, start, end in self.phrases.every(document)) if self.phrases else []
        found = []
        for hit in hits:
            if hit.kind in {Kind.EMAIL, Kind.URL}:
                if self._at_home(document.lower[hit.start : hit.end]):
                    found.append((hit.start, hit.end))
            elif hit.kind in _NAMED:
                near = places[bisect_left(places, (hit.start - _LONGEST, 0)) : bisect_left(places, (hit.end, 0))]
                if any(end > hit.start and _same(document.lower, hit, start, end) for start, end in near):
                    found.append((hit.start, hit.end))
        return found

    def _at_home(self, text: str) -> bool:
        host = text.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2].split(":", 1)[0].strip(".")
        labels = host.split(".")
        return any(".".join(labels[at:]) in self.domains for at in range(len(labels)))


NOBODY = Practice()


def apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, overlapping ones joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def marked(finding: Finding, spans: frozenset[tuple[int, int]], hit: Hit) -> Finding:
    """The finding as the practice's own, if its hit is."""
    if (hit.start, hit.end) not in spans or hit.kind is Kind.HEALTH_TERM:
        return finding
    return Finding(finding.kind, finding.part, finding.start, finding.end, finding.score, OWN)


def _same(text: str, hit: Hit, start: int, end: int) -> bool:
    """Whether the hit holds nothing but the practice's words at text[start:end], titles and degrees."""
    rest = text[hit.start : max(hit.start, start)] + " " + text[min(hit.end, end) : hit.end]
    return all(one in _BESIDE for one in rest.translate(_MARKS).split())


def _domain(entry: str) -> bool:
    return " " not in entry and "." in entry and any(map(str.isalpha, entry)) and "@" not in entry[1:]


def _name_forms(name: str) -> list[str]:
    words = [one for one in plain_bytes(name).decode("latin-1").split() if one not in _BESIDE]
    if len(words) < 2:
        return [f"{title} {words[0]}" for title in _DOCTORS] if words else []
    first, last = words[0], words[-1]
    forms = {" ".join(words), f"{first} {last}", f"{last} {first}", f"{first[0]} {last}", f"{last} {first[0]}"}
    forms |= {f"{title} {rest}" for title in _DOCTORS for rest in (last, f"{first} {last}", " ".join(words))}
    return sorted(forms)


def _kind(entry: str) -> Kind:
    if _domain(entry):
        return Kind.URL
    if "@" in entry:
        return Kind.EMAIL
    if not any(map(str.isdecimal, entry)):
        return Kind.ORGANIZATION
    if not any(map(str.isalpha, entry)):
        return Kind.PHONE
    return Kind.LOCATION if " " in entry else Kind.LICENSE


def _forms(entry: str) -> list[str]:
    digits = "".join(filter(str.isdecimal, entry))
    letters = any(map(str.isalpha, entry))
    if not letters and len(digits) in {10, 11}:
        ten = digits[-10:]
        local = f"{ten[:3]} {ten[3:6]} {ten[6:]}"
        return [local, ten, f"1 {local}", f"1{ten}", f"{ten[3:6]} {ten[6:]}"]
    return [entry]

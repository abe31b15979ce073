"""Where in a house a patient lies, and places told by what stands there (B): `bed 412B`, `4W-12`, `the plant in Gadsden`,
`walgreens on Lindell`, `sunny kids clinic` in small letters.

A room or bed beside a word of somebody who lies there scores just enough to be masked, never enough to make a message PHI.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import NAME, STOP
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.labelled import measured
from gateway.phi.recognizers.place_words import GENERIC
from gateway.phi.recognizers.rule import Family, Hit, Rule, has_word

_UNITS = r"(?:[MSNPCBT]?ICU|CCU|CVU|CVICU|PACU|L&D|NSICU|IMCU|PCU|MSU|ED|ER|OBS)"
_BED = r"(?i:bed|bay|pod|crib|isolette|cama|lit|chair|stretcher|gurney|hallway)"
_ROOM = r"(?i:room|rm|chambre|habitaci[oó]n|hab|cuarto|zimmer|zi|exam(?: room)?|ward|stall)"
_VALUE = r"(?:[A-Z]{1,2}-?\d{1,3}|\d{1,4}(?:-?[A-Za-d]\b|-\d{1,2})?)"
_MORE = r"(?:[A-Z]{1,2}-?\d{1,3}|\d{2,4}(?:-?[A-Za-d]\b|-\d{1,2})?|\d[A-Da-d]\b)"
_CAP = r"[A-ZÀ-Þ][A-Za-zÀ-ÿ'’\-]+"
_STORES = (
    r"(?:cvs|walgreens|rite aid|walmart|wal-mart|costco|kroger|publix|h-?e-?b|safeway|target|winn-dixie|meijer|duane reade|osco|quest|labcorp|"
    r"fresenius|davita|motel 6|holiday inn|econo lodge|super 8|red roof(?: inn)?|minute ?clinic)"
)
_WORKS = (
    r"(?:plant|factory|mill|warehouse|store|depot|mine|foundry|refinery|terminal|branch|shop|yard|quarry|cannery|smelter|slaughterhouse|"
    r"distribution center|pharmacy|drug ?store|clinic|hospital|er|ed|urgent care|nursing home|rehab|school|church|mosque|jail|prison|casino|hotel|motel)"
)
_NEXT = r"(?i:in|to|from|for|grab|check|on|w/|with|at|near|by|of|and|is|room|rm|bed)"


_LIES = (
    "patient", "patients", "pt", "pts", "paciente", "mr", "mrs", "ms", "miss", "sr", "sra", "admitted", "admission", "transfer", "transferred", "move", "moved", "nurse", "rn", "ward", "icu",
    "hospital", "discharge", "discharged", "d/c", "npo", "rounds", "call light", "family", "daughter", "son", "wife", "husband", "mother", "father", "mom", "dad", "baby", "fell",
    "fall", "pain", "resident", "hospice", "handoff", "he", "she", "his", "her", "staying", "visit", "visiting", "isolation", "telemetry", "tele", "meds", "post-op", "postop", "sitter",
    "iv", "desat", "sats", "spo2", "o2", "abg", "code", "rrt", "rapid response", "drip", "dose", "glucose", "vitals", "bp", "surgery", "yo", "yof", "yom", "dr", "lying", "who", "check on", "lunch",
    "breakfast", "dinner", "needs", "wants", "asking for", "assist", "turn",
)  # fmt: skip
"""What stands beside a room or bed in which somebody lies."""
_NEAR = 240
_NOBODYS = (
    "operating ", "conference ", "meeting ", "class", "break ", "staff ", "waiting ", "emergency ", "delivery ", "mail", "version ", "training ",
)  # fmt: skip
"""What stands before a room where nobody lies."""


_RECEPTOR: Any = compiled(r"^,? PR[ :=+-]{0,2}(?:\d|neg|pos|[+-])")


def _no_room(document: Document, start: int, end: int) -> bool:
    """A count, a time, a measure, a share, or a tumour's receptors: `ER 0 PR 0`."""
    after = document.text[end : end + 3]
    before = document.lower[max(0, start - 22) : start]
    return (
        measured(document, end)
        or after[:1] in {"%", "/"}
        or (after[:1] in {".", ":"} and after[1:2].isdigit())
        or (document.text[start : start + 2] == "ER" and _RECEPTOR.match(document.text[end : end + 10]) is not None)
        or "each" in before
        or "per " in before
        or before.endswith(_NOBODYS)
    )


def _nobody_lies(document: Document, start: int, end: int) -> bool:
    """Whether nothing near speaks of somebody who lies there."""
    return _no_room(document, start, end) or not has_word(document.lower, _LIES, start - _NEAR, start, end, end + _NEAR)


def _no_bed_of_name(document: Document, start: int, end: int) -> bool:
    """Whether what stands before is no name: `Meet in Room 214`."""
    words = document.text[max(0, start - 40) : start].split()
    named = next((one.strip(",-") for one in reversed(words) if one[:1].isupper()), "")
    flags = document.lexicon.flags.get(fold_name(named), NAME)
    return not flags & NAME or bool(flags & STOP) or _no_room(document, start, end)


def _no_place(document: Document, start: int, end: int) -> bool:
    """A land, a State, or a word that is no place."""
    last = document.text[start:end].split(" in ")[-1].split(" near ")[-1].split(" outside ")[-1]
    words = fold_name(last)
    flags = document.lexicon.flags.get(words.split()[0], 0)
    return words in document.lexicon.lands or bool(flags & STOP)


_RULES = (
    Rule("bed", Kind.LOCATION, rf"\b(?:(?i:pod) [A-H1-9],? )?{_BED}(?: ?#| (?i:no\.?|number))? ?{_MORE}\b", 0.42, veto=_nobody_lies),
    Rule("pod", Kind.LOCATION, rf"\b(?i:pod) [A-H1-9],? (?:{_BED}|{_ROOM}) ?{_VALUE}", 0.45),
    Rule("room", Kind.LOCATION, rf"\b{_ROOM}\.?(?: ?#| (?i:no\.?|number))? ?(?:\d{{2,3}}(?:-?[A-Za-d]\b|-\d{{1,2}}\b)?|[A-D]-?\d{{1,3}})\b", 0.42, veto=_nobody_lies),
    Rule("named_and_bed", Kind.LOCATION, rf"\p{{Lu}}\p{{Ll}}+[ ,\-]{{1,3}}(?:(?:is|in|now|of|from) ){{0,2}}((?:{_BED}|{_ROOM})\.?(?: ?#| (?i:no\.?|number))? ?{_MORE})\b", 0.42, veto=_no_bed_of_name),
    Rule("room_and_bed", Kind.LOCATION, rf"\b{_ROOM}\.? ?#?{_VALUE}[,/ \-]{{1,2}}(?i:bed|bay|lit|cama|window|door)(?: ?{_VALUE})?\b", 0.5),
    Rule("unit_and_bed", Kind.LOCATION, rf"\b{_UNITS}[ \-](?:(?i:bed|room|rm|bay|pod|#) ?)?{_VALUE}\b", 0.42, veto=_no_room),
    Rule("wing_and_bed", Kind.LOCATION, rf"\b\d{{1,2}}(?:[NSEW]|[NSEW][EW])[ \-]\d{{1,3}}[AB]?\b|\b(?:\d{{1,2}} (?:North|South|East|West|Tower|Main|Central)|(?:North|South|East|West) \d{{1,2}}),? (?:{_BED}|{_ROOM}) ?{_VALUE}\b", 0.42, veto=_no_room),
    Rule("number_and_bed", Kind.LOCATION, rf"(?:^|[\n;/(]|\b{_NEXT}) ?(\d{{3}}-?[A-D])\b(?:[ ?:,.;)]|$|\n)", 0.42, veto=_no_room),
    Rule("works_in", Kind.LOCATION, rf"\b(?i:the|a|an|our|their|this) ((?:{_CAP} ){{0,2}}(?i:{_WORKS}) (?:in|near|outside) (?:{_CAP})(?: {_CAP})?)", 0.55, veto=_no_place),
    Rule("store_in", Kind.LOCATION, rf"\b(?i:{_STORES}) (?i:in|on|at|off|near)(?: the)? {_CAP}(?: {_CAP}){{0,2}}|\b(?i:{_STORES}) (?i:in|on|at|off|near) \d{{1,3}}(?i:st|nd|rd|th)(?: (?i:st|ave|street|avenue))?\b", 0.55, veto=_no_place),
    Rule("store_on_small", Kind.LOCATION, rf"(?i)\b{_STORES} (?:on|at|off|in) ((?:[a-z.']{{2,14}} ){{1,2}}(?:blvd|ave|avenue|street|st|rd|road|hwy|pike|drive|dr|lane|ln|pkwy))\b", 0.55),
    Rule("hl7_facility", Kind.LOCATION, r"(?:^|\n)MSH\|[^|\n]{3,6}\|[^|\n]{0,40}\|([A-Z][^|\n]{2,40})\|", 0.6, bounded=False),
    Rule("brought_to", Kind.LOCATION, r"(?i:\b(?:dest|destination|transport(?:ed)? to|receiving(?: facility)?|xfer to|taken to|transferred to)\b:?) ((?:[A-Z][A-Z'.&]+ ){0,2}(?:REGIONAL|GENERAL|MEMORIAL|MERCY|METHODIST|BAPTIST|COUNTY|UNIVERSITY|MED CTR|HOSP(?:ITAL)?))\b", 0.6),
    Rule("named_unit", Kind.LOCATION, rf"\b(?:Les |La |Le |El |Los |Las )?{_CAP}(?: {_CAP}){{0,2}},? (?:(?i:chambre|space|cottage|trailer) |(?:Lot|Spc) )#?\d{{1,4}}[A-Z]?\b(?:, {_CAP}(?: {_CAP})?)?", 0.42, veto=_no_place),
)  # fmt: skip

_SMALL = frozenset(("clinic", "pediatrics", "peds", "dental", "dentistry", "orthopedics", "ortho", "hospice", "rehab", "dermatology", "obgyn", "vet", "pharmacy", "daycare", "elementary"))  # fmt: skip
_ORDINARY = GENERIC | frozenset((
    "flu", "shot", "shots", "vaccine", "covid", "foot", "hand", "travel", "methadone", "drop", "in", "same", "teen", "weight", "loss", "headache", "back", "pre", "op", "post", "rapid", "access", "nurse", "led", "therapy", "resident", "residents", "well", "child", "kids", "kid", "baby",
    "student", "breast", "failure", "stroke", "failure", "kidney", "liver", "lung", "transplant", "high", "risk", "bone", "density", "sick", "new", "last", "next", "closest", "nearest", "other", "main", "big", "little", "small", "old", "good", "best", "different", "your", "that", "where", "went", "seen", "been",
    "was", "is", "be", "go", "going", "had", "have", "got", "it", "they", "she", "he", "we", "i", "u", "you", "me", "who", "saw", "see", "some", "no", "not", "with", "or", "by", "school", "animal", "retail", "compounding", "mail", "order", "hospital", "any", "every", "one", "two", "am", "pm", "sports",
))  # fmt: skip


@cache
def _small() -> Any:
    return gated(
        r"\b(?:at|from|to|called|@|with|near) (?:the )?((?:[a-z'\-]{3,14} ){1,3}(?:clinic|pediatrics|peds|dental|dentistry|orthopedics|ortho|hospice|rehab|dermatology|obgyn|vet|pharmacy|daycare|elementary))\b"
    )


def find_small_clinics(document: Document) -> Iterator[Hit]:
    """Names of clinics in small letters: two words or more that are no function words, of which one names no kind of clinic."""
    flags = document.lexicon.flags
    for start, end in document.spans(_small(), 1):
        words = document.text[start:end].split()[:-1]
        own = [one for one in words if one not in _ORDINARY]
        if len(words) < 2 or not own or words[0] in _VERBS or not _JOINING.isdisjoint(words):
            continue
        if not any(
            flags.get(fold_name(one), 0) & STOP or one.endswith(("ology", "iatry", "iatric", "ics")) for one in own
        ):
            yield Hit(Kind.LOCATION, start, end, 0.42, "small_clinic")


_JOINING = frozenset(
    (
        "the",
        "and",
        "a",
        "an",
        "of",
        "for",
        "to",
        "our",
        "my",
        "your",
        "his",
        "her",
        "their",
        "this",
        "that",
        "or",
        "at",
        "in",
    )
)
_VERBS = frozenset(("be", "see", "get", "call", "find", "visit", "start", "open", "run", "the", "this", "that", "any", "our", "your", "their", "his", "her", "send", "schedule"))  # fmt: skip
"""What begins no name: `to call our sunny clinic`."""

FAMILY = Family("wards", _RULES, find_small_clinics)

"""Streets and roads as people write them in letters and notes (B): in small letters, without a house number, crossings,
highways with a mile or exit, post codes by themselves, coordinates. Rules of one pattern each.
"""

from __future__ import annotations

from typing import Final

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.rule import Rule, has_word

LIVES: Final = (
    "address", "lives", "resides", "residing", "home", "located", "location", "mail", "ship", "dirección", "domicilio", "vive", "moved", "live", "staying", "stays", "house", "neighbor", "living")  # fmt: skip
_SUFFIX = r"(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|terrace|circle|cir|way|parkway|pkwy|highway|hwy|square|trail|loop)"
_CLEAR = r"(?:Street|Avenue|Ave|Boulevard|Blvd|Road|Rd|Lane|Ln|Parkway|Pkwy|Drive|Terrace|Turnpike|Court)"
_MEASURES = frozenset((
    "minute", "minutes", "min", "mins", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "mile", "miles", "block", "blocks", "first", "second", "third", "of", "mg", "ml", "times", "cars", "feet", "foot", "the", "people", "beds", "patients", "and", "in", "on", "from", "to", "for",
    "pm", "am", "percent", "at", "off", "via", "past", "down", "up", "or", "per", "busy", "new", "other", "more", "different", "point", "way", "step", "good", "long", "his", "her", "my", "was", "is", "a", "an", "with", "by", "not", "no"
))  # fmt: skip
_NO_STREET = frozenset((
    "the", "a", "an", "this", "that", "my", "his", "her", "our", "your", "their", "same", "other", "next", "another", "any", "each", "every", "side", "cross", "city", "busy", "dark", "quiet", "residential", "public", "private", "dirt", "gravel", "county", "open", "wrong", "long", "rough", "bumpy",
    "hard", "flash", "usb", "thumb", "disk", "shared", "network", "google", "cloud", "test", "food", "blood", "toy", "coat", "vaccine", "fast", "slow", "memory", "left", "right", "turn", "carpool", "bike", "bus", "passing", "one", "two", "three", "way", "main-line", "high", "rocky", "silk", "middle", "labor", "sex", "first",
    "wall", "sesame", "easy", "federal", "supreme", "superior", "district", "circuit", "family", "probate", "municipal", "juvenile", "drug", "appeals", "tennis", "food", "basketball", "moot", "criminal", "civil", "small", "claims", "traffic", "regional", "high", "county", "state", "appeal", "constitutional", "magistrates",
    "assize", "assizes", "appellate", "cassation", "chancery", "surrogate", "surrogates", "orphans", "sessions", "patent", "labour", "local", "session", "high", "international", "european", "kangaroo", "crown", "administrative", "cassation", "tax", "bankruptcy", "housing", "immigration", "mental", "health", "day", "one-way", "two-way", "safe", "membership", "fund", "inner", "whole", "recovery", "off", "street", "down", "busy", "one", "external", "onedrive", "sleep", "driving",
    "access", "ring", "service", "forest", "in", "on", "at", "of", "to", "from", "and", "was", "is", "are", "with", "by", "road", "open", "night", "local", "old", "steep", "highway", "no",
))  # fmt: skip
"""Words before `street`, `drive`, `court` that make no street's name."""
_ISOTOPES = frozenset({"123", "124", "125", "131"})
_ROADS = ("exit", "mile", "marker", "milepost", "crash", "crashed", "accident", "collision", "mvc", "mva", "rollover", "northbound", "southbound", "eastbound", "westbound", "near", "off", "lives", "located", "stretch", "junction", "along", "highway", "lane", "wreck", "hit", "driving", "trooper", "farm")  # fmt: skip


def _measures(document: Document, start: int, end: int) -> bool:
    """Whether the number counts something: `a 5 minute lane`."""
    words = document.lower[start:end].split()
    return not _MEASURES.isdisjoint(words[:-1]) or (
        len(words) > 2 and words[1] in {"lane", "lanes", "car", "story", "bedroom"}
    )


def things(document: Document, start: int, end: int) -> bool:
    """Whether a word is none of a street's name: `500 E Coli`, `May and 9th`."""
    flags = document.lexicon.flags
    words = [
        fold_name(one.strip(".,")) for one in document.text[start:end].split() if one[:1].isupper() and len(one) > 2
    ]
    return any(flags.get(one, 0) & STOP and one not in _OF_STREETS for one in words) or all(
        flags.get(one, 0) & WORD and not flags.get(one, 0) & (NAME | PLACE) for one in words if one not in _OF_STREETS
    )


_OF_STREETS = frozenset({"st", "ave", "rd", "blvd", "street", "avenue", "road", "north", "south", "east", "west", "dr", "lane", "drive", "court", "circle", "place", "terrace", "boulevard"})  # fmt: skip


def _no_name(document: Document, start: int, end: int) -> bool:
    """Whether the word after the number is no name: `2 Patients, 3rd floor`."""
    flags, pieces = document.lexicon.flags, document.text[start:end].split()
    bits = flags.get(fold_name(pieces[1].strip(".,")), 0) if len(pieces) > 1 else 0
    return (
        bool(bits & STOP)
        or (bool(bits & WORD) and not bits & (NAME | PLACE))
        or fold_name(pieces[1]) in document.lexicon.drugs
    )


def _in_code(document: Document, start: int, end: int) -> bool:
    """Whether the digits are a piece of a longer code, as a drug's NDC, a tax number or a version is."""
    text = document.text
    return (
        text[end : end + 1] in {"-", "/"}
        or text[start - 1 : start] in {"-", "/", "."}
        or has_word(document.lower, ("ndc", "build", "version", "ein", "lot", "ref", "order", "cpt"), start - 12, start, end, end)
    )  # fmt: skip


def _no_street(document: Document, start: int, end: int) -> bool:
    """Whether the words before the street's word make no name: `the street`, `Google Drive`, `Supreme Court`."""
    words = document.lower[start:end].replace(".", " ").split()
    before = document.text[max(0, start - 12) : start].rpartition("\n")[2]
    if words[:1] == ["the"] and words[-1] in {"bridge", "overpass", "underpass", "station"}:
        words = words[1:-1]
    names = [one for one in words[:-1] if one not in _SIDES]
    flags = document.lexicon.flags
    if not names or not _NO_STREET.isdisjoint(names) or before.endswith((". ", "Dr. ", "Mr. ", "Ms. ", "Mrs. ")):
        return not names or not _NO_STREET.isdisjoint(names) or not before.endswith(". ")
    return any(flags.get(fold_name(one), 0) & STOP for one in names) or (
        document.text[end : end + 9].lstrip(".").startswith((" Journal", " Test", " View", " Map", " Drug", " Clothes"))
    )


_SIDES = frozenset({"n", "s", "e", "w", "north", "south", "east", "west", "ne", "nw", "se", "sw"})


def _no_crossing(document: Document, start: int, end: int) -> bool:
    """Whether the words are no streets: `corner of the mouth and lip`, `4th and final`."""
    words = [one.strip(".,") for one in document.lower[start:end].replace("&", " and ").split()]
    names = [one for one in words if one not in {"and", "corner", "intersection", "of"} and one not in _SIDES]
    flags = document.lexicon.flags
    return not names or any(
        one in _NO_STREET or one in _ORDINALS or (flags.get(fold_name(one), 0) & STOP and not one[:1].isdigit())
        for one in names
    )


_ORDINALS = frozenset((
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "final", "last", "foremost", "only", "mouth", "eye", "eyes", "lip", "lips", "jaw", "room", "bed", "nail", "page", "screen", "subsequent", "care", "law", "final",
    "rib", "ribs", "finger", "toe", "toes", "digit", "digits", "metacarpal", "metatarsal", "percentile", "grade", "graders", "trimester", "degree", "dose", "doses", "later",
))  # fmt: skip


def _isotope(document: Document, start: int, end: int) -> bool:
    return document.text[start:end].rpartition("-")[2] in _ISOTOPES and document.text[start] == "I"


def _no_unit(document: Document, start: int, end: int) -> bool:
    """Whether the number is one of a hospital's or of something given: `unit 4 of blood`."""
    return document.lower[end : end + 4] == " of " or not any(map(str.isdigit, document.text[start:end]))


_WORDS = r"(?:[a-z]{2,}|\d{1,3}(?:st|nd|rd|th))(?: [a-z]{2,})?"
RULES: Final = (
    Rule("lower_street", Kind.LOCATION, rf"\d{{1,6}}[a-z]? (?:[nsew]\.? |north |south |east |west )?{_WORDS} {_SUFFIX}\b\.?(?:,? (?:apt|unit|suite|ste|#)\.? ?#?[0-9a-z]{{1,6}})?", 0.3, LIVES, veto=_measures),
    Rule("small_lane", Kind.LOCATION, rf"\d{{1,5}}[a-z]? (?:[nsew]\.? )?{_WORDS} (?:street|avenue|ave|lane|ln|blvd|boulevard|rd|road|terrace|parkway)\b(?:,? (?:apt|unit|#)\.? ?#?[0-9a-z]{{1,5}}\b)?", 0.55, veto=_measures),
    Rule("small_directed", Kind.LOCATION, rf"\d{{1,6}}[a-z]? (?:[nsew]|ne|nw|se|sw|north|south|east|west)\.? {_WORDS} {_SUFFIX}\b\.?(?:,? (?:apt|unit|suite|ste|#)\.? ?#?[0-9a-z]{{1,6}})?", 0.55, veto=_measures),
    Rule("small_numbered", Kind.LOCATION, r"\d{2,6} [nsew]\.? (?:[a-z]{3,}|\d{1,3}(?:st|nd|rd|th))\b", 0.3, (*LIVES, "ems", "medic", "scene", "responding", "at", "fall", "found", "door", "caller", "dispatch", "house"), veto=_measures),
    Rule("small_street_alone", Kind.LOCATION, r"\b(?:on|off|at|near|down|along|behind|under) ((?:the )?(?:[nsew]\.? |north |south |east |west )?(?:[a-z]{3,}|\d{1,3}(?:st|nd|rd|th))(?: [a-z]{3,})? (?:street|st|avenue|ave|blvd|boulevard)\b\.?(?: bridge| overpass| underpass| station)?)", 0.55, veto=_no_street),
    Rule("small_road_alone", Kind.LOCATION, r"\b(?:on|off|at|near|down|along) ([a-z]{3,}(?: [a-z]{3,})? (?:road|rd|lane|ln|drive|dr|court|ct|circle|way)\b)", 0.2, ("lives", "live", "staying", "stays", "resides", "house", "home", "moved", "neighbor", "living"), veto=_no_street),
    Rule("street_alone", Kind.LOCATION, r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?(?:(?:St\. )?\p{Lu}[\pL'\-]+ ){1,3}(?:Street|Avenue|Ave|Boulevard|Blvd|Road|Rd|Parkway|Pkwy|Turnpike)\b\.?(?: (?:Bridge|Overpass|Station|Pier))?", 0.91, veto=_no_street),
    Rule("lane_alone", Kind.LOCATION, rf"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?(?:(?:St\. )?\p{{Lu}}[\pL'\-]+ ){{1,3}}{_CLEAR}\b\.?(?: (?:Bridge|Overpass|Station|Pier))?", 0.55, veto=_no_street),
    Rule("numbered_avenue", Kind.LOCATION, r"(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?\d{1,3}(?:st|nd|rd|th) (?:St|Street|Ave|Avenue|Blvd|Rd|Road)\b\.?(?: (?:[NSEW]|NE|NW|SE|SW|Bridge|Station)\b)?", 0.6),
    Rule("directed_street", Kind.LOCATION, r"\d{2,6}(?:-?[A-Z])? (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? (?:\p{Lu}[\pL'\-]{2,}|\d{1,3}(?:st|nd|rd|th))(?: \p{Lu}[\pL'\-]{2,})?", 0.6, veto=things),
    Rule("small_suffix", Kind.LOCATION, r"\d{1,6}(?:-?[A-Z])? (?:[NSEW]\.? )?(?:\p{Lu}[\pL'\-]+ ){1,3}(?:st|ave|rd|dr|ln|blvd|ct|cir|pl|hwy|street|avenue|road|drive|lane|boulevard|court)\b", 0.6),
    Rule("numbered_road", Kind.LOCATION, r"(?:(?:\d{1,6} )?(?:County|State|Fire|Forest Service) (?:Road|Rd|Route|Rte|Highway|Hwy|Lane)|(?:\d{1,6} )(?:Highway|Hwy|Route|Rte|FM|CR|SR)) #?\d{1,4}[A-Z]?\b", 0.6),
    Rule("highway", Kind.LOCATION, r"(?:I-|I |US-|US |U\.S\. |SR-?|CR-?|FM |Hwy\.? |HWY |hwy |Highway |highway |Route |Rte\.? |Rt\.? |Interstate |Carr\.? )\d{1,4}[A-Z]?(?: (?:[NSEW]|northbound|southbound|eastbound|westbound|North|South|East|West))?(?:,? (?:at|near|and|&|exit|Exit|km|Km)\.? (?:exit |Exit |mile |mile marker |milepost |km )?#?\d{1,4}(?:\.\d)?[A-Z]?| (?:and|&) \p{Lu}\pL+)?", 0.2, _ROADS, veto=_isotope),
    Rule("milepost", Kind.LOCATION, r"(?i)(?:\b(?:I-\d{1,3}|(?:highway|hwy|route|interstate|us)[ -]\d{1,4})[A-Z]?(?: [nsew]b?| (?:north|south|east|west)bound)?,? (?:at |near )?)?\b(?:mile ?(?:marker|post)|mm|mp) ?#?\d{1,4}(?:\.\d{1,2})?(?:,? (?:on|of|off|along) (?:the )?(?:I-?\d{1,3}|(?:highway|hwy|route|rte|interstate|us|state route|county road|cr|sr)[ -]\d{1,4}))?", 0.2, ("mile", "milepost", "highway", "interstate", "route", "hwy", "exit", "crash"), veto=_isotope),
    Rule("mile_marker", Kind.LOCATION, r"(?i)\b(?:mile ?marker|mile ?post) ?#?\d{1,4}(?:\.\d{1,2})?(?:,? (?:on|of|off|along) (?:the )?(?:I-?\d{1,3}|(?:highway|hwy|route|rte|interstate|us|state route|county road|cr|sr)[ -]\d{1,4}))?", 0.6),
    Rule("crossing", Kind.LOCATION, r"\b\p{Lu}\pL+(?: (?:St|Ave|Rd|Blvd)\b\.?)? (?:and|&) (?:\d{1,3}(?:st|nd|rd|th)|(?:E |W |N |S )?\p{Lu}\pL+ (?:St|Ave|Rd|Blvd)\b)(?: (?:St|Ave)\b\.?)?", 0.55, veto=things),
    Rule("ordinal_crossing", Kind.LOCATION, r"\b(?:(?:[NSEW]|NE|NW|SE|SW)\.? )?\d{1,3}(?:st|nd|rd|th)(?: (?:St|Ave|st|ave|Street|Avenue))?\.? (?:and|&) (?:(?:[NSEW]|NE|NW|SE|SW)\.? )?\pL{3,}(?: (?:St|Ave|st|ave|Street|Avenue|Rd|Blvd))?\b", 0.2, ("at", "near", "corner", "on", "intersection", "by", "off", "found", "scene", "lives", "outside", "sleeps", "camp", "of"), veto=_no_crossing),
    Rule("listed_crossing", Kind.LOCATION, r"(?m)^[ \t>*•\-]{0,6}(\d{1,3}(?:st|nd|rd|th) (?:and|&) \pL{3,})(?: ?[:,;\-]|$)", 0.55, veto=_no_crossing),
    Rule("number_name_unit", Kind.LOCATION, r"\d{1,6}[A-Za-z]? (?:[NSEW]\.? )?\p{Lu}[\pL'\-]{2,}(?: \p{Lu}[\pL'\-]{2,})?,? (?:\d{1,3}(?:st|nd|rd|th) (?i:fl|floor|flr)\b|(?i:apt|unit|ste|suite|rm|spc|lot)\b\.? ?#?[0-9A-Za-z]{1,5}|# ?\d{1,4}[A-Za-z]?)", 0.6, veto=_no_name),
    Rule("building_number", Kind.LOCATION, r"(?:\p{Lu}[\pL'\-]+ ){1,2}(?:Villas?|Apartments|Apts|Inn|Lodge|Manor|House|Towers?|Terrace|Court|Arms|Gardens|Suites|Hotel|Motel),? \d{1,6} (?:[NSEW]\.? )?\p{Lu}[\pL'\-]{2,}", 0.6),
    Rule("directed_crossing", Kind.LOCATION, r"\b(?:N|S|E|W|NE|NW|SE|SW)\.? \d{1,3}(?:st|nd|rd|th)(?: (?:St|Ave)\.?)? (?:and|&) (?:(?:N|S|E|W|NE|NW|SE|SW)\.? )?\p{Lu}\pL{2,}(?: (?:St|Ave)\b)?", 0.6),
    Rule("directed_number", Kind.LOCATION, r"\b(?:on|off|at|near|from|lives) ((?:N|S|E|W|NE|NW|SE|SW)\.? \d{1,3}(?:st|nd|rd|th))\b", 0.55),
    Rule("corner_of_longer", Kind.LOCATION, r"\b(?i:corner|intersection) of ((?:the )?(?:\d{1,5} )?\p{Lu}[\pL'’.]+(?: [\p{Lu}\d][\pL\d'’]*\.?| (?:str|st|rd|ave|road|street|avenue|u|ul|út|utca)\b\.?| (?:de|la|del|der|van|di|du)){0,4} (?:and|&|y|with) \p{Lu}[\pL'’]+(?: [\p{Lu}\d][\pL\d'’]*){0,3})", 0.62, veto=_no_crossing),
    Rule("corner", Kind.LOCATION, r"\b(?i:corner|intersection) of ((?:(?:[NSEWnsew]|NE|NW|SE|SW)\.? )?(?:\pL{3,}|\d{1,3}(?:st|nd|rd|th))(?: (?:St|Ave|Rd|Blvd|Street|Avenue|Road|st|ave|street|avenue)\b\.?)? (?:and|&) (?:(?:[NSEWnsew]|NE|NW|SE|SW)\.? )?(?:\pL{3,}|\d{1,3}(?:st|nd|rd|th))(?: (?:St|Ave|Rd|Blvd|Street|Avenue|Road|st|ave|street|avenue)\b)?)", 0.65, veto=_no_crossing),
    Rule("zip_plus_four", Kind.LOCATION, r"\d{5}-\d{4}", 0.55, ("zip", "postal", *LIVES), veto=_in_code),
    Rule("zip_label", Kind.LOCATION, r"(?i)\b(?:zip|zip ?code|postal ?code|post ?code|c[oó]digo postal|c\.p\.|cep|plz)[ \"'=:#]{0,4}(?:is |area |of |es )?((?:[A-Z]{1,2}-)?(?:\d{5}-\d{3,4}|\d{2}-\d{3}|\d{3} \d{2,3}|\d{4,6})(?: ?[A-Z]{2}\b)?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)", 0.9, veto=_in_code),
    Rule("uk_postcode", Kind.LOCATION, r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b", 0.5, LIVES),
    Rule("canada_postcode", Kind.LOCATION, r"\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b", 0.4, LIVES),
    Rule("lone_zip", Kind.LOCATION, r"\d{5}", 0.12, ("zip", "postal", "address", "lives", "resides", "código postal")),
    Rule("number_street", Kind.LOCATION, r"\d{1,6} (?:\p{Lu}[\pL'\-]+ ){1,3}\d{1,6}\b", 0.1, ("address",)),
    Rule("coordinates", Kind.LOCATION, r"-?\d{1,3}\.\d{4,8}°?[ ]?[NS]?,[ ]?-?\d{1,3}\.\d{4,8}°?[ ]?[EW]?|-?\d{1,2}\.\d{1,8}°[ ]?[NS],?[ ]?-?\d{1,3}\.\d{1,8}°[ ]?[EW]|[NS] ?\d{1,2}\.\d{2,8}°?,? [EW] ?\d{1,3}\.\d{2,8}|\d{1,2}°[ ]?\d{1,2}['′’](?:[ ]?\d{1,2}(?:\.\d+)?[\"″”]?)?[ ]?[NS],?[ ]?\d{1,3}°[ ]?\d{1,2}['′’](?:[ ]?\d{1,2}(?:\.\d+)?[\"″”]?)?[ ]?[EW]?", 0.75),
    Rule("coordinate_pair", Kind.LOCATION, r"-?\d{1,2}\.\d{3},[ ]?-?\d{1,3}\.\d{3}\b", 0.1, ("gps", "coordinates", "lat", "latitude", "longitude", "location", "geo", "coords")),
    Rule("plus_code", Kind.LOCATION, r"\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b", 0.45, ("plus code", "location", "map", "gps")),
    Rule("unit", Kind.LOCATION, r"(?i)\b(?:apt|apartment|suite|ste)\.? ?(?:no\.? ?|number ?(?:is )?|num\.? ?)?#?\d{1,5}[a-z]?\b", 0.6, veto=_no_unit),
    Rule("unit_at_home", Kind.LOCATION, r"(?i)\b(?:unit|lot|space|trailer|flat) #?\d{1,4}[a-z]?\b", 0.1, ("lives", "apartment", "apartments", "condo", "condos", "complex", "trailer park", "tenant", "rent", "mobile home", "resides", "deliver to", "villas"), veto=_no_unit),
    Rule("room_label", Kind.LOCATION, r"(?im)(?:^|[|,;\t(]|  ) ?(?:room|rm|bed|cuarto|habitaci[oó]n|cama)(?: ?/ ?bed| no\.?| number)?[ ]?[:#][ \t]{0,3}(\d{1,4}-?[A-Z]?(?:,? ?/? ?(?:bed ?)?[A-Z0-9]{1,2}\b)?)", 0.45),
    Rule("office", Kind.LOCATION, r"\b(?:(?:[Ii]n|[Ll]ocation is|[Ww]here:|[Rr]oom|[Oo]ffice(?: is)?|[Mm]oved to|[Ll]ocation:) )([A-Z]{2,3} ?-?\d{3,4}[A-Za-z]?\d?)\b", 0.1, ("office", "meeting", "meet", "conference", "moved", "where", "desk", "building", "location", "located")),
    Rule("conference_room", Kind.LOCATION, r"\b(?i:conference room|conf\.? room|room) #?((?:[A-Z]{1,3}-?)?\d{2,4}[A-Z]\d{0,2})\b", 0.1, ("meeting", "conference", "meet", "office", "building")),
)  # fmt: skip

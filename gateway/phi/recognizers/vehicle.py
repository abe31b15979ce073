"""Vehicle identifiers (L): VIN, number plates."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.checks import vin
from gateway.phi.recognizers.labelled import labelled, measured, named_after
from gateway.phi.recognizers.rule import Family, Rule

_CAR = (
    "vehicle", "plate", "plates", "tag", "vin", "car", "truck", "registration", "parking", "license plate", "placa", "matrícula",
)  # fmt: skip
_PLATE = r"(?:licen[sc]e |lic\.? |number |registration |vehicle |car )?plates?|(?:car |vehicle )registration|vehicle reg\.?|(?:car |vehicle |licen[sc]e |parking |temp(?:orary)? |dealer )?tags?|(?:temp(?:orary)?|vanity|rear|front|motorcycle|trailer|handicap(?:ped)?|dealer|disabled) plates?|tablilla|chapas?|patente|kennzeichen|targa|kenteken|plaque(?: d'immatriculation)?|immatriculation|placas?(?: de circulaci[oó]n)?|matr[ií]cula|reg\.(?: no\.?)?|rego|tail(?: number| no\.?)|hull(?: id| number| no\.?| identification number)|hin\b|(?:boat|vessel|aircraft|bike|bicycle|motorcycle|trailer|atv|snowmobile|rv) (?:registration|reg\.?|serial|id|number|no\.?)|medallion|parking permit|fleet(?: number| no\.?)"
_MAKES = (
    r"car|truck|van|minivan|pick-?up|taxi|cab|boat|hull|trailer|tractor|motorcycle|moped|vespa|scooter|suv|sedan|wagon|camper|rv|jeep|buick|chevy|chevrolet|ford|toyota|honda|nissan|hyundai|kia|subaru|mazda|"
    r"dodge|chrysler|gmc|lexus|audi|bmw|volvo|tesla|volkswagen|vw|mercedes|pontiac|saturn|cadillac|lincoln|acura|corolla|camry|civic|accord|tacoma|tundra|silverado|wrangler|prius|explorer|escape|altima|sentra|tsuru|"
    r"carro|coche|camioneta|troca|auto|auto[bm][uo][sv]i?l?|lancha|moto|bus|ambulance|snowmobile|atv|vehicle|lift truck|rig|parks|drives"
)
_PLATE_SHOWN = r"(?-i:[A-Z]{1,3}[ \-]?\d{3,6}(?:[ \-]?[A-Z]{1,2}\b)?|[A-Z]{2,4} [A-Z]?\d{4}[A-Z]{0,2}|\d{1,4}[ \-]?[A-Z]{1,4}[ \-]?\d{1,5}|[A-Z]{2} \d[A-Z]\d{4,6}|\d[A-Z]\d{4,6}|[A-Z]{2,3}-\d{2}-\d{2})"
_PLATE_NAMED = r"(?-i:[A-Z]{1,7}[ \-]\d{1,4}(?:[ \-][A-Z0-9]{1,3}\b){0,2}|[A-Z0-9]*\d[A-Z0-9]*(?:[ \-][A-Z0-9]*\d[A-Z0-9]*){1,2}(?: [A-Z]{1,2}\b)?|[A-Z]{2,3}-[A-Z]{0,2}\d{1,3}[A-Z]{0,2}|[A-Z]{3,7} [A-Z]\b)"
_PLATE_LETTERS = r"(?-i:[A-Z]{2,7}\d[A-Z]{0,3}|[A-Z]{4,8}|[A-Z]{2} [A-Z]{3,4}\d{3,4}|[A-Z]{2} \d[A-Z0-9]{4,6}|[A-Z]{1,4}[·. ]\d{2,5}(?:[·. \-][A-Z]{1,2}\b)?|\d{3,4}[ \-][A-Z]{2,4}\b)"
_PLATE_VALUE = (
    r"(?:[a-z]{1,3}\d{1,3}[ \-]?[a-z]{1,3}|[a-z]{1,4}[ \-]?\d[a-z0-9]{1,5}|\d[a-z0-9]{0,3}[ \-]?[a-z0-9]{2,5})(?:\b|_)"
)


def no_plate(document: Document, start: int, end: int) -> bool:
    """Whether it is a count or a measure: plates have letters, or five signs and more after a colon."""
    value = document.text[start:end]
    letters = sum(map(str.isalpha, value))
    numbers = sum(map(str.isdigit, value))
    return numbers < 2 or letters + numbers < 4 or (not letters and numbers < 5) or measured(document, end)


def _no_shown(document: Document, start: int, end: int) -> bool:
    """Too short for a plate, or a word for what surgeons screw to bones."""
    value = document.text[start:end]
    return sum(map(str.isalnum, value)) < 4 or measured(document, end) or value.isdigit()


def _no_shown_beside(document: Document, start: int, end: int) -> bool:
    """As `_no_shown`, and no road: "drives I-95", "took US 101"."""
    return _no_shown(document, start, end) or document.text[start : start + 3].rstrip(" -0123456789") in {
        "I", "US", "SR", "HWY", "RT", "RTE", "CR", "FM", "PM", "AM", "ER", "ED", "ICU", "OR", "BP", "HR", "GCS",
    }  # fmt: skip


def _no_word_plate(document: Document, start: int, end: int) -> bool:
    """Letters alone that are a word in capitals of a shouting text, or a word of the sentence."""
    value = document.text[start:end]
    if any(map(str.isdigit, value)):
        return _no_shown_beside(document, start, end)
    return (
        len(value) < 5
        or document.text[max(0, start - 40) : start].isupper()
        or document.lower[start:end] in document.lexicon.flags
    )


_COLOURS = r"white|black|silver|gr[ae]y|red|blue|green|tan|brown|gold|beige|maroon|yellow|orange|purple|kia|honda|toyota|ford|subaru|nissan|chevy|mazda|hyundai|jeep|blanc[oa]|negr[oa]|roj[oa]|azul|verde|gris"
_MAKE_WORDS = (
    "kia",
    "honda",
    "toyota",
    "ford",
    "subaru",
    "nissan",
    "chevy",
    "mazda",
    "hyundai",
    "jeep",
    "outback",
    "corolla",
    "civic",
    "sedan",
    "suv",
    "van",
    "pickup",
    "parked",
    "parking",
    "drives",
    "coche",
    "camioneta",
)
_ROAD = (
    "parks",
    "drives",
    "driver",
    "van",
    "suv",
    "pickup",
    "vespa",
    "scooter",
    "trailer",
    "tractor",
    "moped",
    "motorcycle",
    "wrangler",
    "jeep",
    "camioneta",
    "tsuru",
    "hedge",
    "stolen",
    "license plate",
    "his",
    "her",
    "their",
    "my",
    "no",
)

FAMILY = Family(
    "vehicle",
    (
        Rule("vin", Kind.VEHICLE, r"(?:\b|_)([A-HJ-NPR-Z0-9]{3}[A-HJ-NPR-Z0-9]{5}[0-9X][A-HJ-NPR-Z0-9]{2}[0-9A-Z]\d{5})(?:\b|_)", 0.6, _CAR, vin),
        Rule("labelled_vin", Kind.VEHICLE, labelled(r"vin|v\.i\.n\.|vehicle (?:identification|id|vin)|chassis", r"[a-z0-9]{11,20}"), 0.9),
        Rule("vin_end", Kind.VEHICLE, r"(?i)\bvin(?: number)?,? (?:ends|ending|that ends|last (?:\d|four|five|six|eight)(?: digits)?)(?: (?:in|with|are|is|of)){0,2}[ :]{1,2}([a-z0-9]{4,8})\b", 0.8),
        Rule("labelled_plate", Kind.VEHICLE, labelled(_PLATE, _PLATE_VALUE), 0.92, veto=no_plate),
        Rule("plate_with_blanks", Kind.VEHICLE, labelled(r"(?:licen[sc]e |number |registration |vehicle |car |vanity )?plates?|placas?|matr[ií]cula", _PLATE_NAMED), 0.35, _CAR + _ROAD, veto=_no_shown),
        Rule("plate_told", Kind.VEHICLE, rf"(?i)\b(?:licen[sc]e |vanity |rear |front )?(?:plates?|tag|placas?|matr[ií]cula)(?: (?:number|no\.?|#))?(?:[^\n.:;]{{0,24}}?\b(?:reads?|says?|is|was|dice|es))?[ :#\"'“(]{{1,4}}(?:(?-i:[A-Z]{{2}})[ :#,]{{1,2}})?({_PLATE_LETTERS})(?:[^\pL\d]|$)", 0.5, veto=_no_word_plate),
        Rule("plate_of_colour", Kind.VEHICLE, rf"(?i)\b(?:{_COLOURS})\b[^\n.;:\d]{{0,24}}[,( ]{{1,2}}\[?(\d[A-Z]{{3}}\d{{3}}|(?-i:[A-Z]{{3}}[ \-]?\d{{3,4}}|\d{{3}}[ \-]?[A-Z]{{3}}|[A-Z]\d{{2,3}} ?[A-Z]{{3}}|[A-Z]{{2}} ?\d{{2,3}} ?[A-Z]{{2}}))\b", 0.3, _CAR + _MAKE_WORDS, veto=_no_shown_beside),
        Rule("vin_part", Kind.VEHICLE, r"(?i)\blast (?:\d|four|five|six|eight)(?: digits| characters)? of (?:the |her |his |my )?vin(?: (?:is|are))?[ :#]{1,2}([a-z0-9]{4,8})\b", 0.8),
        Rule("plate_beside_car", Kind.VEHICLE, rf"(?i)\b(?:{_MAKES})\b(?: [a-z]{{0,2}}-?\d{{1,4}})?(?: (?-i:[a-z]{{2,12}}|[A-Z]{{5,12}})\b){{0,2}},?[ :]{{0,2}}(?:\(|was |is |has |with |number |no\.? ?|tag |plate |reg\.? ?|unit |# ?){{0,3}}({_PLATE_SHOWN})\b", 0.6, veto=_no_shown_beside),
        Rule("plate_after", Kind.VEHICLE, named_after(_PLATE, _PLATE_VALUE), 0.9, veto=no_plate),
        Rule("plate", Kind.VEHICLE, r"\b[A-Z]{3}[ \-]\d{4}\b", 0.2, _CAR),
        Rule("plate_short", Kind.VEHICLE, r"\b(?:\d[A-Z]{3}\d{3}|[A-Z]{3}-\d{3}|\d{3}-[A-Z]{3}|[A-Z]{3}\d{4})\b", 0.1, _CAR),
    ),
)  # fmt: skip

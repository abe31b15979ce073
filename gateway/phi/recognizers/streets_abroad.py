"""Streets as other countries write them (B): the street's word first (`rue`, `calle`, `ul.`), at the end of the name
(`-straße`, `-gatan`, `utca`), houses behind the street, post codes beside their town; Puerto Rico, India, Japan.
"""

from __future__ import annotations

from typing import Final

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.rule import Rule

_CAP = r"\p{Lu}[\pL\pM'’\-]*"
_PART = r"(?:de la|de las|de los|de le|della|delle|dello|degli|dei|del|dell'|de|di|da|do|dos|das|du|des|d'|la|las|los|le|les|l'|el|an der|an den|auf der|am|im|zum|zur|der|den|dem|van der|van den|van de|van|von|ten|ter|het|y|e|of the|the|pod|nad|na|u|v|z)"
_NAME = rf"(?:{_PART}[ ]?){{0,2}}{_CAP}\.?(?:[ ](?:{_PART}[ ]?)?{_CAP}\.?){{0,3}}"
_NUMBER = r"(?:(?:n[úu]m(?:ero)?\.?|n[°º.]|nº|no\.?|No:|nr\.?|Nr\.?|№|#)[ ]?)?\d{1,5}(?:[ ]?[\-–/][ ]?\d{1,4}){0,3}(?:[ ]?[A-Za-z]\b)?(?:[ ](?:bis|ter)\b)?"
_HOUSE = rf"(?:,?[ ]{_NUMBER}|,?[ ]s/n\b)"
_FIRST = (
    r"(?:[Rr]ue|RUE|[Cc]alle|CALLE|[Aa]venida|AVENIDA|[Aa]vda\.?|[Aa]ve?\.|[Cc]arrera|[Cc]ra\.?|C/|c/|Cl\.|[Pp]aseo|[Cc]alzada|[Cc]allej[oó]n|[Pp]rivada|[Cc]errada|[Pp]rolongación|[Aa]ndador|[Cc]arretera|[Cc]arr\.|Camino|Ronda|Traves[ií]a|Diagonal|Transversal|"
    r"[Uu]rb\.|[Uu]rbanización|URB|Bo\.|[Bb]arrio|[Bb]arriada|Col\.|Colonia|[Ff]raccionamiento|Fracc\.|Residencial|Cond\.|Condominio|Res\.|Parcelas?|Sector|Ext\.|Jr\.|Jirón|Pje\.|Pasaje|Psje\.|Brgy\.?|Barangay|Purok|Sitio|"
    r"Via|VIA|Viale|V\.le|Piazza|P\.zza|Piazzale|Corso|C\.so|Largo|Vicolo|Rua|R\.|Travessa|Praça|Alameda|Estrada|Rodovia|Quadra|Boulevard|boulevard|[Bb]oul\.|Bd\.?|Chemin|Ch\.|Impasse|impasse|Allée|Allées|Quai|Cours|Passage|Sentier|Faubourg|Plaza|Plaça|Pza\.|"
    r"ul\.|Ul\.|ulica|Ulica|al\.|Al\.|Aleja|os\.|Os\.|Osiedle|pl\.|Plac|[Ss]trada|Str\.|str\.|[Bb]ulevardul|B-dul|Bd\.|Calea|Aleea|Jalan|Jln?\.|Odos|Leoforos|Rruga|Sokak|bul\.|prospekt|Prospekt|Pr\.|pr\.)"
)
"""Words for a street, or a quarter, before its name."""
_LAST = (
    r"(?:utca|u\.|út|útja|tér|tere|krt\.|körút|körútja|köz|rkp\.|rakpart|sétány|sor|kapu|náměstí|nám\.|třída|tř\.|ulica|cesta|trg|ulice|tee|mnt|maantee|tn|tänav|pst|puiestee|põik|iela|gatvė|prospektas|Caddesi|Cad\.|Cd\.|Sokak|Sokağı|Sok\.|Sk\.|Bulvarı|Mahallesi|Mah\.|"
    r"ulitsa|prospekt|pereulok|Straße|Strasse|straße|strasse|Str\.|str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer|gate|gata|gatan|vei|veien|väg|vägen|vej|terrasse|torg|plass|plads|plein|laan|straat|kade|Marg|marg|Nagar|nagar|Road|Rd|Street|St\.?)"
)
"""The same behind the name, in a word of its own."""
_JOINED = (
    r"(?:straße|strasse|str\.|gasse|weg|platz|allee|damm|ufer|ring|chaussee|steig|stieg|graben|markt|brücke|zeile|kamp|twiete|straat|laan|plein|kade|gracht|singel|dijk|dreef|plantsoen|pad|steeg|gatan|gata|gate|gaten|gade|vej|vejen|väg|vägen|veg|vegen|veien|vei|"
    r"stien|stigen|stig|allé|allén|tie|katu|kuja|polku|torget|torvet|plass|plads|plan|gränd|backen|backe|lia|bakken|jordet|tunet|haugen|løkka|hagen|moen|stræde|stræti|vegur|gerði|brekka|hlíð|tún|vangur|vænget|toften|parken|utca|tér|ulica|erlia|vollen|marka)"
)
"""The same grown together with the name."""
_CODE = r"(?:(?:[A-Z]{1,3}-)?(?:\d{4,6}|\d{3}[ ]\d{2}|\d{2}-\d{3}|\d{5}-\d{3})(?:[ ][A-Z]{2}\b)?)"
_GAP = r"(?:,[ ]?|[ ]?\r?\n[ \t>|]{0,6}|,[ ]?\r?\n[ \t>|]{0,6}|[ ][\-–][ ])"
_UNITS = r"(?:,?[ ](?:(?i:apt|app|apto|ap|appt|bl|sc|et|esc|piso|planta|puerta|pta|int|depto|dpto|of|local|bureau|bât|kv|m|lok|d|daire|kat|stiege|top|no|wohnung|etage|og|eg|st|tv|th|mf)[.:]?[ ]?\d{0,4}[A-Za-z]?|\d{1,3}[°ºª.][ ]?(?:[A-Za-z]{1,4}\.?)?|[A-Z](?:[ ]\d{1,3})?|\d{1,4}))"


def _ordinary(document: Document, start: int, end: int) -> bool:
    """Whether the name is made of ordinary words only, or a number counts something: `Chapter 7`, `Plan 2`, `Sector Report`."""
    flags, towns = document.lexicon.flags, document.lexicon.towns
    words = [fold_name(one.strip(".,#")) for one in document.text[start:end].split() if one[:1].isalpha()]
    names = [one for one in words if len(one) > 2]
    return not names or any(flags.get(one, 0) & STOP and not flags.get(one, 0) & PLACE for one in names[:1]) or all(
        (flags.get(one, 0) & WORD and not flags.get(one, 0) & (NAME | PLACE) and one not in towns) or one in document.lexicon.drugs for one in names
    )  # fmt: skip


def _no_joined(document: Document, start: int, end: int) -> bool:
    """Whether the grown word is an English one or a person's: `monitoring 24`, `Colgate 3`."""
    words = [one for one in document.text[start:end].split() if one[:1].isalpha() and len(one) > 3]
    if not words:
        return True
    bits = document.lexicon.flags.get(fold_name(words[-1].rstrip(".")), 0)
    return bool(bits & (STOP | GIVEN)) or (bool(bits & (WORD | NAME)) and not words[-1][:1].isupper()) or (
        bool(bits & WORD) and not words[-1].lower().endswith(("strasse", "straße", "straat", "gatan"))
    )  # fmt: skip


def _no_first(document: Document, start: int, end: int) -> bool:
    """Whether the word before is none of a street: an initial, `Dr.`, a plaza that is a shop's."""
    text = document.text[start:end]
    digits = any(map(str.isdigit, text))
    word = text.split(" ")[0].rstrip(".").lower()
    if word in _NEED_NUMBER and not digits:
        return True
    before = document.text[max(0, start - 16) : start].rpartition("\n")[2].split(" ")
    named = len(before) > 1 and not before[-1] and before[-2][:1].isupper() and before[-2].rstrip(".").isalpha()
    return word in _DOUBTFUL and (named or not digits)


_NEED_NUMBER = frozenset({"via", "corso", "r", "ch", "cl", "pr", "str", "al", "os", "pl", "av", "ave", "jr", "ext", "cours", "sector", "largo", "passage", "boulevard", "bd", "diagonal", "camino", "plaza", "col", "res", "bo", "estrada", "ronda", "quadra", "carr", "transversal", "parcela", "sitio", "alameda", "calzada", "paseo", "colonia", "residencial"})  # fmt: skip
_DOUBTFUL = frozenset({"r", "ch", "cl", "pr", "al", "os", "pl", "jr", "ext", "col", "res", "bo"})
"""Words before a street's name that are others as well: a number must be there, and no name before."""

_COUNTRIES = (
    r"(?:Australia|Austria|Belgium|Brazil|Chile|Croatia|Cyprus(?: \(Greek\))?|Czech Republic|Czechia|Denmark|Estonia|Finland|France|Germany|Greece|Hungary|Iceland|India|Indonesia|Israel|Italy|Japan|"
    r"Kenya|Latvia|Lithuania|Luxembourg|Malaysia|Mexico|México|Morocco|New Zealand|Nigeria|Norway|Pakistan|Peru|Philippines|Poland|Portugal|Romania|Saudi Arabia|Serbia|Singapore|Slovakia|Slovenia|South Africa|"
    r"South Korea|Spain|España|Sri Lanka|Sweden|Switzerland|Taiwan|Thailand|Tunisia|Turkey|Türkiye|Ukraine|Uruguay|Vietnam)"
)


def _year(document: Document, start: int, end: int) -> bool:
    """Whether the number behind a country is a year."""
    return end - start == 4 and document.text[start : start + 2] in {"19", "20"}


RULES: Final = (
    Rule("code_after_country", Kind.LOCATION, rf"(?i:{_COUNTRIES})[ ,]{{1,2}}(\d{{4,6}}|\d{{2,3}}[ \-]\d{{2,3}})(?:[ \t]{{0,3}}[.,;]?[ \t]{{0,3}}(?:\n|$)|[.,;] )", 0.6, veto=_year),
    Rule("foreign_street", Kind.LOCATION, rf"(?:\b|^){_FIRST}[ ]?{_NAME}{_HOUSE}?", 0.7, veto=_no_first),
    Rule("foreign_small_street", Kind.LOCATION, r"\b(?i:rue|calle|avenida|avda\.?|carrera|privada|cerrada|calzada|callej[oó]n|rua|ulica|ul\.|strada|urbanizaci[oó]n|urb\.?|barrio|colonia|fraccionamiento|paseo|prolongaci[oó]n) (?:(?:de|la|del|los|las|des|du|le|el) ){0,2}(?:\d{1,3}(?: de)?|\pL{3,})(?: \pL{2,}){0,2},? (?:n[úu]m(?:ero)?\.? |no?\.? |n° |# ?)?\d{1,5}\b(?:,? (?:piso|apto\.?|depto\.?|int\.?|col\.?|local|barrio|colonia|urb\.?) ?[\pL\d#\-]{1,16}){0,2}", 0.6),
    Rule("grid_street", Kind.LOCATION, r"\b(?i:calle|cl\.?|carrera|cra\.?|kr\.?|avenida|av\.?|diagonal|transversal|tv\.?|dg\.?) ?\d{1,3} ?[A-Za-z]{0,3}\.? ?(?:#|[Nn]o\.?|[Nn]úm\.?|[Nn]úmero|[Nn]umero|n°|N°|º) ?\d{1,4}[A-Za-z]?(?: ?[\-–] ?\d{1,3})?", 0.75),
    Rule("house_before_street", Kind.LOCATION, rf"\b\d{{1,4}}(?:[ ]?(?:bis|ter|quater|[A-D]))?,? (?:(?:(?i:rue|boulevard|boul\.|bd|montée|rang|impasse|allées?|chemin|quai|calle|avenida|rua|viale|sentier|faubourg)|Via) |(?i:avenue|av\.|place|pl\.|cours|passage|square|route|villa|esplanade|promenade) (?i:de la |de l'|de |du |des |d'))(?:(?i:de la|de l'|du|des|de|d'|della|del|di|le|la) ?){{0,2}}\pL[\pL'\-]+(?:[ ](?:(?:de|du|la|le|des|et) )?{_CAP}){{0,3}}", 0.7),
    Rule("germanic_street", Kind.LOCATION, rf"(?i)(?:\pL[\pL\pM'\-]+[ \-]){{0,2}}?\pL[\pL\pM\-]{{2,}}{_JOINED}[ ]\d{{1,4}}(?:[ ]?[a-z]\b)?(?:[/\-]\d{{1,4}}){{0,3}}\b", 0.62, veto=_no_joined),
    Rule("worded_street", Kind.LOCATION, rf"{_CAP}(?:[ ](?:{_PART}[ ])?{_CAP}){{0,3}}[ ]{_LAST},?[ ]{_NUMBER}", 0.66, veto=_ordinary),
    Rule("street_code_town", Kind.LOCATION, rf"{_CAP}(?:[ ](?:{_PART}[ ]){{0,2}}{_CAP}){{0,4}}\.?{_HOUSE}{_UNITS}{{0,3}}{_GAP}(?:{_CODE}|\d{{3}})[ ]{_CAP}(?:[ \-](?:{_PART}[ ])?{_CAP}){{0,2}}", 0.7, veto=_ordinary),
    Rule("house_unit", Kind.LOCATION, rf"\d{{1,6}} {_CAP}(?: {_CAP}){{0,2}} \d{{1,4}}[A-Za-z]?(?:,? ?\r?\n? ?(?i:apt|suite|unit|ste)\.? ?\d{{1,4}})", 0.7, veto=_ordinary),
    Rule("puerto_rico", Kind.LOCATION, r"(?i)\b(?:urb|urbanización|cond|condominio|res|residencial|bo|barrio|parcelas?|ext|villa|alturas|jardines|mansiones|reparto|sector)\.? (?:de |del |la |las |los )?[\pL' ]{3,30}[, ]{1,2}(?:[a-z]{1,2}-?\d{1,3}|\d{1,4}|edif\.? ?\w{1,3}|calle \w{1,12}|carr\.? ?(?:pr-?)?\d{1,4}|km\.? ?\d)[^\n;]{0,40}?\b(?:PR|Puerto Rico) 00\d{3}(?:-\d{4})?", 0.8),
    Rule("road_and_km", Kind.LOCATION, r"(?i)\b(?:carr(?:etera|\.)?|ruta|km|rodovia|br|route nationale|autopista)[. -]{1,2}(?:[A-Z]{2}-?)?\d{1,4},? (?:km|kil[oó]metro)\.? ?\d{1,4}(?:[.,]\d)?", 0.7),
    Rule("indian_house", Kind.LOCATION, r"\b(?:[Ff]lat|FLAT|[Hh]ouse|H\.? ?|[Dd]oor|D\.? ?|[Pp]lot|[Ss]hop|[Qq]uarter|[Ss]urvey)\.? ?(?:[Nn]o|NO|[Nn]umber)[.:]? ?[A-Za-z]?-?\d{1,4}(?:[\-/]\d{1,4}){0,3}[A-Za-z]?\b", 0.6),
    Rule("japanese_ward", Kind.LOCATION, rf"(?:\d{{1,3}}-\d{{1,3}}(?:-\d{{1,3}})?,? )?(?:{_CAP},? ){{0,2}}\p{{Lu}}\pL{{2,}}-(?:ku|shi|cho|machi|ken|gun|mura|chome|fu|dori|dong|gu|ro|gil)\b(?:,? {_CAP}){{0,2}}(?:,? 〒?\d{{3}}-\d{{4}})?", 0.7),
    Rule("block_lot", Kind.LOCATION, r"\b(?:[Bb]lk|[Bb]lock|BLK)\.? ?\d{1,4}[A-Z]?,? (?:[Ll]ot|LOT) ?\d{1,4}[A-Z]?\b|#\d{2}-\d{2,4}\b", 0.62),
    Rule("cep_town", Kind.LOCATION, rf"{_CAP}(?: (?:{_PART} )?{_CAP}){{0,3}} ?[\-–/,] ?[A-Z]{{2}},? ?(?:CEP:? ?)?\d{{5}}-\d{{3}}\b", 0.8),
    Rule("province_code", Kind.LOCATION, rf"{_CAP}(?:[ \-](?:{_PART} )?{_CAP}){{0,3}},? \(?(?:(?:ON|QC|BC|AB|MB|SK|NS|NB|NL|PE|YT|NT|NU|PQ|Ontario|Qu[eé]bec|British Columbia|Alberta|Manitoba|Saskatchewan|Nova Scotia|New Brunswick)\)?,? ?[A-Z]\d[A-Z] ?\d[A-Z]\d|(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT|Vic|Qld|Tas) \d{{4}})\b", 0.8),
    Rule("town_uk_code", Kind.LOCATION, rf"{_CAP}(?:[ \-](?:(?:on|upon|in|le|the|of)[ \-])?{_CAP}){{0,3}},? [A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}\b", 0.8),
    Rule("ship", Kind.LOCATION, r"(?i)\b(?:us[ns]s|uss|usn[sv]|uscgc|usns) [\pL .'\-]{2,30}?(?: ?\([a-z]{2,4}[ \-]?\d{1,4}\))?,?[ \r\n\t>]{1,6}[afd]po,? a[aep] \d{5}(?:-\d{4})?", 0.85),
    Rule("field_post", Kind.LOCATION, r"(?i)(?:\b(?:psc|cmr|unit|omc|det|ra) ?#?\d{1,5},? ?(?:box|bldg) ?#?\d{1,5},?[ \r\n\t>]{1,6})?\b[afd]po,? a[aep],? ?\d{5}(?:-\d{4})?\b", 0.85),
)  # fmt: skip

"""Places as trade, travel and courts name them (B): `the Omaha desk`, `flight to Tampa`, `landed in lubbock`, `ar Newark`,
`the Brezno District Court`, `a lawyer practising in Haugesund`, `of the Agrigento Bar`, `Lot 14, Block 3, Cedar Bluff Addition`.

A cue that only places have takes any capitalised word that is no ordinary word; one that people have too only what lists hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.domain.finding import Kind
from gateway.phi.document import Document, gated
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.place_cues import ALSO
from gateway.phi.recognizers.place_words import LARGE_CITIES
from gateway.phi.recognizers.rule import Hit, Rule

_CAP: Final = r"\p{Lu}[\pL\pM]+(?:['’\-]\pL[\pL\pM]*)*"
_TOWN: Final = rf"((?:St\. |Ft\. |Mt\. )?{_CAP}(?: {_CAP}){{0,2}})"
_COURT: Final = r"(?:(?:District|Regional|City|Town|Municipal|County|Local|Court|Magistrates['’]|Crown|Sheriff|Administrative|Criminal|Civil|Commercial|Labou?r|Military|Assize|Garrison|Provincial|High|Appeal|State|Security|Public) ){1,3}(?:Courts?|Prosecutor(?:['’]s Office)?|Tribunal)\b"
_SURE: Final = (
    rf"\b(?i:practi[sc]ing (?:in|at)|native place:?|last heard of in|domiciled (?:in|at)|(?:executed|sworn|notarized|subscribed|heard|sitting|seated|headquartered|based|incarcerated|posted|quartered) (?:at|in)|minutes (?:from|outside)|(?:miles|km|kilomet(?:er|re)s|mi) (?:\pL+ )?(?:from|of|outside)"
    rf"|flights? (?:to|from|into|out of)|(?:flies|fly|flying|flew) (?:(?:down|over|up|back|out|in) )?(?:to|into|from|out of)|(?:landed|landing|lands|touched down) (?:in|at)|trains? (?:to|from)|ferry (?:to|from)|native of|the (?:village|town|hamlet|commune|port|hill station) of) {_TOWN}"
)
_LISTED: Final = rf"\b(?:(?i:(?:drive|drives|driving|drove) (?:(?:down|over|up|back|out) )?to|(?:leave|leaves|leaving|left|departs?|departed|bound) for|(?:head|heads|headed|heading) (?:(?:down|over|up|back|out) )?(?:to|for)|off to|trips? to|bus (?:to|from)|(?:hotel|guys|folks|people|team|crew|plant|yard|office|warehouse|site|factory|refinery|branch|desk|terminal|colleagues|printers|agent|customers?|clients?) (?:in|at|from)|moved? to|transferred to|(?:est|back|arriv\w+|meetings?|conference|stop|stopover|layover) (?:in|at)|ship(?:ped|s|ment)? (?:to|from)|then(?: on)? to|thence|via)|lv|ar|arr|dep|dpt|ETA|ETD|FOB|CIF|CFR|POL|POD|ex) {_TOWN}"
_AFTER: Final = rf"\b{_TOWN} (?i:desk|offices?|folks|guys|people|team|plant|yard|crew|branch|warehouse|terminal|refinery|docks?|slots|site|show|bureau|airport|client|customers?|printers|meter|mill|gendarmerie|police|prosecutor|railway|train|bus|harbou?r|detention|prison|jail|notary|registry|subsidiary|depot|lab|campus|store|shop)\b"
_SMALL: Final = r"\b(?:(?:landed|landing|got|get|back|hotel|flights?|fly|flying|flew|drive|driving|drove|heading|headed|head|off|trip|train|bus|ferry|moved|moving|leaving|leave|left|coming|comes|go|going|guys|folks|team|office|meeting|stuck|stopover|layover|then) (?:back |over |down |up |out |on |in )?(?:to|in|from|into|for|via|then)|then|via) (\p{Ll}{4,}(?: \p{Ll}{3,})?)"
_SMALL_AFTER: Final = r"\b(?:the|our|your|their|my|those) (\p{Ll}{4,}(?: \p{Ll}{3,})?) (?:guys|folks|office|desk|team|plant|crew|branch|warehouse|people|airport|yard)\b"


def _no_court(document: Document, start: int, end: int) -> bool:
    """Whether the words before the court are ordinary ones, a land or a State."""
    words = [fold_name(one) for one in document.text[start:end].split()]
    flags, lands = document.lexicon.flags, document.lexicon.lands
    joined = " ".join(words)
    return joined in lands or any(
        one in lands or flags.get(one, 0) & STOP or flags.get(one, 0) & (WORD | NAME | PLACE) == WORD for one in words
    )


def _no_addition(document: Document, start: int, end: int) -> bool:
    words = [fold_name(one) for one in document.text[start:end].split()[:-1]]
    return any(document.lexicon.flags.get(one, 0) & STOP for one in words)


def _no_house(document: Document, start: int, end: int) -> bool:
    """Whether the number behind the unit is an hour's: `room 4 at 10 Monday`."""
    low = fold_name(document.text[start:end].rpartition(" ")[2])
    return low in {"am", "pm", "hrs"} or bool(document.lexicon.flags.get(low, 0) & STOP)


def _no_spa(document: Document, start: int, end: int) -> bool:
    low = fold_name(document.text[start:end].split(" ", 1)[1])
    return bool(document.lexicon.flags.get(low, 0) & (WORD | STOP | GIVEN))


RULES: Final = (
    Rule("court_of_town", Kind.LOCATION, rf"\b{_TOWN} {_COURT}", 0.55, veto=_no_court),
    Rule("bar_of_town", Kind.LOCATION, rf"\b(?:of|at|to|before) the {_TOWN} Bar\b", 0.6, veto=_no_court, sign=" bar"),
    Rule("lot_and_block", Kind.LOCATION, rf"\b(?i:lots?) \d{{1,4}}[A-Z]?(?: (?:and|&|through|to) \d{{1,4}})?,? (?:(?:in|of) )?(?i:block|blk)\.? \w{{1,3}}\b(?:,? (?:(?:of|in) )?(?:the )?{_CAP}(?: {_CAP}){{0,4}})?", 0.7),
    Rule("addition", Kind.LOCATION, rf"\b({_CAP}(?: {_CAP}){{0,2}} (?:Addition|Subdivision|Townsite))\b", 0.5, veto=_no_addition),
    Rule("unit_at", Kind.LOCATION, rf"\b(?i:apt|apartment|unit|suite|flat|ste|room|rm)\.? ?#?[\dA-Za-z]{{1,4}}(?:-[A-Za-z0-9]{{1,2}})?,? (?:at|of|in) \d{{1,6}}[A-Za-z]? (?:[NSEW]\.? )?{_CAP}", 0.7, veto=_no_house),
    Rule("unit_hyphen", Kind.LOCATION, r"\b(?i:apt|apartment|suite|ste)\.? ?#?\d{1,4}-[A-Za-z0-9]{1,2}\b", 0.65),
    Rule("exit", Kind.LOCATION, rf"\b(?:(?:at|off|near|from|by|take|Take|of|to) )(Exit \d{{1,4}}[A-Z]?\b(?:,? (?:near|off|on|in|at) {_CAP}(?: {_CAP})?)?)", 0.55),
    Rule("route_at", Kind.LOCATION, r"\b(?:on|off|along|onto|down|Take|take) ((?:US |State |County )?(?:Route|Rte\.?|Hwy\.?|Highway) \d{1,4}[A-Z]?)\b", 0.55),
    Rule("spa_town", Kind.LOCATION, r"\b(Bad \p{Lu}\p{Ll}{4,})\b", 0.5, veto=_no_spa, sign="bad "),
    Rule("city_in_short", Kind.LOCATION, r"\bNYC\b", 0.6, sign="nyc"),
    Rule("town_park", Kind.LOCATION, rf"\b(?:at|in|near|to) ((?:{_CAP} )?{_CAP} Park)\b(?:[^\pL ]|$| (?:[a-z]|\d))", 0.5, veto=_no_addition),
    Rule("block_of_city", Kind.LOCATION, rf"\b((?:(?:Room|Rm|Flat|Unit|Suite) \w{{1,5}}, )(?:(?:Block|Tower|Wing|Building|Bldg) \w{{1,3}}, )?{_CAP}(?: {_CAP}){{0,2}}(?:, {_CAP}(?: {_CAP})?){{1,2}})", 0.6),
)  # fmt: skip


def find_trade(document: Document) -> Iterator[Hit]:
    """Towns beside words of travel and trade."""
    eponyms = Eponyms(document)
    for pattern, sure in ((_SURE, True), (_LISTED, False), (_AFTER, False)):
        for start, end in document.spans(gated(pattern), 1):
            found = _place(document, start, end, sure=sure, last=pattern == _AFTER)
            if found is not None and not eponyms.named_after(*found) and not eponyms.history():
                yield Hit(Kind.LOCATION, *found, 0.55, "place_told")
    for pattern in (_SMALL, _SMALL_AFTER):
        for start, end in document.spans(gated(pattern), 1):
            found = _small(document, start, end, last=pattern == _SMALL_AFTER)
            if found is not None:
                yield Hit(Kind.LOCATION, *found, 0.5, "place_told")


def _place(document: Document, start: int, end: int, *, sure: bool, last: bool) -> tuple[int, int] | None:
    """The longest run of the words that is a place: from the first word on, or up to the last where the cue follows."""
    words = document.text[start:end].split(" ")
    for count in range(len(words), 0, -1):
        chosen = words[-count:] if last else words[:count]
        phrase = " ".join(chosen)
        low = fold_name(phrase)
        if low in document.lexicon.lands or low in ALSO:
            continue
        if _known(document, low) or (sure and count == len(words) and _may_be(document, chosen)):
            return (end - len(phrase), end) if last else (start, start + len(phrase))
    return None


def _known(document: Document, low: str) -> bool:
    """Whether a list has it as a place, and none as an ordinary word."""
    lexicon = document.lexicon
    if low in LARGE_CITIES or low in lexicon.towns:
        return True
    flags = lexicon.flags.get(low, 0)
    if " " in low:
        return low in lexicon.places
    return bool(flags & PLACE) and not flags & (STOP | WORD | GIVEN | EPONYM)


def _may_be(document: Document, words: list[str]) -> bool:
    """Whether no word is an ordinary one, a given name or short capitals."""
    for word in words:
        low = fold_name(word.strip(".'"))
        flags = document.lexicon.flags.get(low, 0)
        if (
            (flags & (STOP | EPONYM) and low not in {"st", "ft", "mt"})
            or (flags & WORD and not flags & PLACE)
            or (word.isupper() and len(word) < 5)
            or low in document.lexicon.drugs
            or low in document.lexicon.lands
        ):
            return False
    return True


def _small(document: Document, start: int, end: int, *, last: bool) -> tuple[int, int] | None:
    """The same for small letters: two words or one that a list has as a town and none as a name or word."""
    words = document.text[start:end].split(" ")
    lexicon = document.lexicon
    for count in range(len(words), 0, -1):
        phrase = " ".join(words[-count:] if last else words[:count])
        low = fold_name(phrase)
        flags = lexicon.flags.get(low, 0)
        if low in lexicon.lands or low in ALSO or len(low) < 4 or low in lexicon.drugs:
            continue
        if (
            low in LARGE_CITIES
            or (count == 2 and low in lexicon.places)
            or (count == 1 and (low in lexicon.towns or flags & PLACE) and not flags & (NAME | WORD | STOP))
        ):
            return (end - len(phrase), end) if last else (start, start + len(phrase))
    return None

"""Telephone numbers (D) and fax numbers (E)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.checks import numeric_date
from gateway.phi.recognizers.labelled import labelled, measured, named_after
from gateway.phi.recognizers.rule import Family, Rule

# A gap may hold the end of a line, but then only with a sign beside it: two columns of numbers are no telephone.
_GAP = r"(?: ?[.\-/] ?\n?[ >]{0,3}| {1,2}|\n)"
_US = rf"(?:(?:\+|\b00)?1{_GAP}?)?(?:\([2-9]\d{{2}}\)(?:{_GAP}| ?- )?|[2-9]\d{{2}}{_GAP})\d{{3}}{_GAP}\d{{4}}"
_ANOTHER = compiled(rf"^/{_US}")
"""A whole number after a slash: the one before it does not go on."""
_EXT = r"(?:[ ,;]{0,2}(?:[xX]|[eE][xX][tT](?:\.|n\.?|ension|ENSION)?|EXT\.?|#)[ :.]{0,2}\d{1,6})?"
_CALL = (
    "phone", "tel", "telephone", "call", "cell", "mobile", "contact", "reach", "pager", "beeper", "voicemail", "whatsapp", "teléfono", "móvil",
    "celular", "tél", "handy", "cel", "fijo", "ring", "dial", "llame", "llámeme", "llamar", "marque", "conference", "bridge", "number", "tty", "tdd",
)  # fmt: skip
_FAX = ("fax", "facsimile", "telefax", "fx", "efax", "facsímil")
_ABROAD_LABELS = (
    r"(?:tele)?phones?|t[eé]l[eé]phone|telefone?|tel[eé]fono|telefoon|telefon|t[eé]l\b\.?|cell|cel\b\.?|celular|m[oó]vil|mobile|mob\b\.?|ph\b\.?|handy|fijo|natel|gsm|portable|rufnummer|whats ?app|ring|dial|"
    r"ll[aá]m(?:e|en|ar|eme|a|ame)(?:nos|le)?(?: al?| al n[uú]mero)?|marque|(?:her|his|my|your|their|contact|direct|emergency) (?:numbers?|no\.)|call(?: (?:me|us|her|him|them|back))?(?: at| on| @)?|(?:reach|text) (?:me|her|him|us|them)(?: (?:at|on))?|answer(?:ing|s|ed)? (?:at|on)|desk|front desk|landline"
)
_ABROAD = r"\(?\+?\d{1,5}\)?(?:[ .\-/]{1,2}\(?\d{2,8}\)?){1,5}"
_ABROAD_AFTER = r"(?:tele)?phone|tel\.?|cell|cel(?:ular)?|mobile|mobil|gsm|handy|office|desk|direct|landline|ph"
_PHONES = (
    r"(?:(?:home|work|cell|mobile|direct|day ?time|evening|contact|patient|office|customer|emergency|alt(?:ernate)?|primary|next of kin|call ?back) )?(?:tele)?phones?|tel[eé]fonos?|tels?\b\.?|cell(?:ular)?|celular|m[oó]vil|mobile|pager|beeper|call(?: (?:me|us|her|him|back))?(?: at)?|ph\b\.?|home|work|contact|whats ?app|text|voicemail|landline|"
    r"hotline|direct(?: line)?|numbers?(?: is)?|reach(?: (?:me|her|him|us))?(?: at| on)?"
)
# What scanners read for digits stands too: the label says what it is.
_D = r"[\doil]"
_EXT_READ = r"(?:[ ,;]{0,2}(?:x|ext(?:\.|n\.?|ension)?|#)[ :.]{0,2}[\doil]{1,6}\b)?"
_LOCAL = rf"(?:(?:\+|00)?[1il]{_GAP}?)?(?:\({_D}{{3}}\)(?:{_GAP}| ?- )?|{_D}{{3}}{_GAP}?){_D}{{3}}{_GAP}?{_D}{{4}}{_EXT_READ}|{_D}{{3}}(?:[ .\-]{{1,3}}|\n){_D}{{4}}{_EXT_READ}"


def _no_phone(document: Document, start: int, end: int) -> bool:
    """A measure, a range ("135 145 1400 mg"), or letters that only look like digits."""
    return sum(map(str.isdigit, document.text[start:end])) < 5 or measured(document, end)


def _counted(document: Document, start: int, end: int) -> bool:
    """Groups of a code that goes on ("0093-7214-01-5"), of a sum of money, or of a measure."""
    text = document.text
    before = text[max(0, start - 2) : start]
    return (
        before.endswith(("$", "€"))
        or "ndc" in document.lower[max(0, start - 10) : start]
        or (before.endswith("#") and not 10 <= _counting(text[start:end]) <= 15)
        or (
            len(before) == 2
            and before[1] in ".,-/"
            and before[0].isalnum()
            and (before[1] != "," or before[0].isdigit())
        )
        or (
            text[end : end + 1] in {"-", "/"}
            and text[end + 1 : end + 2].isdigit()
            and _ANOTHER.search(text[end : end + 24]) is None
        )
        or measured(document, end)
    )


def _counting(value: str) -> int:
    """How many digits a number has before its extension."""
    low = value.lower()
    return sum(map(str.isdigit, low[: low.find("x") if "x" in low else len(low)]))


def _short(document: Document, start: int, end: int) -> bool:
    """Too few digits for a number with its country's code, ITU-T E.164."""
    return sum(map(str.isdigit, document.text[start:end])) < 9 or _counted(document, start, end)


def _round(document: Document, start: int, end: int) -> bool:
    """A count: "x1000", "x 2500 mL"."""
    return document.text[start:end].endswith("00") or measured(document, end)


def measured_or_year(document: Document, start: int, end: int) -> bool:
    """A measure, or a year."""
    value = document.text[start:end]
    return (len(value) == 4 and value[:2] in {"19", "20"}) or measured(document, end)


def _no_abroad(document: Document, start: int, end: int) -> bool:
    """Too few or too many digits for a telephone, two years, a date, or a number that goes on."""
    value = document.text[start:end]
    years = value.replace("-", " ").split()
    return (
        not 7 <= sum(map(str.isdigit, value)) <= 15
        or (len(years) > 1 and all(len(one) == 4 and one[:2] in {"19", "20"} for one in years))
        or numeric_date(value)
        or _counted(document, start, end)
    )


FAMILY = Family(
    "phones_fax",
    (
        Rule("phone_in_words", Kind.PHONE, r"\b(?:1[\-. ])?\(?[2-9]\d{2}\)?[\-. ]{1,2}(?:\d{3}[\-. ]?[A-Z]{4}|[A-Z]{3}[\-. ]?(?:[A-Z]{4}|\d{4}))\b|\b1?[\-. ]?8(?:00|33|44|55|66|77|88)[\-. ][A-Z]{3,9}\b", 0.6),
        Rule("labelled_abroad", Kind.PHONE, labelled(_ABROAD_LABELS, _ABROAD), 0.66, veto=_no_abroad),
        Rule("abroad_then_label", Kind.PHONE, rf"(?i)(?:^|[\s,;:/(])({_ABROAD})(?:(?: ?- ?| ?\()(?:{_ABROAD_AFTER})\b|[ ](?:{_ABROAD_AFTER})[ \t,;.)]{{0,3}}(?:$|\n))", 0.62, bounded=False, veto=_no_abroad),
        Rule("abroad_then_fax", Kind.FAX, rf"(?i)(?:^|[\s,;:/(])({_ABROAD})(?: ?- ?| ?\(|[ ])(?:tele)?fax\b", 0.98, bounded=False, veto=_no_abroad),
        Rule("pager", Kind.PHONE, labelled(r"pager|beeper|bip|buscapersonas", r"\d{3,7}"), 0.6, veto=measured_or_year),
        Rule("lone_extension", Kind.PHONE, r"(?i)\b(?:ext|extn|extension|anexo|interno)\b[.: #]{1,3}(?:is )?(\d{4,6}|\d-\d{4})\b", 0.45, veto=measured_or_year),
        Rule("extension_x", Kind.PHONE, r"(?:^|[\s(,;/])([xX]\.?\d{4,5})\b", 0.42, bounded=False, veto=_round),
        Rule("switchboard", Kind.PHONE, r"(?:^|[\s(,;/])([xX] ?\d-\d{4})\b", 0.7, bounded=False),
        Rule("trunk_zero", Kind.PHONE, r"(?:\+|\b00)\d{1,3} ?\(0\) ?\d{1,5}(?:[ .\-/]?\d{2,5}){1,4}" + _EXT, 0.75, sign="(0)"),
        Rule("uk_phone", Kind.PHONE, r"\b0(?:[17]\d{3} \d{3} ?\d{3}|1\d{2} \d{3} \d{4}|2\d \d{4} \d{4}|[38]\d{2} \d{3} \d{4})\b" + _EXT, 0.6, veto=_counted),
        Rule("extension_of_uri", Kind.PHONE, r"(?:\+\d[\d\-.()]{7,20});ext=\d{1,6}", 0.8, sign=";ext="),
        Rule("telephone_text", Kind.PHONE, r"(?i)\b(?:access code|passcode|pass code|conference (?:id|code)|meeting id|participant code|pin)[ :#]{1,3}(?:is )?(\d{3,4}(?:[ \-]\d{3,4}){0,2}#?|\d{5,11}#?)", 0.5, veto=measured_or_year),
        Rule("us_phone", Kind.PHONE, _US + _EXT, 0.62, _CALL, veto=_counted),
        Rule("plain_ten_digits", Kind.PHONE, r"(?:\+?1|\b)[2-9]\d{2}[2-9]\d{6}\b" + _EXT, 0.25, _CALL),
        Rule("seven_digits", Kind.PHONE, r"\b\d{3}[\-.]\d{4}\b" + _EXT, 0.4, _CALL, veto=_counted),
        Rule("extension", Kind.PHONE, r"(?i)\b(?:ext\.?|extension|extn\.?|x)[ :#]{0,3}\d{3,6}\b", 0.3, _CALL),
        Rule("international", Kind.PHONE, r"(?:\+|\b00|\b011[ \-])[1-9]\d{0,2}[ .\-/]?(?:\(?\d{1,5}\)?[ .\-/\n]?){1,5}\d{2,5}" + _EXT, 0.7, _CALL, veto=_short),
        Rule("grouped_number", Kind.PHONE, r"\(?\b0\d{1,4}\)?(?:[ .\-/]{1,2}\d{2,5}){2,5}", 0.3, _CALL, veto=_counted),
        Rule("loose_groups", Kind.PHONE, r"\(?\b\d{2,4}\)?(?:[ .\-]{1,2}\d{2,4}){2,4}" + _EXT, 0.1, _CALL, veto=_counted),
        Rule("odd_us_phone", Kind.PHONE, rf"(?:\+?1{_GAP})?(?:\(\d{{3}}\) ?|\b\d{{3}}[\-.])\d{{3}}[\-. ]\d{{4}}\b" + _EXT, 0.6, _CALL, veto=_counted),
        Rule("labelled_phone", Kind.PHONE, labelled(_PHONES, _LOCAL), 0.88, veto=_no_phone),
        Rule("phone_after", Kind.PHONE, named_after(r"(?:(?:home|work|cell|mobile|direct|day ?time|contact) )?(?:tele)?phone|tel\.?|cell|cel(?:ular)?|mobile|call|home|work|pager|tel[eé]fono|m[oó]vil|ph", rf"{_D}{{3}}[ .\-]{{1,3}}{_D}{{4}}|{_D}{{10,11}}"), 0.8, veto=_no_phone),
        Rule("labelled_fax", Kind.FAX, labelled(r"(?:e|tele)?fax(?:es)?(?: (?:it|results|this|them|back))?(?: to)?(?: number| no\.?| line)?|facs[ií]mi(?:le|l)?|fx", rf"{_US}{_EXT}|{_LOCAL}|\+?\(?\d[\d \-.()/]{{5,18}}\d{_EXT}|{_ABROAD}"), 0.98, veto=_no_phone),
        Rule("fax_letter", Kind.FAX, rf"\b[Ff](?:ax)?[.:]? {{0,2}}({_US}{_EXT})", 0.98),
        Rule("fax_before_label", Kind.FAX, r"(?i)(" + _US + r")[ ,\t|]{0,2}[\(\[]?(?:fax|facsimile|\(f\)|f\))", 0.98),
        Rule("near_fax", Kind.FAX, _US, 0.45, _FAX, veto=_counted, alone=False),
    ),
)  # fmt: skip

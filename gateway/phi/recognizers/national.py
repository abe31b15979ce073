"""Personal numbers of other countries: by their shape where no other number has it, else by the name beside them (R).

Tax, identity, insurance and health numbers of Latin America and Europe, Canada, Australia and Asia. Check digits are not
looked at: what is typed wrong still tells who is meant.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.labelled import measured, written
from gateway.phi.recognizers.rule import Family, Rule

_CLEAR = (
    r"dni|nie\b|nif\b|curp|cpf|cnpj|cuil|cuit|c[eé]dula(?: de (?:identidad|ciudadan[ií]a|extranjer[ií]a))?|c[eé]d\.|clave de elector|clave [uú]nica|national insurance|nino\b|ni number|bsn|burgerservicenummer|pps(?:n| number| no\.?)|"
    r"social insurance|personnummer|personnr\.?|samordningsnummer|cpr(?:-nummer| number| nr\.?)|f[oø]dselsnummer|henkil[oö]tunnus|ahv(?:-nr\.?|-nummer)?|avs|codice fiscale|nhs(?: number| no\.?)?|pesel|oib\b|jmbg|snils|"
    r"aadhaar|aadhar|nric|hkid|emirates id|iqama|my ?number|resident registration|tax file number|tfn\b|phn\b|ohip|ramq|personal health number|care ?card|steuer-?(?:id|nummer|nr\.?)|identifikationsnummer|"
    r"num[eé]ro de s[eé]curit[eé] sociale|s[eé]curit[eé] sociale|krankenversichertennummer|versichertennummer|sozialversicherungsnummer|sv-?nummer|rodn[eé] [cč][ií]slo|t\.?c\.? kimlik(?: no)?|documento(?: de identidad| nacional de identidad)?|"
    r"identificaci[oó]n(?: fiscal| nacional)?|national identity(?: card)?|identity card|personal (?:identity|identification)|clave ine|ine\b|ife\b|carnet de identidad|documento [uú]nico|matr[ií]cula consular|consular id"
)
_SIGNED = r"rut|run|sin|ci|c\.i\.|cif|nit|ruc|inn|cnp|pan|ic|ird|egn"
"""Words that mean something else too: only with a sign after them."""
_VALUE = r"(?:[a-z]{1,4}[ \-]?)?\d[a-z0-9]*(?:[ .\-/][a-z0-9]*\d[a-z0-9]*){0,6}(?:[ \-.]?[a-z]\b)?"


def _few(document: Document, start: int, end: int) -> bool:
    """Too few digits for a number of a person."""
    return sum(map(str.isdigit, document.text[start:end])) < 6 or measured(document, end)


def _decimal(document: Document, start: int, end: int) -> bool:
    """A sum of money, or a number of a longer chain."""
    text = document.text
    return text[max(0, start - 2) : start].rstrip()[-1:] in {"$", "€", "£"} or text[end : end + 2].rstrip()[:1] in {
        "$",
        "€",
        "£",
        "%",
    }


FAMILY = Family(
    "national",
    (
        Rule("national_label", Kind.OTHER_ID, rf"(?i)(?:\b|_)(?:{written(_CLEAR)})(?:[ _](?:numbers?|no\.?|nr\.?|n[uú]m\.?|id|card))?[\s\"':=#\-–.|>*(]{{1,6}}(?:(?:is|es|n[oº°]\.?)[ :]{{1,2}})?({_VALUE})", 0.75, veto=_few),
        Rule("national_signed", Kind.OTHER_ID, rf"(?i)(?:\b|_)(?:{_SIGNED})(?: ?(?:number|no\.?|nr\.?|#|n[uú]m\.?))?\s?[:=#]\s{{0,4}}({_VALUE})", 0.7, veto=_few),
        Rule("rut", Kind.OTHER_ID, r"\b\d{1,2}\.\d{3}\.\d{3}-[\dKk]\b", 0.75),
        Rule("cpf", Kind.OTHER_ID, r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b|\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", 0.75),
        Rule("codice_fiscale", Kind.OTHER_ID, r"(?i)\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b", 0.8),
        Rule("ahv", Kind.OTHER_ID, r"\b756\.\d{4}\.\d{4}\.\d{2}\b", 0.85),
        Rule("nino", Kind.OTHER_ID, r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", 0.55),
        Rule("insee", Kind.OTHER_ID, r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3}(?: ?\d{2})?\b", 0.42),
        Rule("dni", Kind.OTHER_ID, r"\b\d{8}-?[A-HJ-NP-TV-Z]\b|\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]\b|\b\d{2}\.\d{3}\.\d{3}-?[A-Z]\b", 0.5),
        Rule("nordic", Kind.OTHER_ID, r"\b(?:\d{2})?\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[\-+A]\d{3}[\dA-Z]\b|\b(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[\-+A]\d{3}[\dA-Z]\b", 0.45),
        Rule("identity_dotted", Kind.OTHER_ID, r"\b\d{1,2}\.\d{3}\.\d{3}\b", 0.1, ("dni", "cédula", "cedula", "c.c.", "identidad", "documento", "identificación", "c.i."), veto=_decimal),
    ),
)  # fmt: skip

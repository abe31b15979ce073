"""Any other unique number, characteristic or code (R): passports, tax and employee numbers, user names, case numbers."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.labelled import (
    labelled,
    measured,
    named_after,
    no_id,
    no_id_after_word,
    no_id_before_label,
)
from gateway.phi.recognizers.rule import Family, Rule

_SURE = (
    r"autorizaci[oó]n|(?:session|correlation|trace|resource|message|thread)|passports?|pasaporte|travel document|national id|tax ?payer|tax|federal tax|employer|ein|itin|tin|employee|emp(?:loyee)?|empleado|worker|trabajador|badge|student|staff|personnel|military|military service|voter|citizen|"
    r"accession|acc\b\.?|specimen|sample|lab|case/accession|requisition|req\b\.?|icn|csn|fin|encounter|enc\b\.?|visit|admission|claim(?: control)?|prescriptions?|rx|script|receta|prior[ \-]?auth(?:orization)?|"
    r"auth(?:orization)?|pre-?cert(?:ification)?|referral|approval|confirmation|reservation|booking|tracking|docket|(?:court |legal )?case|caso|reclamo|order|ticket|invoice|reference|ref\b\.?|study|subject|trial|enrol?lment|"
    r"booking|bkg|inmate|prisoner|voucher|slip|tow slip|(?:id |wrist ?|arm ?)?band|bracelet|appeal|grievance|coroner|medical examiner|screening|participant|proband|pedigree|donor|recipient|kit|warranty(?: code)?|incident|"
    r"petition|(?:protective |restraining )?order of protection|protective order|restraining order|warrant|citation|call|evidence|property|census|a-?number|alien(?: registration)?|uscis|edipi|lost and found|immunization|school|campus|courier bag|bag|"
    r"tribal|enrollment|certificate|death certificate|birth certificate|estudio|cita|folio|boleta|acta|nota|ingreso|egreso|muestra|solicitud|comp claim|wc claim|"
    r"legajo|n[oó]mina|tr[aá]mite|siniestro|remisi[oó]n|pedido|expedient|convenio|turno|payroll|clock|cdcr|bop|doc\b|offender|detainee|register|index|application|cause|matter|complaint|investigation|adjuster(?:'s)?|"
    r"case ?worker|household|benefits?|snap|tanf|wic|ebt|banner|campus id|locker|library|frequent flyer|loyalty|rewards|guest|folio|slide|block|path(?:ology)?|cassette|receipt|a-?file|sevis|i-94|dod|veteran|va\b|"
    r"adjustment|remit(?:tance)?|remittance|eob|era\b|har|hospital account|appointment|appt|conf\b\.?|conf|confirm|itinerary|ups|fedex|usps|dhl|parcel|package|shipment|consignment|"
    r"customer|client|service|visa|pa\b|po\b|request|session|object|transaction|batch|document|job|work order|receipt|check|factura"
)
_CLEAR = (
    r"passports?|pasaporte|travel document|ein|itin|tin|accession|acc\b\.|specimen|icn|csn|fin|encounter|claim|rx|docket|tax id|badge|case/accession|prior auth|authorization|"
    r"(?:n[uú]mero|n[oº°]\.?) de (?:reclamo|receta|caso|orden|pasaporte|factura)|requisition"
)
_USER = r"(?:portal|my ?chart|e?hr|epic|web|site|app|network|windows|citrix|vpn) (?:user[ _\-]?names?|user[ _\-]?ids?|log[ \-]?in names?|log[ \-]?in ids?)|user accounts?|nombre de usuario|profile[ _]?names?|sign[ \-]?in names?|log[ \-]?on names?|net ?id|(?:portal|patient portal|my ?chart|e?hr|epic|web|site|app|network|windows|citrix|vpn) (?:log[ \-]?ins?|users?|accounts?|ids?)|signs? in as|signed in as|logs? in as|logged in as|logs? on as|sign[ \-]?in(?: name| id)?|log[ \-]?on(?: name| id)?|profile(?: name| id)?|account id|alias|gamer ?tag|member name|user[ _]?names?|user[ _]?ids?|log[ \-]?in(?:s| name| id)?|screen[ _]?name|handle|usuario|db_user|account name|username|nickname|we ?chat|whats ?app|kakao(?: ?talk)?|discord|snapchat|insta(?:gram)?|twitter|tiktok|telegram|skype|venmo|zelle|cash ?app|user"
_USER_NAMES = r"user[ _]?(?:names?|ids?|accounts?)|log[ \-]?in(?: (?:name|id))?|log[ \-]?on(?: (?:name|id))?|sign[ \-]?in (?:name|id)|(?:signed|logged) in as|(?:portal|web|network|epic|my ?chart) user(?:name|id)?|profile name|nombre de usuario|alias"
_USER_TOLD = ("user name", "username", "user_name", "user id", "user_id", "userid", "screen name", "usuario")
_USER_VALUE = r"[a-z][a-z0-9._\-]*[a-z0-9]_{0,2}"


def _no_user(document: Document, start: int, end: int) -> bool:
    """A word of the language, unless it has a digit, dot or underscore in it: "login: please use your badge"."""
    value = document.lower[start:end]
    if len(value) < 3 or value.startswith(("http", "www.")):
        return True
    if any(one.isdigit() or one in "._" for one in value):
        return False
    if len(value) < 5 or _is_word(document, value):
        return True
    before = document.lower[max(0, start - 24) : start]
    told = (
        any(sign in before[-3:] for sign in ":=")
        or before.endswith(" is ")
        or any(word in before for word in _USER_TOLD)
    )
    return not told and len(value) < 9 and not (len(value) > 5 and value not in document.lexicon.flags)


def _is_word(document: Document, value: str) -> bool:
    """Whether the lexicon has the word, or it without its ending."""
    flags = document.lexicon.flags
    return any(
        one in flags
        for one in (
            value,
            value.removesuffix("s"),
            value.removesuffix("es"),
            value.removesuffix("ed"),
            value.removesuffix("d"),
            value.removesuffix("ing"),
            value.removesuffix("ly"),
        )
    )


def _no_short(document: Document, start: int, end: int) -> bool:
    """A year, or a measure."""
    value = document.text[start:end]
    return (value.isdigit() and len(value) == 4 and value[:2] in {"19", "20"}) or measured(document, end)


def _no_password(document: Document, start: int, end: int) -> bool:
    """A word of a sentence: passwords that are told have a digit or a sign in them."""
    value = document.text[start:end].rstrip(".!?")
    return not any(map(str.isdigit, value)) or (value.isdigit() and len(value) < 5)


def _no_object(document: Document, start: int, end: int) -> bool:
    """An object identifier of a standard; one of an instance has a long last part."""
    return len(document.text[start:end]) < 30


def _no_path_user(document: Document, start: int, end: int) -> bool:
    """A folder of the system, or a word."""
    value = document.lower[start:end]
    return value in {"local", "public", "shared", "default", "admin", "user", "users", "www", "bin"} or (
        value.isalpha() and _is_word(document, value)
    )


def _no_code(document: Document, start: int, end: int) -> bool:
    """Codes of public lists (LOINC, SNOMED, CPT, NDC, ICD) name things, and a measure follows a count."""
    before = document.lower[max(0, start - 24) : start]
    return document.text.startswith(("NDC-", "CPT-", "ICD-", "RFC-", "ISO-", "CMS-", "UB-", "HLA-", "COVID-"), start) or no_id(document, start, end) or any(
        one in before for one in ("loinc", "ndc-", "snomed", "cpt", "hcpcs", "ndc", "icd", "rxnorm", "cvx", "drg", "isbn", "issn", "doi", "pmid", "rfc", "iso ", " oid")
    )  # fmt: skip


def _no_handle(document: Document, start: int, end: int) -> bool:
    """A field of a chart's template between signs: `@NAME@`, `@LASTLAB(HGBA1C)@`."""
    return document.text[start:end].isupper() and document.text[end : end + 1] in {"@", "(", "[", ":", "{"}


def _no_subject(document: Document, start: int, end: int) -> bool:
    """A count of people: only what letters or hyphens make a code is one."""
    value = document.text[start:end]
    return value.isdigit() or sum(map(str.isdigit, value)) < 3 or measured(document, end)


FAMILY = Family(
    "other_id",
    (
        Rule("labelled_id", Kind.OTHER_ID, labelled(_SURE, least=1), 0.78, veto=no_id),
        Rule("clear_label", Kind.OTHER_ID, labelled(_CLEAR), 0.76, veto=no_id_after_word),
        Rule("bare_label", Kind.OTHER_ID, labelled(_SURE), 0.66, veto=no_id_after_word),
        Rule("id_after", Kind.OTHER_ID, named_after(rf"(?:{_SURE})|id|reference|identifier|guid|uuid"), 0.72, veto=no_id_before_label),
        Rule("tax_id", Kind.OTHER_ID, labelled(r"(?:federal |employer )?tax(?: ?payer)?(?: id(?:entification)?)?|ein|tin|employer id(?:entification)?", r"(?:tax-)?\d{2}-?\d{7}|[a-z]{2,4}-?\d{6,12}"), 0.9, veto=no_id),
        Rule("user_of", Kind.OTHER_ID, labelled(_USER_NAMES, _USER_VALUE), 0.62, veto=_no_user),
        Rule("user_after", Kind.OTHER_ID, named_after(r"user account|profile name|(?:signed|logged|logs?|signs?) in as|(?:portal|web|site|network) user(?:name)?|log[ \-]?in name|sign[ \-]?in name|user[ _]?name|user[ _]?id|user|log[ \-]?in|log[ \-]?on|screen[ _]?name|usuario|nombre de usuario|account name|handle|nickname|alias", _USER_VALUE), 0.6, veto=_no_user),
        Rule("plain_label", Kind.OTHER_ID, labelled(r"id|no\.|number|identifier|guid|uuid", r"[a-z]{0,5}-?[a-z]?\d[\da-z\-]{4,}(?:/\d{2,4}\b)?"), 0.6, veto=no_id),
        Rule("user_name", Kind.OTHER_ID, labelled(_USER, _USER_VALUE, apart=1), 0.62, veto=_no_user),
        Rule("court_register", Kind.OTHER_ID, r"\b(?:\d{1,3}|[IVX]{1,5}) (?:[A-Z]{1,5}|[A-Z][a-z]{1,4}) \d{1,6}/(?:\d{2}|(?:19|20)\d{2})\b", 0.2, ("file", "case", "court", "judgment", "no", "az", "ref", "sygn", "akt", "proceedings", "decision", "order", "docket"), veto=no_id),
        Rule("short_number", Kind.OTHER_ID, r"(?i)\b(?:badge|inmate|employee|locker|claim|docket|subject|participant|payroll|clock|conf(?:irmation)?|register|folio|legajo|turno|study id|screening)\b(?: (?:id|no\.?|nr|num(?:ber)?))?[ :#]{1,3}([a-z]{0,3}\d{4,}[a-z]?\d{0,4}|[a-z]\d{3,})\b", 0.46, veto=_no_short),
        Rule("parcel", Kind.OTHER_ID, r"\b1Z ?[0-9A-Z]{3} ?[0-9A-Z]{3} ?[0-9A-Z]{2} ?(?:[0-9A-Z]{4} ?){2}\b|\b9[2-5]\d{2}(?: ?\d{4}){4}(?: ?\d{2})?\b", 0.6),
        Rule("object_id", Kind.OTHER_ID, r"\b1\.[23]\.840(?:\.\d{1,20}){3,12}\b", 0.42, veto=_no_object),
        Rule("wallet", Kind.OTHER_ID, r"\b0x[0-9a-fA-F]{30,64}\b|\bbc1[0-9a-z]{25,60}\b", 0.7),
        Rule("cookie", Kind.OTHER_ID, r"\b_?(?:ga|gid|fbp|fbc|gcl_au|mkto_trk)=?[A-Z]{2}\d(?:\.\d{1,2}){0,2}(?:\.\d{6,12}){1,2}|\bGA1(?:\.\d){1,2}\.\d{6,12}\.\d{6,12}\b|\bfb\.1\.\d{10,16}\.\d{6,12}\b", 0.6),
        Rule("account_of_site", Kind.OTHER_ID, r"(?i)\b(?:reddit|skype|discord|steam|xbox|psn|github|facebook|fb|insta(?:gram)?|ig|x|tiktok|tik tok|snap(?:chat)?|twitch|youtube|pinterest|threads|mastodon|linkedin|venmo|zelle|cashapp|paypal|telegram|signal|wechat|line|viber|weibo|bluesky|tumblr)(?: (?:handle|name|id|user|account|page))?[ ]?(?::|is|=|@|u/|user|/)[ ]{0,2}((?:live:|u/|@|\$)?[a-z][a-z0-9]*(?:[._\-][a-z0-9]+)+|(?:live:|u/|@|\$)?[a-z]+\d[a-z0-9]*|(?:live:|u/|@|\$)[a-z][a-z0-9]{3,})", 0.6),
        Rule("password", Kind.OTHER_ID, r"(?i)\b(?:pass ?word|passwd|pwd|pass ?phrase|contrase[ñn]a|temp(?:orary)? pw|pw)\b[\"']?(?: (?:is|was|es|now|set to)|[ ]?[:=]){1,2}[ \"'`(]{0,3}([^\s\"'`,;()<>]{4,40})", 0.5, bounded=False, veto=_no_password),
        Rule("path_user", Kind.OTHER_ID, r"(?i)(?:^|[\s(\"'])(?:u/|/u/|/users/|/home/|\\users\\|~)([a-z][a-z0-9._\-]{2,30})", 0.6, bounded=False, veto=_no_path_user),
        Rule("handle", Kind.OTHER_ID, r"(?:^|[^\pL\pN])(@[A-Za-z][A-Za-z0-9_.]*[A-Za-z0-9_](?:-[A-Za-z0-9_\-]*[A-Za-z0-9])?)", 0.55, bounded=False, sign="@", veto=_no_handle),
        Rule("lone_user", Kind.OTHER_ID, r"\b[a-z]{4,}\d{2,6}\b", 0.42, ("user", "profile", "record", "login", "account", "handle")),
        Rule("uuid", Kind.OTHER_ID, r"(?i)\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", 0.88),
        Rule("coded_id", Kind.OTHER_ID, r"\b[A-Z]{2,5}-(?:[A-Z0-9]{1,4}-){0,3}\d{4,14}(?:-\d{1,6})?\b", 0.5, veto=_no_code),
        Rule("alien_number", Kind.OTHER_ID, r"(?i)\bA[ \-#]?(?:number|no\.?|#)?[ :(]{0,3}(\d{3}[ \-]\d{3}[ \-]\d{3})\b|\b(A[ \-#]?\d{3}[ \-]?\d{3}[ \-]?\d{3})\b", 0.7),
        Rule("subject_code", Kind.OTHER_ID, labelled(r"(?:study |trial )?subject|participant|proband|pedigree|donor|enrollee|randomi[sz]ation|screening|kindred", r"[a-z]{0,4}-?\d{2,5}(?:-\d{2,5}){0,2}", least=0), 0.6, veto=_no_subject),
        Rule("rfc", Kind.OTHER_ID, r"\b[A-ZÑ&]{4}\d{6}[A-Z\d]{3}\b", 0.7),
        Rule("curp", Kind.OTHER_ID, r"(?i)\b[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z\d]\d\b", 0.85),
        Rule("ein", Kind.OTHER_ID, r"\b\d{2}-\d{7}\b", 0.5),
        Rule("twelve_grouped", Kind.OTHER_ID, r"\b\d{4} \d{4} \d{4}\b", 0.45),
        Rule("passport", Kind.OTHER_ID, r"\b[A-Z]{1,2}\d{7,9}\b|\b[A-Z]\d[A-Z]\d{5,7}\b", 0.5),
        Rule("mixed_code", Kind.OTHER_ID, r"\b[A-Z]{1,3}\d{2,4}[A-Z]{1,3}\d{3,8}\b", 0.4),
        Rule("long_number", Kind.OTHER_ID, r"\b\d{8,20}\b", 0.42, veto=_no_code),
        Rule("hex_code", Kind.OTHER_ID, r"\b[0-9a-f]{24,}\b", 0.4),
    ),
)  # fmt: skip

"""What forms and programs do to words: lines to be filled in, emphasis by underscores, labels that are run together.

An underscore is a letter to a pattern's word border. Where it is none to a reader, beside a word or filling a line, the one
that touches the word is blanked; "patientAcctNumber" gets the blanks that a reader hears. Only words of labels are split:
"deSouza" and "predniSONE" stay.
"""

from __future__ import annotations

import re2

_RUN = re2.compile("_+")
_BEFORE, _AFTER = frozenset(" \t\r\n([{:\"'|*>,;#"), frozenset(" \t\r\n)]}.,;:!?\"'|*<")
_FILLED = 3
"""So many underscores are a line to be filled in, wherever they stand."""
_FARTHEST = 80
HUMP = "[a-z][A-Z]"
"""What every word that is run together holds."""
_HUMPED = re2.compile(r"\b[a-z]{1,12}(?:[A-Z][a-z]{0,13}){1,4}\b")
_WORDS = frozenset(
    [
        "acc", "accession", "account", "acct", "address", "addr", "admission", "age", "alias", "approval", "as", "auth", "authorization", "badge", "bank",
        "beneficiary", "benefit", "billing", "biometric", "birth", "book", "call", "callback", "card", "case", "cell", "certificate", "chart", "city", "claim", "client", "clinic",
        "code", "confirmation", "contact", "correlation", "court", "credit", "customer", "date", "day", "daytime", "debit", "device", "direct", "docket", "dob", "driver",
        "drivers", "email", "emergency", "emp", "employee", "employer", "encounter", "enrollee", "ethernet", "expediente", "face", "facial", "facility", "family", "fax", "fi", "file",
        "finger", "fingerprint", "first", "full", "generator", "given", "group", "grp", "guarantor", "guardian", "handle", "hardware", "health", "holder", "home", "hospital", "id", "identification",
        "identifier", "implant", "in", "individual", "insurance", "insured", "invoice", "ip", "iris", "kin", "lab", "last", "legal", "lic", "licence", "license", "line", "log", "logon",
        "login", "mac", "maiden", "mail", "med", "medicaid", "medical", "medicare", "member", "middle", "mobile", "mother", "mrn", "name", "national", "next", "no", "npi",
        "num", "number", "of", "office", "order", "pacemaker", "palm", "passport", "path", "patient", "payment", "payroll", "personnel", "phone", "photo", "physician", "plan", "plate", "pol", "policy",
        "portal", "postal", "prescriber", "prescription", "primary", "print", "prior", "profile", "provider", "pt", "pump", "purchase", "rec", "receipt", "record", "ref", "reference",
        "referral", "referring", "registration", "remote", "rendering", "request", "retina", "rn", "routing", "rx", "sample", "savings", "scan", "security", "sec", "serial", "service", "session", "sign", "signed", "soc",
        "social", "specimen", "ssn", "staff", "state", "street", "student", "subscriber", "tax", "tel", "telephone", "template", "ticket", "trace", "tracking", "udi", "unit", "user",
        "username", "vehicle", "vin", "visit", "voice", "wi", "work", "worker", "zip", "n\u00famero", "numero", "grupo", "de",
    ]
)  # fmt: skip
"""Words of which the names of fields are made."""


def unlined(text: str) -> str:
    """The text, as long as before, with blanks for the underscores that touch a word without being of it."""
    if "_" not in text:
        return text
    touching: set[int] = set()
    opened = -_FARTHEST
    for match in _RUN.finditer(text):
        start, end = match.span()
        before, after = text[start - 1 : start] if start else "\n", text[end : end + 1] or "\n"
        filled = end - start >= _FILLED
        closes = before.isalnum() and (after in _AFTER or filled)
        if after.isalnum() and (before in _BEFORE or filled):
            touching.add(end - 1)
        if closes:
            touching.add(start)
        if end - start == _FILLED - 1:
            # "no.__4471__": signs of emphasis that open right after a word
            if closes and start - opened < _FARTHEST and "\n" not in text[opened:start]:
                touching.add(opened)
            opened = end - 1 if after.isalnum() else -_FARTHEST
    if not touching:
        return text
    return "".join(" " if at in touching else sign for at, sign in enumerate(text))


def humps(text: str) -> list[int]:
    """Where a blank is heard in words that are run together: before these characters."""
    found: list[int] = []
    if text.islower() or text.isupper():
        return found
    for match in _HUMPED.finditer(text):
        word = match.group()
        cuts = [at for at, sign in enumerate(word) if sign.isupper()]
        pieces = [word[one:other] for one, other in zip([0, *cuts], [*cuts, len(word)], strict=True)]
        if all(piece.lower() in _WORDS for piece in pieces):
            found += [match.start() + at for at in cuts]
    return found

"""Certificate and licence numbers (K): NPI, DEA, driver's and professional licences."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import dea, npi
from gateway.phi.recognizers.labelled import labelled, named_after, no_id, no_id_after_word, no_id_before_label
from gateway.phi.recognizers.rule import Family, Rule

_LICENCE = ("license", "licence", "driver", "dl", "dea", "npi", "certificate", "registration", "permit", "lic")
_LICENSE = r"cdl|permis(?: de conduire)?|licences? professionnelle|f[uü]hrerschein(?:nummer)?|carte professionnelle|learner'?s?'? permit|concealed(?: carry)?|pilot certificate|medical marijuana card|commercial driver'?s?'? licen[sc]e|dol(?: no\.?)?|(?:state |tribal )?id(?:entification)? card|notary(?: public)?(?: [A-Z]\pL+){0,3},? commission|commission|placard|(?:state |oregon )?bar(?: no\.?| number| #)?|contractor(?:'s)? licen[sc]e|c[eé]dula|driver'?s?'?[ _]?lic(?:en[sc]es?|\.)?|drivers?[ _]?licen[sc]e|(?:medical |state |board |professional |nursing |rn |physician )?licen[sc]es?|lic\b\.?|lic ?no\b|licencias?(?: de (?:conducir|manejo|conductor)| m[eé]dica| profesional| estatal)?|d\.l\.?|driving licen[sc]es?|state id|(?:professional|physician|pharmacist|pt|ot|rn|lpn|np|pa|nurse|nursing|board|dental|psychology|social work(?:er)?) lic(?:en[sc]e|\.)|permit|c[eé]dula profesional"
_TEN = r"[\doil]{10}|\d{3}[ \-.]\d{3}[ \-.]\d{4}|\d{4}[ \-.]\d{3}[ \-.]\d{3}|\d{5}[ \-]\d{5}"

FAMILY = Family(
    "license",
    (
        Rule("npi_label", Kind.LICENSE, labelled(r"npi|national provider(?: identifier)?", _TEN), 0.97),
        Rule("npi_digits", Kind.LICENSE, r"\b[12]\d{9}\b", 0.1, ("npi", "provider", "rendering", "attending"), npi),
        Rule("npi_x12", Kind.LICENSE, r"\*XX\*(\d{10})", 0.95, sign="*xx*"),
        Rule("dea_label", Kind.LICENSE, labelled(r"dea(?: reg\.?| registration)?", r"[a-z]{1,2}-?[\doil]{7,8}"), 0.97),
        Rule("dea", Kind.LICENSE, r"(?:\b|_)([ABCDEFGHJKLMPRSTUX][A-Z]\d{7})(?:\b|_)", 0.45, ("dea", "prescriber", "provider"), dea),
        Rule("driver_number", Kind.LICENSE, r"\b[A-Z]\d{3}-\d{4}-\d{4}\b|\b[A-Z]\d{4}-\d{5}-\d{5}\b|\b[A-Z]\d{3}-\d{3}-\d{2}-\d{3}-\d\b", 0.6, _LICENCE),
        Rule("driver_prefix", Kind.LICENSE, r"\bDL[\-# ]{0,2}[A-Z]?\d{4,12}(?:-\d{1,6})?", 0.75, _LICENCE),
        Rule("driver_word", Kind.LICENSE, labelled(r"dln?|driver'?s? (?:id|no|number)|(?:operator|vehicle operator)'?s?[ _]lic(?:en[sc]e|\.)?"), 0.85, veto=no_id),
        Rule("labelled_licence", Kind.LICENSE, labelled(_LICENSE), 0.85, veto=no_id_after_word),
        Rule("licence_after", Kind.LICENSE, named_after(rf"(?:(?:rn|medical|state|board|nursing)[ _])?(?:{_LICENSE})|dea|npi|dln?"), 0.84, veto=no_id_before_label),
        Rule("after_degree", Kind.LICENSE, r"\b(?:LCSW|LMFT|LPCC?|LMHC|R\.?Ph\.?|PSY|RN|LVN|LPN|DDS|OD|PharmD|OEG|OSB),? (?:lic\.? |no\.? |# ?)?([A-Z]{0,2}\d{5,8})\b", 0.55),
        Rule("certificate", Kind.LICENSE, labelled(r"certificat(?:e|ion)", least=1), 0.6, veto=no_id),
        Rule("certified", Kind.LICENSE, labelled(r"(?:board |emt(?:-?[bip])? |cna |nurse aide )?(?:cert\b\.?|certified)|emt-?[bip]|cna|registry|nremt|ardms|arrt|nccpa"), 0.55, veto=no_id_after_word),
        Rule("licence_of_state", Kind.LICENSE, r"(?i)\blicen[sc]ed?\b[^\n\d.:;]{0,40}?[,(#: ](?-i:([A-Z]{0,4}[\-. #]{0,2}\d{2,3}\.?\d{2,7}(?:-[A-Z0-9]{1,3})?))\b", 0.5, veto=no_id_after_word),
    ),
)  # fmt: skip

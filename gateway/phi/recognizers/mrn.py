"""Medical record numbers (H), under the names that practices give them."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.labelled import labelled, named_after, no_id, no_id_after_word, no_id_before_label
from gateway.phi.recognizers.rule import Family, Rule

_MRN = (
    r"(?:epic |facility |hospital |clinic |patient )?m\.?r\.?n\.?|mr ?#|mr[ _\-]?(?:no|num|number|id)\b\.?|e?mpi|medical[ _\-]?records?|med(?:ical|\.)?[ _\-]?rec(?:ords?|\b\.?)|health records?|(?:n[uú]mero de |n[oº°]\.? de )?expediente(?: m[eé]dico)?|"
    r"historia cl[ií]nica|nhc|bracelet|wrist ?band|urn:mrn|e[mh]r|epic(?: id)?|cerner(?: id)?|cpi\b|emr|historia(?: cl[ií]nica)?(?: n[uú]m\.?)|hc\b|hcu|ficha(?: cl[ií]nica| m[eé]dica)?|film jacket|x-?ray(?: jacket| folder)?|jacket|folder|dental chart|patient file|carpeta|registro(?: m[eé]dico| cl[ií]nico)?|dossier|patientennummer|pat-?nr\.?|fallnummer|numero dossier"
)
_CHART = r"charts?|records?|file|historia|expediente cl[ií]nico|exp\b\.?"
_PATIENT = r"patient|pat\.?|pt\.?|hospital|hosp\.?|unit|clinic|national health|nhs|paciente"
_CARE = ("patient", "chart", "medical", "mrn", "hospital", "clinic", "dob", "visit", "health", "paciente")

FAMILY = Family(
    "mrn",
    (
        Rule("mrn_prefix", Kind.MRN, r"(?i)\bMRN?[\-_:#=]{0,2} ?(?:[a-z]{1,4}-?)?\d{4,14}(?:-\d{1,3})?", 0.95),
        Rule("mrn_value", Kind.MRN, labelled(_MRN), 0.95, veto=no_id),
        Rule("mrn_short", Kind.MRN, labelled(r"mrn|med\.? rec\.?|medical record|mr", r"\d{4,5}|[a-z]{1,3}-?\d{3,}|\d{2}/\d{3,5}"), 0.6, veto=no_id_after_word),
        Rule("mrn_end", Kind.MRN, r"(?i)\b(?:mrn|medical record(?: number| no\.?)?|chart(?: number| no\.?)?|serial(?: number| no\.?)?|member id|policy(?: number)?|passport(?: number)?|licen[sc]e(?: number)?)\b,?(?: (?:is|that|the|her|his|which))?,? (?:end(?:s|ing)|last (?:4|four|five|six)(?: digits)?|terminating)(?: (?:in|with|are|is|of)){0,2}[ :]{1,2}([a-z]?\d{3,6}[a-z]?)\b", 0.7),
        Rule("end_of_mrn", Kind.MRN, r"(?i)\b(?:last|final)[ \-](?:3|4|5|three|four|five)(?: (?:digits|numbers|signs|characters))? (?:of|on) (?:the|her|his|my|your|their) (?:mrn|medical record|chart|member id|policy|account|serial|licen[sc]e|passport|claim)(?: (?:number|no\.?|id))?(?: (?:is|are|was|were))?[ :]{1,2}([a-z]?\d{3,6}[a-z]?)\b", 0.7),
        Rule("chart_number", Kind.MRN, labelled(_CHART, least=1), 0.58, _CARE, veto=no_id),
        Rule("chart_word", Kind.MRN, labelled(r"chart"), 0.62, _CARE, veto=no_id_after_word),
        Rule("patient_number", Kind.MRN, labelled(_PATIENT, least=1), 0.85, veto=no_id),
        Rule("mrn_after", Kind.MRN, named_after(rf"{_MRN}|chart|record|{_PATIENT}"), 0.84, veto=no_id_before_label),
        Rule("national_health", Kind.MRN, r"\bN?H-\d{6,10}", 0.6, ("health", "record", "patient")),
    ),
)  # fmt: skip

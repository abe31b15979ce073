"""Medical record numbers (H), under the names that practices give them."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.labelled import labelled, named_after, no_id, no_id_after_word, no_id_before_label
from gateway.phi.recognizers.rule import Family, Rule

_MRN = (
    r"m\.?r\.?n\.?|mr ?#|mr[ _\-](?:no|num|number|id)\b\.?|e?mpi|medical[ _\-]?records?|med\.?[ _\-]?rec(?:ord)?s?\.?|health records?|(?:n[uú]mero de |n[oº°]\.? de )?expediente(?: m[eé]dico)?|"
    r"historia cl[ií]nica|nhc|bracelet|wrist ?band|urn:mrn"
)
_CHART = r"charts?|records?|file|historia|expediente cl[ií]nico|exp\b\.?"
_PATIENT = r"patient|pt\.?|hospital|hosp\.?|unit|clinic|national health|nhs|paciente"
_CARE = ("patient", "chart", "medical", "mrn", "hospital", "clinic", "dob", "visit", "health", "paciente")

FAMILY = Family(
    "mrn",
    (
        Rule("mrn_prefix", Kind.MRN, r"(?i)\bMRN?[\-_:#=]{0,2} ?(?:[a-z]{1,4}-?)?\d{4,14}(?:-\d{1,3})?", 0.95),
        Rule("mrn_value", Kind.MRN, labelled(_MRN), 0.95, veto=no_id),
        Rule("chart_number", Kind.MRN, labelled(_CHART, least=1), 0.58, _CARE, veto=no_id),
        Rule("chart_word", Kind.MRN, labelled(r"chart"), 0.62, _CARE, veto=no_id_after_word),
        Rule("patient_number", Kind.MRN, labelled(_PATIENT, least=1), 0.85, veto=no_id),
        Rule("mrn_after", Kind.MRN, named_after(rf"{_MRN}|chart|record|{_PATIENT}"), 0.84, veto=no_id_before_label),
        Rule("national_health", Kind.MRN, r"\bN?H-\d{6,10}", 0.6, ("health", "record", "patient")),
    ),
)  # fmt: skip

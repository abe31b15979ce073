"""Biometric identifiers (P). Alone they make a message PHI, so only an identifier with a value scores high."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.labelled import labelled, named_after, no_id, no_id_before_label
from gateway.phi.recognizers.rule import Family, Rule

_WHAT = r"(?:finger ?print|hand (?:scan|vein)|vein(?: scan)?|ear (?:scan|shape)|tooth ?print|bite ?mark|heel ?print|voice sample|face (?:scan|record)|facial (?:template|scan|geometry|map)|keystroke profile|signature (?:sample|template)|genetic (?:sample|profile|fingerprint)|genome|sequenc(?:e|ing) (?:file|sample|id)|iris code|iriscode|faceid|touch ?id|huellas?(?: digital(?:es)?)?|plantilla biom[eé]trica|reconocimiento facial|voice ?print|voice print|retina(?:l)?|iris|palm(?: ?(?:print|vein))?|face ?print|facial recognition|biometric|hand geometry|gait|dna|thumb ?prints?|foot ?prints?|hand ?prints?|ear ?prints?|finger ?prints|(?:finger|voice)(?: ?print)? (?:lock|login)|speaker(?: model)?|voice[ \-]?(?:lock|signature|id|model|sample)|face[ \-]?(?:match|embeddings?|map|id)|iris (?:photographs?|images?|pictures?)|vein pattern|huella(?: dactilar)?)"
_MADE = r"(?:[ _\-]{0,2}(?:scan|template|hash|record|sample|profile|print|vein|card|model|reader|no|number|enrol?led as|cached as|stored as|saved as|id|identifier|number|code|key|no\.|#)){0,3}"

_VALUE = r"(?:(?-i:[A-Z]{1,4}) )?[a-z]{0,6}[\-_:]?[a-z]{0,8}[\-_]?\d[a-z0-9]*(?:[\-_:][a-z0-9]+){0,4}(?:\.(?:wav|dat|bin|iso|fmd|wsq|mp3|ansi))?"


def _no_template(document: Document, start: int, end: int) -> bool:
    """Too short for one: hexadecimal templates may hold a single digit."""
    return sum(map(str.isalnum, document.text[start:end])) < 6 and no_id(document, start, end)


def _no_template_before(document: Document, start: int, end: int) -> bool:
    """As `no_id_before_label`, but for a value of letters and hexadecimal digits in groups."""
    groups = document.text[start:end].split("-")
    hexadecimal = len(groups) > 1 and len(groups[-1]) > 7 and set(groups[-1].lower()) <= set("0123456789abcdef")
    return not hexadecimal and no_id_before_label(document, start, end)


FAMILY = Family(
    "biometric",
    (
        Rule("biometric_prefix", Kind.BIOMETRIC, r"\bBIO-?[A-Z]{1,4}-?[0-9A-Za-z]{0,12}\d[0-9A-Za-z]{0,12}\b", 0.9),
        Rule("biometric_id", Kind.BIOMETRIC, labelled(rf"{_WHAT}{_MADE}|face[ _](?:scan|template|hash|record|sample|profile|id|code)", _VALUE), 0.85, veto=_no_template),
        Rule("biometric_after", Kind.BIOMETRIC, named_after(_WHAT, _VALUE), 0.84, veto=_no_template_before),
        Rule("biometric_words", Kind.BIOMETRIC, r"(?i)\b(?:finger ?print|voice ?print|retina(?:l)?|iris|palm ?print|face ?print|facial recognition|biometric) (?:scans?|templates?|records?|samples?|on file|images?|enrol?lment)\b", 0.45),
    ),
)  # fmt: skip

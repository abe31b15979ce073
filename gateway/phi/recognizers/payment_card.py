"""Payment card numbers; no Safe Harbor letter of their own, but identifiers of a person."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import card
from gateway.phi.recognizers.labelled import labelled
from gateway.phi.recognizers.rule import Family, Rule

_CARD = (
    "card", "visa", "mastercard", "amex", "american express", "discover", "credit", "debit", "cc", "payment", "charge", "tarjeta",
)  # fmt: skip
_GAP = r"(?: ?[\-.] ?\n? ?| |\n)"
_LABEL = r"(?:credit |debit |payment |gift )?cards?|visa|master ?card|amex|american express|discover|cc ?#|cc|tarjeta(?: de (?:cr[eé]dito|d[eé]bito))?|ending in full"

FAMILY = Family(
    "payment_card",
    (
        Rule("grouped_card", Kind.PAYMENT_CARD, rf"\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{1,7}}", 0.68, _CARD, card),
        Rule("amex", Kind.PAYMENT_CARD, rf"3[47]\d{{2}}{_GAP}\d{{6}}{_GAP}\d{{5}}", 0.68, _CARD, card),
        Rule("plain_card", Kind.PAYMENT_CARD, r"\b(?:4\d|5[1-5]|2[2-7]|6[045]|3[0-9])\d{10,17}\b", 0.36, _CARD, card),
        Rule("labelled_card", Kind.PAYMENT_CARD, labelled(_LABEL, rf"[\doil]{{4}}(?:{_GAP}?[\doil]{{4,6}}){{2,3}}(?:{_GAP}?[\doil]{{1,5}}\b)?"), 0.9),
        Rule("card_end", Kind.PAYMENT_CARD, r"(?i)\b(?:card|visa|mastercard|amex)(?: (?:number|no\.?))? ?(?:\.{2,4}|…|ending(?: in| with)?|x{2,4}|\*{1,4})[ :\-]{0,2}(\d{4})", 0.6),
    ),
)  # fmt: skip

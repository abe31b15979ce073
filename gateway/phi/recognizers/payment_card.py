"""Payment card numbers; no Safe Harbor letter of their own, but identifiers of a person."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import card
from gateway.phi.recognizers.rule import Family, Rule

_CARD = (
    "card",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "credit",
    "debit",
    "cc",
    "payment",
    "charge",
    "tarjeta",
)

FAMILY = Family(
    "payment_card",
    (
        Rule("grouped_card", Kind.PAYMENT_CARD, r"\d{4}[ \-]\d{4}[ \-]\d{4}[ \-]\d{1,7}", 0.68, _CARD, card),
        Rule("amex", Kind.PAYMENT_CARD, r"3[47]\d{2}[ \-]\d{6}[ \-]\d{5}", 0.68, _CARD, card),
        Rule("plain_card", Kind.PAYMENT_CARD, r"\d{12,19}", 0.2, _CARD, card),
        Rule("card_end", Kind.PAYMENT_CARD, r"(?i)\b(?:card|visa|mastercard|amex)(?: (?:number|no\.?))? (?:ending(?: in| with)?|x{2,4}|\*{2,4})[ :\-]{0,2}(\d{4})", 0.6),
    ),
)  # fmt: skip

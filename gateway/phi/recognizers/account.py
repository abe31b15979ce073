"""Account numbers (J): bank accounts, routing numbers, IBAN, accounts of the practice."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import aba, iban
from gateway.phi.recognizers.rule import Family, Rule

_BANK = (
    "account",
    "acct",
    "bank",
    "checking",
    "savings",
    "routing",
    "aba",
    "wire",
    "deposit",
    "iban",
    "a/c",
    "balance",
    "statement",
    "guarantor",
    "cuenta",
)

FAMILY = Family(
    "account",
    (
        Rule("labelled_account", Kind.ACCOUNT, r"(?i)\b(?:(?:bank |patient |billing |source |destination )?(?:account|acct\.?|a/c|cuenta))[ _]?(?:number|num|no\.?|id|#)?[ \"'=:#\-.]{0,5}(?:is |ending in )?([a-z]{0,4}-?\d[\d\-]{3,}\d)", 0.85),
        Rule("routing", Kind.ACCOUNT, r"(?i)\b(?:routing|aba|rtn)(?: (?:number|no\.?|#))?[ :#]{0,3}(\d{9})", 0.9),
        Rule("routing_digits", Kind.ACCOUNT, r"\d{9}", 0.12, _BANK, aba),
        Rule("bank_digits", Kind.ACCOUNT, r"\d{8,17}", 0.15, _BANK),
        Rule("iban", Kind.ACCOUNT, r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", 0.45, ("iban", "bank", "account", "transfer"), iban),
    ),
)  # fmt: skip

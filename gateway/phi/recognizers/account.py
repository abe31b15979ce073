"""Account numbers (J): bank accounts, routing numbers, IBAN, accounts of the practice."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import aba, iban
from gateway.phi.recognizers.labelled import (
    IDENTIFIER,
    labelled,
    named_after,
    no_id,
    no_id_after_word,
    no_id_before_label,
)
from gateway.phi.recognizers.rule import Family, Rule

_BANK = (
    "account", "acct", "bank", "checking", "savings", "routing", "aba", "wire", "deposit", "iban", "a/c", "balance", "statement",
    "guarantor", "cuenta",
)  # fmt: skip
_IBAN = r"[a-z]{2}[\doil]{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,3}(?:\b|_))?"

FAMILY = Family(
    "account",
    (
        Rule("labelled_account", Kind.ACCOUNT, labelled(r"(?:(?:bank|customer|hospital|patient|billing|checking|savings|client|member|guarantor) )?accounts?|accts?\.?|a/c|acc(?:t|ount)?\.? ?#|(?:n[uú]mero de )?cuenta(?: bancaria)?|guarantor|cta\b\.?|konto(?:nummer)?|compte|hsa|fsa|hra|loan|pr[eé]stamo|payment plan|carecredit|care credit|financial assistance(?: application)?|customer|billing (?:id|no\.?|number)|client account|sub-?account|ledger|member share|rekening"), 0.87, veto=no_id_after_word),
        Rule("account_after", Kind.ACCOUNT, named_after(r"(?:(?:bank|patient|guarantor|billing|checking|savings|customer|hospital) )?(?:account|acct\.?|a/c|cuenta)|routing|aba"), 0.86, veto=no_id_before_label),
        Rule("account_letters", Kind.ACCOUNT, labelled(r"ac", r"\d{8,17}\b|\d{4} \d{4} \d{2,4}\b"), 0.6),
        Rule("account_bracketed", Kind.ACCOUNT, labelled(r"(?:bank |disability |checking |savings )?(?:account|acct\.?|cuenta)\s?\((?:[a-z]{2,12} ){1,2}", IDENTIFIER), 0.8, veto=no_id),
        Rule("account_end", Kind.ACCOUNT, r"(?i)\b(?:account|acct\.?|a/c|cuenta|card|tarjeta|checking|savings|visa|mastercard|amex|hsa|fsa)\b[^\d\n]{0,24}\b(?:ending|ends|ended|terminad[ao]|termina|last (?:4|four)|finaliza)(?: (?:in|with|en|digits|is)){0,2}[ :#*x\-]{1,4}(\d{4})\b", 0.7),
        Rule("swift", Kind.ACCOUNT, labelled(r"swift(?: code|/bic)?|bic", r"(?-i:[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b"), 0.6),
        Rule("masked_account", Kind.ACCOUNT, r"(?i)\b(?:account|acct\.?|a/c|cuenta|mc|visa|amex|mastercard|card|checking|savings|disc(?:over)?|debit|credit)\b[ :#]{0,3}(?:[x*•.·]{1,12}[ \-]?){1,4}(\d{4})\b", 0.7),
        Rule("payment", Kind.ACCOUNT, labelled(r"(?:money order|cashier'?s check|che(?:ck|que)|ach(?: credit| trace)?|credit: ach|trace|folio|memo[^\d\n:]{0,24}|giro)"), 0.6, veto=no_id_after_word),
        Rule("routing", Kind.ACCOUNT, labelled(r"routing|aba(?: routing)?|rtn|(?:bank )?transit|sort code", r"[\doil]{9}|\d{2}-\d{2}-\d{2}|\d{4}[ \-]\d{4}[ \-]\d"), 0.92),
        Rule("routing_digits", Kind.ACCOUNT, r"\b\d{9}\b", 0.12, _BANK, aba),
        Rule("bank_digits", Kind.ACCOUNT, r"\b\d{8,17}\b", 0.15, _BANK),
        Rule("iban", Kind.ACCOUNT, r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3}(?:\b|_))?", 0.7, ("iban", "bank", "account", "transfer"), iban),
        Rule("labelled_iban", Kind.ACCOUNT, labelled(r"iban", _IBAN), 0.95, veto=no_id),
        Rule("clabe", Kind.ACCOUNT, labelled(r"clabe(?: interbancaria)?", r"\d{3}[ \-]?\d{3}[ \-]?\d{11}[ \-]?\d"), 0.95),
    ),
)  # fmt: skip

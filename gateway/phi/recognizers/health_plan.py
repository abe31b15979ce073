"""Health plan beneficiary numbers (I): member, subscriber and policy numbers, Medicare (MBI) and Medicaid."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.labelled import (
    IDENTIFIER,
    labelled,
    named_after,
    no_id,
    no_id_after_word,
    no_id_before_label,
)
from gateway.phi.recognizers.rule import Family, Rule

_C, _A, _AN = "[1-9]", "[AC-HJKMNP-RT-Y]", "[0-9AC-HJKMNP-RT-Y]"
_PLAN = (
    "grupo", "aseguradora",    "insurance", "member", "subscriber", "medicare", "medicaid", "health", "plan", "payer", "coverage", "beneficiary", "aetna", "cigna",
    "humana", "blue cross", "bcbs", "kaiser", "tricare", "claim", "copay", "patient", "mbi", "seguro", "póliza", "afiliado",
)  # fmt: skip
_MEMBER = (
    r"insurance|insured(?:'s)?|members?(?:hip)?|subscriber(?:'s)?|beneficiary|medicare(?: (?:claim|beneficiary))?|medicaid|medi-?cal|tricare|health ?plan|plan|payer|"
    r"cardholder|card ?holder|policy ?holder(?:'s)?|enrollee|dependent|bcbs|blue ?cross(?: blue ?shield)?(?: member)?|aetna|cigna|humana|anthem|"
    r"united ?healthcare|uhc|kaiser|delta dental|vsp|eyemed|metlife|guardian|sub(?:scriber)?|id card(?: says)?|insurance card|marketplace|maine ?care|health safety net|dod benefits|dbn|plan member|contract|coverage|benefit"
)
_NAMED = r"hicn?|mbi|(?:n[uú]mero de |n[oº°]\.? de )?(?:afiliad[oa]|asegurad[oa]|p[oó]liza)|subscriber|member|medicare|medicaid|tricare|member ?id"
_PAYERS = (
    r"delta dental|vsp|eyemed|davis vision|metlife|guardian|cvs caremark|caremark|express scripts|optumrx|optum|maine ?care|sooner ?care|dual complete|advantage plan|premera|imss|issste|sanitas|adeslas|mapfre|axa|aok|tk\b|barmer|aetna|cigna|humana|anthem|highmark|tufts|health ?partners|health ?net|kaiser|molina|centene|wellcare|upmc(?: for you)?|geisinger|ambetter|care ?source|amerigroup|amerihealth|premera|regence|emblem ?health|oscar|"
    r"harvard pilgrim|priority health|medica|multiplan|triwest|tricare|champva|bcbs(?: of [a-z]+)?|bc/bs|blue ?cross(?: blue ?shield)?|blue ?shield|united ?healthcare|uhc|umr|medicaid|medicare|medi-?cal|chip|"
    r"medical assistance|masshealth|badger ?care|tenncare|apple health|peach ?state|husky|oregon health plan|insurance|seguro|carrier|payer|payor|cin|pcn|rx ?bin|aseguradora|versicherten(?:nummer|nr\.?)|(?:tarjeta|n[uú]mero) del (?:plan|seguro)|"
    r"afiliaci[oó]n|derechohabiente|(?:certificado|p[oó]liza)(?: n[uú]m\.?)?"
)
_SUFFIXED = rf"{IDENTIFIER}(?: [\doil]{{2}}\b| (?-i:[A-Z])\b)?"

FAMILY = Family(
    "health_plan",
    (
        Rule("plan_prefix", Kind.HEALTH_PLAN, r"\b(?:INS|POL|HIN|MBR|SUB|HICN|HPID|MCD)-?\d{5,14}", 0.8, _PLAN),
        Rule("mbi", Kind.HEALTH_PLAN, rf"{_C}{_A}{_AN}\d-?{_A}{_AN}\d-?{_A}{{2}}\d{{2}}", 0.8, _PLAN),
        Rule("mbi_lower", Kind.HEALTH_PLAN, r"(?i)\b[1-9lio][a-z][0-9a-z][\doil]-[a-z][0-9a-z][\doil]-[a-z]{2}[\doil]{2}\b", 0.45, _PLAN),
        Rule("plan_number", Kind.HEALTH_PLAN, labelled(_MEMBER, _SUFFIXED, least=1), 0.8, _PLAN, veto=no_id),
        Rule("plan_word", Kind.HEALTH_PLAN, labelled(_NAMED, _SUFFIXED), 0.8, veto=no_id_after_word),
        Rule("plan_named", Kind.HEALTH_PLAN, labelled(r"insurance|plan|seguro", _SUFFIXED), 0.55, _PLAN, veto=no_id_after_word),
        Rule("policy_number", Kind.HEALTH_PLAN, labelled(r"policy|pol\.|certificate|(?:employer |plan )?group|grp|insurance (?:group|policy)|plan group", least=1), 0.55, _PLAN, veto=no_id),
        Rule("policy_word", Kind.HEALTH_PLAN, labelled(r"policy|grp|(?:employer |plan )?group|(?:n[uú]mero de )?grupo"), 0.5, _PLAN, veto=no_id_after_word),
        Rule("payer_then_number", Kind.HEALTH_PLAN, labelled(_PAYERS, _SUFFIXED), 0.6, veto=no_id_after_word),
        Rule("payer_then_letters", Kind.HEALTH_PLAN, rf"(?i)\b(?:{_PAYERS})[ :(,#]{{1,3}}(?:id |no\.? |member |her |his )?(?-i:([A-Z]{{2,4}} (?:[A-Z]{{1,3}}\d|\d{{3,}})[A-Z0-9 ]{{3,12}}\b|[A-Z]{{1,4}}\d{{4,}} \d{{3,6}}\b|[A-Z0-9]*\d{{5,}}[A-Z0-9\-]*))", 0.6, veto=no_id),
        Rule("card_then_id", Kind.HEALTH_PLAN, rf"(?i)\b(?:bin|pcn|grp|rx ?grp)[ :#]{{1,3}}[a-z0-9]{{3,12}},? (?:pcn [a-z0-9]{{3,12}},? )?(?:id|grp|group)[ :#]{{1,3}}({_SUFFIXED}|\d{{3,5}} \d{{3,6}})", 0.7, veto=no_id),
        Rule("plan_after", Kind.HEALTH_PLAN, named_after(rf"{_MEMBER}|{_NAMED}|policy|group|grp|(?:n[uú]mero de )?grupo", _SUFFIXED), 0.6, _PLAN, veto=no_id_before_label),
    ),
)  # fmt: skip

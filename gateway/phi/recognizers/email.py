"""E-mail addresses (F)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_LOCAL = r"[\pL\pN._%+'&/=#\-]"
_HOST = r"[\pL\pN](?:[\pL\pN\-]*\.)+[\pL\pN\-]*[\pL\pN]"

FAMILY = Family(
    "email",
    (
        Rule("address", Kind.EMAIL, rf"{_LOCAL}+@{_HOST}(?:@[\pL\pN]+)?", 0.9, bounded=False, sign="@"),
        Rule("local_address", Kind.EMAIL, rf"{_LOCAL}+@[\pL\pN][\pL\pN\-]*", 0.2, ("email", "e-mail", "mail", "mailto", "correo"), sign="@"),
        Rule("address_apart", Kind.EMAIL, rf"[\pL\pN._%+'\-]+(?: {{1,2}}@ {{0,2}}|@ {{1,2}}){_HOST}", 0.75, sign="@"),
        Rule("spelt_out", Kind.EMAIL, r"(?i)[a-z0-9._+'\-]+ ?[(\[{<]? ?(?:\(at\)|\[at\]|\{at\}|<at>) ?[a-z0-9\-]+(?:(?: ?(?:\(dot\)|\[dot\]|\{dot\}) ?|\.)[a-z0-9\-]+)+", 0.8),
        Rule("spoken", Kind.EMAIL, r"(?i)[a-z0-9._+\-]+ at [a-z0-9\-]+ dot (?:com|org|net|edu|gov|us)\b", 0.7),
    ),
)  # fmt: skip

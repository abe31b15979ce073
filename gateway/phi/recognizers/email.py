"""E-mail addresses (F)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

FAMILY = Family(
    "email",
    (
        Rule("address", Kind.EMAIL, r"[\pL\pN._%+'&/=#\-]+@[\pL\pN](?:[\pL\pN\-]*\.)+[\pL\pN\-]*[\pL\pN](?:@[\pL\pN]+)?", 0.9, bounded=False),
        Rule("local_address", Kind.EMAIL, r"[\pL\pN._%+\-]+@[\pL\pN][\pL\pN\-]*", 0.2, ("email", "e-mail", "mail", "mailto", "correo")),
        Rule("spelt_out", Kind.EMAIL, r"(?i)[a-z0-9._+\-]+ ?(?:\(at\)|\[at\]| at ) ?[a-z0-9\-]+ ?(?:\(dot\)|\[dot\]| dot ) ?(?:com|org|net|edu|gov|us)", 0.7),
    ),
)  # fmt: skip

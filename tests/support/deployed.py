"""Which role of an installation may read which private keys."""

from __future__ import annotations

HOLDS = {
    "smtp": {"intake.key", "tls.key"},
    "inbound": {"intake.key", "bounce.key", "tls.key"},
    "worker": {
        "calendar.key",
        "columns.key",
        "index.key",
        "decision.key",
        "bounce.key",
        "lookup.key",
        "ca.key",
        "openpgp.key",
    },
    "web": {"answer.key", "lookup.key", "tls.key"},
    "review": {"review.key", "tls.key"},
}
"""By role, as keys/README.md has them; tests/arch/test_deploy_units.py holds the two together."""

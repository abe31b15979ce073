"""The section of the practice's own mail keys."""

from __future__ import annotations

from pydantic import Field

from gateway.config.section import Section
from gateway.config.values import KeyPlace, Url


class OwnKeysSection(Section):
    """`[own_keys]`: what signs the practice's mail, and reads what comes encrypted to it (docs/own-keys.md)."""

    built_in_ca: bool = Field(
        default=True,
        description="Whether the built-in authority issues a certificate for a sender who has none; otherwise nothing is "
        "signed for them, and what would be is withheld.",
    )
    ca_key: KeyPlace | None = Field(
        default=None,
        description="Where the built-in authority's private key lies instead of `ca.key`: `pkcs11:…` (RFC 7512) or "
        "`awskms:///ID?region=…`.",
    )
    token: KeyPlace | None = Field(
        default=None,
        description="Token that `sealgate keys generate --in token` makes keys in: "
        "`pkcs11:token=NAME?module-path=/…&pin-source=file:/…`.",
    )
    crl_url: Url | None = Field(
        default=None,
        description="Where recipients will find the built-in authority's revocation list; it stands in what it issues "
        "from then on.",
    )

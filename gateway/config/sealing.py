"""Sections for how protected mail is made: the form of S/MIME, and what its open header shows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gateway.config.section import Section
from gateway.config.values import Domain

Content = Literal["auto", "aes-256-cbc", "aes-256-gcm"]
Transport = Literal["auto", "rsa-pkcs1v15", "rsa-oaep-sha256"]


class SealDomainSection(Section):
    """`[seal.domains."example.net"]`: what the readers of one recipients' domain take; counts before what their keys say."""

    content: Content = Field(
        default="auto",
        description="`aes-256-gcm` for readers that open AuthEnvelopedData (RFC 5083), `aes-256-cbc` for all; `auto` takes GCM only "
        "where the recipient's certificate or signed mail says so.",
    )
    key_transport: Transport = Field(
        default="auto", description="How a content key goes to an RSA key; `auto` takes OAEP only where they say so."
    )


class SealSection(Section):
    """`[seal]`: the form of protected mail."""

    content: Content = Field(
        default="auto", description="As in `[seal.domains]`, for domains that have no entry there."
    )
    key_transport: Transport = Field(default="auto", description="As in `[seal.domains]`, likewise.")
    rsa_signature: Literal["pkcs1v15", "pss"] = Field(
        default="pkcs1v15", description="How RSA signing keys sign; every reader verifies `pkcs1v15`."
    )
    triple_wrap: bool = Field(
        default=False,
        description="Sign S/MIME once more outside (RFC 2634): gateways on the way can tell who sealed it. Many mail programs show it badly.",
    )
    ml_kem_preview: bool = Field(
        default=False,
        description="Preview: also seal to ML-KEM-768 certificates (RFC 9936), alone and with AES-256-GCM. Signatures stay classical; hardly "
        "any mail program reads it yet.",
    )
    open_header: Literal["addresses", "recipient"] = Field(
        default="addresses",
        description="What the open header of a protected mail shows (RFC 9788 3): `addresses` of From, To and Cc without names, as "
        "`hcp_shy`; `recipient` of all recipients only the one whose copy it is. Subject, Keywords, names and all other fields are inside in any case.",
    )
    domains: dict[Domain, SealDomainSection] = Field(default={}, description="By recipients' domain.")

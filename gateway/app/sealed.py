"""From `[seal]` to the value that composing goes by, and what `sealgate check` says of it."""

from __future__ import annotations

from gateway.config.sealing import SealDomainSection, SealSection
from gateway.flow.compose import Sealing
from gateway.seal.smime import RsaSignature
from gateway.seal.smime_forms import FormRules, Wishes


def sealing(section: SealSection) -> Sealing:
    """How protected copies are made; `auto` becomes no wish at all."""
    domains = {domain: _wishes(one) for domain, one in section.domains.items()}
    rsa = RsaSignature(section.rsa_signature)
    rules = FormRules(domains, _wishes(section), section.triple_wrap, section.ml_kem_preview, rsa)
    return Sealing(rules, only_recipient=section.open_header == "recipient")


def _wishes(section: SealSection | SealDomainSection) -> Wishes:
    content, transport = (one if one != "auto" else "" for one in (section.content, section.key_transport))
    return Wishes(content, transport)


def sealing_warnings(section: SealSection) -> list[str]:
    """What some recipients will not be able to open."""
    found = []
    if section.content == "aes-256-gcm":
        found.append(
            'seal.content is "aes-256-gcm" for every domain: mail programs that do not know AuthEnvelopedData show nothing, or an '
            'empty mail; "auto" with entries in [seal.domains] is safer'
        )
    if section.key_transport == "rsa-oaep-sha256":
        found.append(
            'seal.key_transport is "rsa-oaep-sha256" for every domain: some mail programs cannot open it; "auto" with entries in '
            "[seal.domains] is safer"
        )
    if section.ml_kem_preview:
        found.append("seal.ml_kem_preview is on: hardly any mail program opens what is sealed to an ML-KEM certificate")
    return found

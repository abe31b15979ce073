"""From `[seal]` to the value that composing goes by."""

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

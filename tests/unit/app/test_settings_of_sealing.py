"""`[seal]`: what it may say, what composing goes by then, and what `sealgate check` warns of."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.app.sealed import sealing, sealing_warnings
from gateway.config.sealing import SealSection
from gateway.seal.smime import Form, KeyTransport, RsaSignature

KNOWN = frozenset({"aes-256-gcm", "auth-enveloped", "rsa-oaep-sha256"})


def test_nothing_set_leaves_everything_to_what_the_recipients_say() -> None:
    rules = sealing(SealSection())
    assert not rules.only_recipient
    assert rules.smime.form_for("example.net", [frozenset()]) == Form()
    assert rules.smime.form_for("example.net", [KNOWN]) == Form("aes-256-gcm", KeyTransport.OAEP)
    assert sealing_warnings(SealSection()) == []


def test_a_domains_own_entry_counts_before_the_rest() -> None:
    section = SealSection.model_validate(
        {
            "content": "aes-256-gcm", "key_transport": "rsa-oaep-sha256", "rsa_signature": "pss", "triple_wrap": True,
            "open_header": "recipient", "ml_kem_preview": True,
            "domains": {"B\u00fccher.example": {"content": "aes-256-cbc", "key_transport": "rsa-pkcs1v15"}, "open.example": {}},
        }
    )  # fmt: skip
    found = sealing(section)
    assert found.only_recipient
    more = {"triple": True, "ml_kem": True, "rsa": RsaSignature.PSS}
    assert found.smime.form_for("xn--bcher-kva.example", [KNOWN]) == Form("aes-256-cbc", KeyTransport.PKCS1, **more)  # type: ignore[arg-type]
    assert found.smime.form_for("open.example", [frozenset()]) == Form(**more)  # type: ignore[arg-type]
    assert found.smime.form_for("else.example", [frozenset()]) == Form("aes-256-gcm", KeyTransport.OAEP, **more)  # type: ignore[arg-type]
    assert len(sealing_warnings(section)) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "aes-128-cbc"}, {"key_transport": "none"}, {"rsa_signature": "sha1"}, {"open_header": "names"},
        {"domains": {"not a domain": {}}}, {"domains": {"example.net": {"content": "plain"}}}, {"domains": {"example.net": {"cipher": "x"}}},
    ],
)  # fmt: skip
def test_what_nobody_defined_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SealSection.model_validate(wrong)

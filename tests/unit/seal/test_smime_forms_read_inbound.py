"""Each form that we seal, opened by the inbound half, which reads CMS with types and a reader of its own."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from gateway.seal import ca, smime
from gateway.seal.cms_keys import OwnKey
from gateway.seal.cms_open import NotOpened, open_enveloped
from gateway.seal.cms_read import Enveloped, read_cms
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, AnyKey, recipient, rsa_key
from tests.unit.seal.test_smime import PAYLOAD, signed_parts

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}


def key_of(kind: str) -> AnyKey:
    if kind == "rsa":
        return rsa_key()
    return x25519.X25519PrivateKey.generate() if kind == "x25519" else ec.generate_private_key(CURVES[kind]())


@pytest.mark.parametrize("content", [smime.AES_256_CBC, smime.AES_256_GCM])
@pytest.mark.parametrize("transport", list(smime.KeyTransport))
def test_every_recipient_of_a_mixed_message_opens_it(content: str, transport: smime.KeyTransport) -> None:
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    people = {
        kind: (recipient(f"{kind}@example.net", one), one)
        for kind in ("rsa", *CURVES, "x25519")
        for one in [key_of(kind)]
    }
    sealed = b"".join(
        smime.sign_and_encrypt(
            [PAYLOAD], signer=smime.Signer(certificate, key, (CA,)), recipients=[one for one, _ in people.values()],
            at=AT, random=os.urandom, content=content, transport=transport,
        )
    )  # fmt: skip
    found = read_cms(sealed)
    assert isinstance(found, Enveloped)
    for kind, (own, secret) in people.items():
        plain = open_enveloped(found, [OwnKey(own, secret)], os.urandom)  # type: ignore[arg-type]
        assert signed_parts(plain.content)[0] == PAYLOAD, kind
        assert plain.authenticated is (content == smime.AES_256_GCM)
    stranger = recipient("s@example.net", rsa_key(3072))
    with pytest.raises(NotOpened):
        open_enveloped(found, [OwnKey(stranger, rsa_key(3072))], os.urandom)

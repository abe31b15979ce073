"""Bouncy Castle, beyond its column in docs/interop.md: P-521 among others, and a changed text that no signature covers.

On Debian: default-jdk-headless, libbcpkix-java, libbcmail-java (1.72).
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.seal import ca, smime
from tests.support.smime_peers import BouncyCastle, Refused, cms_of
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, recipient, rsa_key
from tests.unit.seal.cms_reader import decrypt
from tests.unit.seal.test_smime import PAYLOAD, signed_parts
from tests.unit.seal.test_smime_forms import seal, signers

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.long]


@pytest.fixture(scope="module")
def castle(tmp_path_factory: pytest.TempPathFactory) -> BouncyCastle:
    return BouncyCastle(tmp_path_factory.mktemp("java"))


def test_it_opens_p521_among_others(castle: BouncyCastle) -> None:
    certificate, signing = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    key = ec.generate_private_key(ec.SECP521R1())
    own, other = recipient("bob@example.net", key), recipient("carol@example.net", rsa_key())
    _, entity = seal(smime.Signer(certificate, signing, (CA,)), [(other, rsa_key()), (own, key)], smime.Form())
    assert signed_parts(castle.decrypt(cms_of(entity), (own, key)))[0] == PAYLOAD


def test_a_changed_text_has_no_signature_of_any_kind(castle: BouncyCastle) -> None:
    bob = recipient("bob@example.net", rsa_key())
    for name, one in signers().items():
        how = smime.RsaSignature.PSS if name == "pss" else smime.RsaSignature.PKCS1
        _, entity = seal(one, [(bob, rsa_key())], smime.Form(rsa=how))
        content, signature = signed_parts(decrypt(cms_of(entity), bob.serial_number, rsa_key()))
        castle.verify(content, signature, one.certificate)
        with pytest.raises(Refused):
            castle.verify(content.replace(b"Hello", b"Hullo"), signature, one.certificate)

"""Invented recipients' certificates, made when a test asks, by an authority of the tests' own."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """One key a name and test run: they take long to make."""
    del name
    return rsa.generate_private_key(65537, 2048)


def certificate_for(address: str, at: datetime, days: int = 300) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """A self-signed certificate for encryption to that address, good from a day before `at`."""
    key = rsa_key(address)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    usage = dict.fromkeys(("digital_signature", "content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_encipherment=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made, key

"""Recipients' certificates for tests, as another authority would issue them."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.address import Address
from gateway.seal import ca

AT = datetime.now(UTC).replace(microsecond=0)
CLINIC = Address.parse("clinic@example.org")
CA, CA_KEY = ca.make_ca("Example Test CA", AT - timedelta(days=10))
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
AnyKey = Key | x25519.X25519PrivateKey | mlkem.MLKEM768PrivateKey | ed25519.Ed25519PrivateKey


@functools.cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def usage(**on: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def recipient(
    name: str,
    key: AnyKey,
    *,
    san: list[x509.GeneralName] | None = None,
    key_usage: x509.KeyUsage | None = None,
    eku: list[x509.ObjectIdentifier] | None = None,
    start: datetime = AT - timedelta(days=1),
    end: datetime = AT + timedelta(days=100),
    extra: list[tuple[x509.ExtensionType, bool]] | None = None,
    issuer: tuple[x509.Certificate, Key] = (CA, CA_KEY),
    authority: bool = False,
) -> x509.Certificate:
    default = (
        usage(key_encipherment=True, digital_signature=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else usage(key_encipherment=True)
        if isinstance(key, mlkem.MLKEM768PrivateKey)
        else usage(key_agreement=True)
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.EMAIL_ADDRESS, name)]))
        .issuer_name(issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(key_usage or default, critical=True)
        .add_extension(x509.ExtendedKeyUsage(eku or [ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    )  # fmt: skip
    names = [x509.RFC822Name(name)] if san is None else san
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension, critical in extra or []:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer[1], hashes.SHA256())

"""The S/MIME mails of the shared folder: what each must come to, and what one comes to here."""

from __future__ import annotations

import base64
import os
import warnings
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key, pkcs12

from gateway.seal.cms_keys import OwnKey
from gateway.seal.cms_open import NotOpened
from gateway.seal.header_protection_read import read_protection
from gateway.seal.opening import Opened, Tools
from tests.support.sealed_mail import crlf, opened

SMIME = Path(__file__).resolve().parents[3] / "shared" / "mail" / "smime"
TABLE = [
    # Thunderbird: who signed last, over what; SHA-1 is no proof
    (r"thunderbird/alice\.env\.eml", "aes-128-cbc not-authentic signature:none outer:none"),
    (r"thunderbird/alice\.(html\.)?sig\.SHA1\.opaque\.env\.eml", "aes-128-cbc not-authentic signature:weak outer:none"),
    (r"thunderbird/alice\.(html\.)?sig\.SHA\d+\.opaque\.env\.eml", "aes-128-cbc authentic signature:good outer:none"),
    (r"thunderbird/alice\.dsig\.SHA1\.multipart\.env\.eml", "aes-128-cbc not-authentic signature:weak outer:none"),
    (r"thunderbird/alice\.dsig\.SHA\d+\.multipart\.env\.eml", "aes-128-cbc authentic signature:good outer:none"),
    (r"thunderbird/alice\.env\.sig\.SHA1\.opaque\.eml", "aes-128-cbc not-authentic signature:none outer:weak"),
    (r"thunderbird/alice\.env\.sig\.SHA\d+\.opaque\.eml", "aes-128-cbc not-authentic signature:none outer:good"),
    # its signature does not hold over the mail as it lies there: OpenSSL says the same
    (r"thunderbird/alice\.env\.dsig\.SHA\d+\.multipart\.eml", "aes-128-cbc not-authentic signature:none outer:bad"),
    (r"thunderbird/.*\.(bad|mismatch-econtent)\.eml", "signature:bad"),
    (r"thunderbird/.*sig\.SHA1\.(opaque|multipart)\.eml", "signature:weak"),
    (r"thunderbird/.*sig\.SHA\d+\.(opaque|multipart)\.eml", "signature:good"),
    # the draft's samples of header protection: 3DES, and only the signature makes that authentic
    (r"header-protection/smime-enc\+legacy-disp\.eml", "3des-cbc not-authentic signature:none outer:none header"),
    (r"header-protection/smime-sign\+enc.*\.eml", "3des-cbc authentic signature:good outer:none header"),
    (r"header-protection/smime-(one|multi)part-signed\.eml", "signature:good header"),
    (r"header-protection/pgpmime-signed\.eml", "signature:unknown header"),
    (r"header-protection/(pgpmime|unfortunately).*\.eml", "refused:no-openpgp"),
    (r"header-protection/c\.3\.1-inner\.eml", "plain"),
    # RFC 4134: DSA is not read; 3 and 7 are no mail content; 5.2 is RC2
    (r"rfc4134/(3\.1|3\.2|4\.3|4\.11|6\.0|7\.1|7\.2)\.bin", "refused:unsupported-algorithm"),
    (r"rfc4134/4\.(1|4|6|7|10)\.bin", "signature:unknown"), (r"rfc4134/4\.(8|9)\.eml", "signature:unknown"),
    (r"rfc4134/4\.(2|5)\.bin", "signature:weak"),
    (r"rfc4134/5\.(1\.bin|3\.eml)", "3des-cbc not-authentic signature:none outer:none"),
    (r"rfc4134/5\.2\.bin", "refused:unsupported-algorithm"),
    (r"rfc4134/ExContent\.bin", "refused:unreadable"),
]  # fmt: skip
FILES = sorted(
    str(one.relative_to(SMIME)) for one in SMIME.glob("*/*") if one.suffix in {".eml", ".bin"}
) if SMIME.is_dir() else []  # fmt: skip


@cache
def tools() -> Tools:
    """Bob's, Alice's and the others' keys of all three sets."""
    keys = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NSS writes its bundles in BER
        for path in sorted((SMIME / "thunderbird").glob("*.p12")):
            keys.append(pkcs12.load_key_and_certificates(path.read_bytes(), b"nss")[:2])
    armoured = (SMIME / "header-protection" / "bob.p12").read_text()
    bundle = base64.b64decode("".join(one for one in armoured.splitlines() if "-----" not in one))
    keys.append(pkcs12.load_key_and_certificates(bundle, b"bob")[:2])
    for key, certificate in (
        ("BobPrivRSAEncrypt", "BobRSASignByCarl"),
        ("DianePrivRSASignEncrypt", "DianeRSASignByCarl"),
    ):
        private = (SMIME / "rfc4134" / f"{key}.pri").read_bytes()
        public = (SMIME / "rfc4134" / f"{certificate}.cer").read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # keys of 1024 bits
            loaded = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
        keys.append((loaded, x509.load_der_x509_certificate(public)))
    return Tools([OwnKey(certificate, key) for key, certificate in keys], os.urandom)  # type: ignore[arg-type]


def outcome(name: str) -> str:
    """What that file comes to, in the words of TABLE."""
    data = (SMIME / name).read_bytes()
    if name.endswith(".bin"):
        head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        data = head + base64.encodebytes(data)
    try:
        found = opened(crlf(data), tools())
    except NotOpened as refused:
        return f"refused:{refused.why.value}"
    return said(found)


def said(found: Opened) -> str:
    """What was opened, in words: ciphers, whether it is authentic, signatures, and protected header fields."""
    words = list(found.ciphers)
    if found.encrypted:
        words.append("authentic" if found.authentic else "not-authentic")
    if found.encrypted or found.signature is not None:
        words.append(f"signature:{found.signature.verdict.value if found.signature else 'none'}")
    if found.encrypted:
        words.append(f"outer:{found.outer.verdict.value if found.outer else 'none'}")
    if words and read_protection(found.payload).fields:
        words.append("header")
    return " ".join(words) or "plain"

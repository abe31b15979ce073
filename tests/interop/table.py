"""The tables of docs/interop.md: their rows and columns, the cells that a program cannot do and why, and the page.

Each cell is one test. A cell that is not declared here must open; a declared one is tried too, and the page says so if the
program can do it after all. Where a table's cells hold more than `opens`, `SAYS` is what they must say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.foreign_smime import TABLE as FOREIGN

OPENS = "opens"
AFTER_ALL = "opens, though declared as not"
NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Table:
    """One table: `name` in test ids and keys."""

    name: str
    title: str
    told: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]


OURS = "Sealgate inbound"
SMIME = Table(
    "smime", "S/MIME that Sealgate writes",
    "Signed inside, encrypted outside, Subject inside only. `opens`: decrypted, the signature verified, header and attachment as sent.",
    "Form",
    (
        "AES-256-CBC, RSA PKCS#1 v1.5", "AES-256-CBC, RSA-OAEP", "AES-256-CBC, ECDH P-256", "AES-256-CBC, ECDH P-384", "AES-256-CBC, X25519",
        "AES-256-GCM, RSA PKCS#1 v1.5", "AES-256-GCM, RSA-OAEP", "AES-256-GCM, ECDH P-256", "AES-256-GCM, ECDH P-384", "AES-256-GCM, X25519",
        "AES-256-GCM, ML-KEM-768", "AES-256-CBC, four kinds of recipients in one message, read by RSA",
        "AES-256-CBC, four kinds of recipients in one message, read by P-256",
        "Triple wrap, AES-256-CBC", "Triple wrap, AES-256-GCM", "Signed by RSA PKCS#1 v1.5", "Signed by RSA-PSS", "Signed by ECDSA P-256",
        "Signed by ECDSA P-384", "Signed by Ed25519",
    ),
    ("openssl cms", "NSS cmsutil", "gpgsm", "Bouncy Castle", OURS),
)  # fmt: skip
OPENPGP = Table(
    "openpgp", "PGP/MIME that Sealgate writes",
    "Signed and encrypted at once, with integrity protection. `opens`: decrypted, the signature verified, header and attachment as sent.",
    "Engine and recipient's key",
    ("gpg: Curve25519", "gpg: RSA 3072", "gpg: NIST P-256", "gpg: Curve25519, not named", "gpg: RSA 3072, not named",
     "Sequoia: Curve25519", "Sequoia: RSA 3072", "Sequoia: NIST P-256"),
    ("gpg", "sqop", "gosop", "rnp", "pysequoia"),
)  # fmt: skip
PDF = Table(
    "pdf", "Encrypted PDF that Sealgate writes", "PDF 2.0, AES-256 revision 6. `opens`: text and each attachment, with the password and not without.",
    "Password", ("a phrase in ASCII", "a phrase with other letters", "a generated password"), ("qpdf", "poppler", "pdfium", "pdf.js"),
)  # fmt: skip
ZIP = Table(
    "zip", "Encrypted archives that Sealgate writes", "WinZip AES-256 (AE-2). `opens`: each file, with the password and not without.",
    "Password", PDF.rows, ("7-Zip", "bsdtar", "pyzipper", "Info-ZIP unzip"),
)  # fmt: skip
_FORMS = {
    "openssl cms": ("AES-128-CBC, RSA PKCS#1 v1.5", "AES-256-CBC, RSA-OAEP SHA-256", "AES-256-GCM, RSA PKCS#1 v1.5", "3DES, RSA PKCS#1 v1.5",
                    "AES-256-CBC, ECDH P-256", "AES-256-GCM, ECDH P-384", "AES-256-CBC, recipient by key identifier",
                    "signed, clear, RSA PKCS#1 v1.5", "signed, opaque, RSA PKCS#1 v1.5", "signed, clear, RSA-PSS", "signed, clear, ECDSA P-256",
                    "signed, clear, SHA-1", "signed, then AES-256-CBC", "AES-256-CBC, then changed"),
    "NSS cmsutil": ("AES-128-CBC, RSA PKCS#1 v1.5", "signed, opaque, RSA PKCS#1 v1.5"),
    "gpgsm": ("AES-256-CBC, RSA PKCS#1 v1.5", "signed, clear, RSA PKCS#1 v1.5"),
}  # fmt: skip
SMIME_IN = Table(
    "smime-in", "S/MIME that others write, at the inbound door",
    "Whether the content is authentic (a tag, or a good signature inside) and what the signature came to. `refused` is the mark's reason.",
    "Program and form", tuple(f"{name}: {form}" for name, forms in _FORMS.items() for form in forms), (OURS,),
)  # fmt: skip
OPENPGP_IN = Table(
    "openpgp-in", "PGP/MIME that others write, at the inbound door",
    "To the practice's own key (Curve25519). A signature is `unknown` here: the gateway has no key of these authors.",
    "Program and form",
    ("gpg: signed", "gpg: not signed", "gpg: recipient not named", "gpg: without integrity protection", "gpg: to somebody else",
     "sqop: signed", "gosop: signed", "rnp: signed", "pysequoia: signed"), (OURS,),
)  # fmt: skip
OPENPGP_SIGNED = Table(
    "openpgp-signed", "PGP/MIME that others only sign, at the inbound door",
    "A `multipart/signed`, verified by the author's key on record.",
    "Program and form",
    ("gpg: Curve25519", "gpg: RSA 3072", "gpg: NIST P-256", "gpg: Curve25519, text mode", "gpg: RSA 3072, SHA-1",
     "gpg: Curve25519, then changed", "gpg: by somebody else", "sqop: Curve25519", "sqop: RSA 3072", "gosop: Curve25519", "gosop: RSA 3072",
     "rnp: Curve25519", "rnp: RSA 3072", "pysequoia: Curve25519", "pysequoia: RSA 3072", "pysequoia: NIST P-256"), (OURS,),
)  # fmt: skip
FOREIGN_SETS = Table(
    "foreign", "Messages of other people's sets", "How many mails of the sets in `mail/smime` came to what. Each came to what its row of "
    "tests/support/foreign_smime.py says, and no file is without a row.",
    "Set and outcome", tuple(dict.fromkeys(f"{pattern.partition('/')[0]}: {said}" for pattern, said in FOREIGN)), ("Mails",),
)  # fmt: skip
TABLES = (SMIME, OPENPGP, PDF, ZIP, SMIME_IN, OPENPGP_IN, OPENPGP_SIGNED, FOREIGN_SETS)

_GCM = tuple(one for one in SMIME.rows if "GCM" in one and "ML-KEM" not in one)
_X25519 = ("AES-256-CBC, X25519", "AES-256-GCM, X25519")
_EC = tuple(one for one in SMIME.rows if "CBC, ECDH" in one)
_MIXED = tuple(one for one in SMIME.rows if "four kinds" in one)
_KEM = ("AES-256-GCM, ML-KEM-768",)
_ED = ("Signed by Ed25519",)
_GCM_RSA = tuple(one for one in _GCM if "RSA" in one or "Triple" in one)
_GCM_EC = tuple(one for one in _GCM if "ECDH" in one)
_HIDDEN = tuple(one for one in OPENPGP.rows if "not named" in one)
_LONG = ("a generated password",)
CANNOT: Mapping[str, Mapping[tuple[tuple[str, ...], str], str]] = {
    "smime": {
        (_X25519, "openssl cms"): "OpenSSL 3.0 has no X25519 in CMS (RFC 8418)",
        (_KEM, "openssl cms"): "OpenSSL 3.0 has no ML-KEM",
        (_ED, "openssl cms"): "OpenSSL 3.0 refuses Ed25519 with signed attributes (RFC 8419)",
        (("AES-256-CBC, RSA-OAEP",), "NSS cmsutil"): "NSS reads RSA PKCS#1 v1.5 only",
        ((*_EC, *_MIXED), "NSS cmsutil"): "NSS cannot read a key agreement recipient, openssl's neither, nor a message that has one beside others",
        ((*_GCM_RSA, *_GCM_EC), "NSS cmsutil"): "NSS has no AuthEnvelopedData",
        (_X25519, "NSS cmsutil"): "NSS imports no X25519 key",
        (_KEM, "NSS cmsutil"): "NSS of this line has no ML-KEM",
        (_ED, "NSS cmsutil"): "NSS has no Ed25519 in CMS",
        (("AES-256-CBC, RSA-OAEP",), "gpgsm"): "gpgsm 2.2 reads RSA PKCS#1 v1.5 only",
        (_GCM_RSA, "gpgsm"): "gpgsm 2.2 has no AuthEnvelopedData",
        ((*_EC, *_GCM_EC, _MIXED[1], *_X25519), "gpgsm"): "gpgsm 2.2 imports RSA keys only",
        (_KEM, "gpgsm"): "gpgsm has no ML-KEM",
        (_ED, "gpgsm"): "gpgsm 2.2 has no Ed25519 in CMS",
        (_X25519, "Bouncy Castle"): "Bouncy Castle 1.72 has no X25519 in CMS (RFC 8418)",
        (_GCM_EC, "Bouncy Castle"): "Bouncy Castle 1.72 has no key agreement in AuthEnvelopedData",
        (_KEM, "Bouncy Castle"): "Bouncy Castle 1.72 has no ML-KEM in CMS",
        (_KEM, OURS): "the practice's own keys are RSA, P-256, P-384, P-521 and X25519",
    },
    "openpgp": {(_HIDDEN, "rnp"): "rnp 0.16 tries no keys where the recipient is not named"},
    "pdf": {(_LONG, "poppler"): "the command line tools cut a password at 32 characters; generated phrases are longer"},
    "zip": {(ZIP.rows, "Info-ZIP unzip"): "unzip 6.0 has no AES"},
}  # fmt: skip
"""By table: the rows and the program that cannot open them, and why."""

_PGP_SIGNED = "openpgp authentic signature:unknown outer:none"
_PGP_PLAIN = "openpgp authentic signature:none outer:none"


def _plain(cipher: str, authentic: str = "not-authentic") -> str:
    return f"{cipher} {authentic} signature:none outer:none"


SAYS: Mapping[str, Mapping[str, str]] = {
    "smime-in": {
        "openssl cms: AES-128-CBC, RSA PKCS#1 v1.5": _plain("aes-128-cbc"),
        "openssl cms: AES-256-CBC, RSA-OAEP SHA-256": _plain("aes-256-cbc"),
        "openssl cms: AES-256-GCM, RSA PKCS#1 v1.5": _plain("aes-256-gcm", "authentic"),
        "openssl cms: 3DES, RSA PKCS#1 v1.5": _plain("3des-cbc"),
        "openssl cms: AES-256-CBC, ECDH P-256": _plain("aes-256-cbc"),
        "openssl cms: AES-256-GCM, ECDH P-384": _plain("aes-256-gcm", "authentic"),
        "openssl cms: AES-256-CBC, recipient by key identifier": _plain("aes-256-cbc"),
        "openssl cms: signed, clear, RSA PKCS#1 v1.5": "signature:good",
        "openssl cms: signed, opaque, RSA PKCS#1 v1.5": "signature:good",
        "openssl cms: signed, clear, RSA-PSS": "signature:good",
        "openssl cms: signed, clear, ECDSA P-256": "signature:good",
        "openssl cms: signed, clear, SHA-1": "signature:weak",
        "openssl cms: signed, then AES-256-CBC": "aes-256-cbc authentic signature:good outer:none",
        "openssl cms: AES-256-CBC, then changed": "refused: cannot-be-opened",
        "NSS cmsutil: AES-128-CBC, RSA PKCS#1 v1.5": _plain("aes-128-cbc"),
        "NSS cmsutil: signed, opaque, RSA PKCS#1 v1.5": "signature:good",
        "gpgsm: AES-256-CBC, RSA PKCS#1 v1.5": _plain("aes-256-cbc"),
        "gpgsm: signed, clear, RSA PKCS#1 v1.5": "signature:good",
    },
    "openpgp-in": {
        **dict.fromkeys(OPENPGP_IN.rows, _PGP_SIGNED), "gpg: not signed": _PGP_PLAIN, "gpg: recipient not named": _PGP_PLAIN,
        "gpg: without integrity protection": "refused: no-integrity-protection", "gpg: to somebody else": "refused: no-key",
    },
    "openpgp-signed": {
        **dict.fromkeys(OPENPGP_SIGNED.rows, "signature:good"), "gpg: RSA 3072, SHA-1": "signature:weak",
        "gpg: Curve25519, then changed": "signature:bad", "gpg: by somebody else": "signature:unknown",
    },
}  # fmt: skip
"""What the cells of a row of the inbound tables must say."""


def reason(table: Table, row: str, column: str) -> str:
    """Why that program cannot do that; empty where it must."""
    found = [why for (rows, name), why in CANNOT.get(table.name, {}).items() if name == column and row in rows]
    assert len(found) <= 1, f"{row} is declared twice for {column}"
    return found[0] if found else ""


def cells() -> list[tuple[Table, str, str]]:
    """Every cell there is."""
    return [(table, row, column) for table in TABLES for row in table.rows for column in table.columns]


def page(outcomes: Mapping[tuple[str, str, str], str], versions: Mapping[str, str]) -> str:
    """docs/interop.md, from what each cell's test said by (table, row, column)."""
    missing = sum(outcomes.get((table.name, row, column), NOT_TRIED) == NOT_TRIED for table, row, column in cells())
    tried = "Every cell was tried." if not missing else f"**{missing} cells were not tried: a program was missing.**"
    text = [HEAD, tried, ""]
    for table in TABLES:
        text += [f"## {table.title}", "", table.told, "", f"| {' | '.join((table.corner, *table.columns))} |", "|---" * (len(table.columns) + 1) + "|"]  # fmt: skip
        text += [
            f"| {' | '.join((row, *(outcomes.get((table.name, row, one), NOT_TRIED) for one in table.columns)))} |"
            for row in table.rows
        ]
        text.append("")
    text += ["## The programs", "", "| Program | Version |", "|---|---|"]
    text += [f"| {name} | {version} |" for name, version in versions.items()]
    return "\n".join([*text, ""])


HEAD = """# What opens what

Written by `make interop` from the tests in `tests/interop`, one test a cell; nobody types here. `opens` means that the program
decrypted it, verified the signature where there is one, and gave back what was sent. `no` is a cell that is known not to open,
with the reason; it is tried too. A test fails if the rows and columns here are not those of `tests/interop/table.py`.
"""

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
    "Password", ("a phrase in ASCII", "a phrase with other letters", "a generated password"), ("qpdf", "poppler", "pdfium"),
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
    "To the practice's own key (Curve25519). A signature is `unknown`: the gateway has nobody's key to verify it with.",
    "Program and form",
    ("gpg: signed", "gpg: not signed", "gpg: recipient not named", "gpg: without integrity protection", "gpg: to somebody else",
     "sqop: signed", "gosop: signed", "rnp: signed", "pysequoia: signed"), (OURS,),
)  # fmt: skip
FOREIGN_SETS = Table(
    "foreign", "Messages of other people's sets", "How many mails of the sets in `mail/smime` came to what. Each came to what its row of "
    "tests/support/foreign_smime.py says, and no file is without a row.",
    "Set and outcome", tuple(dict.fromkeys(f"{pattern.partition('/')[0]}: {said}" for pattern, said in FOREIGN)), ("Mails",),
)  # fmt: skip
TABLES = (SMIME, OPENPGP, PDF, ZIP, SMIME_IN, OPENPGP_IN, FOREIGN_SETS)

_GCM = tuple(one for one in SMIME.rows if "GCM" in one)
_NO_GCM = "knows no AuthEnvelopedData"
_X25519 = ("AES-256-CBC, X25519", "AES-256-GCM, X25519")
_EC = tuple(one for one in SMIME.rows if "ECDH" in one or "X25519" in one or one.endswith("read by P-256"))
_KEM = ("AES-256-GCM, ML-KEM-768",)
CANNOT: Mapping[str, Mapping[tuple[tuple[str, ...], str], str]] = {}
"""By table: the rows and the program that cannot open them, and why."""

SAYS: Mapping[str, Mapping[str, str]] = {}
"""What a cell of the inbound tables must say; `*` for all others of a table."""


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

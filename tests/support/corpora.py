"""The mails of `../shared/mail`, which nobody of this project wrote; tests skip loudly where the folder is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "mail"
_NO_MAIL = frozenset({
    ".asc", ".attributes", ".bin", ".bind9", ".cer", ".crl", ".dat", ".db", ".dsig", ".env", ".gitattributes", ".json", ".md", ".msf",
    ".out", ".p12", ".pem", ".pri", ".pub", ".py", ".sh", ".sha1", ".sha256", ".sha384", ".sha512", ".sql", ".tinydns", ".xml",
})  # fmt: skip
_FIELD = re.compile(rb"\A\s*(?:\xef\xbb\xbf)?(?:From |>From |[!-9;-~]+[ \t]*:)")


def mails() -> list[Path]:
    """Every file that is a mail, a mailbox, or was meant to be read as one, in a fixed order."""
    if not FOLDER.is_dir():
        pytest.skip("THE MAIL CORPORA ARE MISSING: ../shared/mail is not here, nothing was tried on real mail")
    files = (one for one in FOLDER.rglob("*") if one.is_file() and one.suffix.lower() not in _NO_MAIL)
    return sorted(
        one for one in files if one.suffix.lower() in {".eml", ".msg"} or _FIELD.match(one.read_bytes()[:2048])
    )


def wire(data: bytes) -> bytes:
    """A file as a client would send it: every line end CRLF."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", data)


def author_domains(paths: list[Path]) -> set[str]:
    """Domains of From and Sender, for a client that may send as all of them."""
    found: set[str] = set()
    for one in paths:
        head = re.split(rb"\r?\n\r?\n", one.read_bytes().lstrip(), maxsplit=1)[0]
        for line in re.findall(rb"(?im)^(?:from|sender|resent-from|resent-sender)[ \t]*:(?:.*(?:\r?\n[ \t].*)*)", head):
            found |= {
                each.decode().lower() for each in re.findall(rb"@([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)", line)
            }
    return {one for one in found if ".." not in one}

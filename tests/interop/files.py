"""Encrypted PDF and archives, and the programs that open them: with the password, and with no other."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pypdfium2
import pyzipper

from gateway.domain.protected import Protected
from gateway.seal.passphrase import generated
from gateway.seal.pdf import File, encrypted_pdf, encrypted_zip
from gateway.seal.pdf_pages import Letter, Typesetter
from tests.interop.table import OPENS
from tests.support.pdfjs import pdfjs
from tests.support.smime_peers import Refused, ask, program

TEXT = "your glucose is 141."
FILES = [
    File("Laboratory.csv", "text/csv", b"glucose,141\n" * 50),
    File("Bild.bin", "application/octet-stream", os.urandom(5000)),
]
PASSWORDS = {
    "a phrase in ASCII": "glacier pumpkin walnut lantern", "a phrase with other letters": "glacier pumpkin Ñandú Löwe",
    "a generated password": generated(os.urandom),
}  # fmt: skip
WRONG = "another phrase altogether"


@cache
def _pdf(row: str) -> bytes:
    templates = Path(__file__).parents[2] / "templates" / "letters" / "letter.typ"
    fields = (("sender", "Dr. Jo Lee"), ("to", "Ana Núñez"), ("subject", "Your results"))
    letter = Letter("Willow Clinic", "555-0100", text=f"Dear Ana,\n\n{TEXT}", fields=fields, files=tuple(one.name for one in FILES), language="en")  # fmt: skip
    pages = Typesetter(templates).set(letter, datetime(2026, 3, 2, 9, tzinfo=UTC))
    return encrypted_pdf(pages.pdf, FILES, Protected(PASSWORDS[row]), os.urandom)


@cache
def _zip(row: str) -> bytes:
    return encrypted_zip(FILES, Protected(PASSWORDS[row]), "secure-message.zip")


def attempt_pdf(row: str, column: str, folder: Path) -> str:
    """One cell; Refused."""
    file = folder / "letter.pdf"
    file.write_bytes(_pdf(row))
    reads = {"qpdf": _qpdf, "poppler": _poppler, "pdfium": _pdfium, "pdf.js": _pdfjs}[column]
    reads(file, PASSWORDS[row], folder)
    _must_refuse(lambda: reads(file, WRONG, folder))
    return OPENS


def attempt_zip(row: str, column: str, folder: Path) -> str:
    """One cell; Refused."""
    file = folder / "letter.zip"
    file.write_bytes(_zip(row))
    reads = {"7-Zip": _seven, "bsdtar": _bsdtar, "pyzipper": _pyzipper, "Info-ZIP unzip": _unzip}[column]
    _inner(reads(file, PASSWORDS[row], folder))
    _must_refuse(lambda: reads(file, WRONG, folder))
    return OPENS


def _must_refuse(read: object) -> None:
    try:
        read()  # type: ignore[operator]
    except Refused:
        return
    raise AssertionError("it opens with a password that is not its own")


def _inner(data: bytes) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {one: archive.read(one) for one in archive.namelist()} == {one.name: one.data for one in FILES}


def _qpdf(file: Path, password: str, folder: Path) -> None:
    qpdf = program("qpdf")
    said = ask(qpdf, f"--password={password}", "--check", file).decode()
    assert "No syntax or stream encoding errors" in said
    for one in FILES:
        assert ask(qpdf, f"--password={password}", f"--show-attachment={one.name}", file) == one.data
    del folder


def _poppler(file: Path, password: str, folder: Path) -> None:
    assert TEXT in ask(program("pdftotext"), "-upw", password, file, "-").decode()
    ask(program("pdfdetach"), "-saveall", "-upw", password, "-o", folder, file)
    assert {one.name: (folder / one.name).read_bytes() for one in FILES} == {one.name: one.data for one in FILES}


def _pdfium(file: Path, password: str, folder: Path) -> None:
    del folder
    try:
        document = pypdfium2.PdfDocument(file, password=password)
    except pypdfium2.PdfiumError as error:
        raise Refused(str(error)) from None
    assert TEXT in document[0].get_textpage().get_text_bounded()
    found = {
        one.get_name(): bytes(one.get_data())
        for one in map(document.get_attachment, range(document.count_attachments()))
    }
    assert found == {one.name: one.data for one in FILES}


@cache
def _in_pdfjs() -> dict[tuple[str, str], tuple[str, dict[str, bytes], str]]:
    """Every row with its password and the wrong one, in one browser."""
    with pdfjs() as shown:
        tried = [(row, one) for row, own in PASSWORDS.items() for one in (own, WRONG)]
        return {(row, one): shown.read(_pdf(row), one) for row, one in tried}


def _pdfjs(file: Path, password: str, folder: Path) -> None:
    del folder
    [row] = [one for one in PASSWORDS if _pdf(one) == file.read_bytes()]
    text, found, refused = _in_pdfjs()[row, password]
    if refused:
        assert refused == "PasswordException: Incorrect Password"
        assert not text
        assert not found
        raise Refused(refused)
    assert TEXT in text
    assert found == {one.name: one.data for one in FILES}


def _seven(file: Path, password: str, folder: Path) -> bytes:
    del folder
    return ask(program("7zz"), "x", "-so", f"-p{password}", file, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]})


def _bsdtar(file: Path, password: str, folder: Path) -> bytes:
    del folder
    return ask(program("bsdtar"), "-xOf", file, "--passphrase", password)


def _unzip(file: Path, password: str, folder: Path) -> bytes:
    del folder
    return ask(program("unzip"), "-p", "-P", password, file)


def _pyzipper(file: Path, password: str, folder: Path) -> bytes:
    del folder
    with pyzipper.AESZipFile(file) as archive:
        archive.setpassword(password.encode())
        try:
            return bytes(archive.read(archive.namelist()[0]))
        except RuntimeError as error:
            raise Refused(str(error)) from None

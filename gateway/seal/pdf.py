"""Encrypted files: pages with attachments as one PDF 2.0 (ISO 32000-2, AES-256, revision 6), or one WinZip AES-256 archive.

Everything but sizes is encrypted: text, metadata and file names too. In the archive they lie in an inner one, because ZIP
itself leaves names open. The password is the caller's matter, but none that is empty or too long is taken (passphrase.py).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING
from zlib import Z_DEFAULT_COMPRESSION

from gateway.domain.errors import SealingFailed
from gateway.domain.protected import Protected
from gateway.seal.passphrase import LONGEST

if TYPE_CHECKING:  # both are imported by the first file: most processes never make one
    import pikepdf

_ANYTHING = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """One attachment: a name that `named` has made safe, its media type, and its bytes, whole in memory."""

    name: str = field(repr=False)
    media_type: str
    data: bytes = field(repr=False)


def encrypted_pdf(
    pages: bytes, files: Sequence[File], password: Protected[str], random: Callable[[int], bytes]
) -> bytes:
    """Embed the files in the pages and encrypt all of it; SealingFailed where that cannot be done."""
    import pikepdf

    secret = _checked(password)
    try:
        with pikepdf.open(io.BytesIO(pages)) as pdf:
            _embed(pdf, files)
            # The open part of a file holds its identifier: random, so that it says nothing of the text.
            pdf.trailer.ID = pikepdf.Array([pikepdf.String(random(16)), pikepdf.String(random(16))])
            out = io.BytesIO()
            pdf.save(
                out, force_version="2.0", object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True,
                encryption=pikepdf.Encryption(user=secret, owner=random(24).hex(), R=6, aes=True, metadata=True),
            )  # fmt: skip
    except (pikepdf.PdfError, pikepdf.PasswordError, ValueError, RuntimeError) as error:
        raise SealingFailed(f"the PDF cannot be made ({type(error).__name__})") from None
    return out.getvalue()


def encrypted_zip(files: Iterable[File], password: Protected[str], inside: str) -> bytes:
    """The files in one archive of the name `inside`, and that one encrypted by WinZip AES-256 (AE-2)."""
    import pyzipper
    from pyzipper.zipfile_aes import WZ_AES_V2, AESZipInfo

    secret, inner, out = _checked(password).encode(), io.BytesIO(), io.BytesIO()
    try:
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED, compresslevel=Z_DEFAULT_COMPRESSION) as archive:
            for one in files:
                archive.writestr(zipfile.ZipInfo(one.name), one.data, zipfile.ZIP_DEFLATED)
        with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(secret)
            archive.setencryption(pyzipper.WZ_AES, nbits=256, force_wz_aes_version=WZ_AES_V2)
            # A fixed date: the real one would stand open.
            archive.writestr(AESZipInfo(inside), inner.getbuffer())
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, RuntimeError) as error:
        raise SealingFailed(f"the archive cannot be made ({type(error).__name__})") from None
    return out.getvalue()


def named(names: Iterable[str]) -> list[str]:
    """Names of which no two are the same on any system: letter case aside, with `(2)`, `(3)`, … in the mail's order."""
    taken: set[str] = set()
    found = []
    for name in names:
        path, fresh, number = PurePath(name), name, 1
        while fresh.casefold() in taken:
            number += 1
            fresh = f"{path.stem} ({number}){path.suffix}"
        taken.add(fresh.casefold())
        found.append(fresh)
    return found


def _embed(pdf: pikepdf.Pdf, files: Sequence[File]) -> None:
    import pikepdf

    associated = []
    for one in files:
        spec = pikepdf.AttachedFileSpec(
            pdf, one.data, filename=one.name, mime_type=_media_type(one.media_type), description="", creation_date="",
            mod_date="",
        )  # fmt: skip
        spec.relationship = pikepdf.Name.Supplement
        pdf.attachments[one.name] = spec
        associated.append(spec.obj)
    if associated:
        pdf.Root.AF = pikepdf.Array(associated)
        pdf.Root.PageMode = pikepdf.Name.UseAttachments
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)


def _media_type(text: str) -> str:
    plain = text.isascii() and text.count("/") == 1 and all(one.isalnum() or one in "/.+-_" for one in text)
    return text if plain and len(text) <= 100 else _ANYTHING


def _checked(password: Protected[str]) -> str:
    secret = password.reveal()
    if not secret.strip() or len(secret.encode("utf-8", "replace")) > LONGEST:
        raise SealingFailed("there is no password that this file could be encrypted with")
    return secret

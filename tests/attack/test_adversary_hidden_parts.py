"""A part that calls itself a signature and is none is read like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.decision import Method
from tests.support.home import DOCTOR, OFFICE, Home

PHI = "Maria Quintero, MRN-4471203, has diabetes and takes metformin."
ARMOUR = "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEE\r\n=abcd\r\n-----END PGP SIGNATURE-----"


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path, sandbox=True) as one:
        yield one.people()


def _signed(media_type: str, content: str) -> bytes:
    return (
        f"From: {DOCTOR}\r\nTo: {OFFICE}\r\nSubject: Lunch\r\nMessage-ID: <1@willow.example.org>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nLunch?\r\n--b\r\n"
        f"Content-Type: {media_type}\r\n\r\n{content}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("media_type", ["application/pgp-signature", "application/pkcs7-signature"])
@pytest.mark.parametrize("content", [PHI, f"{PHI}\r\n{ARMOUR}"])
def test_what_only_claims_to_be_a_signature_is_read(home: Home, media_type: str, content: str) -> None:
    message = home.submit(_signed(media_type, content), OFFICE)
    home.settle()
    assert home.delivery(message).method is not Method.PASS


def test_a_signature_does_not_hold_ordinary_mail(home: Home) -> None:
    message = home.submit(_signed("application/pgp-signature", ARMOUR), OFFICE)
    home.settle()
    assert home.delivery(message).method is Method.PASS

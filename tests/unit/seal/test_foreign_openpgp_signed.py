"""A PGP/MIME signature that others made years ago, over a sample of the header protection drafts."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.domain.address import Address
from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.opening import Tools
from gateway.seal.openpgp_signers import signer_key
from tests.support.sealed_mail import crlf, opened

SET = Path(__file__).parents[3] / ".." / "shared" / "mail" / "smime" / "header-protection"
ALICE, AT = Address.parse("alice@openpgp.example"), datetime(2019, 10, 20, 13, 0, 17, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not SET.is_dir(), reason="MISSING FOLDER: ../shared/mail/smime/header-protection")


def checked(old: bytes = b"", new: bytes = b"") -> Checked | None:
    """What the sample's signature comes to, with something changed in it."""
    answer = judge_openpgp_data((SET / "alice@openpgp.example.pub.asc").read_bytes(), ALICE, AT)
    key = signer_key(answer.certificate, ALICE, AT)
    raw = crlf((SET / "pgpmime-signed.eml").read_bytes())
    assert old in raw
    return opened(raw.replace(old, new), Tools([], os.urandom, signer=key)).signature


def test_it_is_good() -> None:
    assert checked() == Checked(Verdict.GOOD)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"cancel", b"extend"), (b"Thanks, Alice\r\n", b"Thanks, Alice \r\n"), (b"President\r\n", b"President")],
)
def test_changed_it_is_bad(old: bytes, new: bytes) -> None:
    found = checked(old, new)
    assert found is not None
    assert found.verdict is Verdict.BAD

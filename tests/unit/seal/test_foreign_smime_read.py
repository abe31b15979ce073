"""Every S/MIME mail of the shared folder, read or refused for a stated reason: Thunderbird's, RFC 4134's, header protection's.

The table says what each must come to; a file that no row fits fails. What OpenSSL says of a signature, we say.
"""

from __future__ import annotations

import re

import pytest

from tests.support.foreign_smime import FILES, SMIME, TABLE, outcome, tools
from tests.support.sealed_mail import crlf, opened

pytestmark = pytest.mark.skipif(not SMIME.is_dir(), reason="the folder ../shared/mail/smime is missing")


@pytest.mark.parametrize("name", FILES)
def test_each_mail_comes_to_what_the_table_says(name: str) -> None:
    expected = [result for pattern, result in TABLE if re.fullmatch(pattern, name)]
    assert expected, "no row of the table fits this file"
    assert outcome(name) == expected[0]


def test_what_is_inside_is_what_the_samples_say() -> None:
    folder = SMIME / "header-protection"
    for name in ("smime-sign+enc", "smime-sign+enc+legacy-disp"):
        found = opened(crlf((folder / f"{name}.eml").read_bytes()), tools())
        inner = crlf((folder / f"{name}.inner.inner").read_bytes())
        head, _, body = inner.partition(b"\r\n\r\n")
        assert found.body.strip() == body.strip()
        subject = found.payload.first("subject")
        assert subject is not None
        assert subject.raw.strip() in head

"""`pkcs11:` URIs, RFC 7512: what is read, and what is refused because passing over it could choose another key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.signing.uri import TokenUri
from gateway.domain.errors import ConfigError

MODULE = "module-path=/usr/lib/softhsm/libsofthsm2.so"


def test_every_attribute_that_chooses_is_read() -> None:
    found = TokenUri.parse(
        f"pkcs11:token=willow%20keys;object=ca;id=%01%FF;type=private?{MODULE}&pin-source=file:/etc/pin%201"
    )
    assert found == TokenUri(
        Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/etc/pin 1"), "willow keys", None, "ca", b"\x01\xff"
    )
    assert TokenUri.parse(f"pkcs11:serial=77?{MODULE}&pin-source=file:///etc/pin").pin_file == Path("/etc/pin")
    assert TokenUri.parse(f"pkcs11:serial=77?{MODULE}").pin_file is None


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://example.org", "begins with pkcs11:"),
        (f"pkcs11:object=ca?{MODULE}", "must name its token"),
        ("pkcs11:token=x", "module-path"),
        ("pkcs11:token=x?module-path=lib.so", "module-path"),
        (f"pkcs11:token=x?{MODULE}&pin-value=1234", "does not belong"),
        (f"pkcs11:token=x;manufacturer=y?{MODULE}", "chooses nothing here"),
        (f"pkcs11:token=x;token=y?{MODULE}", "stands twice"),
        (f"pkcs11:token=x;type=public?{MODULE}", "type is private"),
        (f"pkcs11:token=x?{MODULE}&pin-source=pin", "pin-source must name a file"),
    ],
)
def test_what_is_not_understood_is_refused(uri: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        TokenUri.parse(uri)

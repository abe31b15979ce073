"""`sealgate keys dkim`: what is to be published."""

from __future__ import annotations

from pathlib import Path

from gateway.seal.dkim import DkimKey, dkim_record
from tests.support.command import sealgate
from tests.support.dkim import ed25519_key, rsa_key, write_key
from tests.support.home import PRACTICE, Home


def test_the_records_are_printed_for_a_zone_file_and_as_json(tmp_path: Path) -> None:
    files = {"r1": write_key(tmp_path / "r.key", rsa_key()), "e1": write_key(tmp_path / "e.key", ed25519_key())}
    keys = "".join(
        f'\n[[dkim.keys]]\ndomain = "{PRACTICE}"\nselector = "{one}"\nfile = "{file}"\n' for one, file in files.items()
    )
    with Home(tmp_path, config=lambda text: text + keys) as home:
        config = str(home.root / "sealgate.toml")
        shown = sealgate("keys", "dkim", "--config", config)
        listed = sealgate("keys", "dkim", "--json", "--config", config)
    assert shown.status == listed.status == 0
    expected = dkim_record(DkimKey(PRACTICE, "r1", rsa_key()))
    line = shown.out.splitlines()[0]
    assert line.startswith('r1._domainkey.willow.example.org. IN TXT ( "v=DKIM1;')
    assert "".join(line.split('"')[1::2]) == expected.text
    assert listed.rows[0] == {"name": expected.name, "type": "TXT", "text": expected.text}


def test_without_keys_it_says_so(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        result = sealgate("keys", "dkim", "--config", str(home.root / "sealgate.toml"))
    assert result.status == 1
    assert "next hop" in result.err

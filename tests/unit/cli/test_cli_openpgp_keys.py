"""`sealgate keys` with OpenPGP keys: imported for their addresses, listed, removed, refused with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.command import sealgate
from tests.support.home import GRACE, MARIA, Home
from tests.support.openpgp import Maker, armour, person

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    root = tmp_path_factory.mktemp("house")
    with Home(root):
        pass
    return root / "sealgate" / "sealgate.toml"


def test_import_list_and_remove(config, tmp_path):
    made = Maker(NOW).user(f"Grace <{GRACE}>").user(f"Maria <{MARIA}>").user("no address").part()
    for number, content in enumerate((made.whole, armour("PUBLIC KEY BLOCK", made.whole))):
        file = tmp_path / f"key{number}"
        file.write_bytes(content)
        done = sealgate("keys", "import", file, "--config", config, "--json")
        assert (done.status, [one["fingerprint"] for one in done.rows]) == (0, [made.key.fingerprint.hex()] * 2), (
            done.err
        )
    rows = {one["key"]: one for one in sealgate("keys", "list", "--config", config, "--json").rows}
    assert rows[made.key.fingerprint.hex()]["addresses"] == [GRACE, MARIA]
    assert rows[made.key.fingerprint.hex()]["kind"] == "recipient's OpenPGP key"
    assert {"openpgp.key", "openpgp.asc"} <= rows.keys()
    assert sealgate("keys", "remove", made.key.fingerprint.hex().upper(), "--config", config).status == 0
    assert sealgate("keys", "remove", made.key.fingerprint.hex(), "--config", config).status == 1


@pytest.mark.parametrize(
    ("make", "status", "why"),
    [
        (lambda: Maker(NOW).user(f"Grace <{GRACE}>").whole, 1, "only for signing"),
        (lambda: Maker(NOW + timedelta(days=2)).user(f"Grace <{GRACE}>").part().whole, 1, "begins in the future"),
        (lambda: Maker(NOW).user("Grace").part().whole, 1, "no user id of it holds"),
        (lambda: person(GRACE, NOW).secret.reveal(), 2, "holds no certificate"),
        (lambda: armour("PRIVATE KEY BLOCK", person(GRACE, NOW).secret.reveal()), 2, "holds no openpgp public key"),
        (lambda: Maker(NOW).user(f"Grace <{GRACE}>").part().whole[:-9], 2, "cut off"),
    ],
)
def test_what_does_not_serve_is_refused_and_says_why(config, tmp_path, make, status, why):
    file = tmp_path / "key.asc"
    file.write_bytes(make())
    done = sealgate("keys", "import", file, "--config", config)
    assert done.status == status
    assert why in done.err.lower()
    assert done.err.count("\n") == 1


def test_address_picks_one_and_must_be_in_the_key(config, tmp_path):
    made = Maker(NOW).user(f"Grace <{GRACE}>").user(f"Maria <{MARIA}>").part()
    file = tmp_path / "key.asc"
    file.write_bytes(made.whole)
    assert len(sealgate("keys", "import", file, "--address", MARIA, "--config", config, "--json").rows) == 1
    other = sealgate("keys", "import", file, "--address", "other@example.org", "--config", config)
    assert (other.status, "another e-mail address" in other.err) == (1, True)

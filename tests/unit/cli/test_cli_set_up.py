"""init, check, user, keys."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.passwords import PasswordFile
from gateway.seal.ca import make_ca
from tests.support.command import installation, sealgate
from tests.unit.seal.certificates import AT, CA, recipient, rsa_key


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return installation(tmp_path_factory.mktemp("gate") / "one")


@pytest.fixture
def config(made, tmp_path):
    shutil.copytree(made.parent, tmp_path / "one")
    return tmp_path / "one" / "sealgate.toml"


def test_init_says_what_it_made_and_what_it_kept(tmp_path):
    first = sealgate(
        "init", tmp_path / "one", "--name", "Elm Clinic", "--domain", "elm.example.org", "--ports", "0,0,0,0", "--json"
    )
    assert first.status == 0
    assert {"sealgate.toml", "policy.toml", "columns.key", "ca.crt"} <= {
        path.rsplit("/", 1)[1] for path in first.row["made"]
    }
    text = (tmp_path / "one" / "sealgate.toml").read_text()
    assert 'name = "Elm Clinic"' in text
    again = sealgate("init", tmp_path / "one")
    assert again.status == 0
    assert "made  /" not in again.out
    assert "sealgate.toml (it was there)" in again.out
    assert (tmp_path / "one" / "sealgate.toml").read_text() == text


@pytest.mark.parametrize(
    "options",
    [
        ["--domain", "not a domain"],
        ["--name", 'a "b"'],
        ["--ports", "1,2"],
        ["--ports", "a,b,c,d"],
        ["--portal-url", "ftp://x"],
    ],
    ids=" ".join,
)
def test_init_with_nonsense_makes_nothing(tmp_path, options):
    answer = sealgate("init", tmp_path / "one", *options)
    assert answer.status in {1, 2}
    assert not list((tmp_path / "one").glob("keys/*"))


def test_check_is_content_with_a_fresh_installation_and_warns(config):
    answer = sealgate("check", "--config", config, "--json")
    row = answer.row
    assert (answer.status, row["ok"], row["problems"]) == (0, True, [])
    assert "seccomp" in row["sandbox"]
    warnings = "\n".join(row["warnings"])
    for said in ("archive-escrow.key", "archive-practice.key", "move it away", "capture folder", "self-signed"):
        assert said in warnings
    assert row["settings"]["smtp"]["tls_key"].endswith("keys/tls.key"), "secrets are shown as paths only"
    assert "PRIVATE" not in answer.out
    shutil.rmtree(config.parent / "OFFLINE-move-these-away")
    assert "archive" not in "\n".join(sealgate("check", "--config", config, "--json").row["warnings"])
    assert "[practice]" in sealgate("check", "--config", config).out


@pytest.mark.parametrize("name", ["columns.key", "intake.key", "ca.crt", "tls.pem", "archive-practice.pub"])
def test_check_names_every_missing_file(config, name):
    (config.parent / "keys" / name).unlink()
    answer = sealgate("check", "--config", config, "--json")
    assert answer.status == 2
    assert any(f"{name}: is missing" in one for one in answer.row["problems"])


def test_check_finds_a_bad_policy_a_wrong_tls_key_and_an_open_key(config):
    keys = config.parent / "keys"
    (config.parent / "policy.toml").write_text('open_txt = "letter"\n')
    shutil.copy(keys / "ca.key", keys / "tls.key")
    (keys / "columns.key").chmod(0o644)
    problems = "\n".join(sealgate("check", "--config", config, "--json").row["problems"])
    assert 'did you mean "open_text"' in problems
    assert "tls.key: does not belong to tls.pem" in problems
    assert "chmod 600 columns.key" in problems


@pytest.mark.proves("box.no-plaintext-file")
def test_check_warns_of_unencrypted_swap(tmp_path):
    from gateway.app.checkup import _swap

    swaps = tmp_path / "swaps"
    swaps.write_text(
        "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 1\n/dev/sda2 partition 1 0 1\n/dev/dm-1 partition 1 0 1\n"
    )
    assert [one.split()[2] for one in _swap(swaps)] == ["/dev/sda2"]
    assert list(_swap(tmp_path / "none")) == []


def test_users(config, tmp_path):
    secret = tmp_path / "pw"
    secret.write_text("correct horse\nrest\n")
    users = PasswordFile(config.parent / "users.toml")
    assert (
        sealgate(
            "user",
            "add",
            "lee",
            "--send-as",
            "Lee@Practice.example.org",
            "--send-as",
            "@practice.example.org",
            "--purpose",
            "treatment",
            "--staff",
            "--password-file",
            secret,
            "--config",
            config,
        ).status
        == 0
    )
    assert users.authenticate("lee", "correct horse") is not None
    row = sealgate("user", "list", "--json", "--config", config).row
    assert row == {
        "name": "lee",
        "send_as": ["@practice.example.org", "lee@practice.example.org"],
        "purposes": ["treatment"],
        "staff": True,
        "disabled": False,
    }
    assert sealgate("user", "passwd", "lee", "--config", config, stdin="battery staple\nbattery staple\n").status == 0
    assert users.authenticate("lee", "battery staple") is not None
    assert sealgate("user", "disable", "lee", "--config", config).status == 0
    assert users.authenticate("lee", "battery staple") is None
    assert sealgate("user", "disable", "lee", "--undo", "--config", config).status == 0
    assert (
        sealgate(
            "user", "add", "lee", "--send-as", "x@example.org", "--password-file", secret, "--config", config
        ).status
        == 1
    )
    assert sealgate("user", "passwd", "nobody", "--password-file", secret, "--config", config).status == 1
    assert (
        sealgate("user", "add", "x", "--send-as", "nonsense", "--password-file", secret, "--config", config).status == 2
    )
    assert (
        sealgate(
            "user", "add", "x", "--send-as", "x@example.org", "--password-file", tmp_path / "none", "--config", config
        ).status
        == 2
    )
    assert "horse" not in sealgate("user", "list", "--config", config).out


def put(path, *certificates):
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return path


def test_certificates_are_imported_by_their_san(config, tmp_path):
    both = recipient(
        "bob@example.net", rsa_key(), san=[x509.RFC822Name("bob@example.net"), x509.RFC822Name("b@example.com")]
    )
    path = put(tmp_path / "bob.pem", both)
    assert len(sealgate("keys", "import", path, "--json", "--config", config).rows) == 2
    listed = [
        row
        for row in sealgate("keys", "list", "--json", "--config", config).rows
        if row["kind"].startswith("recipient")
    ]
    assert [row["addresses"] for row in listed] == [["bob@example.net", "b@example.com"]]
    text = sealgate(
        "explain",
        "--json",
        "--from",
        "lee@practice.example.org",
        "--to",
        "b@example.com",
        "--config",
        config,
        "-",
        stdin=b"From: lee@practice.example.org\r\nSubject: x\r\nX-Sealgate-Method: smime\r\n\r\nhello\r\n",
    ).row
    assert text["method"] == "smime"


@pytest.mark.parametrize(
    ("options", "said"),
    [({"san": []}, "SAN"), ({"end": AT - timedelta(hours=1)}, "expired")],
)
def test_a_certificate_nobody_may_seal_to_is_refused(config, tmp_path, options, said):
    good = recipient("ann@example.net", rsa_key())
    answer = sealgate(
        "keys",
        "import",
        put(tmp_path / "x.pem", good, recipient("bob@example.net", rsa_key(), **options)),
        "--config",
        config,
    )
    assert answer.status == 1
    assert said in answer.err
    assert "certificate 2" in answer.err
    assert not any(
        row["kind"].startswith("recipient") for row in sealgate("keys", "list", "--json", "--config", config).rows
    )


def test_an_address_must_stand_in_the_certificate(config, tmp_path):
    path = put(tmp_path / "bob.pem", recipient("bob@example.net", rsa_key()), CA)
    assert sealgate("keys", "import", put(tmp_path / "ca.pem", CA), "--config", config).status == 2
    assert sealgate("keys", "import", path, "--address", "eve@example.net", "--config", config).status == 1
    assert sealgate("keys", "import", path, "--address", "bob@example.net", "--config", config).status == 0
    (tmp_path / "junk").write_bytes(b"junk")
    assert sealgate("keys", "import", tmp_path / "junk", "--config", config).status == 2


def test_with_a_trust_file_only_its_certificates_are_imported(config, tmp_path):
    other, _ = make_ca("Another CA", AT)
    path = put(tmp_path / "bob.pem", recipient("bob@example.net", rsa_key()))
    config.write_text(config.read_text().replace('# trust = "certificates/authorities.pem"', 'trust = "trust.pem"'))
    put(config.parent / "trust.pem", other)
    answer = sealgate("keys", "import", path, "--config", config)
    assert (answer.status, "trusted authority" in answer.err) == (1, True)
    put(config.parent / "trust.pem", other, CA)
    assert sealgate("keys", "import", path, "--config", config).status == 0
    (config.parent / "trust.pem").write_text("junk")
    assert sealgate("keys", "import", path, "--config", config).status == 2


def test_a_sender_s_certificate_is_made_once(config, tmp_path):
    out = tmp_path / "lee.pem"
    first = sealgate("keys", "generate", "lee@practice.example.org", "--out", out, "--json", "--config", config).row
    again = sealgate("keys", "generate", "lee@practice.example.org", "--json", "--config", config).row
    assert first["fingerprint"] == again["fingerprint"]
    san = x509.load_pem_x509_certificate(out.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert san.value.get_values_for_type(x509.RFC822Name) == ["lee@practice.example.org"]
    assert sealgate("keys", "generate", "eve@example.net", "--config", config).status == 1
    assert sealgate("keys", "generate", "lee@practice.example.org", "--out", out, "--config", config).status == 2


def test_key_listing_shows_no_key(config):
    listed = sealgate("keys", "list", "--json", "--config", config)
    names = {row["key"] for row in listed.rows}
    assert {"columns.key", "intake.pub", "ca.crt"} <= names
    assert (config.parent / "keys" / "columns.key").read_text().strip() not in json.dumps(listed.rows)

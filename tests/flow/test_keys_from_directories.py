"""A key from a directory on the network on the whole road: it seals, it is asked for once, and trouble is never a plain send."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.adapters.keydirectory.trust import Trust
from gateway.app import directories
from gateway.config.load import load
from gateway.config.starter import starter_config
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from tests.support.command import sealgate
from tests.support.dns_server import dns_server
from tests.support.home import MARIA, RESULTS, Home, mail
from tests.support.people import certificate_for

SUBJECT = "Results"


class Dns:
    """A validating resolver; what it says can be changed."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.rcode, self.secure, self.asked = dns.rcode.NOERROR, True, 0

    def __call__(self, query: dns.message.Message) -> dns.message.Message:
        self.asked += 1
        answer = dns.message.make_response(query, recursion_available=True)
        answer.set_rcode(self.rcode)
        if self.records:
            question = query.question[0]
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", question.rdtype, self.records))
        if self.secure:
            answer.flags |= dns.flags.AD
        return answer


@pytest.fixture
def resolver():
    says = Dns()
    with dns_server(says) as port:
        yield says, port


def configured(port: int, domains: str = "example.net"):
    def change(text: str) -> str:
        text = text.replace("[keys]\n", '[keys]\ndirectories = ["imported", "folder", "dane"]\n')
        return f'{text}\n[directory.dane]\nkind = "smimea"\nresolver = "dns://127.0.0.1:{port}"\ndomains = ["{domains}"]\ntimeout = "60s"\n'

    return change


def home_with(tmp_path: Path, port: int, domains: str = "example.net") -> Home:
    return Home(tmp_path, config=configured(port, domains)).people()


def record(home: Home) -> str:
    certificate, _ = certificate_for(MARIA, home.clock.now())
    return f"3 0 0 {certificate.public_bytes(Encoding.DER).hex()}"


def test_a_key_from_the_dns_seals_and_sending_asks_nobody_again(tmp_path, resolver):
    says, port = resolver
    with home_with(tmp_path, port) as home:
        says.records = [record(home)]
        home.submit(mail(MARIA, SUBJECT, RESULTS), [MARIA])
        home.settle()
        [sent] = [one for one in home.sent() if one.recipient == MARIA]
        assert sent.parsed.get_content_type() == "application/pkcs7-mime"
        assert says.asked == 1  # decided and read again at SENDING with one question


def test_a_key_that_is_withdrawn_serves_no_longer_than_is_stated(tmp_path, resolver):
    says, port = resolver
    with home_with(tmp_path, port) as home:
        says.records = [record(home)]
        directory = home.inst.key_directory()
        address, at = Address.parse(MARIA), home.clock.now()
        assert directory.find(address, at).state.value == "valid"
        says.records = []
        assert directory.find(address, at + timedelta(minutes=59)).state.value == "valid"
        assert directory.find(address, at + timedelta(hours=1)).state.value == "none"


TROUBLE = {
    "unsigned": ({"secure": False}, "its DNS answer is not signed (DNSSEC)"),
    "forged": ({"rcode": dns.rcode.SERVFAIL}, "its DNS answer does not validate (DNSSEC): it is forged or broken"),
    "fails": ({"rcode": dns.rcode.REFUSED}, "the resolver answered REFUSED"),
}


@pytest.mark.parametrize(
    "name", ["unsigned", *(pytest.param(one, marks=pytest.mark.long) for one in ("forged", "fails"))]
)
def test_trouble_is_never_a_plain_send_and_the_log_says_the_clause(tmp_path, resolver, name):
    says, port = resolver
    change, clause = TROUBLE[name]
    with home_with(tmp_path, port) as home:
        says.records = [record(home)]
        for field, value in change.items():
            setattr(says, field, value)
        message = home.submit(mail(MARIA, SUBJECT, RESULTS), [MARIA])
        home.settle()
        [sent] = [one for one in home.sent() if one.recipient == MARIA]
        assert "/m/" in sent.text
        assert "metformin" not in sent.text
        told = sealgate("why", message, "--config", home.root / "sealgate.toml").out
        assert f"The directory's reason: {clause}." in told


def test_a_domain_that_is_not_listed_is_never_asked_for(tmp_path, resolver):
    says, port = resolver
    with home_with(tmp_path, port, "example.com") as home:
        home.submit(mail(MARIA, SUBJECT, RESULTS), [MARIA])
        home.settle()
        assert says.asked == 0


def test_keys_find_shows_every_directory_and_why(tmp_path, resolver):
    says, port = resolver
    with home_with(tmp_path, port) as home:
        config = home.root / "sealgate.toml"
        says.records, says.secure = [record(home)], False
        told = sealgate("keys", "find", MARIA, "--json", "--config", config)
        assert told.status == 1
        assert [(one["directory"], one["state"]) for one in told.rows] == [
            ("imported", "none"),
            ("folder", "none"),
            ("dane", "untrusted"),
        ]
        assert "DNSSEC" in told.rows[2]["reason"]
        home.add_certificate(MARIA)
        told = sealgate("keys", "find", MARIA, "--json", "--config", config)
        assert told.status == 0
        assert told.rows[1]["state"] == "valid"
        explained = tmp_path / "letter.eml"
        explained.write_bytes(mail(MARIA, SUBJECT, RESULTS))
        (home.root / "certificates" / f"{MARIA}.pem").unlink()
        said = sealgate(
            "explain", explained, "--from", "dr.lee@willow.example.org", "--to", MARIA, "--config", config
        ).out
        assert "The directory's reason: its DNS answer is not signed (DNSSEC)." in said


BAD_CONFIG = {
    "an order of unknown names": 'directories = ["imported", "nobody"]',
    "no domains": '\n[directory.dane]\nkind = "wkd"',
    "a resolver that is not here": 'directories = ["dane"]\n[directory.dane]\nkind = "smimea"\ndomains = ["*"]\nresolver = "dns://192.0.2.1:53"',
    "LDAP in the open": 'directories = ["l"]\n[directory.l]\nkind = "ldap"\ndomains = ["*"]\nurl = "ldap://ldap.example.org/dc=x"',
    "unsigned keys": 'directories = ["o"]\n[directory.o]\nkind = "openpgpkey"\ndomains = ["*"]\nunsigned = true',
    "a local name": 'directories = ["folder"]\n[directory.folder]\nkind = "wkd"\ndomains = ["*"]',
    "not in the order": '\n[directory.w]\nkind = "wkd"\ndomains = ["*"]',
}


@pytest.mark.parametrize("name", ["right", *BAD_CONFIG])
def test_a_configuration_that_asks_unsafely_is_refused(tmp_path, name):
    config, text = tmp_path / "sealgate.toml", starter_config("Elm", "elm.example.org", portal_url="http://localhost:1")
    added = BAD_CONFIG.get(name, 'directories = ["w"]\n[directory.w]\nkind = "wkd"\ndomains = [".example.org"]')
    head, _, tail = text.partition("[keys]\n")
    first, _, tables = added.partition("\n")
    config.write_text(f"{head}[keys]\n{first}\n{tail}\n{tables}\n")

    def build() -> object:
        return directories.resolver(load(config), {}, Trust(), judge_openpgp_data)

    if name == "right":
        build()
    else:
        with pytest.raises(ConfigError, match=r"director|domains|resolver|url|unsigned"):
            build()


def test_the_checkup_warns_of_what_is_asked_widely_or_vouched_for_by_nobody(tmp_path):
    config, text = tmp_path / "sealgate.toml", starter_config("Elm", "elm.example.org", portal_url="http://localhost:1")
    added = 'directories = ["l"]\ntrust = "ca.pem"\n'
    table = '[directory.l]\nkind = "cert"\ndomains = ["*"]\n[revocation]\nmode = "soft"\n'
    config.write_text(text.replace("[keys]\n", f"[keys]\n{added}") + table)
    said = list(directories.weaknesses(load(config)))
    assert len(said) == 2
    config.write_text(config.read_text().replace('trust = "ca.pem"\n', ""))
    said = list(directories.weaknesses(load(config)))
    assert any("no authority vouches" in one for one in said)
    config.write_text(text)
    assert list(directories.weaknesses(load(config))) == []

"""Recipients' certificates: by SAN only, the best answer wins, and trouble never looks like 'there is no key'."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory import FirstOf, FolderDirectory, StoreDirectory
from gateway.adapters.keydirectory.answers import read_anchors, read_certificates
from gateway.adapters.keydirectory.trust import Anchors, Trust
from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, StoreUnavailable
from gateway.domain.protected import Protected
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.ca import make_ca
from gateway.seal.columns import BlindIndex, Columns
from tests.unit.seal.certificates import AT, CA, recipient, rsa_key, usage

ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
ISSUING_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = recipient("Root CA", ROOT_KEY, san=[], key_usage=usage(key_cert_sign=True), authority=True)
BOB = Address.parse("bob@example.net")


class Fixed:
    def __init__(self, state: KeyState) -> None:
        self.answer, self.asked = KeyAnswer(state, reason=state.value), 0

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        self.asked += 1
        return self.answer


def cert(address: str = "bob@example.net", **options):
    return recipient(address, rsa_key(), **options)


def anchored(path: Path) -> Trust:
    return Trust((Anchors(read_anchors(path)),))


def put(folder: Path, name: str, *certificates, encoding: Encoding = Encoding.PEM) -> None:
    (folder / name).write_bytes(b"".join(one.public_bytes(encoding) for one in certificates))


@pytest.mark.parametrize(
    ("name", "encoding"), [("x.pem", Encoding.PEM), ("x.cer", Encoding.DER), ("X.CRT", Encoding.PEM)]
)
def test_a_folder_matches_on_the_san_whatever_the_file_is_called(tmp_path, name, encoding):
    put(tmp_path, name, cert(), encoding=encoding)
    found = FolderDirectory(tmp_path).find(BOB, AT)
    assert found.state is KeyState.VALID
    assert found.certificate == cert_der(tmp_path / name)
    assert FolderDirectory(tmp_path).find(Address.parse("eve@example.net"), AT).state is KeyState.NONE


def cert_der(path: Path) -> bytes:
    return read_certificates(path)[0].public_bytes(Encoding.DER)


def test_a_file_name_is_no_claim(tmp_path):
    put(tmp_path, "bob@example.net.pem", cert("eve@example.net"))
    put(tmp_path, "nosan.pem", cert(san=[]))
    answer = FolderDirectory(tmp_path).find(BOB, AT)
    assert answer.state is KeyState.UNTRUSTED
    assert "address" in answer.reason
    assert FolderDirectory(tmp_path).find(Address.parse("nosan@example.net"), AT).state is KeyState.NONE


def test_case_of_the_address_does_not_matter(tmp_path):
    put(tmp_path, "x.pem", cert("Bob@Example.NET"))
    assert FolderDirectory(tmp_path).find(BOB, AT).state is KeyState.VALID


def test_the_newest_valid_certificate_wins(tmp_path):
    old = cert(start=AT - timedelta(days=90))
    new = cert(start=AT - timedelta(days=2))
    put(tmp_path, "x.pem", old, new)
    put(tmp_path, "later-but-over.pem", cert(start=AT - timedelta(days=1), end=AT - timedelta(hours=1)))
    assert FolderDirectory(tmp_path).find(BOB, AT).certificate == new.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ({"end": AT - timedelta(hours=1)}, KeyState.EXPIRED),
        ({"start": AT + timedelta(hours=1)}, KeyState.UNTRUSTED),
        ({"key_usage": usage(digital_signature=True)}, KeyState.UNTRUSTED),
    ],
)
def test_trouble_is_told(tmp_path, options, state):
    put(tmp_path, "x.pem", cert(**options))
    found = FolderDirectory(tmp_path).find(BOB, AT)
    assert (found.state, bool(found.reason)) == (state, True)


def test_a_trust_file_asks_for_a_chain(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    put(folder, "x.pem", cert())
    other, _ = make_ca("Another CA", AT)
    put(tmp_path, "ours.pem", CA)
    put(tmp_path, "other.pem", other)
    assert FolderDirectory(folder, anchored(tmp_path / "ours.pem")).find(BOB, AT).state is KeyState.VALID
    assert FolderDirectory(folder, anchored(tmp_path / "other.pem")).find(BOB, AT).state is KeyState.UNTRUSTED


def test_a_chain_in_the_file_leads_to_the_anchor(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    below = recipient(
        "Issuing CA",
        ISSUING_KEY,
        san=[],
        key_usage=usage(key_cert_sign=True),
        authority=True,
        issuer=(ROOT, ROOT_KEY),
    )
    leaf = cert(issuer=(below, ISSUING_KEY))
    put(tmp_path, "root.pem", ROOT)
    put(folder, "bob.pem", leaf)
    anchors = anchored(tmp_path / "root.pem")
    assert FolderDirectory(folder, anchors).find(BOB, AT).state is KeyState.UNTRUSTED
    put(folder, "bob.pem", leaf, below)
    assert FolderDirectory(folder, anchors).find(BOB, AT).state is KeyState.VALID


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_a_bad_trust_file_is_an_error(tmp_path, content):
    (tmp_path / "t.pem").write_bytes(content)
    with pytest.raises(ConfigError, match=r"keys\.trust"):
        read_anchors(tmp_path / "t.pem")
    with pytest.raises(ConfigError, match=r"keys\.trust"):
        read_anchors(tmp_path / "missing.pem")


def test_rubbish_is_passed_over_and_a_missing_folder_is_unreachable(tmp_path):
    (tmp_path / "a.pem").write_bytes(b"\x30\x82 rubbish")
    (tmp_path / "b.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n")
    (tmp_path / "notes.txt").write_text("bob@example.net")
    put(tmp_path, "z.pem", cert())
    assert FolderDirectory(tmp_path).find(BOB, AT).state is KeyState.VALID
    assert FolderDirectory(tmp_path / "gone").find(BOB, AT).state is KeyState.UNREACHABLE


def test_a_changed_file_is_read_again(tmp_path):
    directory = FolderDirectory(tmp_path)
    assert directory.find(BOB, AT).state is KeyState.NONE
    put(tmp_path, "x.pem", cert())
    assert directory.find(BOB, AT).state is KeyState.VALID
    (tmp_path / "x.pem").unlink()
    assert directory.find(BOB, AT).state is KeyState.NONE


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], KeyState.NONE),
        ([KeyState.NONE, KeyState.EXPIRED], KeyState.EXPIRED),
        ([KeyState.EXPIRED, KeyState.UNTRUSTED], KeyState.UNTRUSTED),
        ([KeyState.UNREACHABLE, KeyState.NONE], KeyState.UNREACHABLE),
        ([KeyState.UNREACHABLE, KeyState.VALID], KeyState.VALID),
    ],
)
def test_several_directories_give_the_most_telling_answer(states, said):
    assert FirstOf([Fixed(one) for one in states]).find(BOB, AT).state is said


def test_a_valid_answer_ends_the_search():
    last = Fixed(KeyState.NONE)
    FirstOf([Fixed(KeyState.VALID), last]).find(BOB, AT)
    assert last.asked == 0


@pytest.fixture
def imported(tmp_path):
    store = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SystemTokens())
    store.create_schema()
    yield store, StoreDirectory(store, Columns(Protected(b"c" * 32), "here"), BlindIndex(Protected(b"i" * 32), "here"))
    store.close()


def test_imported_certificates_are_found_by_address(imported):
    store, directory = imported
    certificate = cert()
    with store.begin() as uow:
        directory.put(uow, certificate, BOB, "import", AT, "test")
    found = directory.find(BOB, AT)
    assert (found.state, found.certificate) == (KeyState.VALID, certificate.public_bytes(Encoding.DER))
    assert directory.find(Address.parse("eve@example.net"), AT).state is KeyState.NONE


def rows_of(store):
    with store.begin() as uow:
        return uow.register.recipient_keys()


def kinds(store):
    with store.begin() as uow:
        return [row.event.kind.value for row in uow.audit.of_message("")]


def test_an_imported_certificate_that_was_moved_is_untrusted(imported):
    store, directory = imported
    with store.begin() as uow:
        directory.put(uow, cert(), BOB, "import", AT, "test")
        directory.put(uow, cert(), BOB, "import", AT, "test")
        mine, other = uow.register.recipient_keys()
        uow.register.put_recipient_key(replace(mine, certificate=other.certificate))
    assert directory.find(BOB, AT).state is KeyState.UNTRUSTED
    assert kinds(store) == ["integrity"]


@pytest.mark.proves("clear.store-writer-pass")
def test_a_removed_certificate_that_is_put_back_is_untrusted(imported):
    store, directory = imported
    with store.begin() as uow:
        fingerprint = directory.put(uow, cert(), BOB, "import", AT, "test")
    [row] = rows_of(store)
    with store.begin() as uow:
        assert directory.remove(uow, fingerprint, AT, "test") == 1
        assert directory.remove(uow, "00", AT, "test") == 0
    assert directory.find(BOB, AT).state is KeyState.NONE
    with store.begin() as uow:
        uow.register.put_recipient_key(row)
    assert directory.find(BOB, AT).state is KeyState.UNTRUSTED
    with store.begin() as uow:
        directory.remove(uow, fingerprint, AT, "test")
        told = [one.event.data["version"] for one in uow.audit.of_message(f"certificates:{row.tag.hex()}")]
    assert told == [1, 2, 3]
    assert directory.find(BOB, AT).state is KeyState.NONE
    with store.begin() as uow:
        directory.put(uow, cert(), BOB, "import", AT, "test")
    assert directory.find(BOB, AT).state is KeyState.VALID


def test_a_certificate_taken_out_behind_the_gateways_back_is_missed(imported):
    store, directory = imported
    with store.begin() as uow:
        fingerprint = directory.put(uow, cert(), BOB, "import", AT, "test")
        uow.register.drop_recipient_key(fingerprint)
    assert directory.find(BOB, AT).state is KeyState.UNTRUSTED


def test_a_database_out_of_reach_is_unreachable(tmp_path):
    class Gone:
        def begin(self):
            raise StoreUnavailable("gone")

    directory = StoreDirectory(Gone(), Columns(Protected(b"c" * 32), "here"), BlindIndex(Protected(b"i" * 32), "here"))
    assert directory.find(BOB, AT).state is KeyState.UNREACHABLE

"""Own S/MIME keys in the store: who signs, who reads, and what an older, changed or missing row comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from gateway.domain.address import Address
from gateway.domain.audit import EventKind
from gateway.domain.errors import IntegrityError, SealingFailed
from gateway.flow.own_keys import OwnKeys
from gateway.flow.signers import RENEW, Signers
from gateway.seal.ca import SENDER_DAYS, Issuer, issue, make_ca
from gateway.seal.own_keys import READ_ON, KeyRing, Life, OwnKey, Purpose
from gateway.seal.private_keys import KeyAlgorithm
from tests.support.home import Home

DOCTOR = Address.parse("dr.lee@willow.example.org")
OTHER_CA, OTHER_KEY = make_ca("Another CA", datetime.fromisoformat("2026-01-01T00:00:00+00:00"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one


def put(home: Home, key: OwnKey, kind: EventKind = EventKind.KEY_MADE, name: Address | str = DOCTOR) -> KeyRing:
    keys = home.inst.own().keys()
    with home.store.begin() as uow:
        return keys.activate(uow, keys.ring(uow, name), key, kind, home.clock.now())


def bought(home: Home, name: Address | str = DOCTOR, purpose: Purpose = Purpose.SIGN, days: int = 365) -> OwnKey:
    """A key with a certificate of another authority."""
    made = home.inst.own().signers().new(name, home.clock.now(), purpose)
    public = made.certificate.public_key()
    certificate = issue(Issuer(OTHER_CA, OTHER_KEY), name, public, purpose, home.clock.now(), days)  # type: ignore[arg-type]
    return replace(made, chain=(certificate, OTHER_CA), built_in=False)


def revoke(home: Home, key: OwnKey) -> None:
    keys = home.inst.own().keys()
    with home.store.begin() as uow:
        ring = keys.ring(uow, DOCTOR).revoked(key.id, "key_compromise", home.clock.now())
        keys.keep(uow, ring, EventKind.KEY_REVOKED, key, home.clock.now(), why="key_compromise")


def told(home: Home) -> list[str]:
    """What the log tells of own mail keys."""
    return [str(one) for (one,) in home.sql("SELECT kind FROM audit WHERE message_id LIKE 'signer:%' ORDER BY seq")]


def lives(home: Home) -> list[Life]:
    with home.store.begin() as uow:
        return [one.life for one in home.inst.own().keys().ring(uow, DOCTOR).keys]


def test_the_built_in_authority_renews_before_the_end_and_the_old_one_is_retired(home: Home) -> None:
    signers = home.inst.own().signers()
    first = signers.signer(DOCTOR, home.clock.now())
    assert signers.signer(DOCTOR, home.clock.now()).certificate == first.certificate
    late = first.certificate.not_valid_after_utc - RENEW
    second = signers.signer(DOCTOR, late)
    assert second.certificate != first.certificate
    assert second.certificate.not_valid_after_utc == late + timedelta(days=SENDER_DAYS)
    assert lives(home) == [Life.RETIRED, Life.ACTIVE]
    assert told(home) == ["key_made", "key_made", "key_retired"]


def test_another_authoritys_certificate_signs_until_its_end_and_nothing_takes_its_place(home: Home) -> None:
    signers = home.inst.own().signers()
    signers.signer(DOCTOR, home.clock.now())
    key = bought(home, days=30)
    put(home, key, EventKind.KEY_IMPORTED)
    found = signers.signer(DOCTOR, home.clock.now())
    assert found.certificate == key.certificate
    assert found.chain == (OTHER_CA,)
    with pytest.raises(SealingFailed, match="is over"):
        signers.signer(DOCTOR, home.clock.now() + timedelta(days=31))


def test_a_revoked_key_signs_nothing_and_still_reads(home: Home) -> None:
    signers = home.inst.own().signers()
    key = signers.new(DOCTOR, home.clock.now(), Purpose.BOTH, KeyAlgorithm.RSA_3072)
    put(home, key)
    assert signers.signer(DOCTOR, home.clock.now()).certificate == key.certificate
    revoke(home, key)
    with pytest.raises(SealingFailed, match="revoked or retired"):
        signers.signer(DOCTOR, home.clock.now())
    [(certificate, private)] = home.inst.own_decryption()
    assert certificate == key.certificate
    assert private.public_key() == certificate.public_key()


def test_a_key_for_reading_signs_nothing_and_leaves_the_signer_alone(home: Home) -> None:
    signers = home.inst.own().signers()
    first = signers.signer(DOCTOR, home.clock.now())
    reading = signers.new(DOCTOR, home.clock.now(), Purpose.DECRYPT, KeyAlgorithm.RSA_3072)
    put(home, reading)
    assert signers.signer(DOCTOR, home.clock.now()).certificate == first.certificate
    assert lives(home) == [Life.ACTIVE, Life.ACTIVE]
    usage = reading.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment
    assert not usage.digital_signature


def test_replaced_keys_read_until_some_time_after_their_end(home: Home) -> None:
    signers = home.inst.own().signers()
    made = [signers.new(DOCTOR, home.clock.now(), Purpose.DECRYPT) for _ in range(2)]
    for one in made:
        put(home, one)
    assert lives(home) == [Life.RETIRED, Life.ACTIVE]
    assert {certificate for certificate, _ in home.inst.own_decryption()} == {one.certificate for one in made}
    keys, until = home.inst.own().keys(), made[0].certificate.not_valid_after_utc
    assert len(keys.decryption(until + READ_ON)) == 2
    assert keys.decryption(until + READ_ON + timedelta(seconds=1)) == []


def test_a_domains_certificate_signs_for_senders_without_their_own(home: Home) -> None:
    key = bought(home, DOCTOR.domain)
    put(home, key, EventKind.KEY_IMPORTED, DOCTOR.domain)
    assert home.inst.own().signers().signer(DOCTOR, home.clock.now()).certificate == key.certificate
    names = key.certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(names, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == [DOCTOR.domain]
    own = bought(home)
    put(home, own, EventKind.KEY_IMPORTED)
    assert home.inst.own().signers().signer(DOCTOR, home.clock.now()).certificate == own.certificate


def test_without_the_built_in_authority_a_sender_without_certificate_signs_nothing(home: Home) -> None:
    signers: Signers = replace(home.inst.own().signers(), issues=False)
    with pytest.raises(SealingFailed, match="built_in_ca is off"):
        signers.signer(DOCTOR, home.clock.now())
    assert told(home) == []


def test_a_revoked_key_that_is_put_back_into_the_database_signs_nothing(home: Home) -> None:
    put(home, key := bought(home), EventKind.KEY_IMPORTED)
    [old] = home.sql("SELECT tag, version, sealed FROM own_keys")
    revoke(home, key)
    home.sql("UPDATE own_keys SET version = ?, sealed = ?", old[1], old[2])
    with pytest.raises(IntegrityError, match="not the last ones"):
        home.inst.own().signers().signer(DOCTOR, home.clock.now())
    home.sql("UPDATE own_keys SET version = ?", old[1] + 1)
    with pytest.raises(IntegrityError, match="another version"):
        home.inst.own().signers().signer(DOCTOR, home.clock.now())
    home.sql("DELETE FROM own_keys")
    with pytest.raises(IntegrityError, match="gone"):
        home.inst.own().signers().signer(DOCTOR, home.clock.now())


def test_the_keys_of_another_sender_are_not_this_ones(home: Home) -> None:
    nurse = Address.parse("nurse@willow.example.org")
    signers = home.inst.own().signers()
    mine = signers.signer(DOCTOR, home.clock.now())
    signers.signer(nurse, home.clock.now())
    rows = home.sql("SELECT tag, version, sealed FROM own_keys")
    for tag, *_ in rows:
        home.sql("UPDATE own_keys SET sealed = ? WHERE tag = ?", next(one[2] for one in rows if one[0] != tag), tag)
    again = signers.signer(DOCTOR, home.clock.now())
    assert again.certificate != mine.certificate
    names = again.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == [str(DOCTOR)]
    assert "integrity" in [kind for kind, _ in home.events()]


def test_what_a_damaged_row_can_read_it_may_still_read(home: Home) -> None:
    signers = home.inst.own().signers()
    put(home, both := signers.new(DOCTOR, home.clock.now(), Purpose.BOTH, KeyAlgorithm.EC_P256))
    [old] = home.sql("SELECT version, sealed FROM own_keys")
    revoke(home, both)
    home.sql("UPDATE own_keys SET version = ?, sealed = ?", *old)
    fresh = signers.signer(DOCTOR, home.clock.now())
    assert fresh.certificate != both.certificate
    assert both.certificate in [one for one, _ in home.inst.own_decryption()]


def test_a_key_that_is_not_the_one_of_its_row_is_refused(home: Home) -> None:
    signers = home.inst.own().signers()
    one, other = (signers.new(DOCTOR, home.clock.now()) for _ in range(2))
    keys: OwnKeys = home.inst.own().keys()
    with pytest.raises(IntegrityError, match="not the one that its row names"):
        keys.private(replace(one, secret=other.secret))
    with pytest.raises(SealingFailed, match="cannot open"):
        OwnKeys(home.store, home.keys.columns, home.keys.index).private(replace(one, place="pkcs11:object=x"))

"""gpg's status lines, read for one judged key: nothing but one valid signature of its own, inside the encryption, is good."""

from __future__ import annotations

import pytest

from gateway.adapters.openpgp.verdict import verdict
from gateway.domain.address import Address
from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.openpgp_signers import SignerKey
from tests.unit.seal.certificates import AT

PRIMARY, PART, OTHER = "aa" * 20, "bb" * 20, "cc" * 20
KEY = SignerKey(Address.parse("alice@clinic.example.net"), AT, "", PRIMARY, frozenset({PART}), b"key")
VALID = f"{PART.upper()} 2026-03-02 1772442000 0 4 0 22 10 00 {PRIMARY.upper()}"
GOOD = [
    ("BEGIN_DECRYPTION", ""), ("DECRYPTION_INFO", "2 9 0"), ("PLAINTEXT", "62 0"), ("NEWSIG", ""), ("GOODSIG", "BB Alice"),
    ("VALIDSIG", VALID), ("DECRYPTION_OKAY", ""), ("GOODMDC", ""), ("END_DECRYPTION", ""),
]  # fmt: skip
UNKNOWN = Checked(Verdict.UNKNOWN)


def with_valid(text):
    return [(kind, text if kind == "VALIDSIG" else rest) for kind, rest in GOOD]


def test_one_valid_signature_of_that_key_is_good():
    assert verdict(GOOD, KEY, 0) == Checked(Verdict.GOOD)
    assert verdict(GOOD[:3] + GOOD[6:], KEY, 0) is None


@pytest.mark.parametrize("hash_", ["1", "2", "3"])
def test_a_broken_hash_is_weak(hash_):
    assert verdict(with_valid(VALID.replace(" 10 00 ", f" {hash_} 00 ")), KEY, 0) == Checked(Verdict.WEAK)


@pytest.mark.parametrize(
    "text",
    [
        VALID.replace(PART.upper(), OTHER), VALID.replace(PRIMARY.upper(), OTHER), VALID.replace(PART.upper(), PRIMARY),
        VALID.replace(" 00 ", " 02 "), VALID.rpartition(" ")[0], f"{VALID} {PRIMARY}", "",
    ],
)  # fmt: skip
def test_other_fingerprints_and_other_kinds_prove_nothing(text):
    assert verdict(with_valid(text), KEY, 0) == UNKNOWN


def without(kind):
    return [one for one in GOOD if one[0] != kind]


@pytest.mark.parametrize("kind", ["BEGIN_DECRYPTION", "PLAINTEXT", "NEWSIG", "GOODSIG", "VALIDSIG", "END_DECRYPTION"])
def test_whatever_is_missing_it_is_not_good(kind):
    assert verdict(without(kind), KEY, 0) == UNKNOWN


@pytest.mark.parametrize(
    "kind",
    ["NEWSIG", "GOODSIG", "VALIDSIG", "PLAINTEXT", "BEGIN_DECRYPTION", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"],
)
def test_whatever_comes_beside_it_it_is_not_good(kind):
    assert verdict([*GOOD[:6], (kind, VALID), *GOOD[6:]], KEY, 0) == UNKNOWN


def test_a_signature_round_the_encryption_proves_nothing():
    outside = [*GOOD[:3], *GOOD[6:], *GOOD[3:6]]
    assert verdict(outside, KEY, 0) == UNKNOWN
    assert verdict([*GOOD[3:6], *GOOD[:3], *GOOD[6:]], KEY, 0) == UNKNOWN


def test_a_bad_one_is_bad_whatever_else_there_is():
    assert verdict([*GOOD, ("BADSIG", "BB Alice")], KEY, 1) == Checked(Verdict.BAD)


def test_without_a_key_or_with_a_failure_nothing_is_known():
    assert verdict(GOOD, None, 0) == UNKNOWN
    assert verdict(GOOD, KEY, 2) == UNKNOWN
    assert verdict(GOOD, SignerKey(KEY.address, AT, "was revoked"), 0) == UNKNOWN

"""Whose authorities count for whom: by the recipient's domain, Direct apart, and nothing from a network without any."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.trust import Anchors, Trust, covers
from gateway.domain.address import Address
from gateway.ports.keys import KeyKind, KeyState
from gateway.seal.ca import make_ca
from tests.unit.seal.certificates import AT, CA, recipient

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_CA, OTHER_KEY = make_ca("Other CA", AT)
S, D = KeyKind.SMIME, KeyKind.DIRECT
BOTH = (Anchors((CA,)), Anchors((OTHER_CA,), frozenset({"example.org"})))
DIRECT = (Anchors((CA,), frozenset({".direct.example.net"}), direct=True),)


def state(anchors: tuple[Anchors, ...], address: str, *, kind: KeyKind = S, own: bool = False, issuer=None) -> KeyState:
    certificate = recipient(address, KEY, **({"issuer": issuer} if issuer else {}))
    return Trust(anchors).judge([certificate], Address.parse(address), AT, kind, own=own).state


@pytest.mark.parametrize(
    ("anchors", "address", "options", "valid"),
    [
        (BOTH, "bob@example.net", {}, True),
        (BOTH, "bob@example.org", {}, False),  # its own authorities count in place of the others
        (BOTH, "bob@example.org", {"issuer": (OTHER_CA, OTHER_KEY)}, True),
        (BOTH, "bob@example.net", {"issuer": (OTHER_CA, OTHER_KEY)}, False),
        (BOTH, "bob@example.net", {"issuer": (OTHER_CA, OTHER_KEY), "own": True}, False),
        ((), "bob@example.net", {}, False),
        ((), "bob@example.net", {"own": True}, True),
        (BOTH[1:], "bob@example.net", {"own": True}, True),  # authorities for one domain change nothing for another
        (BOTH[1:], "bob@example.net", {}, False),
        (BOTH[1:], "bob@example.org", {"own": True}, False),
        (DIRECT, "bob@a.direct.example.net", {"kind": D}, True),
        (DIRECT, "bob@a.direct.example.net", {"kind": S}, False),
        (DIRECT, "bob@example.net", {"kind": D}, False),
        (BOTH, "bob@example.net", {"kind": D}, False),
        ((), "bob@example.net", {"kind": D, "own": True}, False),
    ],
)
def test_who_vouches_for_whom(anchors, address, options, valid):
    assert (state(anchors, address, **options) is KeyState.VALID) is valid


def test_scopes_are_domains_and_nothing_that_looks_like_one():
    assert covers([".example.org"], "a.example.org")
    assert not covers([".example.org"], "example.org")
    assert not covers(["example.org"], "notexample.org")
    assert not covers([".example.org"], "notexample.org")
    assert not covers(["example.org"], "a.example.org")
    assert covers(["*"], "anything.example")


def test_of_valid_certificates_the_latest_counts_and_many_are_bounded():
    bob = Address.parse("bob@example.net")
    several = [recipient("bob@example.net", KEY, start=AT - timedelta(days=one)) for one in (3, 1, 2)]
    assert Trust((Anchors((CA,)),)).judge(several, bob, AT).certificate == several[1].public_bytes(Encoding.DER)
    trust = Trust((Anchors((CA,)),))
    late = [recipient("bob@example.net", KEY, start=AT + timedelta(days=1)) for _ in range(20)]
    assert trust.judge([*late, several[0]], bob, AT).state is KeyState.VALID
    crowd = [recipient("eve@example.net", KEY) for _ in range(20)]
    assert trust.judge([*crowd, several[0]], bob, AT).state is KeyState.UNTRUSTED

"""The reader of OpenPGP keys takes anything: it answers, or says ValueError."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.seal.openpgp_judging import addresses_of, judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_message import checked
from gateway.seal.openpgp_packets import armoured, packet
from gateway.seal.openpgp_signatures import Signature
from tests.support.openpgp import Maker

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GRACE = Address.parse("grace@clinic.example.net")
WHOLE = Maker(AT).user(f"Grace <{GRACE}>").part().whole
pieces = st.lists(
    st.one_of(
        st.binary(max_size=40), st.builds(packet, st.sampled_from([2, 5, 6, 7, 13, 14, 17]), st.binary(max_size=80)),
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE))).map(lambda ends: WHOLE[min(ends) : max(ends)]),
    ),
    max_size=6,
).map(b"".join)  # fmt: skip


def read(data: bytes) -> None:
    try:
        keys = read_certificates(data)
    except ValueError:
        return
    for key in keys:
        addresses_of(key)
        judge(key, GRACE, AT)


@given(st.one_of(pieces, pieces.map(lambda rest: WHOLE + rest)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    read(data)
    read(b"".join(armoured("PUBLIC KEY BLOCK", [data])))


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_signature_is_read_or_none(body):
    found = Signature.read(b"\x04" + body)
    if found is not None:
        assert not found.verifies(None, b"")
        found.in_force(AT)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_bytes_that_are_not_a_message_pass(data):
    with pytest.raises(SealingFailed):
        checked([data], bytes(range(1, 9)), hidden=False)

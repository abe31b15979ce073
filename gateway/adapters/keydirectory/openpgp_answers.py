"""From OpenPGP keys to one answer: the newest that serves, or the most telling reason why none does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.adapters.keydirectory.answers import most_telling
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyState
from gateway.seal.openpgp_judging import Judged, judge
from gateway.seal.openpgp_keys import Certificate, read_certificates
from gateway.seal.openpgp_signers import signing_parts


def judge_openpgp(keys: Iterable[Certificate], address: Address, at: datetime, source: str = "") -> KeyAnswer:
    """The answer for one address. Of several keys that serve, the one that was made last."""
    judged = sorted(((judge(one, address, at), one) for one in keys), key=lambda each: each[0].created, reverse=True)
    return most_telling(
        KeyAnswer(
            verdict.state, _handed_on(verdict, key, address, at), verdict.fingerprint,
            f"the OpenPGP key {verdict.reason}" if verdict.reason else "", source=source,
            revoked=frozenset({verdict.fingerprint}) if verdict.revoked else frozenset(),
        )
        for verdict, key in judged
    )  # fmt: skip


def _handed_on(verdict: Judged, key: Certificate, address: Address, at: datetime) -> bytes:
    """What serves of a key: to encrypt to, and to verify its owner's mail by."""
    return verdict.usable + signing_parts(key, address, at) if verdict.usable else key.whole


def judge_openpgp_data(data: bytes, address: Address, at: datetime) -> KeyAnswer:
    """The same of what a directory gave: one key or several, armoured or binary."""
    try:
        return judge_openpgp(read_certificates(data), address, at)
    except ValueError as error:
        return KeyAnswer(KeyState.UNTRUSTED, reason=f"the OpenPGP key that was found {error}")

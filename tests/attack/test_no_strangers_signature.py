"""A server inside sends a stranger's mail on: the practice's authority signs nothing in the stranger's name."""

from __future__ import annotations

from pathlib import Path

from gateway.app.own_work import OwnWork
from gateway.domain.decision import Method
from gateway.domain.envelope import Identity
from gateway.domain.states import DeliveryState
from tests.support.home import DOCTOR, GRACE, RESULTS, Home, mail

STRANGER = "director@hospital.example.net"


def test_the_built_in_authority_vouches_for_no_stranger(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.people()
        home.add_certificate(GRACE)
        peer = Identity("server", "peer")
        stranger = home.submit(mail(GRACE, "Referral", RESULTS, sender=STRANGER), GRACE, identity=peer)
        ours = home.submit(mail(GRACE, "Referral", RESULTS, number=2), GRACE, identity=peer)
        home.settle()
        both = [(home.delivery(one).state, home.delivery(one).method) for one in (stranger, ours)]
        assert both == [(DeliveryState.DELIVERED, Method.LINK), (DeliveryState.DELIVERED, Method.SMIME)]
        assert [str(ring.name) for ring in OwnWork(home.inst, "test").rings()] == [DOCTOR]
        assert sum(b"application/pkcs7-mime" in one.raw for one in home.sent(GRACE)) == 1

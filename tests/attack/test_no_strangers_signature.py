"""A server inside sends a stranger's mail on: the practice's authority signs nothing in the stranger's name."""

from __future__ import annotations

from pathlib import Path

from gateway.domain.envelope import Identity
from gateway.domain.states import DeliveryState
from tests.support.home import GRACE, RESULTS, Home, mail


def test_the_built_in_authority_vouches_for_no_stranger(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.people()
        home.add_certificate(GRACE)
        peer = Identity("server", "peer")
        stranger = home.submit(
            mail(GRACE, "Referral", RESULTS, sender="director@hospital.example.net"), GRACE, identity=peer
        )
        ours = home.submit(mail(GRACE, "Referral", RESULTS, number=2), GRACE, identity=peer)
        home.settle()
        assert home.delivery(ours).state is DeliveryState.DELIVERED
        assert home.delivery(stranger).state is DeliveryState.HELD
        assert len(home.sent(GRACE)) == 1

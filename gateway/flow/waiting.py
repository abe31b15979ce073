"""Secrets that wait for a delivery's end, sealed to an epoch: its link's, and the password of its PDF.

They are forgotten together, in the transaction that records the relay's last reply or gives the copy up.
"""

from __future__ import annotations

from gateway.ports.store import UnitOfWork
from gateway.ports.vault import Seal
from gateway.seal.context import context


def secret_context(installation: str, holder: str, epoch: str) -> bytes:
    """What such a secret is sealed to: a delivery's id for the link's, `password_of` it for the password."""
    return context(installation, Seal.LINK, holder, "delivery", epoch)


def password_of(delivery_id: str) -> str:
    """The name under which the password made for a delivery waits."""
    return f"{delivery_id}.pdf"


def drop_secrets(uow: UnitOfWork, delivery_id: str) -> None:
    """Forget both."""
    uow.objects.drop_secret(delivery_id)
    uow.objects.drop_secret(password_of(delivery_id))

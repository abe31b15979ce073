"""A typed code, as each door of the portal takes it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from gateway.domain.errors import PickupRefused
from gateway.ports.metrics import Count, Metrics


async def cookie_for_code(prove: Callable[[], str], limits: Metrics) -> str | None:
    """The session's cookie, or None for a wrong code, which is counted; whatever else is refused raises PickupRefused."""
    try:
        return await run_in_threadpool(prove)
    except PickupRefused as refused:
        if refused.reason != "wrong_code":
            raise
        limits.count(Count.UNAUTHENTICATED, "portal.code")
        return None

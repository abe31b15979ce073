"""The review role, put together: the page for staff. It holds its TLS key, `review.key` to sign requests with, the users
file, and an HPKE key per session in memory; no key that opens mail, columns or links.
"""

from __future__ import annotations

import asyncio
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from gateway.adapters.passwords import PasswordFile
from gateway.app.installation import Installation
from gateway.app.web_role import server_tls
from gateway.domain.envelope import Identity
from gateway.domain.errors import ConfigError, SealgateError
from gateway.flow.desk import StaffDesk
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.render.mail import TEMPLATES
from gateway.review.app import build_app
from gateway.review.pages import Pages
from gateway.review.ports import Lent, Wait
from gateway.review.sessions import Sessions
from gateway.smtp.gate import Busy, Gate, Throttled
from gateway.smtp.limits import DoorLimits
from gateway.web.cookies import Cookie
from gateway.web.forms import read_form, refuse_foreign
from gateway.web.front import Front
from gateway.web.metrics import Metrics
from gateway.web.network import client_address
from gateway.web.pages import size_in_words
from gateway.web.routes import ROUTE
from gateway.web.server import PortalServer, serve_portal
from gateway.web.settings import ServerConfig, WebConfig

_FORM_BYTES = 16 * 1024
"""A reason of 500 characters, each of up to 12 bytes when percent-encoded, and the rest of a form."""
_SWEEP = 20.0
"""Seconds between two looks at sessions whose time is over."""


class StaffDoor:
    """Passwords of the staff alone, with the bounds on guessing that submission has."""

    def __init__(self, users: PasswordFile, gate: Gate) -> None:
        self._users, self._gate = users, gate

    async def enter(self, network: str, name: str, password: str) -> tuple[str, str] | None:
        """Name and standing behind a right password; Wait without looking. A right one of nobody's staff is a wrong one."""
        if self._gate.guessed_too_often(network):
            raise Wait
        try:
            found = await self._gate.authenticate(network, name, password)
        except (Busy, Throttled) as error:
            raise Wait from error
        if found is None:
            return None
        standing = self.standing(found.name)
        return (found.name, standing) if standing else None

    def standing(self, name: str) -> str:
        """See PasswordFile; nobody has any while the file cannot be read."""
        try:
            return self._users.standing(name)
        except SealgateError:
            return ""


class OnlyStaff:
    """The users file as the gate asks it: who is not of the staff has no password here, and costs as much."""

    def __init__(self, users: PasswordFile) -> None:
        self._users = users

    def authenticate(self, name: str, password: str) -> Identity | None:
        """The identity of a person of the staff."""
        found = self._users.authenticate(name, password)
        return found if found is not None and self._users.standing(found.name) else None


async def open_review(home: Installation, reached: Checkpoint = unobserved) -> tuple[PortalServer, asyncio.Task[None]]:
    """The page with its port, and the task that ends what is past its time."""
    one = home.settings.review
    assert one.listen is not None
    tls = server_tls(one.tls_certificate, one.tls_key)
    config = WebConfig(f"{'https' if tls else 'http'}://{one.listen.host}:{one.listen.port}", form_bytes=_FORM_BYTES)
    sessions = Sessions(home.clock, home.tokens, one.session_idle.total_seconds(), one.session_life.total_seconds())
    desk = StaffDesk(home.store(), home.vault(), home.review_keys(), home.clock, home.tokens, reached)
    front = front_of(home, desk, sessions, config)
    server = ServerConfig(one.listen.host, one.listen.port, connections=home.settings.web.connections)
    try:
        served = await serve_portal(front, server, tls, home.metrics())
    except ConfigError:
        raise ConfigError(f"review.listen: {one.listen.host}:{one.listen.port} cannot be listened on") from None
    return served, asyncio.create_task(_keep(sessions, desk))


def front_of(home: Installation, desk: StaffDesk, sessions: Sessions, config: WebConfig) -> Front:
    """The page behind the portal's own front: its headers, its forms, its kind of cookies."""
    users, practice = home.users(), home.settings.practice
    limits = DoorLimits(**home.settings.smtp.limits.numbers())  # type: ignore[arg-type] # a test holds them together
    staff = StaffDoor(users, Gate(limits, OnlyStaff(users), home.clock, home.metrics()))
    style = (TEMPLATES / "portal" / "portal.css").read_bytes() + (TEMPLATES / "review" / "review.css").read_bytes()
    pages = Pages(TEMPLATES / "review", style, practice.name, ZoneInfo(practice.time_zone), size_in_words)
    lent = Lent(
        read_form=partial(read_form, config=config),
        refuse_foreign=lambda request, form, token: refuse_foreign(request, form, token, config),
        network=partial(client_address, config=config), door=Cookie("__Host-sealgate-door", "Strict"),
        session=Cookie("__Host-sealgate-staff", "Strict"), route=ROUTE,
    )  # fmt: skip
    life = round(home.settings.review.session_life.total_seconds())
    app = build_app(desk, sessions, staff, pages, lent, life, home.metrics())
    return Front(app, pages, config, Metrics(home.metrics().registry), name="review")


async def _keep(sessions: Sessions, desk: StaffDesk) -> None:
    """End sessions whose time is over, and have what they were shown forgotten; a worker does the rest after a death."""
    log = structlog.get_logger("review")
    while True:
        await asyncio.sleep(_SWEEP)
        for ended in sessions.sweep():
            try:
                await asyncio.to_thread(desk.leave, ended)
            except SealgateError as error:
                log.warning("what a session was shown waits for its age", code=error.code)

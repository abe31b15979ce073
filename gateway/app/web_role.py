"""The web role, put together: the portal. It holds peppers, the look-up key and its TLS key; no address, no epoch key."""

from __future__ import annotations

import ssl
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.app.installation import Installation
from gateway.flow.answer import Answers
from gateway.flow.intake import Intake
from gateway.flow.pickup import Pickup
from gateway.flow.throttle import PickupLimits
from gateway.flow.write_back import AnswerLimits, WriteBack
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.render.consent import warning
from gateway.render.mail import TEMPLATES
from gateway.web.app import build_app
from gateway.web.metrics import Metrics
from gateway.web.pages import Pages, Practice
from gateway.web.server import PortalServer, serve_portal
from gateway.web.settings import ServerConfig, WebConfig


async def open_portal(
    home: Installation, reached: Checkpoint = unobserved
) -> tuple[list[PortalServer], dict[str, list[int]]]:
    """The portal with its port."""
    settings, one = home.settings, home.settings.web
    limits = pickup_limits(home)
    lookup, peppers = home.lookup_key(), home.peppers()
    pickup = Pickup(home.store(), home.vault(), peppers, lookup, home.id, home.clock, home.tokens, limits, reached)
    back = write_back(home, pickup, reached)
    answers = Answers(home.store(), lookup, home.id, home.clock, home.tokens, limits, reached)
    practice = Practice(settings.practice.name, settings.practice.phone, ZoneInfo(settings.practice.time_zone))
    pages = Pages(TEMPLATES / "portal", practice, warning)
    config = WebConfig(
        portal_url=settings.practice.portal_url, trusted_proxies=tuple(ip_network(net) for net in one.behind_proxy),
        session_idle=round(one.session_idle.total_seconds()), session_life=round(one.session_life.total_seconds()),
        streams=one.streams,
    )  # fmt: skip
    app = build_app(pickup, answers, back, pages, config, Metrics(home.metrics().registry), home.metrics())
    server = ServerConfig(one.listen.host, one.listen.port, connections=one.connections)
    portal = await serve_portal(app, server, server_tls(one.tls_certificate, one.tls_key), home.metrics())
    return [portal], {"portal": [portal.port]}


def write_back(home: Installation, pickup: Pickup, reached: Checkpoint = unobserved) -> WriteBack:
    """Answers on the page of an opened link, with a spool like the doors' and a key of the portal's own."""
    parcel = home.settings.parcel
    intake = None
    if parcel.answers:
        intake = Intake(
            home.store(), home.vault(), home.answer_keys(), home.clock, home.tokens, home.intake_limits(), reached
        )
    room = AnswerLimits(parcel.answer_bytes, parcel.answer_files, parcel.answer_characters)
    return WriteBack(home.store(), pickup, intake, room)


def pickup_limits(home: Installation) -> PickupLimits:
    """The settings that bound guessing and sessions."""
    parcel, web, limits = home.settings.parcel, home.settings.web, home.settings.limits
    return PickupLimits(
        codes=parcel.codes, code_tries=parcel.code_tries, code_window=parcel.code_window,
        codes_per_network=limits.codes_per_network, session_idle=web.session_idle, session_life=web.session_life,
    )  # fmt: skip


def server_tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What a page serves TLS with; None where somebody before it does, or on loopback."""
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context

"""The listener: TLS, an address that is taken, and what pages say."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from gateway.adapters.metrics import PrometheusMetrics
from gateway.domain.errors import ConfigError
from gateway.web.pages import date_in_words, day_in_words, size_in_words
from gateway.web.server import serve_portal
from gateway.web.settings import ServerConfig
from gateway.web.words import ERRORS, REFUSALS, wait_in_words
from tests.support.patience import until_so
from tests.support.portal_house import House


async def test_the_portal_speaks_tls(tmp_path: Path) -> None:
    house = House(tmp_path)
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    server = await serve_portal(house.app, ServerConfig("127.0.0.1", 0), tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting, server_hostname="localhost")
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"ok\n")
    port = server.port
    await asyncio.wait_for(server.drain(), 60)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    house.store.close()


async def test_an_address_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    house = House(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match=r"web\.listen"):
        await serve_portal(house.app, ServerConfig("127.0.0.1", taken.getsockname()[1]), None)
    house.store.close()


@pytest.mark.proves("limits.default-metric-test")
async def test_connections_at_the_limit_and_above(tmp_path: Path) -> None:
    house, metrics = House(tmp_path), PrometheusMetrics()
    server = await serve_portal(house.app, ServerConfig("127.0.0.1", 0, connections=2), None, metrics)

    async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return (await reader.readline())[9:12]

    three = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    samples = metrics.registry.get_sample_value
    assert await status(*three[2]) == b"503"
    for one in three[1:]:
        one[1].close()
    await until_so(lambda: samples("sealgate_limit_use", {"limit": "web_connections"}) == 1)
    again = await asyncio.open_connection("127.0.0.1", server.port)
    assert [await status(*one) for one in (three[0], again)] == [b"200", b"200"]
    assert samples("sealgate_limit_refused_total", {"limit": "web_connections"}) == 1
    assert samples("sealgate_limit_use", {"limit": "web_connections"}) == 2
    for one in (three[0], again):
        one[1].close()
    await asyncio.wait_for(server.drain(), 60)
    house.store.close()


def test_every_refusal_has_a_page_that_says_what_to_do(tmp_path: Path) -> None:
    house = House(tmp_path)
    for reason, one in REFUSALS.items():
        page = house.pages.refused(reason, back="/letter")
        body = bytes(page.body).decode()
        assert page.status_code == one.status
        assert one.title in body
        assert "555-0142" in body
        assert ('href="/letter"' in body) == one.again
        assert ("retry-after" in page.headers) == (one.status in {429, 503})
    for status in (*ERRORS, 418, 502):
        assert house.pages.error(status).status_code == status
    house.store.close()


def test_words_for_people() -> None:
    assert [size_in_words(n) for n in (0, 1, 1023, 2048, 5 * 1024**2)] == [
        "0 bytes",
        "1 byte",
        "1023 bytes",
        "2.0 kB",
        "5.0 MB",
    ]
    assert day_in_words(datetime(2026, 3, 9, tzinfo=UTC)) == "March 9, 2026"
    assert date_in_words("Mon, 02 Mar 2026 09:05:00 -0500") == "March 2, 2026, 9:05 AM"
    assert date_in_words("yesterday") == "yesterday"
    assert [wait_in_words(n) for n in (0, 30, 91)] == [
        "",
        "Please try again in 30 seconds.",
        "Please try again in about 2 minutes.",
    ]

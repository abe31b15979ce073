"""Every route with every method: what it demands, what it leaves alone, and the headers on each answer."""

from __future__ import annotations

import ast
import contextlib
import logging
import socket
from pathlib import Path

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.web.app import build_app
from gateway.web.front import HEADERS, HSTS
from gateway.web.letter import Letter
from gateway.web.settings import ServerConfig, WebConfig
from tests.support.portal_house import Browser, House, served

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PATHS = {
    "/m/{token}": "GET", "/letter": "GET", "/letter/code": "POST", "/letter/enter": "GET", "/letter/open": "POST",
    "/letter/read": "GET", "/letter/save": "GET", "/letter/file/1": "GET", "/letter/close": "POST",
    "/letter/write": "GET", "/letter/answer": "POST", "/letter/sent": "GET",
    "/letter/closed": "GET", "/c/{token}": "GET", "/consent": "GET", "/consent/code": "POST", "/consent/enter": "GET",
    "/consent/open": "POST", "/consent/question": "GET", "/consent/answer": "POST", "/consent/thanks": "GET", "/": "GET",
    "/assets/portal.css": "GET", "/robots.txt": "GET", "/healthz": "GET", "/readyz": "GET",
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    with served(house) as port:
        house.port = port
        yield house


@pytest.mark.proves("portal.routes")
def test_the_list_above_is_the_route_table(house: House) -> None:
    table = {route.path.replace("{number}", "1"): (route.methods or set()) - {"HEAD"} for route in house.app.routes}
    assert table == {path: {method} for path, method in PATHS.items()}


@pytest.mark.proves("portal.routes", "portal.caching")
def test_strict_headers_and_405_for_every_route_and_method(house: House) -> None:
    token = house.parcel()
    for path, allowed in PATHS.items():
        for method in METHODS:
            answer = Browser(house.port).go(method, path.format(token=token))
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, (method, path, name)
            assert "server" not in answer.headers
            if method != allowed and not (method == "HEAD" and allowed == "GET"):
                assert answer.status == 405, (method, path)
            elif method == "POST":
                assert answer.status in {403, 415}, path
            if method == "HEAD":
                assert answer.body == b""
    missing = Browser(house.port).go("GET", "/nothing/here")
    assert missing.status == 404
    assert missing.headers["content-security-policy"] == HEADERS["content-security-policy"]


@pytest.mark.proves("portal.routes")
def test_get_and_head_of_links_change_nothing(house: House) -> None:
    letter, question = house.parcel(), house.request()
    house.send_code("p1")
    before = house.dump()
    for token in (letter, question, "A" * 43, "x", letter[:-1]):
        browser = Browser(house.port)
        for method in ("GET", "HEAD"):
            for path, allowed in PATHS.items():
                if allowed == "GET":
                    browser.go(method, path.format(token=token))
    assert house.dump() == before


@pytest.mark.proves("portal.routes")
def test_head_of_a_proven_session_changes_nothing(house: House) -> None:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel(files=(("a.txt", b"abc"),)))
    house.clock.advance(300)
    before = house.dump()
    for path in ("/letter/read", "/letter/save", "/letter/file/1"):
        assert browser.go("HEAD", path).status == 200
    assert house.dump() == before
    assert browser.go("HEAD", "/letter/file/1").headers["content-length"] == "3"


@pytest.mark.proves("rest.portal-session")
def test_cookies_are_bound_to_the_host_and_hidden_from_scripts(house: House) -> None:
    browser = Browser(house.port)
    arrived = browser.go("GET", f"/m/{house.parcel()}")
    assert (arrived.status, arrived.headers["location"]) == (303, "/letter")
    line = arrived.headers["set-cookie"]
    assert line.startswith("__Host-sealgate-link=")
    assert set(line.split("; ")[1:]) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=3600"}
    browser.get("/letter")
    opened = browser.post("/letter/open", code=house.send_code("p1"))
    line = opened.headers["set-cookie"]
    assert line.startswith("__Host-sealgate-session=")
    assert set(line.split("; ")[1:]) == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=3600"}


@pytest.mark.parametrize("token", ["x\r\nX-Bad: 1", "%0d%0aX-Bad:%201", "a;b", "A" * 5000, "A" * 42 + "_", "é"])
def test_a_token_of_another_form_becomes_no_cookie(house: House, token: str) -> None:
    from urllib.parse import quote

    answer = Browser(house.port).go("GET", "/m/" + quote(token))
    assert answer.status == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "__Host-sealgate-link=;" in answer.headers["set-cookie"]
    assert "x-bad" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "https://evil.example.net"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "null", "Sec_Fetch_Site": "same-origin"}, 303),
    ],
)
def test_only_our_own_pages_may_post(house: House, headers: dict[str, str], status: int) -> None:
    import re

    browser = Browser(house.port)
    form = re.search(r'name="form" value="(\w+)"', browser.get(f"/m/{house.parcel()}").text)
    assert form is not None
    answer = browser.go("POST", "/letter/code", {"channel": "mailbox", "form": form.group(1)}, **headers)
    assert answer.status == status
    for wrong in ("", "0" * 64):
        assert browser.go("POST", "/letter/code", {"channel": "mailbox", "form": wrong}).status == 403


@pytest.mark.proves("portal.uploads")
def test_bodies_are_small_plain_forms(house: House) -> None:
    browser = Browser(house.port)
    browser.get(f"/m/{house.parcel()}")
    assert browser.post("/letter/open", code="1" * 5000).status == 413
    assert (
        browser.go("POST", "/letter/open", {"code": "1"}, Content_Type="multipart/form-data; boundary=x").status == 415
    )
    assert browser.go("POST", "/letter/open", {f"f{n}": "1" for n in range(50)}).status == 400
    chunked = b"POST /letter/open HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    chunked += f"Cookie: __Host-sealgate-link={browser.cookies['__Host-sealgate-link']}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", house.port), timeout=60) as raw:
        raw.sendall(chunked + b"1388\r\n" + b"a" * 5000 + b"\r\n0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.proves("portal.caching")
def test_an_error_of_ours_shows_a_page_without_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)

    async def fails(self: Letter, visit: object) -> None:
        raise RuntimeError("Pat Roe, hypertension")

    monkeypatch.setattr(Letter, "door", fails)
    house.app = build_app(house.pickup, house.answers, house.back, house.pages, WebConfig("https://secure.example.org"))
    monkeypatch.setattr(house.pickup, "ready", lambda: (_ for _ in ()).throw(StoreUnavailable("x")))
    with caplog.at_level(logging.DEBUG), served(house) as port:
        browser = Browser(port)
        answer = browser.get(f"/m/{house.parcel()}")
        assert answer.status == 500
        assert "hypertension" not in answer.text
        for name, value in (HEADERS | HSTS).items():
            assert answer.headers[name] == value
        assert browser.get("/readyz").status == 503
    assert "hypertension" not in caplog.text


@pytest.mark.proves("portal.caching")
def test_the_access_log_holds_no_token_and_no_address(house: House, caplog: pytest.LogCaptureFixture) -> None:
    token = house.parcel()
    with caplog.at_level(logging.DEBUG):
        browser = Browser(house.port)
        browser.open_letter(house, token)
        browser.get(f"/wrong/{token}")
    assert "route=/m/{token} status=303" in caplog.text
    for secret in (token, *browser.cookies.values(), "127.0.0.1", "12345678"):
        assert secret not in caplog.text


def test_a_client_that_never_ends_its_headers_is_dropped(tmp_path: Path) -> None:
    house = House(tmp_path)
    with served(house, ServerConfig("127.0.0.1", 0, header_seconds=2.0)) as port:
        for start in (b"", b"GET / HTTP/1.1\r\nX-Slow: "):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
                raw.sendall(start)
                with contextlib.suppress(ConnectionResetError):
                    assert raw.recv(10) == b""
        assert Browser(port).get("/healthz").status == 200


@pytest.mark.proves("portal.uploads")
def test_no_view_uses_the_form_reader_that_may_spool_to_disk() -> None:
    folder = Path(__file__).parents[2] / "gateway" / "web"
    found = [
        f"{path.name}:{node.lineno}"
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"form", "body", "json"}
    ]
    assert found == []


def test_forwarded_addresses_count_only_from_our_proxy() -> None:
    from ipaddress import ip_network

    from starlette.requests import Request

    from gateway.web.network import client_address

    def asked(peer: str, forwarded: str) -> Request:
        return Request({"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]})

    config = WebConfig("https://s.example.org", (ip_network("10.0.0.0/8"),))
    assert client_address(asked("203.0.113.9", "198.51.100.1"), config) == "203.0.113.9"
    assert client_address(asked("10.0.0.1", "6.6.6.6, 198.51.100.1"), config) == "198.51.100.1"
    assert client_address(asked("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2"), config) == "198.51.100.1"
    assert client_address(asked("10.0.0.1", ""), config) == "10.0.0.1"

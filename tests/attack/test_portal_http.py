"""HTTP itself: bodies where none belong, two lengths, hostile paths, huge and slow heads. Refused early, and cheaply."""

from __future__ import annotations

import ast
import contextlib
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.web.front import HEADERS
from gateway.web.settings import ServerConfig
from tests.support.patience import until
from tests.support.portal_house import Browser, House, served

GATEWAY = Path(__file__).parents[2] / "gateway"


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    with served(house, ServerConfig("127.0.0.1", 0, header_seconds=2.0, drain_seconds=1)) as port:
        house.port = port
        yield house


def raw(house: House, data: bytes, seconds: float = 0.3) -> bytes:
    """What comes back for those bytes, until the portal closes or, having begun, says nothing more."""
    got = b""
    with socket.create_connection(("127.0.0.1", house.port), timeout=60) as client:
        client.sendall(data)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := client.recv(65536):
                got += piece
                client.settimeout(seconds)
    return got


def statuses(answer: bytes) -> list[int]:
    """The status of each answer on the connection."""
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def proven(house: House) -> str:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel(files=(("a.txt", b"abc"),)))
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in browser.cookies.items()) + "\r\n"


FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = "Content-Type: multipart/form-data; boundary=x\r\n"


@pytest.mark.proves("portal.uploads")
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"POST /letter/open HTTP/1.1\r\nContent-Length: 4097\r\n{FORM}", 413),
        (f"POST /letter/open HTTP/1.1\r\nContent-Length: 99999999999999\r\n{FORM}", 413),
        (f"POST /letter/open HTTP/1.1\r\nContent-Length: 10\r\n{PARTS}", 415),
        (f"POST /letter/open HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{PARTS}", 415),
        ("POST /letter/open HTTP/1.1\r\nContent-Length: 10\r\n", 415),
        ("POST /letter/open HTTP/1.1\r\nContent-Length: 10\r\nContent-Type: application/json\r\n", 415),
        (f"POST /letter/close HTTP/1.1\r\nContent-Length: 100000000\r\n{PARTS}", 415),
        (f"POST /letter/read HTTP/1.1\r\nContent-Length: 100000000\r\n{PARTS}", 405),
        (f"PUT /letter/file/1 HTTP/1.1\r\nContent-Length: 100000000\r\n{PARTS}", 405),
        (f"POST /upload HTTP/1.1\r\nContent-Length: 100000000\r\n{PARTS}", 404),
        (f"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{PARTS}", 405),
        (f"POST /m/AAAA HTTP/1.1\r\nContent-Length: 100000000\r\n{FORM}", 405),
    ],
)
def test_a_body_that_does_not_belong_is_refused_before_a_byte_of_it_is_sent(
    house: House, head: str, status: int
) -> None:
    # No byte of the body is ever sent: whoever waited for it would answer 408, or nothing.
    answer = raw(house, f"{head}Host: x\r\n{proven(house)}\r\n".encode(), 0.4)
    assert statuses(answer) == [status]
    assert b"100 Continue" not in answer
    without = raw(house, f"{head}Host: x\r\nExpect: 100-continue\r\n\r\n".encode(), 0.4)
    assert statuses(without) == [status if status in {404, 405} else 403]


@pytest.mark.proves("portal.uploads")
def test_an_endless_body_is_cut_off_and_fills_no_memory(house: House) -> None:
    head = f"POST /letter/open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{FORM}{proven(house)}\r\n"
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    sent, started = 0, time.monotonic()
    with socket.create_connection(("127.0.0.1", house.port), timeout=5) as client:
        client.sendall(head.encode())
        with pytest.raises((ConnectionError, TimeoutError)):
            while time.monotonic() - started < 60:
                client.sendall(chunk)
                sent += len(chunk)
                time.sleep(0.02)
    assert time.monotonic() - started < 30
    assert Browser(house.port).get("/healthz").status == 200


@pytest.mark.proves("portal.uploads")
def test_a_form_that_comes_drop_by_drop_is_given_up(tmp_path: Path) -> None:
    from gateway.web.settings import WebConfig

    house = House(tmp_path, config=WebConfig("http://localhost", form_seconds=2.0))
    with served(house) as house.port:
        head = f"POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n{FORM}{proven(house)}\r\n"
        assert statuses(raw(house, head.encode() + b"a=", 0.8)) == [408]


SPOOLERS = {
    "SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile", "MultiPartParser", "FormParser", "UploadFile",
    "formparsers",
}  # fmt: skip
TOKENS_ONLY = {"MultipartParser", "parse_options_header", "FormParserError"}
"""Of python-multipart: its other readers write files."""


@pytest.mark.proves("box.no-plaintext-file", "portal.uploads")
def test_nothing_in_the_gateway_can_spool_an_upload_to_a_file() -> None:
    """python-multipart's tokens are read in one place; its and Starlette's own form readers, which spool, nowhere."""
    found = []
    for path in GATEWAY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {part for one in node.names for part in one.name.split(".")}
                whole = bool(names & {"python_multipart", "multipart"})
            elif isinstance(node, ast.ImportFrom):
                asked, package = {one.name for one in node.names}, (node.module or "").split(".")
                names = asked | set(package)
                lent = asked <= TOKENS_ONLY and path == GATEWAY / "web" / "multipart.py"
                whole = package[0] in {"python_multipart", "multipart"} and not lent
            else:
                names = (
                    {node.attr}
                    if isinstance(node, ast.Attribute)
                    else {node.id}
                    if isinstance(node, ast.Name)
                    else set()
                )
                whole = False
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr
            bodies = {"form", "body", "json"} if path.parent.name == "web" else {"form"}
            if names & SPOOLERS or whole or called in bodies:
                found.append(f"{path.relative_to(GATEWAY)}:{getattr(node, 'lineno', 0)}")
    assert found == []


CHUNKED = "Transfer-Encoding: chunked\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.proves("portal.routes")
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (f"POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n{CHUNKED}", b"0\r\n\r\n"),
        (f"POST /letter/open HTTP/1.1\r\nHost: x\r\n{CHUNKED}Content-Length: 5\r\n", b"0\r\n\r\n"),
        (f"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 44\r\n{CHUNKED}", b"0\r\n\r\n"),
        (f"POST /letter/open HTTP/1.0\r\nHost: x\r\n{CHUNKED}", b"0\r\n\r\n"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n", b"abcde"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 5\r\n", b"abcde"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n", b"abcde"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n", b"abcde"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n", b"abcde"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        ("POST /letter/open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n", b""),
        ("GET /healthz HTTP/1.1\r\n", b""),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n", b""),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n", b""),
    ],
)  # fmt: skip
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_the_connection_ends(
    house: House, head: str, body: bytes
) -> None:
    answer = raw(house, head.encode("latin-1") + b"\r\n" + body + NEXT)
    assert statuses(answer) == [400]
    assert b"ok\n" not in answer


@pytest.mark.proves("portal.routes")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//letter", 404), ("/letter/", 404), ("/letter//read", 404), ("/Letter", 404), ("/letter/../letter/read", 404),
        ("/assets/../letter/read", 404), ("/assets/..%2f..%2fkeys", 404), ("/assets/%2e%2e/portal.css", 404), ("/assets/portal.css/", 404),
        ("/letter%2fread", 200), ("/letter;x/read", 404), ("/letter/read%00", 404), ("/letter/file/-1", 404), ("/letter/file/1.0", 404),
        ("/letter/file/%d9%a1", 404), ("/letter/file/" + "9" * 5000, 404), ("/letter/file/1/2", 404), ("/letter/file/0x1", 404),
        ("http://evil.example.net/letter/read", 404), ("*", 404), ("/.git/config", 404), ("/metrics", 404), ("/docs", 404), ("/openapi.json", 404),
    ],
)  # fmt: skip
def test_no_path_but_the_tables_own_leads_anywhere(house: House, path: str, status: int) -> None:
    seen = statuses(raw(house, f"GET {path} HTTP/1.1\r\nHost: x\r\n{proven(house)}\r\n".encode()))
    assert seen == [status]


@pytest.mark.proves("portal.routes")
def test_huge_heads_and_long_addresses_are_refused(house: House) -> None:
    for head in (
        b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 300_000 + b"\r\n",
    ):
        with contextlib.suppress(ConnectionError):
            assert statuses(raw(house, head)) in ([400], [])
    assert Browser(house.port).get("/healthz").status == 200


@contextlib.contextmanager
def slow_heads(port: int) -> Iterator[list[socket.socket]]:
    """A hundred that begin a request and say no more."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(100)]
        for number, client in enumerate(slow):
            client.sendall(b"GET /m/" + b"A" * (number % 40))
        yield slow


@pytest.mark.proves("portal.routes")
def test_many_slow_heads_do_not_keep_others_out(tmp_path: Path) -> None:
    with (
        served(House(tmp_path), ServerConfig("127.0.0.1", 0, header_seconds=600.0, drain_seconds=1)) as port,
        slow_heads(port) as slow,
    ):
        assert Browser(port).get("/healthz").status == 200
        assert not select.select(slow, [], [], 0)[0], "it was answered only when the slow ones had been sent away"


@pytest.mark.proves("portal.routes")
def test_slow_heads_are_sent_away(house: House) -> None:
    with slow_heads(house.port) as slow:
        for client in slow:
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(10) == b""


@pytest.mark.proves("portal.caching")
def test_no_answer_is_kept_and_no_token_stands_where_it_could_be_passed_on(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    token, browser = house.parcel(files=(("a.txt", b"abc"),)), Browser(house.port)
    with caplog.at_level(logging.DEBUG):
        answers = [
            browser.go("GET", f"/m/{token}"),
            browser.go("GET", "/letter"),
            browser.post("/letter/code", channel="mailbox"),
        ]
        answers += [
            browser.go("GET", "/letter/enter?by=mailbox"),
            browser.post("/letter/open", code=house.send_code("p1")),
        ]
        answers += [
            browser.go("GET", path) for path in ("/letter/read", "/letter/save", "/letter/file/1", f"/wrong/{token}")
        ]
        answers += [
            browser.go("POST", f"/m/{token}"),
            browser.go("GET", f"/m/{token}x"),
            browser.go("GET", f"/letter?{token}"),
        ]
        cookies = set(browser.cookies.values())
        browser.go("GET", "/letter/read")
        answers.append(browser.post("/letter/close"))
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
        for name in ("etag", "last-modified", "expires", "age", "link", "refresh"):
            assert name not in answer.headers
        shown = "\n".join(f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie")
        for secret in (token, *cookies):
            assert secret not in answer.text + shown
    for path in (6, 7):
        assert answers[path].headers["content-disposition"].startswith("attachment; ")
    assert answers[-1].headers["clear-site-data"] == '"cache", "storage"'
    for secret in (token, *cookies):
        assert secret not in caplog.text
    for policy in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert policy in HEADERS["content-security-policy"]
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.proves("limits.streams")
def test_streams_at_and_above_the_limit(tmp_path: Path) -> None:
    from gateway.config.doors import WebSection
    from gateway.ports.metrics import Limit
    from gateway.web.settings import WebConfig

    assert WebSection.model_fields["streams"].default == WebConfig("http://localhost").streams == 32
    house = House(tmp_path, config=WebConfig("http://localhost", streams=3))
    big = bytes(251) * 80_000

    def sample(name: str) -> float:
        return house.limits.registry.get_sample_value(name, {"limit": Limit.STREAMS.value}) or 0.0

    with served(house) as port:
        browser = Browser(port)
        browser.open_letter(house, house.parcel(files=(("big.bin", big),)))
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        held = []
        for _ in range(3):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(
                f"GET /letter/file/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n".encode()
            )
            assert client.recv(15).startswith(b"HTTP/1.1 200")
            held.append(client)
        assert sample("sealgate_limit_use") == 3
        for method, path in (
            ("GET", "/letter/read"),
            ("GET", "/letter/save"),
            ("GET", "/letter/file/1"),
            ("HEAD", "/letter/file/1"),
        ):
            answer = browser.go(method, path)
            assert (answer.status, answer.headers["retry-after"]) == (503, "30"), (method, path)
        assert sample("sealgate_limit_refused_total") == 4
        # Those within the limit come whole, at the same time.
        lengths: list[int] = []

        def drain(one: socket.socket) -> None:
            one.settimeout(60)
            total = 0
            while piece := one.recv(1 << 20):
                total += len(piece)
            lengths.append(total)

        threads = [threading.Thread(target=drain, args=(one,)) for one in held]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(lengths) == 3
        assert all(len(big) < total < len(big) + 2000 for total in lengths)
        for one in held:
            one.close()
        until(lambda: sample("sealgate_limit_use") == 0)
        assert browser.go("GET", "/letter/read").status == 200

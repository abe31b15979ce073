"""What was changed on the way is never shown as whole: letters are withheld, downloads break off before their end."""

from __future__ import annotations

import http.client
import socket
import threading
from pathlib import Path

import pytest

from gateway.domain.errors import IntegrityError, PickupRefused
from gateway.domain.records import Holder
from gateway.web.downloads import Slots, file_headers, safe_name
from gateway.web.settings import WebConfig
from tests.support.patience import until
from tests.support.portal_house import Browser, House, served

BIG = bytes(range(251)) * 12000


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    with served(house) as port:
        house.port = port
        yield house


def blob(house: House, object_id: str) -> Path:
    found = [path for path in (house.root / "blobs").rglob("*") if path.is_file() and object_id in path.name]
    assert len(found) == 1
    return found[0]


def spoil(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "last byte":
        data[-1] ^= 1
    elif how == "middle":
        data[len(data) // 2] ^= 1
    elif how == "cut":
        del data[-20:]
    elif how == "longer":
        data += b"more"
    path.write_bytes(bytes(data))


@pytest.mark.proves("rest.whole-first")
@pytest.mark.parametrize("how", ["last byte", "middle", "cut", "longer"])
@pytest.mark.parametrize("size", [1, 65536, len(BIG)])
def test_a_tampered_attachment_never_ends_cleanly(house: House, how: str, size: int) -> None:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel(files=(("scan.bin", BIG[:size]),)))
    spoil(blob(house, "p1-a0"), how)
    try:
        answer = browser.go("GET", "/letter/file/1")
    except (http.client.IncompleteRead, ConnectionResetError) as broken:
        got = getattr(broken, "partial", b"")
    else:
        got = b""
        assert answer.status == 500
    assert len(got) < size
    assert [data["object"] for kind, data in house.events() if kind == "integrity"] == ["p1-a0"]


@pytest.mark.proves("rest.whole-first")
def test_a_tampered_letter_is_withheld_and_recorded(house: House) -> None:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel())
    spoil(blob(house, "p1-m"), "middle")
    answer = browser.get("/letter/read")
    assert answer.status == 500
    assert "not as it was sealed" in answer.text
    assert "integrity" in [kind for kind, _ in house.events()]


def test_wraps_and_blobs_of_another_parcel_do_not_open(house: House) -> None:
    files = (("a.bin", b"first" * 1000),)
    token = house.parcel(files=files, name="p1")
    house.parcel(files=(("a.bin", b"other" * 1000),), name="p2")
    blob(house, "p1-a0").write_bytes(blob(house, "p2-a0").read_bytes())
    cookie = house.pickup.prove(token, house.send_code("p1"), "192.0.2.1")
    with pytest.raises(IntegrityError):
        list(house.pickup.stream(cookie, 0).chunks)
    with house.store.begin() as uow:
        stolen = uow.objects.wrap("p2-m", Holder("parcel", "p2"))
        assert stolen is not None
        uow.objects.drop_wraps(Holder("parcel", "p1"), ["p1-m"])
        uow.objects.add_wrap("p1-m", Holder("parcel", "p1"), stolen)
    with pytest.raises(IntegrityError):
        house.pickup.view(cookie)
    with pytest.raises(PickupRefused) as refused:
        house.pickup.prove(token, house.send_code("p1"), "192.0.2.1")
    assert refused.value.reason == "gone"


def test_a_blob_or_wrap_that_is_gone_says_so(house: House) -> None:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel(files=(("a", b"x"), ("b", b"y"))))
    blob(house, "p1-a0").unlink()
    with house.store.begin() as uow:
        uow.objects.drop_wraps(Holder("parcel", "p1"), ["p1-a1"])
    assert [browser.get(f"/letter/file/{n}").status for n in (1, 2)] == [410, 410]
    blob(house, "p1-m").unlink()
    assert browser.get("/letter/read").status == 410


@pytest.mark.proves("limits.streams")
def test_streams_are_bounded_and_given_back(tmp_path: Path) -> None:
    house = House(tmp_path, config=WebConfig("http://localhost", streams=1, write_seconds=4.0))
    with served(house) as port:
        browser = Browser(port)
        browser.open_letter(house, house.parcel(files=(("big.bin", BIG * 8),)))
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", port))
            slow.sendall(f"GET /letter/file/1 HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
            assert slow.recv(100)
            answer = browser.get("/letter/read")
            assert answer.status == 503
            assert "Many people" in answer.text
            # A client that takes nothing is dropped, and its slot is free again.
            until(lambda: not house.app.state.slots.taken)
        assert house.app.state.slots.taken == 0
        assert browser.get("/letter/read").status == 200
        gone = socket.create_connection(("127.0.0.1", port))
        gone.sendall(f"GET /letter/file/1 HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        gone.recv(100)
        gone.close()
        until(lambda: not house.app.state.slots.taken)


def test_draining_lets_a_download_end(tmp_path: Path) -> None:
    house = House(tmp_path)
    got: list[bytes] = []
    with served(house) as port:
        browser = Browser(port)
        browser.open_letter(house, house.parcel(files=(("big.bin", BIG * 4),)))
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        client.sendall(
            f"GET /letter/file/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        got.append(client.recv(1000))

        def rest() -> None:
            while piece := client.recv(65536):
                got.append(piece)

        reader = threading.Timer(0.3, rest)
        reader.start()
    reader.join(60)
    client.close()
    assert b"".join(got).partition(b"\r\n\r\n")[2] == BIG * 4


def test_slots_refuse_beyond_their_number() -> None:
    slots = Slots(1)
    with slots.one(), pytest.raises(PickupRefused), slots.one():
        pass
    assert slots.taken == 0


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"), ('a"; filename="evil.exe', "a_; filename=_evil.exe"), ("a\r\nX: y.pdf", "a__X_ y.pdf"),
        ("\u202egpj.exe", "_gpj.exe"), ("", "attachment"), ("...", "attachment"), ("x" * 300 + ".pdf", "x" * 146 + ".pdf"), ("\ud800a", "_a"),
    ],
)  # fmt: skip
def test_file_names_inject_nothing(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    value = file_headers(name)["content-disposition"]
    assert value.isascii()
    assert "\r" not in value
    assert "\n" not in value
    assert value.count('"') == 2

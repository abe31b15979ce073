"""Answers at the portal: refused before they are read where none are taken, bounded while they come, and never in clear at rest."""

from __future__ import annotations

import base64
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.records import JobKind
from gateway.domain.states import ParcelState
from gateway.flow.write_back import AnswerLimits
from gateway.web.settings import WebConfig
from tests.support.patience import until
from tests.support.portal_house import MARK, Browser, House, form_data, served

ROOM = AnswerLimits(300_000, 3, 1000)
SECRET = "Quillfeather's biopsy 4471203"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path, room=ROOM)
    with served(one) as port:
        one.port = port  # type: ignore[attr-defined]
        yield one


def reading(house: House, name: str = "p1") -> Browser:
    browser = Browser(house.port)  # type: ignore[attr-defined]
    assert browser.open_letter(house, house.parcel(name=name), name).status == 200
    return browser


def taken(house: House) -> list[str]:
    """Answers that were accepted."""
    return re.findall(r"'answer','received'", house.dump())


def refused_total(house: House, limit: str) -> float:
    value = house.limits.registry.get_sample_value("sealgate_limit_refused_total", {"limit": limit})
    return value or 0.0


def nothing_kept(house: House) -> None:
    assert taken(house) == []
    assert house.jobs(JobKind.ANSWER) == []
    assert list((house.root / "blobs" / "unfinished").iterdir()) == []


def test_an_answer_is_taken_and_said_so(house: House) -> None:
    browser = reading(house)
    answer = browser.answer(SECRET, (("scan.pdf", b"%PDF" + bytes(1000)),))
    assert (answer.status, answer.headers["location"]) == (303, "/letter/sent")
    assert "Your answer was sent" in browser.get("/letter/sent").text
    assert len(taken(house)) == 1
    [(_kind, data)] = [one for one in house.events() if one[0] == "answered"]
    assert data["parcel"] == "p1"
    assert data["files"] == 1
    assert house.jobs(JobKind.ANSWER) == [""]


@pytest.mark.proves("box.no-plaintext-file")
def test_nothing_of_it_lies_anywhere_in_clear(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = reading(house)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert browser.answer(SECRET, (("Quillfeather.pdf", SECRET.encode() * 3000),)).status == 303
    marks = [
        SECRET.encode(),
        b"Quillfeather",
        *(base64.b64encode(b"x" * at + SECRET.encode())[4:-4] for at in range(3)),
    ]
    assert list(temporary.iterdir()) == []
    assert len(taken(house)) == 1
    for one in house.root.rglob("*"):
        if one.is_file():
            data = one.read_bytes()
            assert not any(mark in data for mark in marks), one


@pytest.mark.proves("portal.uploads")
@pytest.mark.parametrize(
    "state", ["nobody", "other session", "revoked", "off", "sender unknown", "foreign site", "wrong type"]
)
def test_uploads_where_none_are_allowed_are_refused_before_they_are_read(tmp_path: Path, state: str) -> None:
    house = House(tmp_path, room=None if state == "off" else ROOM)
    with served(house) as port:
        browser = Browser(port)
        if state != "nobody":
            browser.open_letter(house, house.parcel())
        headers, kind = {}, f"multipart/form-data; boundary={MARK}"
        if state == "other session":
            browser.cookies["__Host-sealgate-session"] = base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")
        elif state == "revoked":
            with house.store.begin() as uow:
                uow.parcels.move("p1", ParcelState.REVOKED, house.clock.now())
        elif state == "sender unknown":
            with house.store.begin() as uow:
                uow.messages.set_sender("m-p1", b"")
        elif state == "foreign site":
            headers = {"Sec-Fetch-Site": "cross-site"}
        elif state == "wrong type":
            kind = "text/plain"
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        lines = {"Host": "localhost", "Content-Type": kind, "Content-Length": "200000", "Cookie": cookie, **headers}
        wanted = {"revoked": b"410", "wrong type": b"415"}.get(state, b"403")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(
                b"POST /letter/answer HTTP/1.1\r\n"
                + "".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode()
                + b"\r\n"
            )
            # Not one byte of the body was sent: the answer comes all the same.
            assert client.recv(12) == b"HTTP/1.1 " + wanted
        assert taken(house) == []


@pytest.mark.proves("limits.upload")
def test_upload_bytes_of_one_link_at_and_above_the_limit(house: House) -> None:
    browser = reading(house)
    assert browser.answer("a" * 10, (("a.bin", bytes(ROOM.bytes - 10 + 1)),)).status == 413
    nothing_kept(house)
    assert refused_total(house, "answer_bytes") == 1
    assert browser.answer("a" * 10, (("a.bin", bytes(100_000)), ("b.bin", bytes(ROOM.bytes - 100_010)))).status == 303
    assert len(taken(house)) == 1
    assert "cannot be answered here any more" in browser.get("/letter/write").text
    assert browser.answer("b").status == 413
    assert len(taken(house)) == 1
    other = reading(house, "p2")
    assert other.answer("b", (("c.bin", bytes(ROOM.bytes - 1)),)).status == 303


@pytest.mark.proves("limits.upload")
def test_what_is_announced_too_large_is_refused_before_it_is_read(house: House) -> None:
    browser = reading(house)
    answer = browser.upload(b"x" * 1000, Content_Length=str(ROOM.bytes + 65 * 1024))
    assert answer.status == 413
    assert "too large" in answer.text
    assert refused_total(house, "answer_bytes") == 1


def test_what_was_never_announced_is_refused_while_it_comes(house: House) -> None:
    browser = reading(house)
    token = re.search(r'name="form" value="([0-9a-f]+)"', browser.go("GET", "/letter/write").text)
    assert token is not None
    body = form_data({"form": token[1], "text": "a"}, (("a.bin", bytes(ROOM.bytes + 1)),))

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    answer = browser.upload(chunks())  # type: ignore[arg-type]
    assert answer.status == 413
    nothing_kept(house)


def test_files_and_characters_at_and_above_the_limit(house: House) -> None:
    browser = reading(house)
    files = tuple((f"{number}.txt", b"x") for number in range(4))
    assert browser.answer("a", files).status == 413
    assert browser.answer("a" * 1001).status == 413
    nothing_kept(house)
    assert (refused_total(house, "answer_files"), refused_total(house, "answer_characters")) == (1, 1)
    assert browser.answer("ä" * 1000, files[:3]).status == 303


def test_an_empty_answer_is_asked_for_again(house: House) -> None:
    browser = reading(house)
    answer = browser.answer("  \r\n ")
    assert answer.status == 422
    assert 'href="/letter/write"' in answer.text
    nothing_kept(house)


def test_other_peoples_forms_and_parts_in_another_order_are_refused(house: House) -> None:
    browser = reading(house)
    assert browser.answer("a", token="0" * 64).status == 403
    right = re.search(r'name="form" value="([0-9a-f]+)"', browser.go("GET", "/letter/write").text)
    assert right is not None
    token = right[1]
    for fields in ({"text": "a", "form": token}, {"form": token}, {"form": token, "text": "a", "more": "b"},
                   {"form": token, "text": "a", "files": "b"}, {"form": token, "x": "a"}):  # fmt: skip
        assert browser.upload(form_data(fields, (("a", b"x"),))).status in {400, 403}, fields
    nothing_kept(house)


def test_a_body_that_breaks_off_or_stalls_leaves_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, room=ROOM, config=WebConfig("http://localhost", upload_seconds=3.0))
    with served(house) as port:
        house.port = port  # type: ignore[attr-defined]
        breaks_off_and_stalls(house)


def breaks_off_and_stalls(house: House) -> None:
    browser, unfinished = reading(house), house.root / "blobs" / "unfinished"
    token = re.search(r'name="form" value="([0-9a-f]+)"', browser.go("GET", "/letter/write").text)
    assert token is not None
    body = form_data({"form": token[1], "text": SECRET}, (("a.bin", bytes(200_000)),))
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    head = (
        f"POST /letter/answer HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={MARK}\r\n\r\n"
    ).encode()
    address = ("127.0.0.1", house.port)  # type: ignore[attr-defined]
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(head + body[:150_000])
        until(lambda: list(unfinished.iterdir()))
        # A second one through the same link meanwhile waits its turn.
        assert browser.answer("second").status == 503
        assert client.recv(12) == b"HTTP/1.1 408"
    nothing_kept(house)
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(head + body[:150_000])
    seen: list[int] = []

    def seen_to_be_gone() -> bool:
        seen.append(browser.upload(body[:-5]).status)
        return seen[-1] != 503

    until(seen_to_be_gone)  # until the server has seen that the other end went away
    assert seen[-1] == 400
    nothing_kept(house)
    assert browser.answer("whole").status == 303
    assert len(taken(house)) == 1
    assert list((house.root / "blobs" / "unfinished").iterdir()) == []


def test_a_full_spool_takes_no_answer_and_recovers(tmp_path: Path) -> None:
    house = House(tmp_path, room=ROOM, spool=100_000)
    with served(house) as port:
        browser = Browser(port)
        browser.open_letter(house, house.parcel())
        assert browser.answer("a", (("a.bin", bytes(200_000)),)).status == 503
        assert refused_total(house, "spool_bytes") == 1
        assert browser.answer("a", (("a.bin", bytes(20_000)),)).status == 303

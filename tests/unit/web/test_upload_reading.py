"""multipart/form-data as it comes: the same parts at every chunk edge, and what no browser writes is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.exceptions import HTTPException

from gateway.domain.errors import PickupRefused
from gateway.web.multipart import Upload, boundary
from tests.support.portal_house import MARK, form_data

FILES = (("a.txt", b"abc"), ("line.bin", b"\r\n--" + MARK.encode() + b"x\r\n\r\n--" + b"-" * 30), ("", b""))
BODY = form_data({"form": "ab12", "text": "Grüße,\r\nPat"}, FILES)


class Seen:
    """What came, in order."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str, bytes]] = []

    def field(self, name: str, value: bytes) -> None:
        self.parts.append((name, "-", value))

    def file(self, name: str, file_name: str) -> None:
        self.parts.append((name, file_name, b""))

    def data(self, data: bytes) -> None:
        name, file_name, before = self.parts[-1]
        self.parts[-1] = (name, file_name, before + data)


def read(*chunks: bytes, mark: bytes = MARK.encode()) -> list[tuple[str, str, bytes]]:
    seen = Seen()
    upload = Upload(mark, seen)
    for one in chunks:
        upload.write(one)
    upload.end()
    return seen.parts


WHOLE = [("form", "-", b"ab12"), ("text", "-", "Grüße,\r\nPat".encode()), *(("files", n, d) for n, d in FILES[:2])]


def test_the_parts_in_order():
    assert read(BODY) == WHOLE


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_every_chunk_edge(step):
    assert read(*(BODY[start : start + step] for start in range(0, len(BODY), step))) == WHOLE


def test_each_single_cut():
    for cut in range(len(BODY)):
        assert read(BODY[:cut], BODY[cut:]) == WHOLE


@pytest.mark.parametrize("cut", range(1, 62))
def test_no_final_boundary_is_refused(cut):
    with pytest.raises(HTTPException) as refused:
        read(BODY[: -cut - 2])
    assert refused.value.status_code == 400


def part(head: str, data: bytes = b"x") -> bytes:
    return f"--{MARK}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" + f"--{MARK}--\r\n".encode()


FIELD = 'Content-Disposition: form-data; name="text"'


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no boundary at all", b"--other\r\n\r\n", part("X: y"), part("Content-Disposition: attachment; name=a"),
        part("Content-Disposition: form-data"), part(f"{FIELD}\r\nContent-Type: multipart/mixed; boundary=b"),
        part(f"{FIELD}\r\nContent-Type: message/rfc822"), part(f"{FIELD}\r\nContent-Transfer-Encoding: base64"),
        part(f"{FIELD}\r\nContent-Transfer-Encoding: quoted-printable"), part(f"{FIELD}\r\n{FIELD}"),
        part(f"{FIELD}\r\nX: {'y' * 9000}"), part(f"X-{'y' * 9000}: y\r\n{FIELD}"),
        part("\r\n".join([*(f"X-{number}: y" for number in range(20)), FIELD])), part(f"{FIELD}\r\n bad : header"),
    ],
)  # fmt: skip
def test_what_no_browser_writes_is_refused(body):
    with pytest.raises(HTTPException) as refused:
        read(body)
    assert refused.value.status_code == 400


def test_ten_thousand_parts_end_early():
    seen = Seen()
    upload = Upload(MARK.encode(), seen)
    one = f'--{MARK}\r\nContent-Disposition: form-data; name="a"; filename=""\r\n\r\n\r\n'.encode()
    with pytest.raises(PickupRefused, match="answer_files"):
        for _ in range(10_000):
            upload.write(one)
    assert seen.parts == []


def test_a_field_is_not_held_without_end():
    upload = Upload(MARK.encode(), Seen())
    upload.write(f"--{MARK}\r\n{FIELD}\r\n\r\n".encode())
    with pytest.raises(PickupRefused, match="answer_text"):
        for _ in range(100):
            upload.write(bytes(64 * 1024))


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("text/plain", 415), ("", 415), ("multipart/mixed; boundary=a", 415), ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 400), ("multipart/form-data; boundary=", 400), ("multipart/form-data; boundary=" + "a" * 71, 400),
        ('multipart/form-data; boundary="a\x00b"', 400), ('multipart/form-data; boundary="a "', 400),
    ],
)  # fmt: skip
def test_other_types_and_bad_boundaries(written, status):
    with pytest.raises(HTTPException) as refused:
        boundary(written)
    assert refused.value.status_code == status


@settings(max_examples=150, deadline=None)
@given(some.lists(some.tuples(some.text(max_size=20), some.binary(max_size=200)), max_size=4), some.integers(1, 50))
def test_any_content_comes_as_it_was_sent(files, step):
    named = tuple((name.encode("utf-8", "replace").decode(), data) for name, data in files if MARK.encode() not in data)
    named = tuple(
        (name, data)
        for name, data in named
        if name.strip() and name.isprintable() and "%" not in name and "\\" not in name
    )
    body = form_data({"form": "x", "text": "y"}, named)
    got = read(*(body[start : start + step] for start in range(0, len(body), step)))
    assert [data for name, _, data in got if name == "files"] == [data for _, data in named]


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=60), some.integers(0, len(BODY)), some.integers(0, 40))
def test_damage_is_refused_or_read_never_an_error_of_ours(noise, start, length):
    damaged = BODY[:start] + noise + BODY[start + length :]
    with contextlib.suppress(HTTPException, PickupRefused):
        read(damaged)

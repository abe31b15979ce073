"""What clamd says is believed word by word: only its "OK", in time, to the whole of what was sent, is a pass."""

from __future__ import annotations

import time

import pytest

from gateway.adapters.clamd import open_clamd
from gateway.domain.errors import ConfigError
from gateway.ports.threats import Answer
from tests.support.clamd import MARK, FalseClamd, real_clamd
from tests.support.threatening import EICAR, packed


def ask(url: str, data: bytes = b"hello", *, seconds: float = 60.0, most: int = 1 << 20) -> Answer:
    pieces = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]
    return open_clamd(url, 30, most).scan(pieces, len(data), seconds)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"stream: OK\0", Answer.CLEAN), (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Answer.FOUND),
        (b"stream: A name with (blanks) FOUND\0", Answer.FOUND),
        (b"stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0", Answer.BEYOND),
        (b"stream: Heuristics.Encrypted.Zip FOUND\0", Answer.BEYOND),
        (b"INSTREAM size limit exceeded. ERROR\0", Answer.BEYOND),
        (b"stream: Can't allocate memory ERROR\0", Answer.FAILED), (b"COMMAND READ TIMED OUT\0", Answer.FAILED),
        (b"", Answer.FAILED), (b"\0", Answer.FAILED), (b"stream: OK", Answer.FAILED), (b"stream: OK\n", Answer.FAILED),
        (b"stream: OK \0", Answer.FAILED), (b"Stream: OK\0", Answer.FAILED), (b"1: stream: OK\0", Answer.FAILED),
        (b"stream: OK\0stream: Eicar FOUND\0", Answer.FAILED), (b"stream: OKstream: Eicar FOUND\0", Answer.FOUND),
        (b"stream: O", Answer.FAILED), (b"\xff\xfe\0", Answer.FAILED), (b"x" * 100_000 + b"\0", Answer.FAILED),
        (b"stream: OK\0" + b"\0" * 10, Answer.FAILED),
    ],
)  # fmt: skip
def test_words(said: bytes, answer: Answer) -> None:
    with FalseClamd(lambda _: said) as one:
        assert ask(one.url) is answer


def test_all_of_it_arrives() -> None:
    with FalseClamd() as one:
        data = bytes(range(256)) * 3000
        assert ask(one.url, data) is Answer.CLEAN
        assert one.streams == [data]


def test_a_slow_one_is_waited_for_no_longer_than_was_said() -> None:
    with FalseClamd() as one:
        one.after = 30
        begun = time.monotonic()
        assert ask(one.url, seconds=0.3) is Answer.TIMED_OUT
        assert time.monotonic() - begun < 15
        assert ask(one.url, seconds=0.0) is Answer.TIMED_OUT


def test_one_that_hangs_up_in_the_middle_has_passed_nothing_even_if_it_says_ok() -> None:
    data = b"x" * 8_000_000
    for said, answer in (
        (b"", Answer.FAILED),
        (b"stream: OK\0", Answer.FAILED),
        (b"INSTREAM size limit exceeded. ERROR\0", Answer.BEYOND),
    ):
        with FalseClamd(lambda _, said=said: said) as one:
            one.hangs_up_after = 10_000
            assert ask(one.url, data, most=1 << 24) in {answer, Answer.FAILED}, said


def test_what_is_longer_than_our_own_bound_is_not_sent_at_all() -> None:
    with FalseClamd() as one:
        assert ask(one.url, b"x" * 1001, most=1000) is Answer.BEYOND
        assert one.streams == []


def test_a_stream_that_is_shorter_than_it_was_said_to_be_is_no_pass() -> None:
    with FalseClamd() as one:
        assert open_clamd(one.url, 30, 1000).scan([b"abc"], 4, 5) is Answer.FAILED


def test_nobody_there() -> None:
    with FalseClamd() as one:
        url = one.url
    assert ask(url) is Answer.FAILED
    assert ask("unix:///nonexistent/clamd.sock") is Answer.FAILED
    assert not open_clamd(url, 1, 1).ping(1)
    assert open_clamd(url, 1, 1).version(1) is None


def test_version() -> None:
    with FalseClamd() as one:
        said = open_clamd(one.url, 1, 1).version(5)
        assert said is not None
        assert (said.engine, said.signatures) == ("1.4.6", 27500)
        assert said.made is not None
        assert said.made.date().isoformat() == "2026-03-02"


@pytest.mark.parametrize(
    "url",
    [
        "tcp://10.0.0.5:3310",
        "tcp://clamd.example.org",
        "unix://relative",
        "http://127.0.0.1",
        "",
        "tcp://127.0.0.1:99999",
    ],
)
def test_mail_is_handed_to_this_machine_only(url: str) -> None:
    with pytest.raises(ConfigError):
        open_clamd(url, 1, 1)


def test_the_real_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    with real_clamd(tmp_path_factory.mktemp("c")) as url:
        one = open_clamd(url, 30, 1 << 20)
        assert one.ping(5)
        assert one.knows_the_test_file(5)
        said = one.version(5)
        assert said is not None
        assert said.signatures is None
        assert ask(url, b"hello", seconds=60) is Answer.CLEAN
        assert ask(url, EICAR, seconds=60) is Answer.FOUND
        assert ask(url, b"x" * 200_000 + MARK + b"y" * 200_000, seconds=60) is Answer.FOUND
        assert ask(url, packed({"a/b.txt": b"before " + MARK}), seconds=60) is Answer.FOUND
        assert ask(url, b"x" * (2 << 20), most=1 << 24, seconds=60) is Answer.BEYOND
        assert ask(url, packed({"zeros": b"\0" * (4 << 20)}), most=1 << 24, seconds=60) is Answer.BEYOND


class _HangsUpAtOnce:
    """A line to a scanner so fast that it has answered and hung up when the last length has just been sent."""

    def __init__(self) -> None:
        self.over, self.says = False, [b"stream: OK\0", b""]

    def __enter__(self) -> _HangsUpAtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def sendall(self, data: bytes) -> None:
        if self.over:
            raise BrokenPipeError
        self.over = bytes(data) == bytes(4)

    def recv(self, size: int) -> bytes:
        return self.says.pop(0)


def test_one_that_hangs_up_as_soon_as_it_has_everything_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.adapters.clamd.Clamd._connected", lambda *_: _HangsUpAtOnce())
    assert ask("tcp://127.0.0.1:3310") is Answer.CLEAN

"""What a person reads and a program would not: base64 without a label, letters turned around."""

import base64
from collections.abc import Callable

import pytest

from gateway.domain.finding import Gap, GapReason
from gateway.mime.disguise import turned, unlabelled
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.text import MailText, texts
from tests.support.growth import grows_within

LIMITS = Limits()
WORDS = "Barbara Hillman has a carcinoma. Please call her before Friday, she knows already.\n" * 4


def read(source: str) -> MailText:
    return texts(parse(source.encode(), LIMITS), LIMITS)


def coded(data: bytes) -> str:
    return base64.encodebytes(data).decode()


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
@pytest.mark.parametrize("before", ["", "Hello,\n\n"])
def test_base64_without_a_label_is_read(kind: str, before: str) -> None:
    mail = read(f"Content-Type: {kind}\n\n{before}{coded(WORDS.encode())}")
    body = "body.plain" if kind == "text/plain" else "body.html"
    assert {each.part: each.text for each in mail.parts}[f"{body}/base64"] == WORDS
    assert not mail.gaps


def test_base64_that_is_quoted_or_coded_twice_is_read() -> None:
    quoted = "".join(f"> {line}\n" for line in coded(WORDS.encode()).splitlines())
    assert unlabelled(quoted) == ([WORDS], False)
    mail = read("\n" + coded(coded(WORDS.encode()).encode()))
    assert [each.text for each in mail.parts][-1] == WORDS


def test_a_file_in_base64_without_a_label_is_a_gap() -> None:
    assert read("\n" + coded(b"%PDF-1.7\n" + bytes(range(256)))).gaps == (Gap("body.plain", GapReason.UNKNOWN_TYPE),)


def test_keys_signatures_and_long_words_are_left_alone() -> None:
    noise = bytes((each * 167 + 13) % 256 for each in range(600))
    for text in (coded(noise), "abcdefghijklmnopqrstuvwxyz " * 20, "see https://example.org/" + "a/b" * 200):
        assert unlabelled(text) == ([], False)


@pytest.mark.parametrize(
    "text",
    ["\u202enamlliH arabraB\u202c", "SSN \u202e6543-21-009", "\u202e (namlliH)", "Hill\u2066ma\u2069n", "\u2067n a m l l i H\u2069", "Bar\u202abara"],
)  # fmt: skip
def test_letters_that_are_turned_around_are_a_doubt(text: str) -> None:
    assert read(f"\n{text}\n").gaps == (Gap("body.plain", GapReason.AMBIGUOUS),)
    assert read(f"Subject: {text}\n\nhi\n").gaps == (Gap("subject", GapReason.AMBIGUOUS),)


@pytest.mark.parametrize(
    "text",
    [
        "call \u202a+1 212-555-0134\u202c",
        "\u2068Ana\u2069 wrote",
        "\u202bשלום 5\u202c",
        "a\u200eb",
        "\u202e\nAna",
        "plain",
    ],
)
def test_direction_marks_that_change_no_order_are_none(text: str) -> None:
    assert not turned(text)


@pytest.mark.parametrize(
    "unit", ["a", "a" * 20 + " ", "a" * 20 + "= ", "\u202e", "\u202e ", "a\u202a", "\u2067", "a" * 21 + "\n> "]
)
def test_time_grows_with_disguises(unit: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = unit * (size // len(unit))
        return lambda: (turned(text), unlabelled(text))

    assert grows_within(work(10_000), work(100_000), 15, 0.1)

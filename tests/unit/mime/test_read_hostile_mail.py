"""Hostile and broken mail: a tree or a gap, in bounded time and memory, never an exception."""

import base64
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from gateway.domain.finding import Gap, GapReason
from gateway.mime.limits import Limits
from gateway.mime.parse import parse, parse_stream
from gateway.mime.splitter import split
from gateway.mime.text import texts
from gateway.mime.tree import MemoryBody, MemorySink, PartWriter, Tree
from tests.support.growth import grows_within

LIMITS = Limits()


def read(source: str | bytes) -> Tree:
    return parse(source.encode("latin-1") if isinstance(source, str) else source, LIMITS)


def reasons(tree: Tree) -> set[GapReason]:
    return {gap.reason for gap in texts(tree, LIMITS).gaps}


def text_of(tree: Tree) -> str:
    return "\n".join(part.text for part in texts(tree, LIMITS).parts)


def nested(depth: int) -> str:
    out = []
    for level in range(depth):
        out.append(f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")
    return "".join(out) + "\nvery deep\n"


def flat(parts: int) -> str:
    return "Content-Type: multipart/mixed; boundary=x\n\n" + "--x\n\nword\n" * parts + "--x--\n"


@pytest.mark.proves("box.bombs")
def test_a_thousand_levels_are_a_gap() -> None:
    tree = read(nested(1000))
    assert GapReason.TOO_DEEP in reasons(tree)
    assert max(part.path.count(".") for part in tree.walk()) <= LIMITS.max_depth


@pytest.mark.proves("box.bombs")
def test_a_thousand_messages_inside_each_other_are_a_gap() -> None:
    assert GapReason.TOO_DEEP in reasons(read("Content-Type: message/rfc822\n\n" * 1000 + "deep"))


def test_encoded_messages_inside_each_other_are_a_gap() -> None:
    inner = b"Subject: x\n\nhello"
    for _ in range(60):
        if len(inner) > 200_000:
            break
        inner = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(inner)
    shallow = Limits(max_depth=10)
    assert GapReason.TOO_DEEP in {gap.reason for gap in parse(inner, shallow).gaps}


@pytest.mark.proves("box.bombs")
def test_ten_thousand_parts_are_a_gap() -> None:
    tree = read(flat(10_000))
    assert GapReason.TOO_MANY_PARTS in reasons(tree)
    assert sum(1 for _ in tree.walk()) <= LIMITS.max_parts


def test_a_header_line_of_a_megabyte_is_a_gap_and_the_rest_is_read() -> None:
    tree = read("Subject: " + "x" * 1_000_000 + "\nComments: still here\n\nand the body\n")
    assert GapReason.TOO_LARGE in reasons(tree)
    assert "still here" in text_of(tree)
    assert "and the body" in text_of(tree)


def test_a_header_block_without_end_is_a_gap() -> None:
    assert GapReason.TOO_LARGE in reasons(read("X-A: yes and more\n" * 40_000))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("Content-Type: multipart/mixed\n\n--x\n\nhi\n--x--\n", GapReason.MALFORMED),
        ("Content-Type: multipart/mixed; boundary=x\n\nnothing here\n", GapReason.MALFORMED),
        ("Content-Transfer-Encoding: base64\n\n????\n", GapReason.MALFORMED),
        ("Content-Transfer-Encoding: base64\n\nQUJD\nD\n", GapReason.MALFORMED),
        ("Content-Transfer-Encoding: martian\n\nhi\n", GapReason.UNDECODABLE),
        ("Content-Type: text/plain\nContent-Type: text/html\n\nhi\n", GapReason.AMBIGUOUS),
        ("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGk=\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\nx\n--a--\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/mixed; boundary=a; boundary*0=b\n\n--a\n\nx\n--a--\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--\n--a\n\nlate\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\r--a\r\rhidden\n--a--\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a b\n\ny\n--a--\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/mixed; boundary=a\nContent-Transfer-Encoding: base64\n\n--a\n\nx\n--a--\n", GapReason.AMBIGUOUS),
        ("Subject: a\rX-Hidden: b\n\nhi\n", GapReason.AMBIGUOUS),
        ("Content-Type: multipart/encrypted; boundary=a\n\n--a\n\nx\n--a--\n", GapReason.ENCRYPTED),
        ("Content-Type: application/pkcs7-mime\n\nx", GapReason.ENCRYPTED),
        ("\n-----BEGIN PGP MESSAGE-----\n", GapReason.ENCRYPTED),
        ("Content-Type: message/partial; id=x; number=1\n\nhi\n", GapReason.UNKNOWN_TYPE),
        ("Content-Type: message/external-body; access-type=ftp\n\nhi\n", GapReason.UNKNOWN_TYPE),
        ("\nbegin 644 a.txt\n#0V%T\n`\nend\n", GapReason.UNKNOWN_TYPE),
        ("not a header\nSubject: x\n\nhi\n", GapReason.MALFORMED),
        ("Content-Type: text/plain; charset=martian\n\n\xe4\xf6\xfc\xdf\xff\xfe\n", GapReason.UNDECODABLE),
        ("Content-Type: text/plain; charset=utf-16\n\nodd\n", GapReason.UNDECODABLE),
    ],
)  # fmt: skip
def test_doubtful_mail_is_a_gap(source: str, reason: GapReason) -> None:
    assert reason in reasons(read(source))


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n",
        "Subject: only headers",
        "Subject: x\n\n",
        "From someone Mon Jan 1\nSubject: x\n\nhi\n",
        "Content-Type: text\n\nhi\n",
        'Content-Type: text/plain; charset="utf-8" (really); format=flowed\n\nhi\n',
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nhi\n",  # cut off, which readers agree on
        "Content-Type: multipart/mixed; boundary=a\n\n--a  \n\nhi\n--a-- \n\n",
        "Content-Transfer-Encoding: base64\n\naGk\n",  # unpadded
        "Content-Transfer-Encoding: quoted-printable\n\nhttp://x/?a=b&c=zz\n",
        "Content-Type: text/plain; charset=iso-8859-1\n\n\xe4\xf6\n",
        "Subject: J\xf6rg\n\nhi\n",
    ],
)
def test_small_faults_that_all_readers_mend_alike_are_no_gap(source: str) -> None:
    assert reasons(read(source)) == set()


def test_hidden_text_is_read_wherever_it_hides() -> None:
    tree = read("Content-Type: multipart/mixed; boundary=a\n\nfront words\n--a\n\nbody words\n--a--\nback words\n")
    assert all(words in text_of(tree) for words in ("front words", "body words", "back words"))


def test_nothing_of_the_content_is_in_a_repr() -> None:
    tree = read("Subject: Jane Roe\nContent-Type: text/plain; name=jane.txt\n\nJane is well\n")
    shown = repr(tree.root) + repr(tree.root.headers) + repr(tree)
    assert "ane" not in shown


def test_a_mail_over_the_limit_is_a_gap() -> None:
    tree = split([b"Subject: x\n\n", b"a" * 1000], MemorySink(), Limits(max_message_bytes=500))
    assert Gap("message", GapReason.TOO_LARGE) in tree.gaps
    assert tree.root.body is not None
    assert tree.root.body.length == 500 - 12


class CountingSink:
    """Keeps lengths only, so that what is measured is the splitter's own memory."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.written = 0
        self.aborted = 0

    def open(self, path: str) -> PartWriter:
        self.opened.append(path)
        return _Counter(self)


class _Counter:
    def __init__(self, sink: CountingSink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> None:
        self._sink.written += len(data)

    def finish(self) -> MemoryBody:
        return MemoryBody(b"")

    def abort(self) -> None:
        self._sink.aborted += 1


def large(size: int) -> Iterator[bytes]:
    yield b"Subject: big\nContent-Type: multipart/mixed; boundary=big\n\n--big\n\nhello\n--big\n"
    yield b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
    block = base64.encodebytes(bytes(range(256)) * 768)
    for _ in range(size // len(block)):
        yield block
    yield b"--big--\n"


def test_sixty_mebibytes_go_through_in_little_memory() -> None:
    sink = CountingSink()
    for _ in split(large(1 << 20), CountingSink(), LIMITS).walk():
        pass
    tracemalloc.start()
    try:
        tree = split(large(60 << 20), sink, LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert tree.gaps == ()
    assert sink.opened == ["1.1", "1.2"]
    assert sink.written > 44 << 20
    assert peak < 2 << 20


def test_one_huge_chunk_is_taken_in_steps() -> None:
    source = b"Content-Transfer-Encoding: base64\n\n" + b"QUJD" * (1 << 20)
    tracemalloc.start()
    try:
        split([source], CountingSink(), LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_failing_source_aborts_open_leaves() -> None:
    def broken() -> Iterator[bytes]:
        yield b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello hello\n"
        raise ConnectionError

    sink = CountingSink()
    with pytest.raises(ConnectionError):
        split(broken(), sink, LIMITS)
    assert sink.aborted == 1


def test_small_and_large_mail_take_their_roads() -> None:
    sink = CountingSink()
    parse_stream([b"Subject: x\n\n", b"small"], sink, LIMITS, small=100)
    assert sink.opened == []
    parse_stream([b"Subject: x\n\n", b"large" * 100], sink, LIMITS, small=100)
    assert sink.opened == ["1"]


def test_both_roads_give_the_same_tree() -> None:
    source = b"".join(large(300_000))
    small, big = parse_stream([source], MemorySink(), LIMITS), parse_stream([source], MemorySink(), LIMITS, small=10)
    assert [(p.path, p.name, p.media_type) for p in small.walk()] == [
        (p.path, p.name, p.media_type) for p in big.walk()
    ]
    assert texts(small, LIMITS).parts == texts(big, LIMITS).parts


@pytest.mark.parametrize(
    "unit",
    [
        "--x\n",
        "\n--x\n\n",
        "\n--xy\n",
        "\n--",
        "\r--x",
        "-",
        "= \n",
        "Content-Type: multipart/mixed; boundary=y\n\n--y\n",
    ],
)
def test_time_grows_with_size(unit: str) -> None:
    head = "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n"

    def work(size: int) -> Callable[[], object]:
        source = (head + unit * (size // len(unit))).encode()
        return lambda: split([source], MemorySink(), LIMITS)

    assert grows_within(work(80_000), work(800_000), 15, 0.1)
